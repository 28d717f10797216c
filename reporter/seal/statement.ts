import { z } from 'zod'
import type { Report } from '../record.ts'
import { manifestName, sha256 } from './manifest.ts'

const statementType = 'https://in-toto.io/Statement/v1'
const predicateType = 'https://slsa.dev/verification_summary/v1'
const verifier = 'pkg:npm/%40aro/production-gate'
/** What a GO says of the subject; SLSA leaves levels of one's own to whoever verifies. */
const level = 'ARO_PRODUCTION_GATE_GO'

const sha256Schema = z.strictObject({ sha256: z.string() })

/** An in-toto statement (v1) with a SLSA verification summary (v1) of one run of the gate. */
export const statementSchema = z.strictObject({
  _type: z.literal(statementType),
  /** The manifest, and the subject's commit where its repository held no other changes. */
  subject: z
    .array(
      z.strictObject({ name: z.string(), digest: z.union([sha256Schema, z.strictObject({ gitCommit: z.string() })]) }),
    )
    .min(1),
  predicateType: z.literal(predicateType),
  predicate: z.strictObject({
    verifier: z.strictObject({ id: z.string(), version: z.record(z.string(), z.string()) }),
    timeVerified: z.string(),
    resourceUri: z.string(),
    /** The controls with their requirements and targets, by digest. */
    policy: z.strictObject({ uri: z.string(), digest: sha256Schema }),
    inputAttestations: z.array(z.strictObject({ uri: z.string(), digest: sha256Schema })),
    verificationResult: z.enum(['PASSED', 'FAILED']),
    verifiedLevels: z.array(z.string()).min(1),
  }),
})

/** @see statementSchema */
export type Statement = z.infer<typeof statementSchema>

/** States what a run found: over the subject's commit and the manifest of the report. `version` is the gate's own. */
export function stateVerdict(report: Report, manifest: string, version: string): Statement {
  const { name, version: subjectVersion } = report.subject
  const commit = commitOf(report)
  const digest = { sha256: sha256(manifest) }
  return {
    _type: statementType,
    subject: [
      { name: manifestName, digest },
      ...(commit === undefined ? [] : [{ name, digest: { gitCommit: commit } }]),
    ],
    predicateType,
    predicate: {
      verifier: { id: verifier, version: { '@aro/production-gate': version } },
      timeVerified: report.finishedAt ?? report.startedAt,
      resourceUri: `pkg:generic/${encodeURIComponent(name)}@${encodeURIComponent(subjectVersion)}`,
      policy: { uri: `${verifier}@${version}#controls`, digest: { sha256: sha256(policyOf(report)) } },
      inputAttestations: [{ uri: manifestName, digest }],
      verificationResult: report.verdict === 'GO' ? 'PASSED' : 'FAILED',
      verifiedLevels: [report.verdict === 'GO' ? level : 'FAILED'],
    },
  }
}

/** In what a statement differs from the one that would be made of this report now, in sentences. */
export function differencesFrom(statement: Statement, report: Report, manifest: string): string[] {
  const version = statement.predicate.verifier.version['@aro/production-gate'] ?? 'unknown'
  const expected = stateVerdict(report, manifest, version)
  const parts: readonly [string, unknown, unknown][] = [
    ['its subjects (manifest and commit)', statement.subject, expected.subject],
    ['the verdict', statement.predicate.verificationResult, expected.predicate.verificationResult],
    ['the rest of its summary', statement.predicate, expected.predicate],
  ]
  const first = parts.find(([, said, found]) => JSON.stringify(said) !== JSON.stringify(found))
  if (first === undefined) return []
  const [what, said, found] = first
  return [
    `the signed statement differs from this report in ${what}: it says ${JSON.stringify(said)}, the report ${JSON.stringify(found)}`,
  ]
}

/** A whole commit, without uncommitted changes. */
const commitOf = ({ subject: { commit } }: Report): string | undefined =>
  commit !== null && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit) ? commit : undefined

const policyOf = ({ gates }: Report): string =>
  JSON.stringify(
    gates.flatMap(({ controls }) =>
      controls.map(({ id, requirement, target, severity }) => ({ id, requirement, target, severity })),
    ),
  )

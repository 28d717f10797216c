import { randomBytes } from 'node:crypto'

/** A profile pack as the contract describes it. */
export interface ProfilePack extends Record<string, unknown> {
  profileId: string
  version: string
  policies: Record<string, unknown>
  templates: Record<string, unknown>
  commandMappings: unknown[]
  eventProjections: unknown[]
}

/** A change to a genuine pack. */
export interface PackChange {
  name: string
  /** Whether another of its kind is tried too: a rehearsal, in which each start counts, leaves it out. */
  isFurther?: true
  change(pack: ProfilePack): Record<string, unknown>
}

const hex = (bytes: number): string => randomBytes(bytes).toString('hex')
const guardrail = { name: 'gate-guardrail', description: 'Added by whoever tries the pack.' }

const withMessage =
  (text: string): PackChange['change'] =>
  (pack) => ({
    ...pack,
    templates: { ...pack.templates, prompts: { ...asRecord(pack.templates.prompts), gate: text } },
  })
const withPolicies =
  (policies: object): PackChange['change'] =>
  (pack) => ({ ...pack, policies: { ...pack.policies, ...policies } })
const without =
  (key: string): PackChange['change'] =>
  (pack) =>
    Object.fromEntries(Object.entries(pack).filter(([name]) => name !== key))
const withVersion =
  (version: unknown): PackChange['change'] =>
  (pack) => ({ ...pack, version })

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const firstMapping = (pack: ProfilePack): Record<string, unknown> => asRecord(asList(pack.commandMappings)[0])

/** Packs that only add, as any profile may. */
export const honestPacks: readonly PackChange[] = [
  { name: 'as it is', change: (pack) => pack },
  { name: 'a version before its release, with a build', change: withVersion('9.8.7-rc.1+build.5') },
  {
    name: 'one guardrail more',
    isFurther: true,
    change: (pack) => withPolicies({ guardrails: [...asList(pack.policies.guardrails), guardrail] })(pack),
  },
]

/** Packs that change what is not theirs, that say nothing a reader could check, or that carry a secret. */
export const hostilePacks: readonly PackChange[] = [
  { name: 'a command schema of its own', change: (pack) => ({ ...pack, commandSchemas: { '*': {} } }) },
  {
    name: 'handlers for the core',
    isFurther: true,
    change: (pack) => ({ ...pack, coreHandlers: { accept: 'acceptAnything' } }),
  },
  { name: 'guardrails switched off', change: withPolicies({ bypass: ['idempotency', 'audit'] }) },
  {
    name: 'a guardrail that is switched off',
    isFurther: true,
    change: withPolicies({ guardrails: [{ ...guardrail, enabled: false, overrides: 'daily-limit' }] }),
  },
  {
    name: 'a mapping with a schema',
    isFurther: true,
    change: (pack) => ({ ...pack, commandMappings: [{ ...firstMapping(pack), schema: {}, skipAudit: true }] }),
  },
  {
    name: 'one command mapped twice',
    change: (pack) => ({ ...pack, commandMappings: [...asList(pack.commandMappings), firstMapping(pack)] }),
  },
  {
    name: 'a mapping to a handler that is not there',
    isFurther: true,
    change: (pack) => ({
      ...pack,
      commandMappings: [
        ...asList(pack.commandMappings),
        { ...firstMapping(pack), commandType: 'gate.try', handler: 'nobody' },
      ],
    }),
  },
  { name: 'a version that is none', change: withVersion('latest') },
  { name: 'a version of two parts', isFurther: true, change: withVersion('1.4') },
  { name: 'a version with a leading zero', change: withVersion('1.04.0') },
  { name: 'no version', isFurther: true, change: without('version') },
  { name: 'no policies', change: without('policies') },
  { name: 'an id that is none', isFurther: true, change: (pack) => ({ ...pack, profileId: '../core' }) },
  { name: 'a secret: Stripe key', change: withMessage(`Use sk_live_${hex(12)} for deposits.`) },
  { name: 'a secret: database address', change: withMessage(`postgres://aro:${hex(8)}@db.example.org/aro`) },
  {
    name: 'a secret: token',
    isFurther: true,
    change: withMessage(`Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.${hex(16)}`),
  },
  {
    name: 'a secret: private key',
    isFurther: true,
    change: withMessage(
      `-----BEGIN PRIVATE KEY-----\n${randomBytes(48).toString('base64')}\n-----END PRIVATE KEY-----`,
    ),
  },
  {
    name: 'a secret: webhook secret by its name',
    isFurther: true,
    change: (pack) => ({ ...pack, webhookSecret: `whsec_${hex(16)}` }),
  },
]

import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { linesOf, runGit } from '../../source/git.ts'
import { readRepository } from '../../source/git-history.ts'
import type { RepositoryText } from '../../source/git-history.ts'
import { findByGitleaks } from '../../source/gitleaks.ts'
import { findBySecretlint } from '../../source/secretlint.ts'
import { findSecrets } from '../../source/secret-rules.ts'
import type { SecretFound } from '../../source/secret-rules.ts'
import { makeSecretSamples } from '../../source/secret-samples.ts'
import type { Subject } from '../../subject/subject.ts'
import type { SourceSecretsTrial } from './judge.ts'

type Finding = SourceSecretsTrial['findings'][number]

interface Sighting {
  value: string
  rule: string
  isLive: boolean
  path: string
  place: 'tree' | 'history'
  where: string
  object: string | null
}

/** Looks for secrets in the working tree and in everything that was ever committed to it. */
export async function scanSource(subject: Subject, progress: (message: string) => void): Promise<SourceSecretsTrial> {
  const { root } = subject
  const samples = await scanSamples()
  const repository = await readRepository(root)
  if (repository.uncovered > 0) {
    throw new Error(
      `${repository.uncovered} files of the last commit are not among what was read of the history: it was read in part only.`,
    )
  }
  progress(`${repository.files} files and ${repository.blobs} versions of ${repository.commits} commits were read`)
  const sightings = await scanTexts(repository.texts)
  const leaks = await findByGitleaks(root)
  for (const { rule, value, path, line, commit } of leaks ?? []) {
    const isKnown = sightings.some((one) => one.value.includes(value) || value.includes(one.value))
    if (!isKnown)
      sightings.push({
        value,
        rule,
        isLive: false,
        path,
        place: 'history',
        object: null,
        where: `${path}:${line} of ${commit.slice(0, 10)}`,
      })
  }
  return {
    read: {
      commits: repository.commits,
      blobs: repository.blobs,
      files: repository.files,
      kilobytes: Math.round(repository.texts.reduce((sum, { content }) => sum + content.length, 0) / 1024),
    },
    scanners: ['own rules', 'secretlint', ...(leaks === undefined ? [] : ['gitleaks'])],
    samples,
    ...(await listed(root, subject.testSecrets, sightings)),
  }
}

/** What both scanners find in one text; where they see the same, in the words of our own rules. */
export async function scanText(path: string, text: string): Promise<SecretFound[]> {
  const own = findSecrets(path, text)
  const others = await findBySecretlint(path, text)
  return [...own, ...others.filter(({ start, end }) => !own.some((one) => one.start < end && start < one.end))]
}

/** @throws when the scanners do not find what was just made up: then what they do not find elsewhere means nothing. */
async function scanSamples(): Promise<SourceSecretsTrial['samples']> {
  const samples = makeSecretSamples()
  const results = await Promise.all(
    samples.map(async (sample) => ({ ...sample, isFound: (await scanText(sample.path, sample.text)).length > 0 })),
  )
  const secrets = results.filter(({ isSecret }) => isSecret)
  const missed = secrets.filter(({ isFound }) => !isFound)
  if (missed.length > 0)
    throw new Error(`The scanners miss made-up secrets: ${missed.map(({ name }) => name).join(', ')}.`)
  const harmless = results.filter(({ isSecret }) => !isSecret)
  return {
    secrets: secrets.length,
    found: secrets.length - missed.length,
    harmless: harmless.length,
    alarms: harmless.filter(({ isFound }) => isFound).length,
  }
}

async function scanTexts(texts: readonly RepositoryText[]): Promise<Sighting[]> {
  const sightings: Sighting[] = []
  const seen = new Map<string, SecretFound[]>()
  for (const { place, path, object, content } of texts) {
    const text = readable(content)
    const key = `${path}\n${createHash('sha256').update(content).digest('hex')}`
    const found = seen.get(key) ?? (await scanText(path, text))
    seen.set(key, found)
    for (const { value, rule, isLive, start } of found) {
      const line = text.slice(0, start).split('\n').length
      sightings.push({ value, rule, isLive, path, place, object, where: `${path}:${line}` })
    }
  }
  return sightings
}

/** A file's text, whatever it is written in; bytes that are no text stay as they are, since a key may stand among them. */
function readable(content: Buffer): string {
  if (content[0] === 0x1f && content[1] === 0x8b) {
    try {
      return gunzipSync(content, { maxOutputLength: 2 ** 26 }).toString('latin1')
    } catch {
      return content.toString('latin1')
    }
  }
  if (content[0] === 0xff && content[1] === 0xfe) return content.toString('utf16le')
  return content.subarray(0, 8000).includes(0) ? content.toString('latin1') : content.toString('utf8')
}

const digest = (value: string): string => createHash('sha256').update(value).digest('hex')

/** Sightings by value, each with the listing that covers it. */
async function listed(
  root: string,
  testSecrets: Subject['testSecrets'],
  sightings: readonly Sighting[],
): Promise<Pick<SourceSecretsTrial, 'findings' | 'listings'>> {
  const listings = testSecrets.map((listing) => ({
    listing: 'sha256' in listing ? `sha256 ${listing.sha256.slice(0, 16)}…` : listing.path,
    reason: listing.reason,
    covers: ({ value, path }: Sighting): boolean =>
      'sha256' in listing ? digest(value) === listing.sha256 : path === listing.path && value === listing.value,
  }))
  const covering = (sighting: Sighting) => listings.find(({ covers }) => covers(sighting))
  const findings: Finding[] = []
  for (const [value, ofValue] of Map.groupBy(sightings, (sighting) => sighting.value)) {
    const [first] = ofValue
    if (first === undefined) continue
    const uncovered = ofValue.find((sighting) => covering(sighting) === undefined)
    findings.push({
      rule: first.rule,
      sha256: digest(value),
      characters: value.length,
      isLive: ofValue.some(({ isLive }) => isLive),
      places: await placesOf(root, ofValue),
      listed: uncovered === undefined ? (covering(first)?.reason ?? null) : null,
    })
  }
  return {
    findings,
    listings: listings.map(({ listing, reason, covers }) => {
      const covered = sightings.filter(covers)
      return { listing, reason, matches: covered.length, coversLive: covered.some(({ isLive }) => isLive) }
    }),
  }
}

/** The tree first; of the history only paths where the tree has it not, each with a commit that brought or took it. */
async function placesOf(root: string, sightings: readonly Sighting[]): Promise<Finding['places']> {
  const inTree = sightings.filter(({ place }) => place === 'tree')
  const places: Finding['places'] = inTree.map(({ where }) => ({ place: 'tree', where }))
  const paths = new Set(inTree.map(({ path }) => path))
  for (const { place, path, where, object } of sightings) {
    if (place === 'tree' || paths.has(path)) continue
    paths.add(path)
    const isMessage = path.startsWith('message of ')
    const [commit] =
      object === null || isMessage || places.length > 4
        ? []
        : linesOf(await runGit(root, ['log', '--all', '--format=%h', '--max-count=1', `--find-object=${object}`]))
    places.push({ place: 'history', where: commit === undefined ? where : `${where}, commit ${commit}` })
  }
  return places
}

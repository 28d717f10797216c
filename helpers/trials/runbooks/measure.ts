import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { readDocuments } from '../../source/documents.ts'
import type { MarkdownDocument } from '../../source/documents.ts'
import type { RunbooksTrial } from './judge.ts'
import { lookUp, observeSubject } from './look-up.ts'
import type { Mention, Observed } from './look-up.ts'
import { readName } from './names.ts'
import { placeholderIn, requiredParts, reviewedOn, scenarios } from './scenarios.ts'

const fewestCharacters = 15
const millisecondsPerDay = 86_400_000

/** Reads the runbooks and looks in the running subject for all that they name. */
export async function readRunbooks(
  context: ControlContext & Pick<FacilityMap, 'app' | 'database' | 'providers'>,
): Promise<RunbooksTrial> {
  const { subject } = context
  const folder = subject.runbooks
  if (folder === undefined || !existsSync(join(subject.root, folder)))
    throw new Error(
      `Expected the folder of the runbooks, ${folder === undefined ? 'the subject file names none' : `${folder} is not there`}: set runbooks: 'docs/runbooks' in the subject file.`,
    )
  const documents = readDocuments(subject.root, folder)
  if (documents.length === 0) throw new Error(`Expected Markdown documents in ${folder}, found none.`)
  const observed = await observeSubject(context)
  return {
    folder,
    documents: documents.map((document) => describe(document, documents, observed)),
    scenarios: scenarios.map(({ scenario }) => ({
      scenario,
      files: documents.filter((document) => scenariosOf(document).includes(scenario)).map(({ file }) => file),
    })),
    named: await lookUp(namesIn(documents, observed), context, observed),
    metricsSeen: observed.series.size,
    logLinesSamples: observed.logged.length,
  }
}

function scenariosOf({ file, title }: MarkdownDocument): string[] {
  const about = `${title} ${file.replace(/^.*\//, '').replaceAll(/[-_]/g, ' ')}`.toLowerCase()
  return scenarios.filter(({ about: words }) => words.every((word) => word.test(about))).map(({ scenario }) => scenario)
}

function describe(
  document: MarkdownDocument,
  all: readonly MarkdownDocument[],
  observed: Observed,
): RunbooksTrial['documents'][number] {
  const partOf = (heading: RegExp) => document.parts.slice(1).find((part) => heading.test(part.heading))
  const detection = partOf(requiredParts.find(({ part }) => part === 'detection')?.heading ?? /./)
  const kinds = new Set(['metric', 'log event', 'endpoint', 'script', 'command'])
  const reviewed = reviewedOn(document.text)
  return {
    file: document.file,
    title: document.title,
    scenarios: scenariosOf(document),
    missingParts: requiredParts.filter(({ heading }) => partOf(heading) === undefined).map(({ part }) => part),
    emptyParts: requiredParts
      .filter(({ heading }) => (partOf(heading)?.text.length ?? fewestCharacters) < fewestCharacters)
      .map(({ part }) => part),
    reviewedOn: reviewed,
    reviewedDaysAgo: reviewed === null ? null : Math.floor((Date.now() - Date.parse(reviewed)) / millisecondsPerDay),
    placeholder: placeholderIn(document.text),
    brokenLinks: document.brokenLinks,
    signals: (detection?.codes ?? []).filter(({ text, before }) =>
      kinds.has(readName(text, observed.programs, before).kind),
    ).length,
    copyOf:
      all.find((other) => other !== document && coreOf(other) !== '' && coreOf(other) === coreOf(document))?.file ??
      null,
  }
}

const coreOf = ({ parts }: MarkdownDocument): string =>
  ['diagnosis', 'mitigation']
    .map((name) => requiredParts.find(({ part }) => part === name)?.heading)
    .map((heading) => parts.slice(1).find((part) => heading?.test(part.heading))?.text ?? '')
    .join('\n')
    .replaceAll(/\s+/g, ' ')
    .trim()

/** Each thing that is named, once, with the first place where it is. */
function namesIn(documents: readonly MarkdownDocument[], { programs }: Observed): Map<string, Mention> {
  const names = new Map<string, Mention>()
  for (const { file, parts } of documents) {
    for (const { text, line, before } of parts.flatMap(({ codes }) => codes)) {
      const thing = readName(text, programs, before)
      if (thing.kind !== 'word' && !names.has(text)) names.set(text, { thing, where: `${file}:${line}` })
    }
  }
  return names
}

import { readdir, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findIn } from '../../evidence/encodings.ts'
import { findSecrets } from '../../evidence/secret-search.ts'
import { compressedWithin, readingsWithin } from '../../evidence/unpacking.ts'
import { joinedChunks } from './frames.ts'
import type { ContentFinding } from './evidence.ts'
import type { Seeded } from './seed.ts'
import type { BackupFiles } from './tools.ts'

type Known = Pick<Seeded, 'secrets' | 'personal'>

const mostFindings = 12
const largestFile = 64 * 1024 * 1024

/** Looks for secrets and personal data in the backup's files, without any key. */
export function searchBackup(files: BackupFiles, known: Known): { readings: number; findings: ContentFinding[] } {
  let readings = 0
  const findings = [...files].flatMap(([path, bytes]) => {
    const texts = [
      ...readingsWithin(bytes),
      // what is packed as a whole and written in chunks is whole again without what begins and ends each
      ...joinedChunks(bytes).flatMap((joined) =>
        compressedWithin(joined).flatMap(([how, inner]) => readingsWithin(inner, `chunks joined, ${how}`, 1)),
      ),
    ]
    readings += texts.length
    return texts.flatMap(({ how, text }) => findAll(text, known, `the backup’s ${path}, read ${how}`))
  })
  return { readings, findings: firstOfEach(findings) }
}

/** Looks for them in what commands print. */
export const searchWords = (words: string, known: Known): ContentFinding[] =>
  firstOfEach(findAll(words, known, 'what the command prints'))

function findAll(text: string, { secrets, personal }: Known, where: string): ContentFinding[] {
  const find = (kind: ContentFinding['kind'], found: { label: string; encoding: string }[]): ContentFinding[] =>
    found.map(({ label, encoding }) => ({ kind, label, where, encoding }))
  return [...find('secret', findSecrets(text, secrets.needles())), ...find('personal data', findIn(text, personal))]
}

const firstOfEach = (findings: readonly ContentFinding[]): ContentFinding[] => {
  const first = new Map<string, ContentFinding>()
  for (const finding of findings) if (!first.has(finding.label)) first.set(finding.label, finding)
  return [...first.values()].slice(0, mostFindings)
}

/** Looks for them in the files that were written since, below folders where a command may leave what it worked with. */
export async function searchFilesBeside(
  folders: readonly { folder: string; name: string; depth: number }[],
  since: number,
  known: Known,
): Promise<{ files: number; findings: ContentFinding[] }> {
  const findings: ContentFinding[] = []
  let files = 0
  const visit = async (folder: string, name: string, depth: number): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        // other runs of the gate have theirs beside
        const isOurs = folder === tmpdir() && entry.name.startsWith('aro-gate-')
        if (depth > 0 && !isOurs && entry.name !== 'node_modules' && entry.name !== '.git')
          await visit(path, `${name}/${entry.name}`, depth - 1)
        continue
      }
      const facts = await stat(path).catch(() => undefined)
      if (facts === undefined || !facts.isFile() || facts.mtimeMs < since || facts.size > largestFile) continue
      const content = await readFile(path).catch(() => undefined)
      if (content === undefined) continue
      files += 1
      findings.push(...readingsWithin(content).flatMap(({ text }) => findAll(text, known, `${name}/${entry.name}`)))
    }
  }
  for (const { folder, name, depth } of folders) await visit(folder, name, depth)
  return { files, findings: firstOfEach(findings) }
}

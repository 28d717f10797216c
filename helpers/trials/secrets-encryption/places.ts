import { readdir, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSecrets } from '../../evidence/secret-search.ts'
import { searchDatabase } from '../../database/search.ts'
import type { DatabaseSearch } from '../../database/search.ts'
import type { Journal } from '../../providers/journal.ts'
import type { Instance } from '../../subject/instance.ts'
import { providerNames } from '../../subject/facilities.ts'
import type { WatchedAnswer } from '../../subject/watched-client.ts'
import type { Canaries } from './canaries.ts'
import type { SecretFinding } from './judge.ts'

/** Findings of one kind of place beyond this many say nothing new. */
const mostFindings = 12
const largestFile = 4 * 1024 * 1024

/** Looks for all planted secrets in all places, and keeps what it finds. */
export class SecretSearch {
  readonly #canaries: Canaries
  readonly #findings = new Map<string, SecretFinding>()
  databaseTimes = 0
  files = 0

  constructor(canaries: Canaries) {
    this.#canaries = canaries
  }

  get findings(): SecretFinding[] {
    const kept = [...this.#findings.values()]
    return kept.filter(
      ({ place }, index) => kept.slice(0, index).filter((one) => one.place === place).length < mostFindings,
    )
  }

  async database(url: string): Promise<DatabaseSearch> {
    const search = await searchDatabase(url, this.#canaries.needles(), findSecrets)
    for (const { label, encoding, schema, table, column } of search.findings)
      this.#add('database', `${schema}.${table}.${column}`, label, encoding)
    this.databaseTimes += 1
    return search
  }

  log({ output: { lines } }: Instance, which: string): void {
    const needles = this.#canaries.needles()
    for (const stream of ['stdout', 'stderr'] as const) {
      const texts = lines.filter((line) => line.stream === stream).map(({ text }) => text)
      for (const { label, encoding } of findSecrets(texts.join('\n'), needles)) {
        const at = texts.findIndex((text) => findSecrets(text, { [label]: needles[label] ?? '' }).length > 0)
        this.#add('log', `${stream} ${which}, line ${at + 1}`, label, encoding)
      }
    }
  }

  answers(answers: readonly WatchedAnswer[], loginPath: string): void {
    const needles = this.#canaries.needles()
    for (const { label, encoding } of findSecrets(answers.map(({ text }) => text).join('\n\n'), needles)) {
      const holders = answers.filter(({ text }) => findSecrets(text, { [label]: needles[label] ?? '' }).length > 0)
      const isLogin = this.#canaries.all.some((canary) => canary.label === label && canary.way === 'login')
      // whoever logs in is given the token; nobody else is
      const others = holders.filter(({ path, status }) => !(isLogin && path === loginPath && status < 300))
      for (const { method, path, status } of others)
        this.#add('answer', `${method} ${path.split('?')[0] ?? path}, status ${status}`, label, encoding)
    }
  }

  providers({ entries }: Journal): void {
    for (const provider of providerNames) {
      const needles = this.#canaries.needles(provider)
      const calls = entries.filter((entry) => entry.provider === provider)
      const texts = calls.map(({ method, url, headers, body }) =>
        [method, url, JSON.stringify(headers), body].join('\n'),
      )
      for (const { label, encoding } of findSecrets(texts.join('\n\n'), needles))
        this.#add('other provider', `calls to ${provider}`, label, encoding)
    }
  }

  /** Searches one file. @returns its size. */
  async file(path: string, place: 'file' | 'backup', name = path): Promise<number> {
    const content = await readFile(path)
    for (const { label, encoding } of findSecrets(content, this.#canaries.needles()))
      this.#add(place, name, label, encoding)
    return content.length
  }

  /** Searches the files below a folder that were written since; folders of other makers are left out. */
  async filesBelow(folder: string, since: number, options: { depth: number; name: string }): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = join(folder, entry.name)
      const name = `${options.name}/${entry.name}`
      if (entry.isDirectory()) {
        const isOurs = folder === tmpdir() && entry.name.startsWith('aro-gate-')
        if (options.depth > 0 && !isOurs && entry.name !== 'node_modules' && entry.name !== '.git')
          await this.filesBelow(path, since, { depth: options.depth - 1, name })
        continue
      }
      if (!entry.isFile()) continue
      const facts = await stat(path).catch(() => undefined)
      if (facts === undefined || facts.mtimeMs < since || facts.size > largestFile) continue
      // what is removed meanwhile, or belongs to somebody else, is not the subject's
      const size = await this.file(path, 'file', name).catch(() => undefined)
      if (size !== undefined) this.files += 1
    }
  }

  #add(place: SecretFinding['place'], where: string, label: string, encoding: string): void {
    const canary = this.#canaries.all.find((one) => one.label === label)
    if (canary === undefined) return
    const key = JSON.stringify([place, where, label])
    if (!this.#findings.has(key)) this.#findings.set(key, { secret: label, way: canary.way, place, where, encoding })
  }
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A place in a sample file that a comment calls vulnerable or safe. */
export interface LabelledSite {
  file: string
  /** Of the comment; the statement begins below it. */
  line: number
  isVulnerable: boolean
  about: string
}

/** A place that a tool complains of. */
export interface Complaint {
  file: string
  line: number
}

/** Reads the labels of all sample files in a folder. */
export function readLabels(folder: string): { files: string[]; sites: LabelledSite[] } {
  const names = readdirSync(folder).filter((name) => /\.[jt]s$/.test(name))
  const sites = names.flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .flatMap((text, index) => {
        const [, kind, about] = /^\s*\/\/ (vulnerable|safe): (.*)$/.exec(text) ?? []
        return about === undefined ? [] : [{ file, line: index + 1, isVulnerable: kind === 'vulnerable', about }]
      }),
  )
  return { files: names.map((name) => join(folder, name)), sites }
}

/** How a tool did: what it found, what it missed, and what it took for something else. */
export interface Score {
  found: LabelledSite[]
  missed: LabelledSite[]
  falseAlarms: LabelledSite[]
  /** Complaints of places that have no label. */
  elsewhere: Complaint[]
}

// a statement that is longer has a label within it or is too long for a sample
const longestStatement = 12

/** Compares complaints with labels: a complaint belongs to the nearest label above it. */
export function score(sites: readonly LabelledSite[], complaints: readonly Complaint[]): Score {
  const labelOf = ({ file, line }: Complaint): LabelledSite | undefined =>
    sites.findLast((site) => site.file === file && site.line < line && line - site.line <= longestStatement)
  const hit = new Set(complaints.map((complaint) => labelOf(complaint)).filter((site) => site !== undefined))
  return {
    found: [...hit].filter(({ isVulnerable }) => isVulnerable),
    falseAlarms: [...hit].filter(({ isVulnerable }) => !isVulnerable),
    missed: sites.filter((site) => site.isVulnerable && !hit.has(site)),
    elsewhere: complaints.filter((complaint) => labelOf(complaint) === undefined),
  }
}

import { describe, expect, test } from 'vitest'
import { catalogue } from './catalogue.ts'
import { readGolden } from './golden-situations.ts'
import { rules } from './rules.ts'
import { checklist } from './self-review.ts'

/** The tables of the production gate's own text. */
const seed = readGolden('production-gate.md')

function section(start: string, end: string): string {
  const from = seed.indexOf(start)
  return seed.slice(from, seed.indexOf(end, from + start.length))
}

function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

describe.each([0, 1, 2, 3, 4, 5])('gate %i', (number) => {
  const gate = catalogue[number]
  const controls = gate?.controls.filter((control) => control.fromContract) ?? []
  const titled = `### ${number}. ${gate?.title} (MANDATORY)`
  const required = rowsOf(section(titled, '\n### '))

  test('has the number and the title of the seed', () => {
    expect(gate?.number).toBe(number)
    expect(seed).toContain(titled)
  })

  test('requires what the seed requires, in its order', () => {
    const ours = controls.map(({ requirement }) => requirement)
    const theirs = required.map(([control, requirement]) => (number === 3 ? `${control} ${requirement}` : requirement))
    expect(ours).toEqual(theirs)
    expect(controls.map(({ verification }) => verification)).toEqual(required.map(([, , verification]) => verification))
  })
})

test.each([1, 2, 3, 4, 5])("gate %i labels its rows as the report's contract does, in its order", (number) => {
  const gate = catalogue[number]
  const controls = gate?.controls.filter((control) => control.fromContract) ?? []
  const rows = rowsOf(section(`## ${number}. ${gate?.title}\n\n|`, '\n## '))
  const labels = rows.map(([label]) => label)
  // the contract leaves out CPU usage, which the gate's table requires
  expect(controls.map(({ row }) => row)).toEqual(number === 3 ? [...labels, 'CPU usage'] : labels)
  if (number === 3) {
    expect(controls.slice(0, labels.length).map(({ target }) => target)).toEqual(rows.map(([, target]) => target))
  }
})

test('the labels of gate 0 are those of its table', () => {
  const rows = rowsOf(section('### 0.', '### 1.'))
  expect(catalogue[0]?.controls.map(({ row }) => row)).toEqual(rows.map(([label]) => label))
})

test('gate 6 ends the catalogue with the release decision', () => {
  expect(catalogue.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(catalogue[6]).toMatchObject({ id: 'release', title: 'Release Decision' })
})

test('each control is in the catalogue once, under its gate', () => {
  const ids = catalogue.flatMap((gate) => gate.controls.map(({ id }) => ({ id, gate: gate.id })))
  expect(ids.filter(({ id, gate }) => !id.startsWith(`${gate}/`))).toEqual([])
  expect(new Set(ids.map(({ id }) => id)).size).toBe(50)
  expect(ids).toHaveLength(50)
})

test('the self-review has every item of the seed, in its order, and only controls of the catalogue', () => {
  const text = section('## Self-Review Checklist', '## Output Contract')
  const theirs = [...text.matchAll(/^### \d+\. (.*)|^- \[ \] (.*)/gm)].map((match) => match[1] ?? match[2])
  const ours = checklist.flatMap(({ section: name, items }) => [name, ...items.map(([item]) => item)])
  expect(ours).toEqual(theirs)
  const known = new Set(catalogue.flatMap((gate) => gate.controls.map(({ id }) => id)))
  expect(checklist.flatMap(({ items }) => items.flatMap(([, ...ids]) => ids)).filter((id) => !known.has(id))).toEqual(
    [],
  )
})

test('the rules have every fail-closed rule and GO criterion of the seed by name, in its order', () => {
  const titles = (prefix: string): string[] => rules.filter(({ id }) => id.startsWith(prefix)).map(({ title }) => title)
  const failClosed = section('## Fail-Closed Rules', '## GO Criteria')
  expect(titles('fail-closed/')).toEqual([...failClosed.matchAll(/^\d\. (.*)/gm)].map(([, title]) => title))
  const criteria = seed.slice(seed.indexOf('## GO Criteria'))
  expect(titles('go-criterion/')).toEqual([...criteria.matchAll(/^- \[ \] (.*)/gm)].map(([, title]) => title))
})

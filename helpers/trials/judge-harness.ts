import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { JudgedShortfall } from '../evidence/shortfall.ts'

/** One way to spoil good evidence, and words of the shortfall that has to come of it. */
export type Alteration<Trial> = [name: string, alter: (trial: Trial) => void, words: RegExp]

/**
 * Tests a judge on evidence recorded from a run on the reference application: as recorded it has no shortfall, and each
 * alteration leads to the shortfall it must, with all that a reader needs to act on it.
 */
export function testJudge<Trial>(parts: {
  /** The test file's folder, where recorded.json lies. */
  directory: string
  schema: z.ZodType<Trial>
  judge: (trial: Trial) => JudgedShortfall[]
  alterations: Alteration<Trial>[]
  /** Alterations within the limits, which lead to none. */
  allowed?: [name: string, alter: (trial: Trial) => void][]
}): void {
  const { directory, schema, judge, alterations, allowed = [] } = parts
  const recorded = (): Trial => schema.parse(JSON.parse(readFileSync(`${directory}/recorded.json`, 'utf8')))

  test('evidence of the reference application has no shortfall', () => {
    expect(judge(recorded())).toEqual([])
  })

  test.each(alterations)('%s', (_name, alter, words) => {
    const trial = recorded()
    alter(trial)
    const shortfalls = judge(schema.parse(trial))
    expect(shortfalls.map(({ what, where }) => `${what} (${where})`).join('\n')).toMatch(words)
    for (const { what, expected, where, mitigation } of shortfalls) {
      for (const text of [what, expected, where, mitigation]) expect(text).toMatch(/\S{2}/)
      expect(what).not.toMatch(/undefined|NaN|\[object/)
    }
  })

  test.each(allowed.length > 0 ? allowed : [['nothing altered', () => undefined] as const])(
    'allowed: %s',
    (_name, alter) => {
      const trial = recorded()
      alter(trial)
      expect(judge(schema.parse(trial))).toEqual([])
    },
  )
}

/** The entry at a place of recorded evidence. @throws when there is none, since the alteration would then be none. */
export function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined)
    throw new Error(`Expected an entry ${index} in the recorded evidence, there are ${items.length}.`)
  return item
}

/** As {@link at}, for the first entry that matches. */
export function where<Item>(items: readonly Item[], matches: (item: Item) => boolean): Item {
  const item = items.find(matches)
  if (item === undefined) throw new Error('Expected a matching entry in the recorded evidence, there is none.')
  return item
}

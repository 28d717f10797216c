import { randomInt } from 'node:crypto'

/** A text that changes a statement which it is put into. */
export interface SqlInjection {
  name: string
  /** The text around a mark by which it is found again. */
  make(mark: string): string
  /** Seconds that the database would sleep; 0 for a text that asks for no sleep. */
  sleepSeconds: number
}

/** Long enough to stand out on a busy machine, short enough to be waited for. */
export const sleepSeconds = 3

const plain = (name: string, make: (mark: string) => string): SqlInjection => ({ name, make, sleepSeconds: 0 })

/** Texts by which statements have been changed since there are statements. */
export const sqlInjections: readonly SqlInjection[] = [
  plain('a single quote', (mark) => `${mark}' ${mark}`),
  plain('a double quote', (mark) => `${mark}" ${mark}`),
  plain('a comment', (mark) => `${mark}' -- ${mark}`),
  plain('a comment that does not end', (mark) => `${mark}' /* ${mark}`),
  plain('a second statement', (mark) => `${mark}'; delete from customers; -- ${mark}`),
  plain('a union', (mark) => `${mark}' union all select current_user || '${mark}' -- `),
  plain('a truth', (mark) => `${mark}' or '1'='1' or '${mark}'='`),
  plain('a backslash', (mark) => `${mark}\\' or 1=1 -- ${mark}`),
  plain('dollar quoting', (mark) => `${mark}$$; select 1; $$${mark}`),
  plain('a closing bracket', (mark) => `${mark}') or (1=1 and '${mark}' like ('`),
  plain('a parameter', (mark) => `${mark} $1 %s :name ? ${mark}`),
  {
    name: 'a sleep',
    make: (mark) => `${mark}' || (select pg_sleep(${sleepSeconds}))::text || '${mark}`,
    sleepSeconds,
  },
  {
    name: 'a sleep in a second statement',
    make: (mark) => `${mark}'; select pg_sleep(${sleepSeconds}); -- ${mark}`,
    sleepSeconds,
  },
]

const letters = 'bcdfghjklmnpqrstvwxz'

/** A word of consonants that is in no language, no statement and no other mark. */
export const makeMark = (): string =>
  `zq${Array.from({ length: 12 }, () => letters[randomInt(letters.length)]).join('')}`

import type { ControlDatabase } from '../../database/control-database.ts'
import { ageDatabase } from '../../database/ageing.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { Subject } from '../../subject/subject.ts'

/** Lets the windows of rate limits go by, whichever clock they are counted by. */
export interface Windows {
  /** The subject's clock, in milliseconds since the epoch. */
  now(): number
  /** Many who ask at once share one. */
  pass(): Promise<void>
  /** How often a window had to go by. */
  passed(): number
}

const shortWindowSeconds = 61

/** `isNote` says which tables hold counters and notes: only they grow older, so that rows can be compared. */
export function openWindows(
  subject: Subject,
  database: ControlDatabase,
  providers: ProviderLab,
  isNote: (table: string) => boolean,
): Windows {
  let ahead = 0
  let count = 0
  let passing: Promise<void> | undefined
  const pass = async (): Promise<void> => {
    await ageDatabase(database.url, shortWindowSeconds, { isAged: isNote })
    if (subject.runtime === 'node') await providers.clock.jump(shortWindowSeconds * 1000)
    ahead += shortWindowSeconds
    count += 1
  }
  return {
    now: () => Date.now() + ahead * 1000,
    pass() {
      passing ??= pass().finally(() => {
        passing = undefined
      })
      return passing
    },
    passed: () => count,
  }
}

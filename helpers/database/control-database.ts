import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseClone } from './template.ts'
import type { DatabaseProxy } from './proxy.ts'
import { searchDatabase } from './search.ts'

/** The database of one control: a fresh clone, reached by the subject through the proxy and by the control directly. */
export interface ControlDatabase {
  /** Direct address, past the proxy and its faults. */
  url: string
  proxy: DatabaseProxy
  clone: DatabaseClone
  /** Those of the markers that are in any column of any table, in any usual encoding. */
  traces(markers: readonly string[]): Promise<Set<string>>
  /** Waits until all markers have left a trace or the time is up; which of them did is for {@link traces} to say. */
  awaitTraces(markers: readonly string[], withinMilliseconds: number): Promise<void>
}

/** Puts a clone and its proxy at a control's disposal. */
export function controlDatabase(clone: DatabaseClone, proxy: DatabaseProxy): ControlDatabase {
  const traces = async (markers: readonly string[]): Promise<Set<string>> => {
    const { findings } = await searchDatabase(clone.url, [...markers])
    return new Set(findings.map((finding) => finding.label))
  }
  return {
    url: clone.url,
    proxy,
    clone,
    traces,
    async awaitTraces(markers, withinMilliseconds) {
      const deadline = performance.now() + withinMilliseconds
      while (performance.now() < deadline) {
        if ((await traces(markers)).size === new Set(markers).size) return
        await sleep(50)
      }
    },
  }
}

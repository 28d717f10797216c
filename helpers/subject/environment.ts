import type { Facilities } from './facilities.ts'
import type { Subject } from './subject.ts'

/**
 * The whole environment of a subject's process: what its subject file builds from the facilities, a few plain variables
 * of this machine, and nothing else of ours. `lab` reroutes its outgoing calls.
 */
export function environmentFor(
  subject: Subject,
  facilities: Facilities,
  lab: Record<string, string> = {},
): Record<string, string> {
  const own = (facilities.tls === undefined ? subject.start : (subject.tls ?? subject.start)).environment(facilities)
  const nodeOptions = [own.NODE_OPTIONS, lab.NODE_OPTIONS].filter((options) => options !== undefined).join(' ')
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: facilities.directory,
    TMPDIR: facilities.directory,
    LANG: 'C.UTF-8',
    // only speeds up the start, by a third
    ...(process.env.NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
    NODE_ENV: 'production',
    ...own,
    ...lab,
    ...(nodeOptions === '' ? {} : { NODE_OPTIONS: nodeOptions }),
  }
}

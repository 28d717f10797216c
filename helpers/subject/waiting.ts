import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until the answer is true. @throws at the deadline, naming what was awaited. */
export async function untilTrue(
  what: string,
  ask: () => boolean | Promise<boolean>,
  withinMilliseconds = 10_000,
): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`Waited ${withinMilliseconds / 1000} s in vain for ${what}.`)
    await sleep(40)
  }
}

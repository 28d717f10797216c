import { setTimeout as sleep } from 'node:timers/promises'
import type { ClosedProcess, PreloadMessage } from './control-channel.ts'

/**
 * Moves the clock of the subject's processes: Date, setTimeout, setInterval and their modules, performance.now and
 * process.hrtime. It cannot move the database's clock, setImmediate, or time inside native code. Only processes that
 * were started with the movable clock follow; nothing may be timed in them.
 */
export interface MovableClock {
  /** Every timer fires as often as it would have. @throws when no process follows, or one does not within 10 s. */
  advance(milliseconds: number): Promise<{ processes: number }>
  /** As {@link advance}, but a timer that would have fired many times fires once, as after a machine's sleep. */
  jump(milliseconds: number): Promise<{ processes: number }>
}

/** A clock over the processes of a control channel, and what it has to hear of their messages. */
export function makeClock(processes: () => readonly ClosedProcess[]): MovableClock & {
  hear(message: PreloadMessage): void
} {
  let moves = 0
  const answers = new Map<number, number>()
  const move = async (milliseconds: number, way: 'tick' | 'jump'): Promise<{ processes: number }> => {
    const followers = processes().filter((process) => process.hasClock && process.isConnected())
    if (followers.length === 0) {
      throw new Error(
        'No process of the subject runs with the movable clock: start it with the lab’s environmentWithClock.',
      )
    }
    const id = (moves += 1)
    for (const process of followers) process.tell({ type: 'advance', id, milliseconds, way })
    const deadline = performance.now() + 10_000
    const answered = (): number => answers.get(id) ?? 0
    // a process that a moved timer has ended cannot answer any more
    while (answered() < followers.filter((process) => process.isConnected()).length) {
      if (performance.now() > deadline) {
        throw new Error(
          `${answered()} of ${followers.length} processes moved their clock by ${milliseconds} ms within 10 s.`,
        )
      }
      await sleep(5)
    }
    return { processes: followers.length }
  }
  return {
    hear(message) {
      if (message.type === 'advanced' && message.moved) answers.set(message.id, (answers.get(message.id) ?? 0) + 1)
    },
    advance: (milliseconds) => move(milliseconds, 'tick'),
    jump: (milliseconds) => move(milliseconds, 'jump'),
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { ClosedProcess, PreloadMessage } from './control-channel.ts'

/** Looks at what all objects of the subject's processes inherit. */
export interface PrototypeInspector {
  /** Names such as `Object.prototype.toString`, each with how many processes have it. @throws when one does not answer within 5 s. */
  inspect(): Promise<Map<string, number>>
}

/** An inspector of the processes of a control channel, and what it has to hear of their messages. */
export function makeInspector(processes: () => readonly ClosedProcess[]): PrototypeInspector & {
  hear(message: PreloadMessage): void
} {
  let asked = 0
  const answers = new Map<number, string[][]>()
  return {
    hear(message) {
      if (message.type === 'inspected') answers.get(message.id)?.push(message.properties)
    },
    async inspect() {
      const id = (asked += 1)
      const given: string[][] = []
      answers.set(id, given)
      const connected = processes().filter((process) => process.isConnected())
      for (const process of connected) process.tell({ type: 'inspect', id })
      const deadline = performance.now() + 5000
      while (given.length < connected.filter((process) => process.isConnected()).length) {
        if (performance.now() > deadline)
          throw new Error(`${given.length} of ${connected.length} processes told their prototypes within 5 s.`)
        await sleep(5)
      }
      const counts = new Map<string, number>()
      for (const name of given.flat()) counts.set(name, (counts.get(name) ?? 0) + 1)
      return counts
    },
  }
}

import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { z } from 'zod'

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), pid: z.int(), program: z.string(), hasClock: z.boolean() }),
  z.object({ type: z.literal('connect'), host: z.string(), port: z.number() }),
  z.object({ type: z.literal('escape'), host: z.string(), port: z.number(), what: z.string() }),
  z.object({ type: z.literal('route'), method: z.string(), path: z.string() }),
  z.object({ type: z.literal('advanced'), id: z.int(), moved: z.boolean() }),
  z.object({ type: z.literal('inspected'), id: z.int(), properties: z.array(z.string()) }),
])

/** What a preload tells the lab. */
export type PreloadMessage = z.infer<typeof messageSchema>

/** A process or worker whose preload has reported in. */
export interface ClosedProcess {
  pid: number
  program: string
  hasClock: boolean
  /** Milliseconds since the epoch. */
  startedAt: number
  isConnected(): boolean
  tell(command: Record<string, unknown>): void
}

/** The line protocol between the lab and the preloads of the subject's processes, on a loopback port. */
export async function openControlChannel(
  onMessage: (message: PreloadMessage, from: ClosedProcess | undefined) => void,
): Promise<AsyncDisposable & { port: number; processes: readonly ClosedProcess[] }> {
  const processes: ClosedProcess[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    let rest = ''
    let known: ClosedProcess | undefined
    sockets.add(socket)
    socket.setEncoding('utf8')
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const message = messageSchema.parse(JSON.parse(line))
        if (message.type === 'hello') {
          const { pid, program, hasClock } = message
          known = {
            pid,
            program,
            hasClock,
            startedAt: Date.now(),
            isConnected: () => !socket.destroyed,
            tell: (command) => void socket.write(`${JSON.stringify(command)}\n`),
          }
          processes.push(known)
        }
        onMessage(message, known)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP port from the operating system.')
  return {
    port: address.port,
    processes,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

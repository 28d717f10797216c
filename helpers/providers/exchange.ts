import type { IncomingMessage, ServerResponse } from 'node:http'
import { getResponse } from 'msw'
import type { RequestHandler } from 'msw'
import type { ProviderName } from '../subject/facilities.ts'
import type { JournalEntry } from './journal.ts'

/** One request at a provider and everything that may be done about it. */
export interface Exchange {
  entry: JournalEntry
  /** Lets the provider take effect and gives its genuine answer. */
  takeEffect(): Promise<{ status: number; headers: Record<string, string>; body: Buffer }>
  /** Sends an answer whole. */
  answer(status: number, headers: Record<string, string>, body: Buffer | string): void
  /** Sends the head of an answer and a part of its body, and leaves it open. */
  begin(status: number, headers: Record<string, string>, part: Buffer): void
  /** Ends the connection with a reset. */
  reset(): void
  /** Notes what a fault did instead of answering. */
  note(fault: string): void
  /** Calls back when the other side gives up. */
  onClose(listener: () => void): void
}

/** Opens the exchange for a request that has arrived whole. */
export function openExchange(options: {
  provider: ProviderName
  entry: JournalEntry
  body: Buffer
  handlers: RequestHandler[]
  response: ServerResponse
}): Exchange {
  const { entry, body, handlers, response } = options
  const finish = (answer: NonNullable<JournalEntry['answer']>): void => {
    entry.answer = answer
    entry.finishedAt = performance.timeOrigin + performance.now()
  }
  return {
    entry,
    async takeEffect() {
      const hasBody = entry.method !== 'GET' && entry.method !== 'HEAD'
      const request = new Request(entry.url, {
        method: entry.method,
        headers: entry.headers,
        ...(hasBody ? { body: new Uint8Array(body) } : {}),
      })
      const genuine = await getResponse(handlers, request)
      if (genuine === undefined)
        return { status: 404, headers: { 'content-type': 'application/json' }, body: Buffer.from('{}') }
      return {
        status: genuine.status,
        headers: Object.fromEntries(genuine.headers),
        body: Buffer.from(await genuine.arrayBuffer()),
      }
    },
    answer(status, headers, answerBody) {
      finish({ status })
      response.writeHead(status, headers).end(answerBody)
    },
    begin(status, headers, part) {
      response.writeHead(status, headers)
      response.write(part)
    },
    reset() {
      response.socket?.resetAndDestroy()
    },
    note(fault) {
      finish({ fault })
    },
    onClose: (listener) => void response.once('close', listener),
  }
}

/** Reads a request's body to its end. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks)
}

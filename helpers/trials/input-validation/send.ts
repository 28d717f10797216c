import { Agent, request } from 'node:http'
import { errorEnvelopeSchema } from '../../subject/client.ts'
import { clientAddress } from '../../subject/request.ts'
import type { WireRequest } from './wire.ts'

/** What came back; status 0 where nothing did. */
export interface Reply {
  status: number
  text: string
  /** Code in the error envelope, or null when the answer carries none. */
  code: string | null
  /** Why there was no answer. */
  failure: string | null
}

const answerMilliseconds = 8000

/** Sends a request byte for byte, from another address each time, and waits for the whole answer. */
export function sendRaw(url: string, { method, path, headers, bytes }: WireRequest): Promise<Reply> {
  const { hostname, port } = new URL(url)
  const agent = new Agent({ keepAlive: false })
  return new Promise<Reply>((resolve) => {
    const settle = (reply: Reply): void => {
      agent.destroy()
      resolve(reply)
    }
    const none = (failure: string): void => settle({ status: 0, text: '', code: null, failure })
    const call = request(
      {
        hostname,
        port,
        method,
        path,
        agent,
        localAddress: clientAddress(),
        headers: { ...headers, ...(bytes === undefined ? {} : { 'Content-Length': String(bytes.length) }) },
        timeout: answerMilliseconds,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', (error) => none(error.message))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          settle({ status: response.statusCode ?? 0, text, code: codeIn(text), failure: null })
        })
      },
    )
    call.on('timeout', () => call.destroy(new Error(`no answer within ${answerMilliseconds} ms`)))
    // what was answered before the whole body had been taken is read all the same
    call.on('error', (error) => setTimeout(() => none(error.message), 30))
    call.end(bytes)
  })
}

function codeIn(text: string): string | null {
  try {
    return errorEnvelopeSchema.safeParse(JSON.parse(text)).data?.error.code ?? null
  } catch {
    return null
  }
}

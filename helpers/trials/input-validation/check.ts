import fc from 'fast-check'
import type { AroClient } from '../../subject/client.ts'
import type { RequestKind } from './cases.ts'
import type { ValidationTrial } from './judge.ts'
import { sendRaw } from './send.ts'
import type { Reply } from './send.ts'
import type { Windows } from './windows.ts'
import { write } from './wire.ts'
import type { WireRequest } from './wire.ts'

const codes = new Set([
  'VALIDATION_ERROR',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'INTERNAL_ERROR',
  'SERVICE_UNAVAILABLE',
  'CIRCUIT_BREAKER_OPEN',
  'EXTERNAL_API_ERROR',
])
const windowsToWait = 20
const requestsToShrinkBy = 25
/** For all kinds together: where much is wrong, not all of it has to be small. */
const requestsToShrinkByInAll = 150

/** Sends requests of one kind after another. */
export interface Checker {
  /** Sends as many of a kind as asked, and shrinks the first that is answered wrongly; undefined when none is. */
  check(kind: RequestKind, runs: number, seed: number): Promise<ValidationTrial['failures'][number] | undefined>
  /** What was sent so far, by route and by what was expected. */
  counts: Map<string, Record<RequestKind['expectation'], number>>
}

/** Makes a checker for a subject; `onAnswer` hears of each request that was answered. */
export function makeChecker(
  client: AroClient,
  windows: Windows,
  onAnswer: (kind: RequestKind, request: WireRequest, reply: Reply) => void,
): Checker {
  const counts: Checker['counts'] = new Map()
  let shrinkingInAll = 0
  const count = ({ route, expectation }: RequestKind): void => {
    const name = `${route.method} ${route.path}`
    const counted = counts.get(name) ?? { accepted: 0, refused: 0, either: 0 }
    counted[expectation] += 1
    counts.set(name, counted)
  }
  const send = async (kind: RequestKind, generated: unknown): Promise<{ request: WireRequest; reply: Reply }> => {
    const isHarmless =
      kind.expectation === 'refused' ||
      (kind.expectation === 'either' && (!kind.route.isChanging || kind.route.isRepeatable === true))
    for (let waits = 0; ; waits += 1) {
      const genuine = await kind.route.genuine(isHarmless ? 'existing' : 'fresh')
      const { json, alteration } = kind.alter(generated, genuine)
      const request = write(client, kind.route, genuine, json, alteration, windows.now)
      const reply = await sendRaw(client.url, request)
      if (reply.status !== 429) return { request, reply }
      if (waits === windowsToWait) {
        throw new Error(
          `${request.method} ${kind.route.path} answers 429 although ${waits} windows of a minute have gone by: what it accepts and refuses cannot be told.`,
        )
      }
      await windows.pass()
    }
  }
  return {
    counts,
    async check(kind, runs, seed) {
      let last: { request: WireRequest; reply: Reply; problem: string } | undefined
      let thrown: Error | undefined
      let shrinking = 0
      const property = fc.asyncProperty(kind.generated, async (generated) => {
        if (thrown !== undefined) return false
        if (last !== undefined) {
          shrinking += 1
          shrinkingInAll += 1
          if (shrinking > requestsToShrinkBy || shrinkingInAll > requestsToShrinkByInAll) return true
        }
        const sent = await send(kind, generated).catch((error: unknown) => {
          thrown = error instanceof Error ? error : new Error(String(error))
        })
        if (sent === undefined) return false
        const { request, reply } = sent
        count(kind)
        onAnswer(kind, request, reply)
        const problem = problemWith(kind, request, reply)
        if (problem !== undefined) last = { request, reply, problem }
        return problem === undefined
      })
      const { failed, counterexamplePath, numShrinks } = await fc.check(property, {
        seed,
        numRuns: runs,
      })
      if (thrown !== undefined) throw thrown
      if (!failed || last === undefined) return undefined
      const { request, reply, problem } = last
      return {
        route: `${kind.route.method} ${kind.route.path}`,
        kind: kind.name,
        expected: kind.expectation,
        problem,
        status: reply.status,
        seed,
        path: counterexamplePath ?? '',
        shrinks: numShrinks,
        request: describe(request),
      }
    },
  }
}

function problemWith({ expectation }: RequestKind, request: WireRequest, reply: Reply): string | undefined {
  const { status, code, failure } = reply
  if (status === 0) {
    // who closes the connection upon a body that is too large has refused it, and may not have been heard
    const isCutOff = (request.bytes?.length ?? 0) > 1_000_000 && /EPIPE|ECONNRESET|socket hang up/.test(failure ?? '')
    return isCutOff && expectation !== 'accepted' ? undefined : `gave no answer: ${failure ?? 'none'}`
  }
  if (status >= 500) return `answered ${status}`
  const isAccepted = status >= 200 && status < 300
  const isRefused = status >= 400
  if (expectation === 'accepted') return isAccepted ? undefined : `refused a valid request with ${status}`
  if (isAccepted) return expectation === 'either' ? undefined : `accepted an invalid request with ${status}`
  if (!isRefused) return `answered ${status}`
  return code !== null && codes.has(code) ? undefined : `refused with ${status}, but without the error envelope`
}

const longestShown = 400

function describe({ method, path, headers, bytes }: WireRequest): ValidationTrial['failures'][number]['request'] {
  const text = bytes?.toString() ?? null
  const isText = bytes !== undefined && Buffer.from(text ?? '').equals(bytes)
  const shown = bytes === undefined || isText ? text : `base64: ${bytes.toString('base64')}`
  return {
    method,
    path: cut(path),
    contentType: headers['Content-Type'] ?? null,
    body: shown === null ? null : cut(shown),
    bodyBytes: bytes?.length ?? 0,
  }
}

const cut = (text: string): string =>
  text.length <= longestShown ? text : `${text.slice(0, longestShown)}… (${text.length} characters)`

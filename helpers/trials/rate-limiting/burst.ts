import { errorEnvelopeSchema } from '../../subject/client.ts'
import type { AroClient } from '../../subject/client.ts'
import { limitEvasions, sendPipelined } from '../../attacks/limit-evasions.ts'
import { clientAddress } from '../../subject/request.ts'
import type { Answer, SubjectRequest } from '../../subject/request.ts'
import type { LimitTrial } from './judge.ts'

/** A request as it is made for one client; `path` is what it is sent to. */
export type LimitedRequest = Omit<SubjectRequest, 'url' | 'from'>

/** One limit, and requests that it counts. */
export interface LimitPlan {
  name: string
  limit: number
  windowSeconds: number
  /** The subject's clock, in milliseconds since the epoch. */
  now(): number
  /** A genuine request that is served while the limit is not reached, another one each time. */
  make(client: AroClient): LimitedRequest
  /** The same without whatever shows who sends it. */
  makeWithoutCredentials(client: AroClient): LimitedRequest
  /** Every route under the limit, each with a genuine request. */
  routes: readonly { name: string; request: LimitedRequest }[]
  /** Whether the contract sets it for each client. */
  isForEachClient: boolean
  /** A genuine request by somebody else. */
  makeForOther(client: AroClient): LimitedRequest
}

/** A limit that one client has reached. */
export interface ReachedLimit {
  plan: LimitPlan
  from: string
  trial: Omit<LimitTrial, 'early' | 'afterwards'>
}

const atOnce = 10
const over = 15

/** Sends a client's requests over a limit, then whatever might get around it. */
export async function reachLimit(clients: readonly [AroClient, AroClient], plan: LimitPlan): Promise<ReachedLimit> {
  const [client, other] = clients
  const burst = await burstOver(client, plan)
  const { from } = burst
  const routes: LimitTrial['routes'] = []
  for (const { name, request } of plan.routes)
    routes.push({ name, status: (await client.send({ ...request, from })).status })
  const evasions = await Promise.all(
    limitEvasions(plan.make(client).path).map(async ({ name, headers, path }) => {
      const request = plan.make(client)
      const altered = { ...request, headers: { ...request.headers, ...headers }, path: path ?? request.path }
      // byte for byte: a usual client would tidy the path up
      const [status = 0] = await sendPipelined(client.url, from, [altered])
      return { name, status }
    }),
  )
  const pipelined = await sendPipelined(
    client.url,
    from,
    Array.from({ length: 8 }, () => plan.make(client)),
  )
  const otherInstance = await other.send({ ...plan.make(other), from })
  const otherClient = plan.isForEachClient ? (await client.send(plan.makeForOther(client))).status : null
  return {
    plan,
    from,
    trial: {
      name: plan.name,
      limit: plan.limit,
      windowSeconds: plan.windowSeconds,
      ...burst.counts,
      routes,
      evasions,
      pipelined,
      otherInstance: otherInstance.status,
      otherClient,
      withoutCredentials: await floodWithoutCredentials(client, plan),
    },
  }
}

/** A burst of one client; begun anew once when the end of a window may have fallen into it. */
async function burstOver(
  client: AroClient,
  plan: LimitPlan,
): Promise<{ from: string; counts: Pick<LimitTrial, 'sent' | 'served' | 'seconds' | 'refusal'> }> {
  for (let tries = 1; ; tries += 1) {
    const from = clientAddress()
    const startedAt = performance.now()
    // the last ones by a client that reads whole answers
    const first = await sendMany(client.url, from, plan.limit - atOnce, () => plan.make(client))
    const last = await Promise.all(
      Array.from({ length: atOnce + over }, () => client.send({ ...plan.make(client), from })),
    )
    const statuses = [...first, ...last.map(({ status }) => status)]
    const served = statuses.filter((status) => status >= 200 && status < 300).length
    if (served > plan.limit && tries === 1) continue
    const seconds = (performance.now() - startedAt) / 1000
    const refused = last.find(({ status }) => status === 429)
    return {
      from,
      counts: {
        sent: statuses.length,
        served,
        seconds,
        refusal: refused === undefined ? null : refusalOf(refused, plan.now()),
      },
    }
  }
}

async function floodWithoutCredentials(client: AroClient, plan: LimitPlan): Promise<LimitTrial['withoutCredentials']> {
  const make = (): LimitedRequest => plan.makeWithoutCredentials(client)
  const statuses = await sendMany(client.url, clientAddress(), plan.limit + over, make)
  return { sent: statuses.length, refused: statuses.filter((status) => status === 429).length }
}

/** Sends requests on a few connections at once. @throws when some are not answered: nothing would be known of them. */
async function sendMany(url: string, from: string, count: number, make: () => LimitedRequest): Promise<number[]> {
  const statuses: number[] = []
  while (statuses.length < count) {
    const size = Math.min(atOnce * atOnce, count - statuses.length)
    const chunks = Array.from({ length: Math.ceil(size / atOnce) }, (_, index) =>
      Array.from({ length: Math.min(atOnce, size - index * atOnce) }, make),
    )
    const answered = (await Promise.all(chunks.map((chunk) => sendPipelined(url, from, chunk)))).flat()
    if (answered.length < size) throw new Error(`${size} requests were sent, ${answered.length} were answered.`)
    statuses.push(...answered)
  }
  return statuses
}

function refusalOf({ headers, json }: Answer, now: number): LimitTrial['refusal'] {
  const envelope = errorEnvelopeSchema.safeParse(json)
  return {
    retryAfterSeconds: secondsToWait(headers, now),
    code: envelope.success ? envelope.data.error.code : null,
    isJson: (headers['content-type'] ?? '').startsWith('application/json'),
  }
}

/** Retry-After as RFC 9110 has it: seconds, or a date by the subject's clock, of which the milliseconds are given. */
export function secondsToWait(headers: Answer['headers'], now: number): number | null {
  const retryAfter = headers['retry-after']
  if (retryAfter === undefined) return null
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter)
  const moment = Date.parse(retryAfter)
  return Number.isNaN(moment) ? null : Math.ceil((moment - now) / 1000)
}

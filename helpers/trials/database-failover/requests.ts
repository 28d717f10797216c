import type { Administrator } from '../../subject/administrator.ts'
import { errorEnvelopeSchema } from '../../subject/client.ts'
import type { AroClient } from '../../subject/client.ts'
import type { Ledger } from '../../subject/ledger.ts'
import type { Answer } from '../../subject/request.ts'
import type { FailoverTrial } from './judge.ts'

type Answers = FailoverTrial['outages'][number]['answers'][number]

/** What a trial asks with. */
export interface Asking {
  client: AroClient
  administrator: Administrator
  ledger: Ledger
  /** The number of a customer who is known. */
  knownPhone: string
}

/** An answer, or none, and how long it took. */
export interface Asked {
  answer: Answer | undefined
  durationMilliseconds: number
}

/** One request of each kind that a service has; each needs the database. */
export const requestKinds: Readonly<Record<string, (asking: Asking) => Promise<Asked>>> = {
  'POST the calendar webhook': ({ client, ledger }) => ledger.book(client),
  'POST a command': ({ client, ledger }) => ledger.command(client),
  'POST the SMS webhook': ({ client, knownPhone }) =>
    timed(async () => (await client.reply(knownPhone, 'Thank you')).answer),
  'GET events': ({ client }) =>
    timed(() => client.send({ path: `${client.subject.paths.events}?limit=5`, headers: client.serviceHeaders() })),
  'GET appointments': ({ administrator }) => timed(() => administrator.send('GET', '/appointments')),
}

async function timed(send: () => Promise<Answer>): Promise<Asked> {
  const startedAt = performance.now()
  const answer = await send().catch(() => undefined)
  return { answer, durationMilliseconds: performance.now() - startedAt }
}

const inside =
  /ECONN|127\.0\.0\.1|localhost|postgres|\bselect\b.+\bfrom\b|\binsert into\b|node_modules|\.[cm]?[jt]s:\d/i

/** Counts answers as evidence. */
export function countAnswers(request: string, asked: readonly Asked[]): Answers {
  const statuses: Record<string, number> = {}
  for (const { answer } of asked) {
    const status = answer === undefined ? 'none' : String(answer.status)
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  const refusals = asked.flatMap(({ answer }) => (answer !== undefined && answer.status >= 400 ? [answer] : []))
  return {
    request,
    asked: asked.length,
    statuses,
    withoutEnvelope: refusals.filter((answer) => !hasEnvelope(answer)).length,
    leaking: refusals.filter(({ text }) => inside.test(text)).length,
    slowestMilliseconds: Math.max(...asked.map(({ durationMilliseconds }) => durationMilliseconds)),
  }
}

/** Whether a refusal has the error envelope. */
export const hasEnvelope = (answer: Answer | undefined): boolean =>
  answer !== undefined && errorEnvelopeSchema.safeParse(answer.json).success

/** Whether an answer is a 2xx. */
export const isSuccess = ({ answer }: Asked): boolean =>
  answer !== undefined && answer.status >= 200 && answer.status < 300

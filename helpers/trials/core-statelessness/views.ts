import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { Answer } from '../../subject/request.ts'
import { isSame, replay, settle, subscribe } from './instances.ts'
import type { StatelessnessTrial } from './judge.ts'

/** What is looked at through two instances. */
export interface Looked {
  first: AroClient
  second: AroClient
  administrator: Administrator
  consented: ConsentedCustomer
  appointmentId: string
}

type View = StatelessnessTrial['views'][number]

/** Looks at the same things through both instances, before and after changes made through one or the other. */
export async function compareViews(looked: Looked): Promise<View[]> {
  const { first, second, consented, appointmentId } = looked
  const views = await lookAtAll(looked, 'the start')
  const changed = await admin(first, looked, 'PUT', `/appointments/${appointmentId}`, { status: 'confirmed' })
  expectSuccess(changed, 'PUT /appointments/{id}')
  views.push(...(await lookAtAll(looked, 'an appointment was confirmed through the first instance')))
  const consent = { granted: false, method: 'written' }
  const withdrawn = await admin(second, looked, 'PUT', `/customers/${consented.customer.id}/consent`, consent)
  expectSuccess(withdrawn, 'PUT /customers/{id}/consent')
  views.push(...(await lookAtAll(looked, 'consent was withdrawn through the second instance')))
  return views
}

/** Subscriptions made through one instance, replayed through both. */
export async function compareSubscriptions(
  first: AroClient,
  second: AroClient,
): Promise<{ views: View[]; id: string }> {
  const ofFirst = await subscribe(first)
  const ofSecond = await subscribe(second)
  const look = (id: string, maker: string): Promise<View> =>
    compare('the replay of a subscription', `it was made through the ${maker} instance`, () => [
      replay(first, id),
      replay(second, id),
    ])
  return { id: ofFirst, views: [await look(ofFirst, 'first'), await look(ofSecond, 'second')] }
}

async function lookAtAll(looked: Looked, after: string): Promise<View[]> {
  const { first, second, consented, appointmentId } = looked
  const { id } = consented.customer
  const paths: [name: string, path: string][] = [
    ['GET /appointments/{id}', `/appointments/${appointmentId}`],
    ['GET /appointments', `/appointments?customer_id=${encodeURIComponent(id)}`],
    ['GET /customers/{id}', `/customers/${id}`],
    ['GET /dead-letters', '/dead-letters'],
  ]
  const ofAdministrator = paths.map(([name, path]) =>
    compare(name, after, () => [admin(first, looked, 'GET', path), admin(second, looked, 'GET', path)]),
  )
  const events = (client: AroClient): Promise<Answer> =>
    client.send({ path: `${client.subject.paths.events}?limit=50`, headers: client.serviceHeaders() })
  return Promise.all([...ofAdministrator, compare('GET /v1/events', after, () => [events(first), events(second)])])
}

/** Asks both until they agree or time is up: what is still being done may be seen by one of them first. */
async function compare(name: string, after: string, ask: () => [Promise<Answer>, Promise<Answer>]): Promise<View> {
  let answers = await Promise.all(ask())
  const agrees = await settle(async () => {
    if (isSame(...answers)) return true
    answers = await Promise.all(ask())
    return isSame(...answers)
  })
  return { name, after, statuses: answers.map(({ status }) => status), isSame: agrees && answers[0].status === 200 }
}

/** Asks one instance as the administrator, whose token the other instance may have given. */
export function admin(
  client: AroClient,
  { administrator }: Pick<Looked, 'administrator'>,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  return client.send({
    method,
    path: `${client.subject.paths.admin}${path}`,
    headers: {
      Authorization: `Bearer ${administrator.token}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  })
}

function expectSuccess(answer: Answer, what: string): void {
  if (answer.status === 200) return
  throw new Error(`${what}: expected 200 for a genuine change, got ${answer.status}: ${answer.text.slice(0, 200)}`)
}

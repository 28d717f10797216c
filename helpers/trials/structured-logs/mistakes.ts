import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlDatabase } from '../../database/control-database.ts'
import { refuseDatabase } from '../../faults/database-refused.ts'
import { calendlyMessage } from '../../subject/deliveries.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'
import type { Conversation } from './conversation.ts'
import type { LogsTrial } from './judge.ts'

/** A request that went wrong, under which id, and how it was answered. */
interface Answered {
  id: string
  what: string
  status: number
}

const json = { 'Content-Type': 'application/json' }

/** Sends what a subject has to refuse, with people's data in it, and what is no HTTP at all. */
export async function sendBadRequests(conversation: Conversation): Promise<Answered[]> {
  const { client, texts, administrator } = conversation
  const { admin, commands, events, calendlyWebhook } = client.subject.paths
  const booking = makeBooking()
  texts.addPerson(booking.person)
  const { phone, email, name } = booking.person
  const authorised = { ...json, Authorization: `Bearer ${administrator.token}` }
  const password = texts.addSecret('wrong password', `Aa1!${texts.makeText('word of a wrong password')}`)
  const command = client.makeCommand()
  const malformed = client.sign(calendlyMessage({ ...booking, person: { name, email, phone: `tel ${phone}` } }))
  const forged = client.sign(calendlyMessage(booking), { secret: 'of nobody' })
  const requests: [what: string, request: Parameters<Conversation['send']>[0]][] = [
    [
      'body that is no JSON',
      { method: 'POST', path: `${admin}/messages`, headers: authorised, body: `{"body": "${phone} ${name}` },
    ],
    [
      'message with an unknown field',
      { method: 'POST', path: `${admin}/messages`, headers: authorised, body: { to: phone, body: name } },
    ],
    ['path that is not there', { path: `/nowhere/${encodeURIComponent(email)}` }],
    ['customer that is not there', { path: `${admin}/customers/${encodeURIComponent(phone)}`, headers: authorised }],
    [
      'query that is not valid',
      { path: `${admin}/customers?phone=${encodeURIComponent(phone)}&page=none`, headers: authorised },
    ],
    ['failed login', { method: 'POST', path: `${admin}/auth/login`, headers: json, body: { email, password } }],
    [
      'token that is not valid',
      {
        path: events,
        headers: {
          ...client.serviceHeaders(),
          Authorization: `Bearer ${texts.addSecret('refused token', `refused-${texts.makeText('word of a refused token')}`)}`,
        },
      },
    ],
    [
      'command that is not valid',
      {
        method: 'POST',
        path: commands,
        headers: { ...command.headers },
        body: { ...command.body, tenantId: client.otherTenant.id, payload: { customer: booking.person } },
      },
    ],
    [
      'booking with a malformed number',
      {
        method: 'POST',
        path: calendlyWebhook,
        headers: { 'Content-Type': malformed.contentType, [malformed.signatureHeader]: malformed.signature },
        body: malformed.body,
        url: client.url,
      },
    ],
    [
      'forged booking',
      {
        method: 'POST',
        path: calendlyWebhook,
        headers: { 'Content-Type': forged.contentType, [forged.signatureHeader]: forged.signature },
        body: forged.body,
        url: client.url,
      },
    ],
    [
      'body of another kind',
      {
        method: 'POST',
        path: `${admin}/messages`,
        headers: { ...authorised, 'Content-Type': 'text/csv' },
        body: `${phone},${name}`,
      },
    ],
    [
      'body that is too large',
      {
        method: 'POST',
        path: `${admin}/messages`,
        headers: authorised,
        body: JSON.stringify({ body: `${name} ${'x'.repeat(2_000_000)}` }),
      },
    ],
  ]
  const answered: Answered[] = []
  for (const [what, request] of requests) {
    const id = what === 'command that is not valid' ? (command.headers['X-Correlation-Id'] ?? '') : undefined
    // a body may be cut off before all of it was sent
    const sent = await conversation.send(request, id).catch(() => undefined)
    if (sent !== undefined) answered.push({ id: sent.id, what, status: sent.answer.status })
  }
  await conversation
    .send({ path: events, headers: client.serviceHeaders() }, `a","level":"none","x":"\u007f`)
    .catch(() => undefined)
  await speakNoHttp(client.url)
  const refused = answered.filter(({ status }) => status >= 400)
  if (!refused.some(({ status }) => status < 500))
    throw new Error('Of the bad requests none was refused: how refusals are logged was not seen.')
  return refused
}

async function speakNoHttp(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => undefined)
  socket.end('this is no HTTP\r\n\r\n')
  socket.resume()
  await Promise.race([once(socket, 'close'), sleep(1000)])
}

const readyWithinMilliseconds = 10_000

/** Asks while the database refuses connections, and waits until it is back. */
export async function sendWithoutDatabase(
  conversation: Conversation,
  { proxy }: ControlDatabase,
): Promise<{ answered: Answered[]; fault: LogsTrial['faults'][number] }> {
  const { client } = conversation
  await using fault = await refuseDatabase(proxy)
  const booking = client.sign(calendlyMessage(makeBooking()))
  const command = client.makeCommand()
  const requests: [what: string, sent: Promise<{ id: string; answer: Answer }>][] = [
    [
      'reading of events without the database',
      conversation.send({ path: client.subject.paths.events, headers: client.serviceHeaders() }),
    ],
    ['reading of customers without the database', conversation.sendAsAdministrator('GET', '/customers')],
    [
      'command without the database',
      conversation.send(
        { method: 'POST', path: client.subject.paths.commands, headers: command.headers, body: command.body },
        command.headers['X-Correlation-Id'],
      ),
    ],
    [
      'booking without the database',
      conversation.send({
        method: 'POST',
        path: booking.path,
        url: client.url,
        headers: { 'Content-Type': booking.contentType, [booking.signatureHeader]: booking.signature },
        body: booking.body,
      }),
    ],
  ]
  const answered = await Promise.all(
    requests.map(async ([what, sent]) => {
      const { id, answer } = await sent
      return { id, what, status: answer.status }
    }),
  )
  const { tookHold, observations, what } = fault.proof()
  if (!tookHold) throw new Error('The database never refused a connection: how that is logged was not seen.')
  if (!answered.some(({ status }) => status >= 500)) {
    throw new Error(
      'While the database refused connections no request was answered 5xx: how failures are logged was not seen.',
    )
  }
  await fault.end()
  const deadline = performance.now() + readyWithinMilliseconds
  for (;;) {
    const { status } = await client.send({ path: client.subject.paths.ready })
    if (status === 200) break
    if (performance.now() > deadline)
      throw new Error(`The subject was not ready again within ${readyWithinMilliseconds} ms of the database’s return.`)
    await sleep(50)
  }
  return { answered: answered.filter(({ status }) => status >= 400), fault: { fault: what, observations } }
}

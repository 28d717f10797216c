import { setTimeout as sleep } from 'node:timers/promises'
import { refuseConnections } from '../../faults/provider-refused.ts'
import type { ProviderFault } from '../../providers/provider-fault.ts'
import type { JournalEntry } from '../../providers/journal.ts'
import type { Answer } from '../../subject/request.ts'
import { calendlyMessage, smsMessage } from '../../subject/deliveries.ts'
import type { Delivery } from '../../subject/deliveries.ts'
import { makeBooking } from '../../subject/people.ts'
import { idOf } from './conversation.ts'
import type { Conversation } from './conversation.ts'
import type { LogsTrial } from './judge.ts'

type Traced = Omit<LogsTrial['traced'][number], 'lines'> & { id: string }

const withinMilliseconds = 15_000

/** Sends one genuine request of each kind under an id of ours, and looks for the id where it has to come out. */
export async function traceAll(conversation: Conversation): Promise<Traced[]> {
  const customer = await conversation.makeCustomer()
  const reply = conversation.texts.makeText('text of a reply')
  return [
    await traceBooking(conversation),
    await traceCommand(conversation),
    await traceReply(conversation, customer.booking.person.phone, `Hm, that ${reply} thing we talked about, you know`),
    await traceMessage(conversation, customer),
    await traceReading(conversation),
  ]
}

function deliver({ client, nextUrl }: Pick<Conversation, 'client' | 'nextUrl'>, delivery: Delivery): Promise<Answer> {
  return client.send({
    url: nextUrl(),
    method: 'POST',
    path: delivery.path,
    body: delivery.body,
    headers: {
      'Content-Type': delivery.contentType,
      'X-Correlation-Id': delivery.correlationId,
      [delivery.signatureHeader]: delivery.signature,
    },
  })
}

async function traceBooking(conversation: Conversation): Promise<Traced> {
  const { client, texts } = conversation
  const booking = makeBooking()
  texts.addPerson(booking.person)
  const delivery = client.sign(calendlyMessage(booking))
  const answer = requireAccepted('booking', await deliver(onFirst(conversation), delivery))
  return {
    ...traced('booking by webhook', delivery.correlationId, answer),
    event: await findEvent(conversation, delivery.correlationId),
  }
}

async function traceCommand(conversation: Conversation): Promise<Traced> {
  const { headers, body } = conversation.client.makeCommand()
  const id = headers['X-Correlation-Id'] ?? ''
  const { answer } = await conversation.send(
    { method: 'POST', path: conversation.client.subject.paths.commands, headers, body },
    id,
  )
  requireAccepted('command', answer)
  return { ...traced('command', id, answer), event: await findEvent(conversation, id) }
}

async function traceReply(conversation: Conversation, from: string, body: string): Promise<Traced> {
  const { client, providers } = conversation
  const mark = providers.journal.mark()
  const delivery = client.sign(smsMessage(client.tenant, { from, body }))
  const answer = requireAccepted('reply', await deliver(onFirst(conversation), delivery))
  const event = await findEvent(conversation, delivery.correlationId)
  // whether a model is asked is the subject's to decide
  const call = providers.journal.since(mark).find(({ provider }) => provider === 'llm')
  return {
    ...traced('reply by SMS', delivery.correlationId, answer),
    event,
    providerCall: call === undefined ? 'not expected' : compare(call.correlationId, delivery.correlationId),
  }
}

async function traceMessage(
  conversation: Conversation,
  { customer, booking }: Awaited<ReturnType<Conversation['makeCustomer']>>,
): Promise<Traced> {
  const { texts, providers } = conversation
  const mark = providers.journal.mark()
  const text = texts.makeText('text of a message')
  const { id, answer } = await conversation.sendAsAdministrator('POST', '/messages', {
    customerId: customer.id,
    body: `Please bring ${text} along.`,
  })
  requireAccepted('message', answer)
  const call = await awaitCall(conversation, mark, booking.person.phone)
  return { ...traced('message by the admin API', id, answer), providerCall: compare(call?.correlationId, id) }
}

async function traceReading(conversation: Conversation): Promise<Traced> {
  const { id, answer } = await conversation.sendAsAdministrator('GET', '/appointments')
  if (answer.status !== 200) throw new Error(`GET /appointments: expected 200, got ${answer.status}`)
  return traced('reading of the admin API', id, answer)
}

/** Has the SMS provider refuse a message for good while its errors quote what they refuse, as real ones do. */
export async function failQueuedWork(conversation: Conversation): Promise<{
  id: string
  attempts: number
  lastFailedAt: number
  /** Everything that went wrong in this while was work under one of these ids. */
  window: { from: number; to: number; ids: string[] }
  faults: LogsTrial['faults']
}> {
  const { providers, texts } = conversation
  const [{ customer, booking }, other] = [await conversation.makeCustomer(), await conversation.makeCustomer()]
  const { phone } = booking.person
  const send = async (customerId: string): Promise<string> => {
    const text = texts.makeText(`text of a message to customer ${customerId}`)
    const { id, answer } = await conversation.sendAsAdministrator('POST', '/messages', {
      customerId,
      body: `Please bring ${text} along.`,
    })
    requireAccepted('message', answer)
    return id
  }
  const from = Date.now()
  const model = await providers.fault('llm', quote(400))
  const text = `Hm, the ${texts.makeText('text of a reply that the model refuses')} again, you know`
  const reply = conversation.client.sign(smsMessage(conversation.client.tenant, { from: phone, body: text }))
  await deliver(onFirst(conversation), reply)
  await using unavailable = await providers.fault('twilio', quote(503))
  const mark = providers.journal.mark()
  const id = await send(customer.id)
  const callsOf = (): readonly JournalEntry[] => providers.journal.since(mark).filter((entry) => isTo(entry, phone))
  await until(() => callsOf().length >= 3, 'three attempts to send a message while the provider answers 503')
  const last = callsOf().at(-1)?.at ?? Date.now()
  // what is written of the last attempt comes after its answer
  await awaitLetter(conversation, id)
  await unavailable.end()
  // the last to start comes first; more than one failure after the three above would open a breaker
  const refused = await providers.fault('twilio', quote(400))
  const reset = await providers.fault('twilio', refuseConnections({ times: 1 }))
  const refusedMark = providers.journal.mark()
  const otherId = await send(other.customer.id)
  await until(
    () => providers.journal.since(refusedMark).some((entry) => isTo(entry, other.booking.person.phone)),
    'a message that the provider refuses',
  )
  await awaitLetter(conversation, otherId)
  await Promise.all([model.end(), refused.end(), reset.end()])
  return {
    id,
    attempts: callsOf().length,
    lastFailedAt: Math.floor(last),
    window: { from, to: Date.now(), ids: [id, otherId, reply.correlationId] },
    faults: [unavailable, reset, refused, model].flatMap(({ name, proof }) =>
      proof().tookHold ? [{ fault: name, observations: proof().observations }] : [],
    ),
  }
}

/** The provider fails and says of what: its message holds the number, or all that it was sent. */
function quote(status: number): ProviderFault {
  return {
    name: `answers ${status} and quotes what it was sent`,
    apply({ entry, answer }) {
      const to = entry.form?.['To']
      const message =
        to === undefined
          ? `Invalid content: ${entry.body}`
          : `The 'To' number ${to} is not a valid phone number: ${entry.body}`
      answer(
        status,
        { 'content-type': 'application/json' },
        JSON.stringify({ code: 21211, message, status, error: { message } }),
      )
    },
  }
}

/** Waits until the work under an id is given up: it is among the dead letters, or nothing more is heard of it. */
async function awaitLetter(conversation: Conversation, id: string): Promise<void> {
  const deadline = performance.now() + 2500
  while (performance.now() < deadline) {
    const { answer } = await conversation.sendAsAdministrator('GET', '/dead-letters')
    if (answer.text.includes(id)) return
    await sleep(100)
  }
}

const isTo = (entry: JournalEntry, phone: string): boolean =>
  entry.provider === 'twilio' && entry.method === 'POST' && (entry.form?.['To'] ?? '') === phone

async function awaitCall({ providers }: Conversation, mark: number, phone: string): Promise<JournalEntry | undefined> {
  const find = (): JournalEntry | undefined => providers.journal.since(mark).find((entry) => isTo(entry, phone))
  await until(() => find() !== undefined, 'a text message at the provider')
  return find()
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (!condition()) {
    if (performance.now() > deadline)
      throw new Error(`Expected ${what} within ${withinMilliseconds} ms, it did not come.`)
    await sleep(25)
  }
}

async function findEvent({ client }: Conversation, id: string): Promise<'ours' | 'none'> {
  const event = await client.awaitEvent(({ metadata }) => metadata.correlationId === id, { withinMilliseconds: 6000 })
  return event === undefined ? 'none' : 'ours'
}

const onFirst = (conversation: Conversation): Pick<Conversation, 'client' | 'nextUrl'> => ({
  client: conversation.client,
  // Twilio signs the address as well
  nextUrl: () => conversation.client.url,
})

function requireAccepted(what: string, answer: Answer): Answer {
  if (answer.status >= 300)
    throw new Error(`A genuine ${what} was refused with ${answer.status}: ${answer.text.slice(0, 200)}`)
  return answer
}

const traced = (what: string, id: string, answer: Answer): Traced => ({
  what,
  id,
  header: compare(idOf(answer)[0], id),
  event: 'not expected',
  providerCall: 'not expected',
})

const compare = (seen: string | undefined, ours: string): 'ours' | 'another' | 'none' =>
  seen === undefined || seen === '' ? 'none' : seen === ours ? 'ours' : 'another'

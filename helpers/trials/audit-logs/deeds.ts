import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { isAbout, isOpen, listDeadLetters } from '../../subject/dead-letters.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Canary } from './contents.ts'

/** Something that was done, and by what its entry is known. */
export interface Deed {
  name: string
  group: 'authentication' | 'data access' | 'configuration' | 'consent' | 'messages' | 'overrides' | 'commands'
  status: number
  by: 'administrator' | 'attempt on the administrator' | 'somebody else'
  /** Words for what was done. */
  words: RegExp
  /** Words of other deeds on the same. */
  otherWords?: RegExp
  /** Of these an entry has to name one as what it was done on; none are needed where the list is empty. */
  on: string[]
  /** Whether what it was done on may also stand among the values. */
  isNamedAnywhere?: boolean
  change?: { before: RegExp; after: RegExp }
  /** Milliseconds since the epoch. */
  from: number
  to: number
}

/** Who and what the deeds are done with. */
export interface Cast {
  client: AroClient
  administrator: Administrator
  providers: ProviderLab
  /** A customer whose data is looked at and changed, one who opts out, one who is erased. */
  kept: ConsentedCustomer
  leaver: ConsentedCustomer
  erased: ConsentedCustomer
  canaries: Canary[]
  /** The API key that is written. */
  apiKey: string
}

type Told = Omit<Deed, 'status' | 'from' | 'to' | 'on'> & { on?: string[] }

const looking = /read|view|get|access|fetch|show|open|retriev|look|list|search|quer|index|brows|find/i
const failing = /fail|refus|den(?:y|ied)|reject|invalid|unsuccess|wrong|"success":false|lock/i
const withinMilliseconds = 10_000
const mostRetries = 3

/** Does each thing that the contract wants an entry for, one after the other. @throws when a genuine one is refused. */
export async function doDeeds(cast: Cast): Promise<{ deeds: Deed[]; letterId: string; appointmentId: string }> {
  const { client, administrator, kept, leaver, erased } = cast
  const deeds: Deed[] = []
  const act = async (told: Told, ask: () => Promise<{ status: number; on?: string[] }>): Promise<void> => {
    const from = Date.now()
    let answer = await ask()
    // what fails for being noted at the same time as something else is seen where much is done at once
    for (let again = 1; again <= mostRetries && answer.status >= 500; again += 1) {
      await sleep(150)
      answer = await ask()
    }
    const { status, on = told.on ?? [] } = answer
    const isRefusable = told.by === 'attempt on the administrator'
    if (isRefusable ? status < 400 || status >= 500 : status < 200 || status >= 300) {
      throw new Error(
        `${told.name}: expected ${isRefusable ? 'a refusal' : 'a genuine request to be accepted'}, got ${status}: so there is nothing to be noted.`,
      )
    }
    deeds.push({ ...told, status, on, from, to: Date.now() })
  }
  const admin = (group: Deed['group'], name: string, words: RegExp, more: Partial<Told> = {}): Told => ({
    group,
    name,
    words,
    by: 'administrator' as const,
    ...more,
  })
  const { customer } = kept
  const appointment = await administrator.awaitAppointment(customer.id)

  await act(
    {
      group: 'authentication',
      name: 'failed login',
      by: 'attempt on the administrator',
      words: both(/log.?(?:ged.?)?[io]n|sign.?(?:ed.?)?in|auth/i, failing),
    },
    async () => {
      const body = { ...client.tenant.administrator, password: secretIn(cast, 'the password of a failed login') }
      return client.send({ method: 'POST', path: `${client.subject.paths.admin}/auth/login`, headers: json, body })
    },
  )
  let session = administrator
  await act(
    admin('authentication', 'login', /log.?(?:ged.?)?[io]n|sign|session|auth/i, { otherWords: failing }),
    async () => {
      session = await Administrator.login(client, client.tenant)
      cast.canaries.push({ kind: 'secret', label: 'a session token', text: session.token })
      return { status: 200 }
    },
  )
  const ofCustomer = `/customers/${customer.id}`
  const read = async (name: string, words: RegExp, more: Partial<Told> & { path: string }): Promise<void> => {
    const { path, ...rest } = more
    await act(admin('data access', `GET ${name}`, words, rest), () => administrator.send('GET', path))
  }
  const others = /consent|export|eras|delet/i
  await read('/customers/{id}', looking, { path: ofCustomer, on: [customer.id], otherWords: others })
  await read('/customers/{id}/export', /export|portab|download/i, { path: `${ofCustomer}/export`, on: [customer.id] })
  await read('/customers', both(/customer|patient|client|person|contact/i, looking), {
    path: '/customers?limit=5',
    otherWords: others,
  })
  const appointmentPath = `/appointments/${appointment.id}`
  await read('/appointments/{id}', looking, { path: appointmentPath, on: [appointment.id] })
  await read('/appointments', both(/appointment|booking/i, looking), { path: '/appointments?limit=5' })
  await read('/dashboard', /dashboard/i, { path: '/dashboard' })
  await read('/dead-letters', both(/dead.?letter|dlq|failed.?job/i, looking), {
    path: '/dead-letters',
    otherWords: /replay/i,
  })
  await read('/audit-logs', both(/audit/i, looking), { path: '/audit-logs?limit=5' })

  for (const [name, apiKey] of [
    ['PUT /integrations/{provider}', cast.apiKey],
    ['PUT /integrations/{provider} with another key', secretIn(cast, 'the API key that replaces another')],
  ] as const) {
    await act(admin('configuration', name, /integrat|config|key|credential|secret|setting/i, { on: ['llm'] }), () =>
      administrator.send('PUT', '/integrations/llm', { apiKey }),
    )
  }
  const consent = (granted: boolean): Promise<{ status: number }> =>
    administrator.send('PUT', `${ofCustomer}/consent`, { granted, method: 'written' })
  const given = { before: /false|null|none|withdrawn|revoked|denied/i, after: /true|granted|given|opted.?in/i }
  const taken = { before: given.after, after: /false|none|withdrawn|revoked|denied|opted.?out/i }
  const consentWords = /consent|opt.?(?:out|in)|(?:un|re).?subscri|stop|start/i
  const ofConsent = { on: [customer.id], otherWords: /export/i }
  await act(admin('consent', 'consent withdrawn by PUT', consentWords, { ...ofConsent, change: taken }), () =>
    consent(false),
  )
  await act(admin('consent', 'consent given by PUT', consentWords, { ...ofConsent, change: given }), () =>
    consent(true),
  )
  for (const [text, granted] of [
    ['STOP', false],
    ['START', true],
  ] as const) {
    await act(
      {
        group: 'consent',
        name: `${text} by text message`,
        by: 'somebody else',
        words: consentWords,
        on: [leaver.customer.id],
        change: granted ? given : taken,
      },
      async () => {
        const { phone } = leaver.booking.person
        const { answer } = await client.reply(phone, text)
        await until(`consent ${granted ? 'given' : 'withdrawn'} by ${text}`, async () => {
          return (await administrator.isConsentGranted(phone)) === granted
        })
        return answer
      },
    )
  }
  const messageWords = /messag|sms|text|send|sent|queue/i
  // of other messages to the same customer
  const otherMessages = /refus|reject|block|fail|undeliver|dead|replay|retr[yi]/i
  await act(
    admin('messages', 'POST /messages', messageWords, { isNamedAnywhere: true, otherWords: otherMessages }),
    async () => {
      const id = await administrator.queueMessage(customer.id, bodyIn(cast, 'a message'))
      return { status: 202, on: [id, customer.id] }
    },
  )
  const letterId = await makeDeadLetter(cast)
  await act(
    admin('overrides', 'POST /dead-letters/{id}/replay', /replay|retr[yi]|re.?(?:queue|driv|process|submit|sen[dt])/i, {
      on: [letterId],
      isNamedAnywhere: true,
    }),
    () => administrator.send('POST', `/dead-letters/${letterId}/replay`),
  )
  await act(
    admin('overrides', 'PUT /appointments/{id}', /appointment|booking|confirm|overrid|updat|chang|status/i, {
      on: [appointment.id],
      otherWords: /read|list|view/i,
      change: {
        before: /booked/i,
        after: /confirmed/i,
      },
    }),
    () => administrator.send('PUT', appointmentPath, { status: 'confirmed' }),
  )
  const booking = makeBooking({ serviceType: healthIn(cast, 'the service type of an appointment') })
  await act(
    {
      group: 'overrides',
      name: 'booking by webhook',
      by: 'somebody else',
      words: /appointment|book|creat|schedul/i,
      otherWords: /read|list|view/i,
    },
    async () => {
      const { answer } = await client.book(booking)
      const { id } = await administrator.awaitCustomer(booking.person.phone)
      return { status: answer.status, on: [(await administrator.awaitAppointment(id)).id, booking.appointmentId] }
    },
  )
  await act({ group: 'commands', name: 'POST /v1/commands', by: 'somebody else', words: /./ }, async () => {
    const { headers, body } = client.makeCommand()
    const { status } = await client.send({ method: 'POST', path: client.subject.paths.commands, headers, body })
    return { status, on: [body.commandId, body.aggregate.id, headers['X-Correlation-Id'] ?? body.commandId] }
  })
  await act(admin('data access', 'DELETE /customers/{id}', /eras|delet|remov|forg[eo]t|anonymi|purg/i), () =>
    administrator.send('DELETE', `/customers/${erased.customer.id}`),
  )
  await act(admin('authentication', 'logout', /log.?(?:ged.?)?out|sign.?(?:ed.?)?out|session|revok|token/i), () =>
    session.send('POST', '/auth/logout'),
  )
  // what becomes of these is for other controls: here, that what they say is not noted
  await client.reply(kept.booking.person.phone, bodyIn(cast, 'a reply'))
  await administrator.sendMessage(customer.id, `Your diagnosis after ${healthIn(cast, 'a message')}`)
  return { deeds, letterId, appointmentId: appointment.id }
}

const json = { 'Content-Type': 'application/json' }

const both = (one: RegExp, other: RegExp): RegExp =>
  new RegExp(`^(?=[\\s\\S]*(?:${one.source}))(?=[\\s\\S]*(?:${other.source}))`, 'i')

/** A message that the provider refuses for good, and the id of its letter. */
async function makeDeadLetter(cast: Cast): Promise<string> {
  const { administrator, kept, providers } = cast
  const text = bodyIn(cast, 'a message that failed')
  const [marked = text] = text.split('. Reply')
  const known = new Set((await listDeadLetters(administrator)).map(({ id }) => id))
  // this message and no other that happens to be under way
  await using fault = await providers.fault('twilio', {
    ...answerWithStatus({ status: 400 }),
    matches: ({ form }) => form?.Body?.includes(marked) === true,
  })
  const messageId = await administrator.queueMessage(kept.customer.id, text)
  let found: string | undefined
  await until('a dead letter for a message that the provider refused with 400', async () => {
    const letters = (await listDeadLetters(administrator)).filter((letter) => !known.has(letter.id) && isOpen(letter))
    found = (letters.find((letter) => isAbout(letter, [messageId, kept.customer.id])) ?? letters[0])?.id
    return found !== undefined
  })
  await fault.end()
  if (found === undefined) throw new Error('Expected a dead letter, found none.')
  return found
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`Expected ${what} within ${withinMilliseconds} ms, saw none.`)
    await sleep(40)
  }
}

const mark = (): string => randomBytes(6).toString('hex')

function secretIn({ canaries }: Cast, label: string): string {
  const text = `Aa1!${randomBytes(15).toString('base64url')}`
  canaries.push({ kind: 'secret', label, text })
  return text
}

function bodyIn({ canaries }: Cast, where: string): string {
  const text = `Thank you and see you soon, ${mark()} ${mark()}`
  canaries.push({ kind: 'message body', label: `the body of ${where}`, text })
  return `${text}. Reply STOP to unsubscribe`
}

function healthIn({ canaries }: Cast, label: string): string {
  const text = `oncology follow-up MRN ${randomUUID().slice(0, 8)}`
  canaries.push({ kind: 'health information', label, text })
  return text
}

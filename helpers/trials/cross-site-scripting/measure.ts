import { randomUUID } from 'node:crypto'
import { hostileTexts } from '../../attacks/hostile-texts.ts'
import type { HostileText } from '../../attacks/hostile-texts.ts'
import type { ControlContext } from '../../control.ts'
import { findInjections, textOf, weaknessesOf } from '../../source/injected-markup.ts'
import { adminRoutes } from '../../subject/admin-routes.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import { startPageViewer } from '../../subject/browser.ts'
import type { PageViewer } from '../../subject/browser.ts'
import type { AroClient } from '../../subject/client.ts'
import { calendlyMessage, smsMessage } from '../../subject/deliveries.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Booking } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'
import type { ScriptingTrial } from './judge.ts'

interface Asked {
  route: string
  answer: Answer
  /** How a browser gets the same page; null for what a browser cannot ask. */
  page: { url: string; headers: Record<string, string> } | null
}

/** Plants hostile texts through every way in, and looks at every answer in which they may come back. */
export async function plantTexts(
  { client }: App,
  { progress }: Pick<ControlContext, 'progress'>,
): Promise<ScriptingTrial> {
  const administrator = await client.administrator()
  const texts = hostileTexts()
  const planted = await plantAll(client, administrator, texts)
  progress('hostile texts were planted')
  const asked = [
    ...(await askRoutes(client, administrator, planted.existing)),
    ...(await provokeRefusals(client, administrator, texts)),
  ]
  const nameOf = (marker: string): string => texts.find((text) => text.marker === marker)?.name ?? marker
  const markers = texts.map(({ marker }) => marker)
  const pages = asked.filter(({ answer }) => isHtml(answer))
  if (!pages.some(({ answer }) => textOf(answer.text).includes(planted.ordinary.person.name))) {
    throw new Error(
      'No page shows the name of a customer who was just booked: where hostile texts would show is not known.',
    )
  }
  return {
    planted: planted.fields,
    isOrdinaryShown: true,
    answers: asked.map(({ route, answer }) => describe(route, answer, markers, nameOf)),
    browser: await lookAtPages(pages, texts, nameOf),
  }
}

const typeOf = ({ headers }: Answer): string | null => headers['content-type'] ?? null
const isHtml = (answer: Answer): boolean => /^(?:text\/html|application\/xhtml\+xml)\b/i.test(typeOf(answer) ?? '')

function describe(
  route: string,
  answer: Answer,
  markers: readonly string[],
  nameOf: (marker: string) => string,
): ScriptingTrial['answers'][number] {
  const html = isHtml(answer)
  return {
    route,
    status: answer.status,
    contentType: typeOf(answer),
    hasNosniff: /^\s*nosniff\s*$/i.test(answer.headers['x-content-type-options'] ?? ''),
    isHtml: html,
    isJsonAsHtml: html && answer.json !== undefined,
    policyWeaknesses: html ? weaknessesOf(answer.headers['content-security-policy']) : [],
    hostileTexts: markers.filter((marker) => answer.text.includes(marker)).length,
    injections: html
      ? findInjections(answer.text, markers).map(({ marker, became }) => ({ text: nameOf(marker), became }))
      : [],
  }
}

interface Planted {
  fields: ScriptingTrial['planted']
  ordinary: Booking
  existing: { customer: Awaited<ReturnType<Administrator['awaitCustomer']>>; appointmentId: string }
}

/** Books under hostile names, services and notes, the next appointment last, and answers by hostile messages. */
async function plantAll(
  client: AroClient,
  administrator: Administrator,
  texts: readonly HostileText[],
): Promise<Planted> {
  const ordinary = makeBooking({ scheduledAt: inHours(1) })
  const fields: ScriptingTrial['planted'] = []
  const plant = async (field: string, send: (text: string, index: number) => Promise<Answer>): Promise<void> => {
    const answers = await Promise.all(texts.map(({ text }, index) => send(text, index)))
    fields.push({ field, sent: texts.length, accepted: answers.filter(({ status }) => status < 300).length })
  }
  await client.book(ordinary)
  const customer = await administrator.awaitCustomer(ordinary.person.phone)
  const { id: appointmentId } = await administrator.awaitAppointment(customer.id)
  await plant('customer name', (text, index) => {
    const booking = makeBooking({ scheduledAt: inHours(2, index) })
    return book(client, { ...booking, person: { ...booking.person, name: text } })
  })
  await plant('service type', (text, index) =>
    book(client, makeBooking({ scheduledAt: inHours(3, index), serviceType: text })),
  )
  await plant('notes', (text, index) => book(client, makeBooking({ scheduledAt: inHours(4, index) }), { notes: text }))
  await plant('reply', async (text) =>
    client.deliver(client.sign(smsMessage(client.tenant, { from: ordinary.person.phone, body: text }))),
  )
  await plant('command', async (text) => {
    const { headers, body } = client.makeCommand()
    const payload = replaceTexts(body.payload, text)
    return client.send({ method: 'POST', path: client.subject.paths.commands, headers, body: { ...body, payload } })
  })
  const accepted = fields.reduce((sum, field) => sum + field.accepted, 0)
  if (accepted === 0) throw new Error('The subject took in no hostile text at all: nothing could come back.')
  const last = makeBooking({ scheduledAt: inHours(1, 1) })
  await client.book(last)
  // work is queued: once the last booking is there, those before it have had their time
  await administrator.awaitCustomer(last.person.phone)
  return { fields, ordinary, existing: { customer, appointmentId } }
}

const inHours = (hours: number, minutes = 0): string =>
  new Date(Date.now() + hours * 3_600_000 + minutes * 60_000).toISOString()

function book(client: AroClient, booking: Booking, more: Record<string, string> = {}): Promise<Answer> {
  const unsigned = calendlyMessage(booking)
  const body = JSON.parse(unsigned.body) as { data: Record<string, unknown> }
  return client.deliver(
    client.sign({ ...unsigned, body: JSON.stringify({ ...body, data: { ...body.data, ...more } }) }),
  )
}

/** The sample payload with the hostile text as the name in it, wherever a name is. */
function replaceTexts(payload: unknown, text: string): unknown {
  return JSON.parse(
    JSON.stringify(payload, (key, value: unknown) => (/name/i.test(key) && typeof value === 'string' ? text : value)),
  )
}

/** Every route of the admin API that reads, and the probes. */
async function askRoutes(
  client: AroClient,
  administrator: Administrator,
  existing: Planted['existing'],
): Promise<Asked[]> {
  const { admin, health, ready, metrics, events } = client.subject.paths
  const authorization = { Authorization: `Bearer ${administrator.token}` }
  const readings = adminRoutes(existing)
    .filter(({ isChanging }) => !isChanging)
    .map(({ name, path }) => ({ name, path: `${admin}${path}`, headers: authorization }))
  const lists = ['/appointments', '/customers', '/audit-logs'].map((path) => ({
    name: `GET ${path}?limit=100`,
    path: `${admin}${path}?limit=100`,
    headers: authorization,
  }))
  const probes = [health, ready, metrics].map((path) => ({ name: `GET ${path}`, path, headers: {} }))
  const all = [
    ...readings,
    ...lists,
    ...probes,
    { name: `GET ${events}`, path: events, headers: client.serviceHeaders() },
  ]
  return Promise.all(
    all.map(async ({ name, path, headers }) => ({
      route: name,
      answer: await client.send({ path, headers }),
      page: { url: `${client.url}${path}`, headers },
    })),
  )
}

/** Refusals that may quote what they refuse. */
async function provokeRefusals(
  client: AroClient,
  administrator: Administrator,
  texts: readonly HostileText[],
): Promise<Asked[]> {
  const { admin } = client.subject.paths
  const headers = { Authorization: `Bearer ${administrator.token}` }
  const json = { ...headers, 'Content-Type': 'application/json' }
  const asked = texts.flatMap(({ text, name }) => {
    const encoded = encodeURIComponent(text)
    return [
      { name: `GET unknown path (${name})`, path: `/${encoded}`, headers: {} },
      { name: `GET appointments/{id} (${name})`, path: `${admin}/appointments/${encoded}`, headers },
      { name: `GET appointments?status (${name})`, path: `${admin}/appointments?status=${encoded}`, headers },
    ]
  })
  const [first] = texts
  const text = first?.text ?? ''
  const sent = [
    { name: 'POST login (e-mail)', path: `${admin}/auth/login`, headers: json, body: { email: text, password: text } },
    { name: 'POST messages (no JSON)', path: `${admin}/messages`, headers: json, body: text },
    {
      name: 'PUT integrations/{provider}',
      path: `${admin}/integrations/${encodeURIComponent(text)}`,
      method: 'PUT',
      headers: json,
      body: { apiKey: randomUUID() },
    },
  ]
  const readings = asked.map(async ({ name, path, headers: own }) => ({
    route: name,
    answer: await client.send({ path, headers: own }),
    page: { url: `${client.url}${path}`, headers: own },
  }))
  const changes = sent.map(async ({ name, path, headers: own, body, method = 'POST' }) => ({
    route: name,
    answer: await client.send({ method, path, headers: own, body }),
    page: null,
  }))
  return Promise.all([...readings, ...changes])
}

/** Opens each page in a real browser, also without its policy; null where there is none. */
async function lookAtPages(
  pages: readonly Asked[],
  texts: readonly HostileText[],
  nameOf: (marker: string) => string,
): Promise<ScriptingTrial['browser']> {
  await using viewer = await startPageViewer()
  if (viewer === undefined) {
    if (process.env.CI === 'true') {
      throw new Error(
        'There is no browser to look at the pages with: install Chromium, or name it in ARO_GATE_CHROMIUM.',
      )
    }
    return null
  }
  await requireSight(viewer, texts)
  const visits: NonNullable<ScriptingTrial['browser']>['pages'] = []
  for (const { route, page } of pages) {
    if (page === null) continue
    for (const obeysPolicy of [true, false]) {
      const { ran, outside } = await viewer.open(page.url, page.headers, obeysPolicy)
      visits.push({ route, obeysPolicy, ran: [...new Set(ran.map(nameOf))], outside: [...new Set(outside)] })
    }
  }
  return { version: viewer.version, pages: visits }
}

/** A page into which every text was put as it is: a browser that sees nothing run there would see nothing anywhere. */
async function requireSight(viewer: PageViewer, texts: readonly HostileText[]): Promise<void> {
  const { ran } = await viewer.show(
    `<!doctype html><title>all</title><div>${texts.map(({ text }) => text).join('\n')}</div>`,
  )
  if (ran.length === 0)
    throw new Error(`${viewer.version} did not run a script that was put into a page: it proves nothing.`)
}

import { adminRoutes } from '../../subject/admin-routes.ts'
import type { AdminSubjects } from '../../subject/admin-routes.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'

/** A request whose queries are counted. */
export interface CountedRequest {
  name: string
  pageRows: number | null
  send(): Promise<Answer>
}

/** What the requests are about: somebody with more appointments than anybody else. */
export interface CountedSubjects extends AdminSubjects {
  phone: string
  /** Who is written to. */
  addresseeId: string
  command: { id: string; workflowId: string }
}

const pageRows = 100
const lists = new Set(['GET /appointments', 'GET /customers', 'GET /audit-logs', 'GET /dead-letters'])

/** Every route that reads, with pages as long as they may be. */
export function readingRequests(
  client: AroClient,
  administrator: Administrator,
  subjects: CountedSubjects,
): CountedRequest[] {
  const { paths } = client.subject
  const service = (name: string, path: string, rows: number | null = null): CountedRequest => ({
    name,
    pageRows: rows,
    send: () => client.send({ path, headers: client.serviceHeaders() }),
  })
  const ofAdministrator = adminRoutes(subjects)
    .filter(({ isChanging }) => !isChanging)
    .map(({ name, method, path }): CountedRequest => {
      const isList = lists.has(name)
      return {
        name,
        pageRows: isList ? pageRows : null,
        send: () => administrator.send(method, isList ? `${path}?limit=${pageRows}` : path),
      }
    })
  return [
    ...ofAdministrator,
    {
      name: 'GET /appointments of one customer',
      pageRows,
      send: () => administrator.send('GET', `/appointments?customer_id=${subjects.customer.id}&limit=${pageRows}`),
    },
    {
      name: 'GET /customers by phone number',
      pageRows: null,
      send: () => administrator.send('GET', `/customers?phone=${encodeURIComponent(subjects.phone)}`),
    },
    service(`GET ${paths.events}`, `${paths.events}?limit=${pageRows}`, pageRows),
    service(`GET ${paths.commands}/{commandId}`, `${paths.commands}/${subjects.command.id}`),
    service(`GET ${paths.workflows}/{workflowId}`, `${paths.workflows}/${subjects.command.workflowId}`),
  ]
}

/** What the outside world sends most: bookings, replies and messages; with the work that they lead to. */
export function changingRequests(
  client: AroClient,
  administrator: Administrator,
  { addresseeId, phone }: CountedSubjects,
): CountedRequest[] {
  const once = (name: string, send: () => Promise<Answer>): CountedRequest => ({ name, pageRows: null, send })
  return [
    once('a booking of somebody new', async () => (await client.book(makeBooking())).answer),
    once('a reply', async () => (await client.reply(phone, 'YES')).answer),
    once('a message', () => administrator.sendMessage(addresseeId, 'Your clinic is open. Reply STOP to unsubscribe')),
  ]
}

import { randomUUID } from 'node:crypto'
import type { Sample } from '../../evidence/exposition.ts'
import { shapeOf } from '../../subject/inventory.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import { smsMessage, stripeMessage } from '../../subject/deliveries.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'

/** Requests to one route that are answered alike. */
export interface PlannedRequests {
  method: string
  /** As the inventory has it. */
  route: string
  status: number
  count: number
  send(): Promise<Answer>
}

/** Requests to many routes, in numbers that differ, so that none is taken for another. */
export function planRequests(
  client: AroClient,
  administrator: Administrator,
  customers: readonly ConsentedCustomer[],
): PlannedRequests[] {
  const { paths } = client.subject
  const { admin } = paths
  const [first] = customers
  if (first === undefined) throw new Error('Expected a customer to ask for, there is none.')
  const { customer } = first
  const service = client.serviceHeaders()
  const asAdmin = (path: string) => (): Promise<Answer> => administrator.send('GET', path)
  let replying = 0
  return [
    { method: 'GET', route: `${admin}/appointments`, status: 200, count: 7, send: asAdmin('/appointments') },
    {
      method: 'GET',
      route: `${admin}/appointments`,
      status: 401,
      count: 3,
      send: () => client.send({ path: `${admin}/appointments` }),
    },
    {
      method: 'GET',
      route: `${admin}/customers/{id}`,
      status: 200,
      count: 5,
      send: asAdmin(`/customers/${customer.id}`),
    },
    {
      method: 'GET',
      route: `${admin}/customers/{id}`,
      status: 404,
      count: 4,
      send: () => administrator.send('GET', `/customers/${randomUUID()}`),
    },
    {
      method: 'PUT',
      route: `${admin}/customers/{id}/consent`,
      status: 200,
      count: 2,
      send: () => administrator.send('PUT', `/customers/${customer.id}/consent`, { granted: true, method: 'written' }),
    },
    {
      method: 'GET',
      route: paths.events,
      status: 200,
      count: 6,
      send: () => client.send({ path: `${paths.events}?limit=2`, headers: service }),
    },
    {
      method: 'POST',
      route: paths.commands,
      status: 400,
      count: 3,
      send: () =>
        client.send({
          method: 'POST',
          path: paths.commands,
          headers: client.makeCommand().headers,
          body: '{"commandId":',
        }),
    },
    {
      method: 'POST',
      route: paths.calendlyWebhook,
      status: 202,
      count: 5,
      send: async () => (await client.book(makeBooking())).answer,
    },
    {
      method: 'POST',
      route: paths.stripeWebhook,
      status: 202,
      count: 3,
      send: () => client.deliver(client.sign(stripeMessage({ appointmentId: `appointment-${randomUUID()}` }))),
    },
    {
      method: 'POST',
      route: paths.smsWebhook,
      status: 202,
      count: 2,
      async send() {
        const from = customers[(replying += 1) % customers.length]?.booking.person.phone ?? ''
        return client.deliver(
          client.sign(smsMessage(client.tenant, { from, body: replying % 2 === 0 ? 'yes' : 'hmm' })),
        )
      },
    },
  ]
}

const methodNames = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])

/** Whether a series of the requests' histogram is for a route and status, whatever its labels are called. */
export const isSeriesOf =
  ({ method, route }: Pick<PlannedRequests, 'method' | 'route'>, status: number) =>
  ({ labels }: Sample): boolean => {
    const values = Object.values(labels)
    const named = values.filter((value) => methodNames.has(value.toUpperCase()))
    return (
      values.includes(String(status)) &&
      values.some((value) => value.startsWith('/') && isRoute(value, route)) &&
      named.every((value) => value.toUpperCase() === method)
    )
  }

/** A router inside another may know its own part of the path only. */
const isRoute = (written: string, route: string): boolean =>
  shapeOf(written) === shapeOf(route) || (written.split('/').length > 2 && shapeOf(route).endsWith(shapeOf(written)))

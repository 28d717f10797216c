import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { Marks } from './marks.ts'
import type { ProbeSubjects } from './probes.ts'

/** What exists before anything hostile is sent. */
export interface Prepared extends ProbeSubjects {
  bystander: { id: string; phone: string }
}

/** Brings in two customers, one of whom hostile texts are about, and a subscription. @throws when a genuine step is refused. */
export async function prepareSubjects(
  client: AroClient,
  administrator: Administrator,
  marks: Marks,
): Promise<Prepared> {
  const [about, beside] = await makeConsentedCustomers(client, administrator, 2)
  if (about === undefined || beside === undefined) throw new Error('Expected two customers, got fewer.')
  const appointment = await administrator.awaitAppointment(about.customer.id)
  await administrator.awaitAppointment(beside.customer.id)
  const { paths, subscription } = client.subject
  const answer = await client.send({
    method: 'POST',
    path: paths.subscriptions,
    headers: { ...client.serviceHeaders(), 'Content-Type': 'application/json' },
    body: subscription,
  })
  const { id } = (answer.json ?? {}) as { id?: unknown }
  const subscriptionId = typeof id === 'string' ? id : undefined
  marks.note('a customer’s id', about.customer.id)
  marks.note('a customer’s phone number', about.booking.person.phone)
  marks.note('a customer’s name', about.booking.person.name)
  marks.note('a customer’s e-mail address', about.booking.person.email)
  marks.note('the calendar’s id of an appointment', about.booking.appointmentId)
  marks.note('an appointment’s id', appointment.id)
  if (subscriptionId !== undefined) marks.note('a subscription’s id', subscriptionId)
  return {
    token: administrator.token,
    customer: about.customer,
    appointmentId: appointment.id,
    subscriptionId,
    bystander: beside.customer,
  }
}

/** Has the subject read what it stored, in every way that it may make another statement of it. */
export async function readStored(
  client: AroClient,
  administrator: Administrator,
  stored: { customerIds: readonly string[]; subscriptionIds: readonly string[]; erase?: boolean },
): Promise<void> {
  const { subscriptions, events } = client.subject.paths
  const headers = { ...client.serviceHeaders(), 'Content-Type': 'application/json' }
  const customers = stored.customerIds.slice(0, 8)
  await Promise.all([
    ...[
      '/appointments?limit=100',
      '/customers?limit=100',
      '/audit-logs?limit=100',
      '/dead-letters',
      '/metrics',
      '/dashboard',
    ].map((path) => administrator.send('GET', path)),
    ...customers.flatMap((id) => [
      administrator.send('GET', `/customers/${id}`),
      administrator.send('GET', `/customers/${id}/export`),
    ]),
    ...stored.subscriptionIds.map((id) =>
      client.send({ method: 'POST', path: `${subscriptions}/${id}/replay`, headers, body: {} }),
    ),
    client.send({ path: `${events}?limit=200`, headers: client.serviceHeaders() }),
  ])
  if (stored.erase === true)
    await Promise.all(customers.slice(0, 2).map((id) => administrator.send('DELETE', `/customers/${id}`)))
}

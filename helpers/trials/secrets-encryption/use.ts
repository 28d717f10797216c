import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { JournalEntry } from '../../providers/journal.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { Tenant } from '../../subject/facilities.ts'

/** A tenant with somebody at the desk, and customers who may be texted. */
export interface Clinic {
  tenant: Tenant
  administrator: Administrator
  customers: ConsentedCustomer[]
}

/** Logs a tenant's administrator in and brings customers in. */
export async function openClinic(client: AroClient, tenant: Tenant, customers: number): Promise<Clinic> {
  const administrator = await client.administrator(tenant)
  return { tenant, administrator, customers: await makeConsentedCustomers(client, administrator, customers, tenant) }
}

/** What became of a message: the key it left with, or that it did not leave. */
export type Sending = { left: true; key: string } | { left: false; how: 'refused' | 'dead letter' | 'waiting' }

const lettersSchema = z.looseObject({ items: z.array(z.unknown()) })
const messageSchema = z.looseObject({ messageId: z.string().min(1) })

/**
 * Sends a text message to a customer who has had none since `mark`, and waits until the SMS provider is called for it, the
 * message is a dead letter, or the time is up.
 */
export async function sendAndWatch(
  { administrator }: Clinic,
  { booking, customer }: ConsentedCustomer,
  { journal }: ProviderLab,
  withinMilliseconds: number,
): Promise<Sending> {
  const mark = journal.mark()
  const answer = await administrator.sendMessage(customer.id, 'Your clinic asks you to call back.')
  if (answer.status >= 400) return { left: false, how: 'refused' }
  const { messageId } = messageSchema.parse(answer.json)
  const deadline = performance.now() + withinMilliseconds
  for (let turn = 0; performance.now() < deadline; turn += 1) {
    const call = journal.since(mark).find((entry) => isFor(entry, booking.person.phone))
    if (call !== undefined) return { left: true, key: keyOf(call) }
    // each look at the letters is a request that counts against the administrator's limit
    if (turn % 20 === 15 && (await hasLetter(administrator, messageId))) return { left: false, how: 'dead letter' }
    await sleep(25)
  }
  return { left: false, how: 'waiting' }
}

const isFor = (entry: JournalEntry, phone: string): boolean =>
  entry.provider === 'twilio' && entry.method === 'POST' && (entry.form?.['To'] ?? entry.body).includes(phone)

async function hasLetter(administrator: Administrator, messageId: string): Promise<boolean> {
  const answer = await administrator.send('GET', '/dead-letters')
  const letters = lettersSchema.safeParse(answer.json)
  return letters.success && letters.data.items.some((letter) => JSON.stringify(letter).includes(messageId))
}

/** The key of a call: what stands in its Authorization header, of a basic one the password. */
export function keyOf({ headers }: JournalEntry): string {
  const [scheme = '', credentials = ''] = (headers['authorization'] ?? '').split(/\s+/, 2)
  if (!/^basic$/i.test(scheme)) return credentials
  const decoded = Buffer.from(credentials, 'base64').toString('utf8')
  return decoded.slice(decoded.indexOf(':') + 1)
}

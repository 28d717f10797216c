import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { withClient } from '../../database/client.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { AuditTrial } from './judge.ts'
import { readRows } from './table.ts'
import type { AuditTable } from './table.ts'

const notedWithinMilliseconds = 3000
const calledSchema = z.array(z.object({ called: z.boolean() })).length(1)

/** Withdraws a consent while the database takes no audit entry: then it may not be withdrawn, or is noted later. */
export async function tryUnwritable(
  url: string,
  table: AuditTable,
  administrator: Administrator,
  { customer, booking }: ConsentedCustomer,
): Promise<AuditTrial['unwritable']> {
  const { phone } = booking.person
  const before = await entriesAbout(url, table, customer.id)
  if (!(await administrator.isConsentGranted(phone)))
    throw new Error('Expected a customer with consent, there is none.')
  const looked = await entriesAbout(url, table, customer.id)
  const { status, turnedAway } = await whileUnwritable(url, table, () =>
    administrator.send('PUT', `/customers/${customer.id}/consent`, { granted: false, method: 'written' }),
  )
  const hasHappened = async (): Promise<boolean> => !(await administrator.isConsentGranted(phone))
  const looks = looked - before
  const happened = await hasHappened()
  const deadline = performance.now() + notedWithinMilliseconds
  const noted = async (): Promise<number> => (await entriesAbout(url, table, customer.id)) - looked - looks
  if (happened) while ((await noted()) < 1 && performance.now() < deadline) await sleep(100)
  return { status, turnedAway, hasHappened: happened, entries: Math.max(0, await noted()) }
}

function entriesAbout(url: string, table: AuditTable, customerId: string): Promise<number> {
  return withClient(url, async (client) => {
    const rows = await readRows(client, table)
    return rows.filter(({ cells }) => JSON.stringify(cells).includes(customerId)).length
  })
}

/** What is counted in a sequence stays, though the transaction does not. */
async function whileUnwritable(
  url: string,
  { qualified }: AuditTable,
  work: () => Promise<{ status: number }>,
): Promise<{ status: number; turnedAway: boolean }> {
  return withClient(url, async (client) => {
    await client.query(`
      CREATE SEQUENCE aro_gate_turned_away;
      CREATE FUNCTION aro_gate_turn_away() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN
        PERFORM nextval('aro_gate_turned_away');
        RAISE EXCEPTION 'no space left for entries';
      END $$;
      CREATE TRIGGER aro_gate_turn_away BEFORE INSERT ON ${qualified}
        FOR EACH ROW EXECUTE FUNCTION aro_gate_turn_away()`)
    try {
      const { status } = await work()
      await sleep(50)
      const { rows } = await client.query('SELECT is_called AS called FROM aro_gate_turned_away')
      return { status, turnedAway: calledSchema.parse(rows)[0]?.called ?? false }
    } finally {
      await client.query(`
        DROP TRIGGER aro_gate_turn_away ON ${qualified};
        DROP FUNCTION aro_gate_turn_away;
        DROP SEQUENCE aro_gate_turned_away`)
    }
  })
}

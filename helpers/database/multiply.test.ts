import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { withClient } from './client.ts'
import { multiplyPerson, phoneOfCopy } from './multiply.ts'
import { startDatabaseServer } from './server.ts'
import { cloneTemplate, createTemplate } from './template.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/

test('a stored person is copied with consent and appointments, and nothing else is', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'aro-multiply-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const server = stack.use(await startDatabaseServer({ kind: 'embedded', directory }))
  const person = {
    name: 'Alex Abc',
    phone: '+14155550142',
    email: 'alex@example.org',
    customerId: randomUUID(),
    calendarId: 'appointment-1',
    appointmentId: randomUUID(),
    scheduledAt: '2027-01-04T09:00:00.000Z',
  }
  const template = await createTemplate(server.describe(), {
    migrate: (url) =>
      withClient(url, async (client) => {
        await client.query(`
          CREATE TABLE people (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), phone text UNIQUE, name text, email text);
          CREATE TABLE agreements (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person uuid REFERENCES people, granted boolean);
          CREATE TABLE visits (id uuid PRIMARY KEY, code text UNIQUE, person uuid REFERENCES people, at timestamptz,
                               day date GENERATED ALWAYS AS ((at AT TIME ZONE 'UTC')::date) STORED);
          CREATE TABLE happenings (position bigint PRIMARY KEY, about text)`)
        await client.query('INSERT INTO people (id, phone, name, email) VALUES ($1, $2, $3, $4)', [
          person.customerId,
          person.phone,
          person.name,
          person.email,
        ])
        await client.query('INSERT INTO agreements (person, granted) VALUES ($1, true)', [person.customerId])
        await client.query('INSERT INTO visits VALUES ($1, $2, $3, $4)', [
          person.appointmentId,
          person.calendarId,
          person.customerId,
          person.scheduledAt,
        ])
        await client.query('INSERT INTO happenings VALUES (1, $1)', [person.customerId])
      }),
  })
  const clone = stack.use(await cloneTemplate(server.describe(), template.name))
  const copies = await multiplyPerson(clone.url, person, { first: 0, count: 700 })
  expect(copies.appointmentIds).toHaveLength(700)
  expect(new Set(copies.appointmentIds).size).toBe(700)
  // one with 500 appointments, fifty with four
  expect(copies.customerIds).toHaveLength(51)
  for (const id of [...copies.customerIds, ...copies.appointmentIds]) expect(id).toMatch(uuid)
  await withClient(clone.url, async (client) => {
    const { rows } = await client.query(
      `SELECT count(*)::int AS visits, count(DISTINCT people.id)::int AS people, count(DISTINCT visits.code)::int AS codes,
              count(*) FILTER (WHERE granted)::int AS agreed, count(*) FILTER (WHERE phone = $1)::int AS "ofFirst"
       FROM visits JOIN people ON people.id = visits.person JOIN agreements ON agreements.person = people.id`,
      [phoneOfCopy(0)],
    )
    expect(rows[0]).toEqual({ visits: 701, people: 52, codes: 701, agreed: 701, ofFirst: 500 })
    const { rows: happenings } = await client.query('SELECT * FROM happenings')
    expect(happenings).toHaveLength(1)
  })
  await expect(
    multiplyPerson(clone.url, { ...person, phone: '+14155550199' }, { first: 1000, count: 4 }),
  ).rejects.toThrow(/cannot be made by copying/)
})

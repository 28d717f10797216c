import { setTimeout as sleep } from 'node:timers/promises'
import type { AroClient, AroEvent } from '../../subject/client.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'

const quietMilliseconds = 400

/** A command as the client makes it. */
export type Command = ReturnType<AroClient['makeCommand']>

/** Sends a command as it is. */
export function sendCommand(client: AroClient, { headers, body }: Command): Promise<Answer> {
  return client.send({ method: 'POST', path: client.subject.paths.commands, headers, body })
}

/** The command's events after a cursor. */
export async function eventsOf(client: AroClient, command: Command, after: string | undefined): Promise<AroEvent[]> {
  const correlationId = command.headers['X-Correlation-Id']
  return (await client.events({ after })).items.filter(({ metadata }) => metadata.correlationId === correlationId)
}

/** All events once no more come. */
export async function settled(client: AroClient, after?: string): Promise<AroEvent[]> {
  for (let count = -1; ;) {
    const { items } = await client.events({ after })
    if (items.length === count) return items
    count = items.length
    await sleep(quietMilliseconds)
  }
}

/** What was written, and whether it was accepted. */
export interface Sent {
  correlationId: string
  isAccepted: boolean
}

/** Sends a new command. */
export async function commandOf(client: AroClient): Promise<Sent> {
  const command = client.makeCommand()
  const { status } = await sendCommand(client, command)
  return { correlationId: command.headers['X-Correlation-Id'] ?? '', isAccepted: status === 202 }
}

/** Sends a new booking. */
export async function bookingOf(client: AroClient): Promise<Sent> {
  const { delivery, answer } = await client.book(makeBooking())
  return { correlationId: delivery.correlationId, isAccepted: answer.status === 200 || answer.status === 202 }
}

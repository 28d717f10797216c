import { z } from 'zod'
import type { AskedWork, Door } from '../../subject/provider-work.ts'
import type { DegradationTrial } from './judge.ts'
import type { Trial } from './measure.ts'

type Outcome = Omit<DegradationTrial['outcomes'][number], 'givenUpUntried'> & {
  /** Not done, and not tried three times either. */
  untried: number
  /** Those of them that were asked for in the long outage. */
  givenUp: number
}

const attemptsInAll = 3
/** What a reply that asks for another time may have made of its appointment, or left it at. */
const rightStatuses = new Set(['rescheduled', 'booked'])

/**
 * What has become of the accepted work so far. `statuses` are those of the replying customers' appointments; without them, a reply
 * whose call was answered counts as understood.
 */
export function countOutcomes(trial: Trial, statuses?: ReadonlyMap<string, string>): Outcome[] {
  const { journal } = trial.context.providers
  return trial.works.map(({ provider, what }) => {
    const accepted = (trial.asked.get(provider) ?? []).filter(({ answer }) => answer.status < 300)
    if (accepted.length === 0) throw new Error(`No work for ${provider} was accepted: nothing can have waited.`)
    const attempts = (marker: string): number =>
      journal.calls(provider).filter(({ body }) => body.includes(marker)).length
    const countUntried = (left: readonly AskedWork[]): Pick<Outcome, 'untried' | 'givenUp'> => {
      const untried = left.filter(({ marker }) => attempts(marker) < attemptsInAll)
      return { untried: untried.length, givenUp: untried.filter(({ marker }) => trial.ofOutage.has(marker)).length }
    }
    const texts = ({ marker, phone }: AskedWork): number =>
      journal.messages().filter(({ to, body }) => to === phone && (provider !== 'twilio' || body.includes(marker)))
        .length
    const common = { provider, work: what, asked: accepted.length }
    if (provider === 'twilio') {
      const left = accepted.filter((work) => texts(work) === 0)
      return {
        ...common,
        done: accepted.length - left.length,
        doneTwice: accepted.filter((work) => texts(work) > 1).length,
        ...countUntried(left),
        lost: left.length,
        wrong: 0,
      }
    }
    if (provider === 'stripe') {
      // a deposit is seen by the text message that brings its link: one for each booking of the customer
      const expected = Map.groupBy(accepted, ({ phone }) => phone)
      const differences = [...expected.values()].map((works) => {
        const [work] = works
        return work === undefined ? 0 : texts(work) - works.length
      })
      const lost = differences.reduce((sum, difference) => sum + Math.max(0, -difference), 0)
      return {
        ...common,
        done: accepted.length - lost,
        doneTwice: differences.reduce((sum, difference) => sum + Math.max(0, difference), 0),
        ...countUntried([]),
        lost,
        wrong: 0,
      }
    }
    const isAnswered = (marker: string): boolean =>
      journal
        .calls(provider)
        .some(
          ({ body, answer }) =>
            body.includes(marker) && answer !== undefined && 'status' in answer && answer.status < 300,
        )
    const understood = ({ phone, marker }: AskedWork): boolean =>
      statuses === undefined ? isAnswered(marker) : statuses.get(phone) === 'rescheduled'
    const left = accepted.filter((work) => !understood(work) && attempts(work.marker) < attemptsInAll)
    return {
      ...common,
      done: accepted.filter(understood).length,
      doneTwice: accepted.filter((work) => texts(work) > 1).length,
      ...countUntried(left),
      // a reply that used up its attempts is filed as unclear, which is an end too
      lost: left.length,
      wrong: accepted.filter(({ phone }) => statuses !== undefined && !rightStatuses.has(statuses.get(phone) ?? ''))
        .length,
    }
  })
}

const lettersSchema = z.looseObject({ items: z.array(z.looseObject({ id: z.union([z.string(), z.number()]) })) })

/** Replays every dead letter; one that was replayed before is refused, which is as it must be. */
export async function replayDeadLetters({ administrator }: Door): Promise<void> {
  const answer = await administrator.send('GET', '/dead-letters?limit=100')
  if (answer.status !== 200) throw new Error(`GET /dead-letters: expected 200, got ${answer.status}`)
  for (const { id } of lettersSchema.parse(answer.json).items) {
    await administrator.send('POST', `/dead-letters/${id}/replay`)
  }
}

import { latenciesOf, loadFactsOf, measuredSamples, partOf, timesToEffect } from '../../production-load/evidence.ts'
import { acceptedOf } from '../../production-load/run.ts'
import type { LoadContext } from '../../production-load/run.ts'
import { productionLoad } from '../../production-load/shared.ts'
import type { MessageTrial } from './judge.ts'

/** Times messages of the production load from their intended start until the provider has received them. */
export async function measureMessages(context: LoadContext): Promise<MessageTrial> {
  const trial = await productionLoad(context, ['messages'])
  const measured = measuredSamples(trial, 'messages')
  const { values } = timesToEffect(measured, trial.receivedAt)
  const received = latenciesOf(values, trial.seed, 'accepted message, of those that the provider received,')
  return {
    ...loadFactsOf(trial),
    p95Milliseconds: received.p95.milliseconds,
    load: partOf(trial, 'messages'),
    acknowledged: latenciesOf(
      measured.flatMap(({ latencyMilliseconds }) => latencyMilliseconds ?? []),
      trial.seed,
      'request for a message',
    ),
    received,
    missing: timesToEffect(acceptedOf(trial.load, 'messages'), trial.receivedAt).missing,
  }
}

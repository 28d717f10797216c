import { latenciesOf, loadFactsOf, measuredSamples, partOf, timesToEffect } from '../../production-load/evidence.ts'
import type { LoadContext } from '../../production-load/run.ts'
import { acceptedOf } from '../../production-load/run.ts'
import { productionLoad } from '../../production-load/shared.ts'
import type { ProcessingTrial } from './judge.ts'

/** Times bookings of the production load from their intended start until their event is visible. */
export async function measureProcessing(context: LoadContext): Promise<ProcessingTrial> {
  const trial = await productionLoad(context, ['webhooks'])
  const measured = measuredSamples(trial, 'webhooks')
  const { values } = timesToEffect(measured, trial.processedAt)
  const processed = latenciesOf(values, trial.seed, 'accepted webhook, of those whose event was visible,')
  return {
    ...loadFactsOf(trial),
    p95Milliseconds: processed.p95.milliseconds,
    load: partOf(trial, 'webhooks'),
    acknowledged: latenciesOf(
      measured.flatMap(({ latencyMilliseconds }) => latencyMilliseconds ?? []),
      trial.seed,
      'webhook',
    ),
    processed,
    // also those of the warm-up: none may be lost
    missing: timesToEffect(acceptedOf(trial.load, 'webhooks'), trial.processedAt).missing,
    eventReadingFailures: trial.eventReadingFailures,
  }
}

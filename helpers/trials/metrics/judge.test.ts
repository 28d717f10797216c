import { at, testJudge } from '../judge-harness.ts'
import { judgeMetrics, metricsTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: metricsTrialSchema,
  judge: judgeMetrics,
  alterations: [
    ['another content type', (trial) => void (trial.contentTypes = ['text/html']), /content type is text\/html/],
    ['a line cannot be read', (trial) => trial.formatProblems.push('line 3: x'), /does not parse: line 3/],
    ['a counter falls', (trial) => trial.falls.push('a{} went from 2 to 1'), /counter fell/],
    ['a metric is missing', (trial) => trial.missing.push('queue_depth'), /queue_depth is missing/],
    [
      'refusals are not counted',
      (trial) => void (at(trial.requests, 1).counted = 0),
      /counted 0 of 3 requests answered 401/,
    ],
    ['requests are counted twice', (trial) => void (trial.allRequests.counted *= 2), /requests when \d+ were sent/],
    ['milliseconds for seconds', (trial) => void (trial.slow.observedSeconds = 500), /observed 500 seconds/],
    ['the duration is nothing', (trial) => void (trial.slow.observedSeconds = 0), /observed 0 seconds/],
    ['a slow request in a short bucket', (trial) => void (trial.slow.inShorterBuckets = 1), /shorter buckets/],
    ['a webhook is not counted', (trial) => void (at(trial.webhooks, 0).received = 9), /received grew by 9/],
    ['a webhook is never processed', (trial) => void (at(trial.webhooks, 0).processed = 8), /processed grew by 8/],
    ['sent stays 0', (trial) => void (trial.messages.sent = 0), /sent grew by 0/],
    ['sent is counted before', (trial) => void (trial.messages.sentWhileHeld = 5), /sent grew by 5 while/],
    ['failed is not counted', (trial) => void (at(trial.failures, 1).failed = 0), /failed grew by 0/],
    ['dead letters stay', (trial) => void (at(trial.failures, 1).deadLetters = 0), /the metric grew by 0/],
    ['attempts are counted as sent', (trial) => void (at(trial.failures, 0).sent = 4), /sent grew by 4/],
    ['the depth stays 0', (trial) => void (trial.hang.depthRise = 0), /depth rose by 0/],
    ['the depth stays high', (trial) => void (trial.hang.depthAfterwards = 3), /the depth is 3 over/],
    [
      'the breaker does not show',
      (trial) => void (trial.breaker.changedWhenOpened = false),
      /opened, its metric stayed/,
    ],
    ['the breaker stays open', (trial) => void (trial.breaker.changedBackWhenClosed = false), /did not go back/],
    ['one breaker for all', (trial) => trial.breaker.othersChanged.push('stripe'), /state of stripe/],
    ['processor time stays', (trial) => void (trial.process.metricProcessorSeconds = 0), /processor time grew by 0/],
    ['memory in kilobytes', (trial) => void (trial.process.metricMemoryBytes = 1e5), /resident memory/],
    ['a series for each id', (trial) => void (trial.cardinality.newSeries = 40), /40 new series/],
    ['a number in a label', (trial) => trial.personal.push('a telephone number'), /personal data/],
  ],
  allowed: [
    ['no source in the labels', (trial) => void (trial.webhooks = trial.webhooks.slice(0, 1))],
    ['memory measured a little later', (trial) => void (trial.process.systemMemoryBytes *= 1.3)],
  ],
})

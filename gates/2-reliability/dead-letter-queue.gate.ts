import { control } from '../../helpers/control.ts'
import { deadLetterTrialSchema, judgeDeadLetters } from '../../helpers/trials/dead-letter-queue/judge.ts'
import { tryDeadLetters } from '../../helpers/trials/dead-letter-queue/measure.ts'

export default control(import.meta, {
  requirement:
    'A job that has used up its attempts is kept as a dead letter, blocks nothing, survives a kill, and can be replayed once.',
  target:
    'every exhausted job among the dead letters with payload, error, attempts and correlation id; accepted = delivered + pending + dead; nothing twice, nothing both',
  method:
    'Has messages and a reply fail at their providers beside work that succeeds, replays them repeatedly and concurrently over two instances, and kills instances at random moments while every accepted message is kept account of.',
  severity: 'critical',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 300,
  evidence: deadLetterTrialSchema,
  measure: ({ run, progress, ...facilities }) => tryDeadLetters(facilities, run, progress),
  judge: judgeDeadLetters,
  summarise: ({ exhausted, others, replays, storm }) =>
    `${exhausted.length} kinds of jobs exhausted, ${others.doneMeanwhile} of ${others.asked} others done meanwhile, ${replays.length} replays; ${
      storm === null
        ? 'no kills'
        : `${storm.kills} kills (seed ${storm.seed}), ${storm.killsWithWorkUnderWay} with work under way: ${storm.beforeReplay.accepted} accepted = ${storm.beforeReplay.effected} delivered + ${storm.beforeReplay.unaccounted.length} pending + ${storm.beforeReplay.dead} dead, ${storm.afterReplay.effected} delivered after the replays`
    }`,
})

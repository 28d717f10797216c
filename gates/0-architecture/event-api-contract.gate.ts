import { control } from '../../helpers/control.ts'
import { mulberry32 } from '../../helpers/random.ts'
import { eventTrialSchema, judgeEvents } from '../../helpers/trials/event-api-contract/judge.ts'
import { tryEvents } from '../../helpers/trials/event-api-contract/measure.ts'

export default control(import.meta, {
  requirement:
    'Every accepted change becomes an event that each reader of its tenant sees once it asks, in one order, for good.',
  target:
    'canonical envelopes; a whole causation chain; nothing missed or reordered beside concurrent writers; the same sequence from every cursor, also after kill -9; change and event both or neither',
  method:
    'Polls two instances while 120 writers commit out of step, replays from 25 cursors on each instance and after a restart, and cuts the connection at each statement of a command.',
  severity: 'critical',
  needs: ['app', 'database'],
  timeLimitSeconds: 180,
  evidence: eventTrialSchema,
  measure: ({ app, database, seed, progress }) => tryEvents(app, database, mulberry32(seed), progress),
  judge: judgeEvents,
  summarise: ({ envelopes, concurrent, replay, outbox }) =>
    `${envelopes.events} events in the canonical envelope; ${concurrent.polls} polls beside ${concurrent.writers} writers missed ${concurrent.readers.reduce((sum, { missed }) => sum + missed, 0)}; ${replay.cursors} cursors replayed on 2 instances and after kill -9; ${outbox.cuts} commands cut off midway`,
})

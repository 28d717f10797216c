import { control } from '../../helpers/control.ts'
import { judgeStates, stateTrialSchema } from '../../helpers/trials/state-transitions/judge.ts'
import { tryStates } from '../../helpers/trials/state-transitions/measure.ts'

const extents = {
  rehearsal: { walks: 6, races: 4, walkMilliseconds: 15_000 },
  release: { walks: 25, races: 24, walkMilliseconds: 20_000 },
}

export default control(import.meta, {
  requirement:
    'An appointment changes its state only as the contract allows, whoever asks, and every change has its event and audit entry.',
  target:
    'each of the 64 changes made or refused with 409 and without effect; late, repeated and reordered messages revive nothing; requests at once decided one after the other',
  method:
    'Asks for every change through the admin API, sends the calendar’s messages and customers’ replies in every state and order, walks at random (fast-check, shrunk), and races changes on two instances; compares answers, state, events and audit log.',
  severity: 'critical',
  needs: ['app', 'database'],
  timeLimitSeconds: 150,
  evidence: stateTrialSchema,
  measure: ({ app, database, seed, profile, progress }) =>
    tryStates(app, database, { seed, ...extents[profile] }, progress),
  judge: judgeStates,
  summarise: ({ edges, stories, races, walks }) =>
    `${edges} changes asked for, ${stories.length} appointments followed, ${races.requests} requests at once on ${races.instances} instances, ${walks.runs} walks at random of ${walks.steps} steps (seed ${walks.seed})`,
})

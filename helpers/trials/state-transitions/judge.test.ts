import { at, testJudge, where } from '../judge-harness.ts'
import { judgeStates, stateTrialSchema } from './judge.ts'
import type { StateTrial } from './judge.ts'
import type { Step, Story } from './story.ts'

const story = (trial: StateTrial, name: RegExp): Story => where(trial.stories, (found) => name.test(found.name))
const lastStep = (trial: StateTrial, name: RegExp): Step => at(at(story(trial, name).groups.slice(-1), 0), 0)

testJudge({
  directory: import.meta.dirname,
  schema: stateTrialSchema,
  judge: judgeStates,
  alterations: [
    [
      'a change is refused',
      (trial) => void Object.assign(lastStep(trial, /^booked to confirmed/), { status: 409, after: 'booked' }),
      /booked to confirmed is allowed, but was answered with 409/,
    ],
    [
      'a change is not made',
      (trial) => void (lastStep(trial, /^booked to confirmed/).after = 'booked'),
      /answered with 200, but the appointment is booked/,
    ],
    [
      'a change without event',
      (trial) => void story(trial, /^in_progress to completed/).events.pop(),
      /in_progress to completed was made, its events tell of none/,
    ],
    [
      'a change with two events',
      (trial) => {
        const { events } = story(trial, /^booked to no_show/)
        events.push({ ...at(events.slice(-1), 0) })
      },
      /tell of no_show, no_show/,
    ],
    [
      'a change without audit entry',
      (trial) => void (story(trial, /^booked to cancelled/).audit = []),
      /no audit entry with before and after for nothing to booked, booked to cancelled/,
    ],
    [
      'an audit entry of what did not happen',
      (trial) => story(trial, /^booked to cancelled/).audit.push({ from: 'cancelled', to: 'booked' }),
      /what did not happen, or once more: cancelled to booked/,
    ],
    [
      'a change that is not allowed succeeds',
      (trial) => void (at(at(story(trial, /refused to cancelled/).groups.slice(-1), 0), 0).status = 200),
      /cancelled to \w+ is not allowed, but was answered with 200/,
    ],
    [
      'a refused change moves the time',
      (trial) => void (lastStep(trial, /refused to completed/).altered = ['scheduledAt']),
      /must change nothing, but changed scheduledAt/,
    ],
    [
      'a refused change plans work',
      (trial) => trial.effects.push('jobs: 1 rows before, 2 after'),
      /left something.*jobs/,
    ],
    [
      'an absent appointment is changed',
      (trial) => void (lastStep(trial, /not there/).status = 200),
      /absent to postponed is not allowed/,
    ],
    [
      'a late message revives',
      (trial) => {
        const revived = story(trial, /cancelled before it was created/)
        revived.end = 'booked'
        lastStep(trial, /cancelled before it was created/).after = 'booked'
        revived.events.push({ told: 'booked', step: 1 })
      },
      /left the appointment booked[^]*went from cancelled to booked/,
    ],
    [
      'an older time wins',
      (trial) => void (lastStep(trial, /updated before it was created/).isTimeKept = false),
      /does not have the time that the calendar told/,
    ],
    [
      'a genuine message is refused',
      (trial) => void (lastStep(trial, /confirmed by the customer/).status = 500),
      /genuine, was answered with 500/,
    ],
    [
      'both writers win',
      (trial) => {
        const race = story(trial, /^in_progress, then/)
        for (const step of at(race.groups.slice(-1), 0)) step.status = 200
      },
      /was answered with 200, its events tell of none/,
    ],
    [
      'a writer fails',
      (trial) => void (lastStep(trial, /^in_progress, then/).status = 503),
      /answered with 503, neither done nor refused/,
    ],
    [
      'the state is not what the events tell',
      (trial) => void (story(trial, /^booked, then/).end = 'lost'),
      /in the end the appointment is lost/,
    ],
    [
      'a walk fails',
      (trial) =>
        void (trial.walks.counterexample = { commands: 'admin: cancelled', path: '0:1', shrinks: 3, flaw: 'revived' }),
      /a walk at random fails: revived.*path 0:1, after 3 shrinks/,
    ],
    ['changes never asked for', (trial) => void (trial.edges = 63), /only 63 of 64/],
  ],
})

import { at, testJudge } from '../judge-harness.ts'
import { incidentTrialSchema, judgeRehearsal } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: incidentTrialSchema,
  judge: judgeRehearsal,
  alterations: [
    ['one person', (trial) => void (trial.participants = [at(trial.participants, 0)]), /1 person took part/],
    ['no scenario to speak of', (trial) => void (trial.scenario = 'P0'), /scenario is said to be "P0"/],
    ['a runbook that is not there', (trial) => void (trial.runbook.isThere = false), /runbook .* is not there/],
    ['a finding left open', (trial) => void (at(trial.findings, 0).closedOn = null), /is not closed/],
    [
      'a finding closed too early',
      (trial) => void (at(trial.findings, 0).closedOn = '2026-10-27'),
      /before the rehearsal/,
    ],
    ['a finding closed one day', (trial) => void (at(trial.findings, 0).closedOn = '2027-01-01'), /still to come/],
  ],
  allowed: [['nothing found', (trial) => void (trial.findings = [])]],
})

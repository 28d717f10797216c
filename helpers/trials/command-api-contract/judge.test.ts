import { at, testJudge } from '../judge-harness.ts'
import { commandTrialSchema, judgeCommands } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: commandTrialSchema,
  judge: judgeCommands,
  alterations: [
    ['a spoiled command is accepted', (trial) => void (at(trial.refusals, 0).status = 202), /answered 202/],
    ['a spoiled command crashes it', (trial) => void (at(trial.refusals, 9).status = 500), /answered 500/],
    ['a refused command took effect', (trial) => at(trial.refusals, 0).effects.push('events'), /took effect in events/],
    [
      'a refusal without the envelope',
      (trial) => void (at(trial.refusals, 0).code = null),
      /code missing in the error envelope/,
    ],
    [
      'a refusal with another code',
      (trial) => void (at(trial.refusals, 0).code = 'INTERNAL_ERROR'),
      /code INTERNAL_ERROR/,
    ],
    ['the genuine one is refused', (trial) => void (trial.genuine.status = 400), /genuine command: answered 400/],
    ['no workflow', (trial) => void (trial.genuine.workflowQuery = 404), /workflow query answers 404/],
    ['no event', (trial) => void (trial.genuine.events = 0), /no event/],
    ['copies got two answers', (trial) => void (trial.concurrent.differentAnswers = 2), /2 different answers/],
    ['copies were refused', (trial) => void (trial.concurrent.statuses = { 202: 49, 409: 1 }), /409 × 1/],
    [
      'copies took effect twice',
      (trial) => void (trial.concurrent.events += trial.genuine.events),
      /idempotent copies led to/,
    ],
    ['forgotten after a restart', (trial) => void (at(trial.repeated.answers, 1).isSameAnswer = false), /kill -9/],
    ['a second effect later', (trial) => void (trial.repeated.eventsAfter += 1), /took effect again/],
    ['another body passes', (trial) => void (trial.otherBody.status = 202), /another body answered 202/],
    [
      'another body takes effect',
      (trial) => trial.otherBody.effects.push('table commands'),
      /took effect in table commands/,
    ],
    [
      'keys of another tenant clash',
      (trial) => void (trial.otherTenant.sameKeyStatus = 409),
      /another tenant using the same/,
    ],
    ['another tenant reads', (trial) => void (trial.otherTenant.readsWorkflowWith = 200), /reads a workflow with 200/],
    ['another tenant sees events', (trial) => void (trial.otherTenant.eventsSeen = 1), /sees 1 of the events/],
    ['lost by kill -9', (trial) => void (trial.killed.statusQueryAfter = 404), /kill -9 is lost/],
  ],
  allowed: [
    [
      'another body refused with 422',
      (trial) => void Object.assign(trial.otherBody, { status: 422, code: 'VALIDATION_ERROR' }),
    ],
    ['another tenant forbidden', (trial) => void (trial.otherTenant.readsCommandWith = 403)],
  ],
})

import { control } from '../../helpers/control.ts'
import { diagnosticsTrialSchema, judgeDiagnostics } from '../../helpers/trials/diagnostics/judge.ts'
import { tryDiagnosis } from '../../helpers/trials/diagnostics/measure.ts'

export default control(import.meta, {
  requirement: 'Whoever is called at night learns from one command what is broken, and that it is this.',
  target:
    'exit code 0 when healthy; with each dependency broken in turn another one, naming that dependency and no other, as text and as JSON; within 30 s; no secrets',
  method:
    'Runs `aro diagnose` beside the running app while all is well, while each provider and the database are broken in turn, each in its own way, and once all is well again; sees which of them it really asks.',
  severity: 'high',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 240,
  evidence: diagnosticsTrialSchema,
  measure: ({ app, database, providers, run, subject, signal, progress }) =>
    tryDiagnosis({ app, database, providers, run, subject, signal }, progress),
  judge: judgeDiagnostics,
  summarise({ healthy, faults }) {
    const runs = faults.flatMap((fault) => fault.runs)
    const slowest = Math.max(...runs.map(({ durationMilliseconds }) => durationMilliseconds))
    return `${healthy.asked.filter(({ requests }) => requests > 0).length} of ${healthy.asked.length} dependencies asked; ${faults.length} faults in turn, ${runs.filter(({ exitCode }) => exitCode !== 0).length} of ${runs.length} runs ended with another exit code than 0, the slowest after ${Math.round(slowest)} ms`
  },
})

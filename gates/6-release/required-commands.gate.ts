import { control } from '../../helpers/control.ts'
import { commandsTrialSchema, judgeRequiredCommands } from '../../helpers/trials/required-commands/judge.ts'
import { runRequiredCommands } from '../../helpers/trials/required-commands/measure.ts'

export default control(import.meta, {
  requirement: 'Every command that the release procedure requires exists, does its work and succeeds.',
  target: 'each required command ends with exit code 0 in time; each test command runs at least one test',
  method:
    'Runs each command in the subject’s root beside a running app: exit code, duration, and the number of tests its runner reports; the image is built and health-checked where a Dockerfile exists.',
  severity: 'high',
  needs: ['app', 'database', 'run'],
  timeLimitSeconds: 1500,
  evidence: commandsTrialSchema,
  measure: runRequiredCommands,
  judge: judgeRequiredCommands,
  summarise({ commands }) {
    const ran = commands.filter((command) => command.state === 'ran' && command.exitCode === 0)
    const tests = commands.reduce((sum, command) => sum + (command.tests?.tests ?? 0), 0)
    const seconds = commands.reduce((sum, command) => sum + command.durationMilliseconds, 0) / 1000
    const claimed = commands.filter((command) => command.state === 'not applicable').map((command) => command.name)
    return `${ran.length} of ${commands.length} commands succeeded, ${tests} tests, ${seconds.toFixed(0)} s${claimed.length > 0 ? `; stated as not applicable: ${claimed.join(', ')}` : ''}`
  },
})

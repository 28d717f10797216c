import { control } from '../../helpers/control.ts'
import { commandTrialSchema, judgeCommands } from '../../helpers/trials/command-api-contract/judge.ts'
import { tryCommands } from '../../helpers/trials/command-api-contract/measure.ts'

export default control(import.meta, {
  requirement:
    'The Command API enforces its headers and envelope, and a command takes effect once, for its own tenant only.',
  target:
    'every spoiled command gets its 4xx and no effect; 50 copies at once, on two instances and after kill -9: one effect, one answer',
  method:
    'Sends commands with every header and field missing or spoiled, then copies of a genuine one to two instances, kills both, and reads events, status and tables.',
  severity: 'critical',
  needs: ['app', 'database'],
  evidence: commandTrialSchema,
  measure: ({ app, database }) => tryCommands(app, database),
  judge: judgeCommands,
  summarise: ({ refusals, concurrent, killed }) =>
    `${refusals.length} spoiled commands sent, ${refusals.filter((refusal) => refusal.refusedWith.includes(refusal.status)).length} properly refused; ${concurrent.copies} copies on ${concurrent.instances} instances gave ${concurrent.differentAnswers} answer; after kill -9 the accepted command is read with ${killed.statusQueryAfter}`,
})

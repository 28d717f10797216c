import { control } from '../../helpers/control.ts'
import { judgeSecrets, secretsTrialSchema } from '../../helpers/trials/secrets-encryption/judge.ts'
import { trySecrets } from '../../helpers/trials/secrets-encryption/measure.ts'

export default control(import.meta, {
  requirement: 'Secrets are stored encrypted, each write anew and tamper-evident, and can be read nowhere else.',
  target:
    'no secret readable in any table, log, answer, file, backup or call to another provider; stored keys differ per write, are used, and fail when altered or moved',
  method:
    'Hands unique secrets to the running subject in every way in, searches all places in all encodings, then replaces, alters and swaps stored API keys and watches what the providers receive.',
  severity: 'critical',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 180,
  evidence: secretsTrialSchema,
  measure: (context) => trySecrets(context),
  judge: judgeSecrets,
  summarise: ({ planted, searched, tamperings, storage }) =>
    `${planted.environment + planted.integrations + planted.login + planted.refused} secrets looked for in ${searched.columns} columns, ${searched.logLines + searched.logLinesAtDebug} log lines and ${searched.answers} answers; ${storage.samplesOfOnePlaintext} stored values of the same keys compared; ${tamperings.length} stored keys tampered with`,
})

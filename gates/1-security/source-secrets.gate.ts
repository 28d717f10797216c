import { control } from '../../helpers/control.ts'
import { judgeSourceSecrets, sourceSecretsTrialSchema } from '../../helpers/trials/source-secrets/judge.ts'
import { scanSource } from '../../helpers/trials/source-secrets/measure.ts'

export default control(import.meta, {
  requirement: 'No secret is in the source, nor in anything that was ever committed to it.',
  target:
    'no key, token, password or private key in any file or in the whole history; test values listed, with a reason',
  method:
    'Reads every file, every version of it that any reference reaches, and every message; looks with secretlint, with gitleaks where installed, and with rules for what they lack, tried on made-up secrets first.',
  severity: 'critical',
  needs: [],
  timeLimitSeconds: 180,
  evidence: sourceSecretsTrialSchema,
  measure: ({ subject, progress }) => scanSource(subject, progress),
  judge: judgeSourceSecrets,
  summarise({ read, scanners, findings, samples }) {
    return `${findings.length} secrets in ${read.files} files and ${read.blobs} versions of ${read.commits} commits, by ${scanners.join(', ')}; ${samples.found} of ${samples.secrets} made-up ones found`
  },
})

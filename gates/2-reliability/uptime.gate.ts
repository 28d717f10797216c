import { control } from '../../helpers/control.ts'
import { judgeUptime, uptimeTrialSchema } from '../../helpers/trials/uptime/judge.ts'
import { tryUptime } from '../../helpers/trials/uptime/measure.ts'

export default control(import.meta, {
  requirement: 'Instances can be replaced without anybody noticing.',
  target:
    'availability ≥ 99.5 % while two instances are replaced one after the other, and over 30 days where a monitor is named; nothing under way dropped, nothing accepted lost or done twice',
  method:
    'Probes with requests of every kind ten times a second through a balancer that follows the readiness path, tells each instance to stop while requests and jobs are under way, starts another in its place, and reconciles all that was accepted.',
  severity: 'critical',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 240,
  evidence: uptimeTrialSchema,
  measure: ({ run, subject, progress, ...facilities }) =>
    tryUptime(facilities, { subject, profile: run.profile }, progress),
  judge: judgeUptime,
  summarise({ phases, restarts, account, monitored }) {
    const probes = phases.reduce((sum, phase) => sum + phase.probes, 0)
    const answered = phases.reduce((sum, phase) => sum + phase.answered, 0)
    const underWay = restarts.reduce((sum, restart) => sum + restart.underWay, 0)
    const days =
      monitored === null ? 'no monitor is named' : `${(monitored.availability * 100).toFixed(3)} % over 30 days`
    return `${answered} of ${probes} probes answered through ${restarts.length} restarts with ${underWay} requests under way; ${account.accepted} accepted, ${account.effected} done; ${days}`
  },
})

import { control } from '../../helpers/control.ts'
import { backupTrialSchema } from '../../helpers/trials/backup-restore/evidence.ts'
import { judgeBackup } from '../../helpers/trials/backup-restore/judge.ts'
import { tryBackup } from '../../helpers/trials/backup-restore/measure.ts'

export default control(import.meta, {
  requirement:
    'A backup made while writes go on brings back one moment of the whole database, and one that is not whole, genuine and of this version is refused.',
  target:
    'every table, sequence and constraint as at one moment of the backup; the application runs and decrypts on it; nothing readable in the file; every damaged backup refused with the target untouched',
  method:
    'Writes steadily through the API while the subject’s own command backs up a slowed database, destroys that, restores, compares rows, transactions and catalog, starts the application on it, and has worthless backups restored.',
  severity: 'critical',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 180,
  evidence: backupTrialSchema,
  measure: tryBackup,
  judge: judgeBackup,
  summarise({ source, restored, figures }) {
    if (restored === null) return `${source.rows} rows of ${source.tables} tables, not restored`
    const { moment, trials } = restored
    const refusals = trials?.refusals ?? []
    const refused = refusals.filter(({ run }) => run.exitCode !== 0).length
    const seconds = (value: number | null): string => (value === null ? 'none' : `${(value / 1000).toFixed(1)} s`)
    return `${restored.rows} rows of ${moment.tables.length} tables restored; ${moment.writes.restoredMeanwhile} of ${moment.writes.acceptedMeanwhile} writes made meanwhile, ${moment.transactions.splitInAll} transactions torn; ${refused} of ${refusals.length} damaged backups refused; recovery point ${seconds(figures.recoveryPointMilliseconds)}, recovery time ${seconds(figures.recoveryTimeMilliseconds)}`
  },
})

import { control } from '../../helpers/control.ts'
import { judgeOnCall, onCallTrialSchema } from '../../helpers/trials/on-call-rotation/judge.ts'
import { readRotation } from '../../helpers/trials/on-call-rotation/measure.ts'

export default control(import.meta, {
  requirement: 'Two people are on call, at two levels, for the whole time in which the release goes out.',
  target: 'a schedule confirmed within 30 days that covers the release window at two levels',
  method: 'Reads the record that the owner names, checks its files by SHA-256, and lays the shifts over the window.',
  severity: 'high',
  needs: ['run'],
  evidence: onCallTrialSchema,
  measure: readRotation,
  judge: judgeOnCall,
  summarise: ({ shifts, releaseWindow, confirmedBy, datedOn }) =>
    `${shifts.length} shifts for ${releaseWindow.from} to ${releaseWindow.to}, confirmed by ${confirmedBy} on ${datedOn}`,
})

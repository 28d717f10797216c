import { control } from '../../helpers/control.ts'
import { judgeDashboard, dashboardTrialSchema } from '../../helpers/trials/dashboard-load/judge.ts'
import { measureDashboard } from '../../helpers/trials/dashboard-load/measure.ts'

export default control(import.meta, {
  requirement:
    'The dashboard and its data are there within a second, with 10,000 appointments stored and under the production load.',
  target: 'p95 ≤ 1 s for the page and then its data; fewer than 1 % failures',
  method:
    'Copies what the subject stored of three people to 10,000 appointments, then asks for the page, the metrics and the appointments by an open model beside bookings, messages and API traffic.',
  severity: 'high',
  needs: ['run'],
  timeLimitSeconds: 300,
  evidence: dashboardTrialSchema,
  measure: measureDashboard,
  judge: judgeDashboard,
  summarise: ({ p95Milliseconds, p95UpperMilliseconds, page, storedAppointments, engine }) =>
    `p95 ${(p95Milliseconds / 1000).toFixed(2)} s (up to ${(p95UpperMilliseconds / 1000).toFixed(2)} s, page ${Math.round(page.p95.milliseconds)} ms, ${page.samples} samples, ${storedAppointments} appointments, ${engine})`,
})

import { worst } from './assessment.ts'
import type { ReportGate, SelfReviewItem } from './record.ts'

/** The seed's checklist: each item with the controls whose evidence answers it. */
export const checklist: readonly { section: string; items: readonly [item: string, ...controls: string[]][] }[] = [
  {
    section: 'Correctness',
    items: [
      [
        'All business logic matches spec requirements',
        'architecture/command-api-contract',
        'architecture/event-api-contract',
        'reliability/state-transitions',
        'compliance/opt-out-handling',
        'compliance/tcpa-consent',
        'release/required-commands',
      ],
      ['Edge cases handled (null, empty, invalid input)', 'security/input-validation'],
      ['State transitions follow defined rules', 'reliability/state-transitions'],
      ['No race conditions in concurrent paths', 'reliability/concurrent-effects'],
    ],
  },
  {
    section: 'Security',
    items: [
      ['No hardcoded secrets', 'security/source-secrets'],
      ['All webhooks signature-verified', 'security/webhook-signatures'],
      ['Input validation on all endpoints', 'security/input-validation'],
      ['SQL injection prevented', 'security/sql-injection'],
      ['XSS prevented', 'security/cross-site-scripting'],
      ['Rate limiting active', 'security/rate-limiting'],
    ],
  },
  {
    section: 'Reliability',
    items: [
      ['Retry logic implemented', 'reliability/retry-logic'],
      ['Circuit breakers functional', 'reliability/circuit-breakers'],
      ['Dead letter queue working', 'reliability/dead-letter-queue'],
      ['Graceful degradation tested', 'reliability/graceful-degradation'],
    ],
  },
  {
    section: 'Performance',
    items: [
      [
        'p95 latency targets met',
        'performance/webhook-processing',
        'performance/message-send',
        'performance/dashboard-load',
        'performance/api-response',
      ],
      ['Memory usage acceptable', 'performance/memory-usage'],
      ['No memory leaks detected', 'performance/memory-leaks'],
      ['Database queries optimized', 'performance/query-efficiency'],
    ],
  },
  {
    section: 'Operability',
    items: [
      ['Health checks functional', 'operability/health-endpoints'],
      ['Structured logging enabled', 'operability/structured-logs'],
      ['Runbooks complete', 'operability/runbooks'],
      ['Diagnostics working', 'operability/diagnostics'],
      ['Backup/restore verified', 'operability/backup-restore'],
    ],
  },
  {
    section: 'Compliance',
    items: [
      ['GDPR export/delete functional', 'compliance/gdpr-export', 'compliance/gdpr-delete'],
      ['TCPA consent handling working', 'compliance/tcpa-consent'],
      ['Audit logs complete', 'compliance/audit-logs'],
      ['No PHI in messages', 'compliance/phi-protection'],
    ],
  },
]

/** Answers the checklist from the controls' outcomes; an item whose control is absent is unverified. */
export function reviewSelf(gates: readonly ReportGate[]): SelfReviewItem[] {
  const outcomes = new Map(gates.flatMap((gate) => gate.controls).map((control) => [control.id, control.outcome]))
  return checklist.flatMap(({ section, items }) =>
    items.map(([item, ...controls]): SelfReviewItem => {
      const parts = controls.map((id) => ({ outcome: outcomes.get(id) ?? 'unverified' }))
      return { section, item, outcome: worst(parts), controls }
    }),
  )
}

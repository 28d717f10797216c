/** Name of a gate, as in a control's id. */
export type GateId =
  'architecture' | 'security' | 'reliability' | 'performance' | 'operability' | 'compliance' | 'release'

/** A control that the gate cannot do without. */
export interface CatalogueControl {
  /** E.g. `security/webhook-signatures`. */
  id: string
  /** The row's label in the report's table. */
  row: string
  /** What is asked for, in short. */
  requirement: string
  /** How it is verified, in short. */
  verification: string
  /** The report's Target column, e.g. `≤2s`; performance only. */
  target?: string
  /** The unit of the report's Actual column, where it is one number. */
  actual?: 'seconds' | 'percent'
  /** Whether the production gate's own tables list it, or its protocols and checklist ask for it. */
  fromContract: boolean
}

/** A gate: the controls it requires, in the order in which the report lists them. */
export interface CatalogueGate {
  number: number
  id: GateId
  /** The report's heading. */
  title: string
  controls: readonly CatalogueControl[]
}

/** Everything that must have run and passed for GO. */
export type Catalogue = readonly CatalogueGate[]

type Row = [name: string, row: string, requirement: string, verification: string]

/** The seed's gates with their rows, then the controls that its protocols and its checklist ask for. */
export const catalogue: Catalogue = [
  gateOf(0, 'architecture', 'Architecture Contract Gate', [
    [
      'core-profile-boundaries',
      'ADR-0006 compliance',
      'Core/Profile boundaries intact',
      'Architecture review + import boundary checks',
    ],
    ['core-statelessness', 'Core statelessness', 'No profile-specific branches in core-engine', 'Code audit'],
    ['command-api-contract', 'Command API contract', 'Required headers/envelope enforced', 'Contract tests'],
    ['event-api-contract', 'Event API contract', 'Canonical envelope + replay verified', 'Contract + replay tests'],
    ['profile-pack-constraints', 'Profile Pack constraints', 'Additive overlays only', 'Schema checks'],
  ]),
  gateOf(
    1,
    'security',
    'Security Gate',
    [
      ['webhook-signatures', 'Webhook signatures', 'All webhooks verified', 'Test with invalid signatures'],
      ['secrets-encryption', 'Secrets encryption', 'No plaintext in DB/logs', 'Audit encrypted fields'],
      ['auth-hardening', 'Auth hardening', 'JWT/session policies enforced', 'Penetration test'],
      ['tls', 'TLS', '1.2+ required', 'SSL scan'],
      ['rate-limiting', 'Rate limiting', 'All endpoints protected', 'Load test'],
      ['input-validation', 'Input validation', 'Zod on all inputs', 'Fuzz test'],
      ['sql-injection', 'SQL injection', 'Parameterized queries only', 'Code audit'],
      ['dependency-scan', 'Dependency scan', 'No critical CVEs', '`npm audit`'],
    ],
    [
      ['source-secrets', 'Source secrets', 'No secret in the tree or its history', 'Secret scan'],
      ['cross-site-scripting', 'Cross-site scripting', 'Hostile text never runs as script', 'Hostile names and notes'],
    ],
  ),
  gateOf(
    2,
    'reliability',
    'Reliability Gate',
    [
      ['uptime', 'Uptime target', '99.5%', 'Health check monitoring'],
      ['retry-logic', 'Retry logic', '3 attempts, exponential backoff', 'Failure injection'],
      ['circuit-breakers', 'Circuit breakers', 'Open after 5 failures', 'Chaos test'],
      ['dead-letter-queue', 'Dead letter queue', 'All failed workflows captured', 'DLQ query'],
      [
        'graceful-degradation',
        'Graceful degradation',
        'Service continues with degraded features',
        'Provider outage simulation',
      ],
    ],
    [
      ['database-failover', 'Database failover', 'Nothing accepted is lost with the connection', 'Cut connections'],
      ['memory-pressure', 'Memory pressure', 'Refuses rather than dies', 'Large and many requests'],
      ['chaos', 'Chaos', 'Every invariant holds after random faults', 'Seeded faults under load'],
      ['state-transitions', 'State transitions', 'Only allowed changes', 'Model-based test'],
      ['concurrent-effects', 'Concurrent effects', 'Each effect once', 'Simultaneous deliveries'],
    ],
  ),
  performanceGate(),
  gateOf(4, 'operability', 'Operability Gate', [
    ['health-endpoints', 'Health endpoints', '`/health` and `/ready`', 'Manual check'],
    ['structured-logs', 'Structured logs', 'JSON with correlation IDs', 'Log review'],
    ['metrics', 'Metrics', 'Key metrics exported', 'Prometheus check'],
    ['runbooks', 'Runbooks', 'All failure scenarios documented', 'Runbook review'],
    ['diagnostics', 'Diagnostics', '`aro diagnose` works', 'Manual test'],
    ['backup-restore', 'Backup/restore', 'Verified recovery', 'Restore drill'],
  ]),
  gateOf(5, 'compliance', 'Compliance Gate', [
    ['gdpr-export', 'GDPR export', 'Data export functional', 'Manual test'],
    ['gdpr-delete', 'GDPR delete', 'Data deletion functional', 'Manual test'],
    ['tcpa-consent', 'TCPA consent', 'Consent checks before SMS', 'Code audit'],
    ['opt-out-handling', 'Opt-out handling', 'STOP processed within 24h', 'Manual test'],
    ['audit-logs', 'Audit logs', '7-year retention', 'Config check'],
    ['phi-protection', 'PHI protection', 'No PHI in messages', 'Template audit'],
  ]),
  gateOf(
    6,
    'release',
    'Release Decision',
    [],
    [
      ['required-commands', 'Required commands', 'Every required command succeeds', 'Run from the root'],
      ['rollback-plan', 'Rollback plan', 'Rollback plan documented and tested', 'Rollback or drill record'],
      ['on-call-rotation', 'On-call rotation', 'On-call rotation confirmed', 'Dated schedule'],
      ['incident-response', 'Incident response', 'Incident response rehearsed', 'Dated rehearsal record'],
    ],
  ),
]

function gateOf(number: number, id: GateId, title: string, rows: Row[], added: Row[] = []): CatalogueGate {
  const controlOf =
    (fromContract: boolean) =>
    ([name, row, requirement, verification]: Row): CatalogueControl => {
      return { id: `${id}/${name}`, row, requirement, verification, fromContract }
    }
  return { number, id, title, controls: [...rows.map(controlOf(true)), ...added.map(controlOf(false))] }
}

function performanceGate(): CatalogueGate {
  const rows: [...Row, target: string, actual?: 'seconds' | 'percent'][] = [
    ['webhook-processing', 'Webhook p95', 'Webhook processing p95 ≤ 2s', 'Load test', '≤2s', 'seconds'],
    ['message-send', 'Message send p95', 'Message send p95 ≤ 5s', 'Load test', '≤5s', 'seconds'],
    ['dashboard-load', 'Dashboard p95', 'Dashboard load p95 ≤ 1s', 'Load test', '≤1s', 'seconds'],
    ['api-response', 'API p95', 'API response p95 ≤ 1s', 'Load test', '≤1s', 'seconds'],
    ['memory-usage', 'Memory usage', 'Memory usage < 80% of limit', 'Memory profiling', '<80%', 'percent'],
    ['cpu-usage', 'CPU usage', 'CPU usage < 70% average', 'CPU profiling', '<70%', 'percent'],
    ['memory-leaks', 'Memory leaks', 'No growth of the heap', 'Heap after collection', 'no growth'],
    ['query-efficiency', 'Query efficiency', 'No query count that grows with the rows', 'Wire tap', 'constant queries'],
    ['regression', 'Regression', 'No unexplained regression', 'Comparison with the last GO', 'none unexplained'],
  ]
  const controls = rows.map(([name, row, requirement, verification, target, actual], index): CatalogueControl => {
    const entry = { id: `performance/${name}`, row, requirement, verification, target, fromContract: index < 6 }
    return actual === undefined ? entry : { ...entry, actual }
  })
  return { number: 3, id: 'performance', title: 'Performance Gate', controls }
}

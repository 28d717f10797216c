/** A command that the seed requires, run from the subject's root. */
export interface RequiredCommand {
  /** The seed's own name, by which a subject file may replace the command line. */
  name: string
  command: readonly string[]
  kind: 'script' | 'test' | 'tool'
}

const script = (name: string, ...rest: string[]): RequiredCommand => ({
  name,
  command: ['npm', 'run', name, ...rest],
  kind: name.startsWith('test:') ? 'test' : 'script',
})

/** The required commands in the seed's order; `backup` is where the backup goes. */
export function requiredCommands(backup: string): RequiredCommand[] {
  return [
    script('security:audit'),
    script('lint:security'),
    { name: 'npm audit', command: ['npm', 'audit', '--audit-level=high'], kind: 'tool' },
    script('test:all'),
    script('test:coverage'),
    script('test:perf'),
    script('test:integration'),
    script('test:e2e'),
    script('build'),
    script('build:prod'),
    script('db:backup', '--output', backup),
    script('db:restore', '--input', backup, '--verify'),
    script('test:security:injection'),
    script('test:resilience:circuit-breaker'),
    script('test:resilience:db-failover'),
    script('test:resilience:memory'),
    script('test:chaos'),
  ]
}

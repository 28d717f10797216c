import { expect, test } from 'vitest'
import { identityOf, requireIdentity } from './identity.ts'

test('reads a control’s identity from its path', () => {
  expect(identityOf('/x/gates/1-security/sql-injection.gate.ts')).toEqual({
    id: 'security/sql-injection',
    gate: 'security',
    gateNumber: 1,
    title: 'SQL injection',
  })
})

test.each([
  '/x/gates/security/tls.gate.ts',
  '/x/gates/1-security/tls.test.ts',
  '/x/gates/1-security/a/tls.gate.ts',
  '/x/tls.gate.ts',
])('takes %s for no control', (path) => {
  expect(identityOf(path)).toBeUndefined()
  expect(() => requireIdentity(path)).toThrow(/gates\/<number>-<gate>/)
})

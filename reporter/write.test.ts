import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { reportOn } from './golden-situations.ts'
import { reportSchema } from './record.ts'
import { incompleteReport } from './verdict.ts'
import { writeReports } from './write.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'aro-gate-reports-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('puts all of them in place and leaves nothing else, over those of an earlier run', () => {
  const target = join(directory, 'reports', 'gate')
  writeReports(target, reportOn('go'))
  writeReports(target, incompleteReport({ runId: 'next', startedAt: '2026-11-23T10:00:00.000Z' }))
  expect(readdirSync(target).sort()).toEqual(['junit.xml', 'manifest.json', 'report.json', 'report.md', 'report.sarif'])
  const written = reportSchema.parse(JSON.parse(readFileSync(join(target, 'report.json'), 'utf8')))
  expect(written).toMatchObject({ runId: 'next', verdict: 'NO-GO' })
  expect(readFileSync(join(target, 'report.md'), 'utf8')).toContain('**NO-GO (incomplete)**')
})

test('says where and what to do when it cannot write, and keeps the earlier report whole', () => {
  const target = join(directory, 'taken')
  writeFileSync(target, 'a file, not a folder')
  expect(() => writeReports(target, reportOn('go'))).toThrow(
    new RegExp(`Expected to write the report ${target}, got .*ARO_GATE_REPORT_DIR`),
  )
})

test('replaces no report when one of them cannot be written', () => {
  writeReports(directory, reportOn('one-failure'))
  // in the way of one of the last
  const blocked = join(directory, `report.sarif.${process.pid}.tmp`)
  mkdirSync(blocked)
  expect(() => writeReports(directory, reportOn('go'))).toThrow('report.sarif')
  expect(readFileSync(join(directory, 'report.md'), 'utf8')).toContain('**NO-GO**')
  expect(JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8'))).toMatchObject({ verdict: 'NO-GO' })
  expect(existsSync(join(directory, `report.md.${process.pid}.tmp`))).toBe(false)
})

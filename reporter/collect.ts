import type { TestCase, TestModule } from 'vitest/node'
import { identityOf } from '../helpers/evidence/identity.ts'
import type { ControlIdentity } from '../helpers/evidence/identity.ts'
import { controlRecordSchema, recordArtifactType } from '../helpers/evidence/outcome.ts'
import type { ControlRecord } from '../helpers/evidence/outcome.ts'

/** A control as it ended, or as it did not. */
export type CollectedControl =
  { id: string; record: ControlRecord } | { id: string; record: null; reason: string; durationMilliseconds: number }

/**
 * Turns what vitest reports on a control's file into that control's result. Whatever is not one test that ran once, to
 * its end, unfiltered and uninverted, and left one valid record, is unverified.
 */
export function collectControl(identity: ControlIdentity, module: TestModule | undefined): CollectedControl {
  if (module === undefined)
    return unverified(identity, 'its file did not run: filtered out, or the run ended before it')
  const tests = [...module.children.allTests()]
  const [test] = tests
  const errors = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())]
  if (test === undefined) {
    return unverified(identity, firstLine(errors[0]?.message) || `its file holds no control (module ${module.state()})`)
  }
  if (tests.length > 1) {
    return unverified(identity, `its file holds ${tests.length} tests; expected one call of control() and nothing else`)
  }
  const flaw = flawOf(test)
  const record = recordOf(test, identity)
  if (typeof record === 'string') return unverified(identity, flaw ?? record, test)
  if (record.outcome === 'passed' && (flaw !== undefined || errors.length > 0)) {
    return unverified(identity, flaw ?? firstLine(errors[0]?.message), test)
  }
  return { id: identity.id, record }
}

/** The controls among vitest's modules, by id; a control whose file ran twice is listed twice. */
export function modulesByControl(modules: readonly TestModule[]): Map<string, TestModule[]> {
  const byControl = new Map<string, TestModule[]>()
  for (const module of modules) {
    const identity = identityOf(module.moduleId)
    if (identity !== undefined) byControl.set(identity.id, [...(byControl.get(identity.id) ?? []), module])
  }
  return byControl
}

function flawOf(test: TestCase): string | undefined {
  const result = test.result()
  const diagnostic = test.diagnostic()
  if (test.options.fails === true) return 'it is inverted by .fails'
  if (test.options.mode === 'todo') return 'it is marked .todo'
  if (result.state === 'skipped') {
    return test.options.mode === 'skip'
      ? 'it was left out: .skip, .only elsewhere, or a filter on the command line'
      : `it was skipped while running${result.note === undefined ? '' : `: ${result.note}`}`
  }
  if (result.state === 'pending') return 'it did not finish: its worker ended or was killed'
  if ((diagnostic?.retryCount ?? 0) > 0 || diagnostic?.flaky === true) return 'it was run again after a failure'
  if ((diagnostic?.repeatCount ?? 0) > 0) return 'it ran more than once'
  if (result.state === 'failed') return firstLine(result.errors[0]?.message)
  if (diagnostic === undefined) return 'vitest has no diagnostic of it'
  return undefined
}

function recordOf(test: TestCase, identity: ControlIdentity): ControlRecord | string {
  const records = test
    .artifacts()
    .flatMap((artifact) => (artifact.type === recordArtifactType ? [(artifact as { data?: unknown }).data] : []))
  if (records.length !== 1) return `it left ${records.length} records; expected one`
  const parsed = controlRecordSchema.safeParse(records[0])
  if (!parsed.success) return `its record is not valid: ${parsed.error.issues[0]?.message ?? 'unknown'}`
  if (parsed.data.id !== identity.id) return `its record is that of ${parsed.data.id}`
  return parsed.data
}

function unverified(identity: ControlIdentity, reason: string, test?: TestCase): CollectedControl {
  return { id: identity.id, record: null, reason, durationMilliseconds: test?.diagnostic()?.duration ?? 0 }
}

const escapeCodes = new RegExp(String.raw`\u001b\[[0-9;]*m`, 'g')
const firstLine = (text = ''): string => text.replaceAll(escapeCodes, '').split('\n')[0] ?? ''

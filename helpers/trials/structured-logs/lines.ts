import type { OutputLine } from '../../subject/output.ts'
import type { Subject } from '../../subject/subject.ts'

/** Severity of a line, whatever it is called. */
export type Level = 'debug' | 'info' | 'warn' | 'error'

/** A line of an instance, read. */
export interface LogLine {
  stream: OutputLine['stream']
  /** Milliseconds since the epoch when it was read. */
  at: number
  text: string
  level: Level | undefined
  message: string
  service: string
  correlationId: string
  /** What is wrong with its form; empty when all is well. */
  flaws: string[]
}

type Fields = Subject['logFields']

const levels: Readonly<Record<string, Level>> = {
  trace: 'debug',
  verbose: 'debug',
  silly: 'debug',
  debug: 'debug',
  info: 'info',
  notice: 'info',
  information: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  err: 'error',
  fatal: 'error',
  critical: 'error',
  crit: 'error',
  alert: 'error',
  emergency: 'error',
  emerg: 'error',
  // as pino numbers them
  10: 'debug',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'error',
}

/** How far a line's own time may lie from when it was read: a busy machine reads late, and no clock runs ahead. */
const lateMilliseconds = 30_000
const aheadMilliseconds = 2000
const withTimeZone = /(?:Z|[+-]\d{2}:?\d{2})$/i

/** Reads a line as the contract has it. */
export function readLine({ stream, at, text }: OutputLine, fields: Fields): LogLine {
  const line: LogLine = { stream, at, text, level: undefined, message: '', service: '', correlationId: '', flaws: [] }
  const parsed = parseObject(text)
  if (parsed === undefined) return { ...line, flaws: ['is no JSON object'] }
  const textOf = (name: string): string => {
    const value = parsed[name]
    return typeof value === 'string' ? value : ''
  }
  const level = parsed[fields.level]
  line.level = typeof level === 'string' || typeof level === 'number' ? levels[String(level).toLowerCase()] : undefined
  line.message = textOf(fields.message)
  line.service = textOf(fields.service)
  line.correlationId = textOf(fields.correlationId)
  if (line.level === undefined) line.flaws.push(`has no known ${fields.level}`)
  for (const name of [fields.message, fields.service]) if (textOf(name).trim() === '') line.flaws.push(`lacks ${name}`)
  // what belongs to no request may say so by null
  if (line.correlationId === '' && parsed[fields.correlationId] !== null)
    line.flaws.push(`lacks ${fields.correlationId}`)
  const time = timeOf(parsed[fields.time])
  if (time === undefined) line.flaws.push(`has no ${fields.time} that can be read`)
  else if (time > at + aheadMilliseconds || time < at - lateMilliseconds)
    line.flaws.push(`has another ${fields.time} than it was written at`)
  return line
}

/** Milliseconds since the epoch of an ISO 8601 text with its time zone, or of a number of seconds, milliseconds or less. */
function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string' && withTimeZone.test(value)) {
    const time = Date.parse(value)
    return Number.isNaN(time) ? undefined : time
  }
  const number =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && /^\d{10,19}(?:\.\d+)?$/.test(value)
        ? Number(value)
        : undefined
  if (number === undefined || !Number.isFinite(number)) return undefined
  const scale = [1000, 1, 1e-3, 1e-6].find((factor) => number * factor > 1e12 && number * factor < 1e13)
  return scale === undefined ? undefined : number * scale
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

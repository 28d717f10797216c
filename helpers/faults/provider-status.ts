import { setTimeout as sleep } from 'node:timers/promises'
import type { ProviderFault } from '../providers/provider-fault.ts'

/** The provider answers with a status and takes no effect; several statuses are answered in turn, the last one again. */
export function answerWithStatus(options: {
  status: number | readonly number[]
  headers?: Record<string, string>
  times?: number
  /** How long the answer takes; none by default. */
  afterMilliseconds?: number
}): ProviderFault {
  const statuses = typeof options.status === 'number' ? [options.status] : options.status
  const { times, afterMilliseconds = 0 } = options
  return {
    name: `answers ${statuses.join(', ')}`,
    ...(times === undefined ? {} : { times }),
    async apply(exchange, hit) {
      if (afterMilliseconds > 0) await sleep(afterMilliseconds)
      const status = statuses[Math.min(hit, statuses.length - 1)] ?? 500
      const body = JSON.stringify({ code: 20500, message: 'The gate made this provider fail.', status })
      exchange.answer(status, { 'content-type': 'application/json', ...options.headers }, body)
    },
  }
}

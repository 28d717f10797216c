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
      const message = 'The gate made this provider fail.'
      const type = status >= 500 ? 'api_error' : 'invalid_request_error'
      // Twilio's envelope and Stripe's in one: what a client library does not know as an error, it may take for an answer
      const body = JSON.stringify({ code: 20500, message, status, error: { type, message } })
      exchange.answer(status, { 'content-type': 'application/json', ...options.headers }, body)
    },
  }
}

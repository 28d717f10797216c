import { setTimeout as sleep } from 'node:timers/promises'
import type { ProviderFault } from '../providers/provider-fault.ts'

/** The provider takes effect and answers genuinely, but late. */
export function answerLate(options: { milliseconds: number; times?: number }): ProviderFault {
  const { milliseconds, ...rest } = options
  return {
    name: `answers ${milliseconds} ms late`,
    ...rest,
    async apply(exchange) {
      const { status, headers, body } = await exchange.takeEffect()
      await sleep(milliseconds)
      exchange.answer(status, headers, body)
    },
  }
}

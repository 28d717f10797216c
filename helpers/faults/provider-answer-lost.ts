import type { ProviderFault } from '../providers/provider-fault.ts'

/** The provider takes effect, then resets the connection before its answer. */
export function loseAnswer(options: { times?: number } = {}): ProviderFault {
  return {
    name: 'takes effect and loses the answer',
    ...options,
    async apply(exchange) {
      await exchange.takeEffect()
      exchange.note('answer lost after taking effect')
      exchange.reset()
    },
  }
}

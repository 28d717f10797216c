import type { ProviderFault } from '../providers/provider-fault.ts'

/** The provider takes no effect, keeps its answer until `release` has come, and then fails with 503. */
export function holdThenFail(release: Promise<unknown>): ProviderFault {
  return {
    name: 'answers 503 when it is let',
    async apply(exchange) {
      await release
      exchange.answer(503, { 'content-type': 'application/json' }, '{"message":"The gate made this provider fail."}')
    },
  }
}

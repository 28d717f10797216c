import type { ProviderFault } from '../providers/provider-fault.ts'

/** The provider resets the connection instead of answering, and takes no effect. */
export function refuseConnections(options: { times?: number } = {}): ProviderFault {
  return {
    name: 'resets connections',
    ...options,
    apply(exchange) {
      exchange.note('connection reset')
      exchange.reset()
    },
  }
}

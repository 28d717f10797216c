import type { ProviderFault } from '../providers/provider-fault.ts'

/** The provider takes the request, takes no effect, and never answers. */
export function hang(options: { times?: number } = {}): ProviderFault {
  return {
    name: 'never answers',
    ...options,
    apply: (exchange) => exchange.onClose(() => exchange.note('never answered')),
  }
}

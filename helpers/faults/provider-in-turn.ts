import type { ProviderFault } from '../providers/provider-fault.ts'

/** The provider fails in several ways, one request after the other; the last way is the one of all that follow. */
export function failInTurn(ways: readonly [ProviderFault, ...ProviderFault[]]): ProviderFault {
  return {
    name: ways.map(({ name }) => name).join(', then '),
    apply(exchange, hit) {
      const way = ways[Math.min(hit, ways.length - 1)] ?? ways[0]
      return way.apply(exchange, hit)
    },
  }
}

import type { ProviderFault } from '../providers/provider-fault.ts'

/** The provider answers 200 with something that is not what it promises, and takes no effect. */
export function answerGarbage(options: { times?: number } = {}): ProviderFault {
  return {
    name: 'answers garbage',
    ...options,
    apply: (exchange) => exchange.answer(200, { 'content-type': 'text/html' }, '<html><body>Bad gateway</body></html>'),
  }
}

import type { ProviderFault } from '../providers/provider-fault.ts'

/** No fault, among others that come in turn: the provider takes effect and answers. */
export function answerWell(): ProviderFault {
  return {
    name: 'answers well',
    async apply(exchange) {
      const { status, headers, body } = await exchange.takeEffect()
      exchange.answer(status, headers, body)
    },
  }
}

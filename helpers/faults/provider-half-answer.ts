import { setTimeout as sleep } from 'node:timers/promises'
import type { ProviderFault } from '../providers/provider-fault.ts'

/** The provider takes effect, sends the head and half of the body, then resets the connection. */
export function halveAnswer(options: { times?: number } = {}): ProviderFault {
  return {
    name: 'breaks off in the middle of the answer',
    ...options,
    async apply(exchange) {
      const { status, headers, body } = await exchange.takeEffect()
      const half = body.subarray(0, Math.floor(body.length / 2))
      exchange.begin(status, { ...headers, 'content-length': String(body.length) }, half)
      // lets the half get there before the reset overtakes it
      await sleep(20)
      exchange.note('half an answer')
      exchange.reset()
    },
  }
}

import type { RequestHandler } from 'msw'
import type { ProviderName, Tenant } from '../subject/facilities.ts'
import { calendlyHandlers } from './calendly.ts'
import type { Journal } from './journal.ts'
import { llmHandlers } from './llm.ts'
import { openclawHandlers } from './openclaw.ts'
import { stripeHandlers } from './stripe.ts'
import { twilioHandlers } from './twilio.ts'

/** What a provider's handlers know of the run. */
export interface ProviderWorld {
  tenants: readonly Tenant[]
  journal: Journal
}

/** The hosts at which each provider is called, the first being the one its own client uses. */
export const providerHosts: Record<ProviderName, readonly [string, ...string[]]> = {
  twilio: ['api.twilio.com'],
  calendly: ['api.calendly.com'],
  stripe: ['api.stripe.com'],
  openclaw: ['executor.openclaw.example'],
  llm: ['api.openai.com'],
}

/** Makes the msw handlers that answer as the real services do. */
export const makeHandlers: Record<ProviderName, (world: ProviderWorld) => RequestHandler[]> = {
  twilio: twilioHandlers,
  calendly: calendlyHandlers,
  stripe: stripeHandlers,
  openclaw: openclawHandlers,
  llm: llmHandlers,
}

/** The provider called at a host, or undefined when nobody is known there. */
export function providerAt(host: string): ProviderName | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, '')
  return (Object.keys(providerHosts) as ProviderName[]).find((provider) => providerHosts[provider].includes(name))
}

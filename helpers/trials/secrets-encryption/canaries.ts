import { randomBytes } from 'node:crypto'
import type { GateRun } from '../../run.ts'
import { providerNames } from '../../subject/facilities.ts'
import type { ProviderName, Tenant } from '../../subject/facilities.ts'

/** A secret that was handed to the subject, and the only providers that may ever see it. */
export interface Canary {
  /** By which findings name it. */
  label: string
  text: string
  way: 'environment' | 'integrations API' | 'login' | 'refused request'
  mayReach: readonly ProviderName[]
}

/** All secrets of one trial, each with the way by which it came in. */
export class Canaries {
  readonly all: Canary[] = []

  /** Notes a secret and gives it back. */
  plant(way: Canary['way'], label: string, text: string, mayReach: readonly ProviderName[] = []): string {
    this.all.push({ way, label, text, mayReach })
    return text
  }

  /** Texts to look for by their labels; where it is known, without those that a provider may see. */
  needles(provider?: ProviderName): Record<string, string> {
    const sought = this.all.filter(({ mayReach }) => provider === undefined || !mayReach.includes(provider))
    return Object.fromEntries(sought.map(({ label, text }) => [label, text]))
  }
}

const hexadecimal = (bytes: number): string => randomBytes(bytes).toString('hex')

/** Longer than any digest that may lie in a table, so that what holds it sealed can be told by its size. */
export const longKeyBytes = 96

/** A new API key in the form that the provider issues. */
export const makeApiKey: Record<ProviderName, () => string> = {
  twilio: () => hexadecimal(16),
  calendly: () => `cal_${hexadecimal(24)}`,
  stripe: () => `rk_test_${hexadecimal(longKeyBytes)}`,
  openclaw: () => `oc_${hexadecimal(24)}`,
  llm: () => `sk-proj-${hexadecimal(24)}`,
}

/** Plants what the subject is given at start. */
export function plantEnvironment(
  canaries: Canaries,
  run: GateRun,
  tenants: readonly Tenant[],
  databaseUrl: string,
): void {
  for (const [index, tenant] of tenants.entries()) {
    const of = (what: string): string => `${what} of tenant ${index + 1}`
    const plant = (what: string, text: string, mayReach: readonly ProviderName[] = []): string =>
      canaries.plant('environment', of(what), text, mayReach)
    plant('service token', tenant.serviceToken)
    plant('administrator password', tenant.administrator.password)
    // Twilio's auth token signs its webhooks and is sent to it by every call
    plant('Twilio auth token', tenant.webhookSecrets.twilio, ['twilio'])
    plant('Calendly webhook secret', tenant.webhookSecrets.calendly)
    plant('Stripe webhook secret', tenant.webhookSecrets.stripe)
    plant('Stripe API key', tenant.stripeApiKey, ['stripe'])
    plant('OpenClaw API key', tenant.openclawApiKey, ['openclaw'])
    plant('LLM API key', tenant.llmApiKey, ['llm'])
    plant('Calendly API key', tenant.calendlyApiKey, ['calendly'])
  }
  for (const [name, text] of Object.entries(run.secrets)) {
    const bytes = Buffer.from(text, 'hex')
    canaries.plant('environment', `deployment key ${name}`, text)
    // as a program holds it once it is read
    canaries.plant('environment', `deployment key ${name}, its bytes`, bytes.toString('base64'))
    canaries.plant('environment', `deployment key ${name}, its bytes in JSON`, [...bytes].join(','))
  }
  const { username, password } = new URL(databaseUrl)
  if (password.length >= 6) canaries.plant('environment', 'database password', `${username}:${password}@`)
}

/** Which provider's key each is. */
export const integrationProviders = providerNames

import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { DeploymentSecrets, Tenant } from './facilities.ts'

const hexadecimal = (bytes: number): string => randomBytes(bytes).toString('hex')

/** Makes tenants with fresh random secrets. */
export function makeTenants(count: number): Tenant[] {
  return Array.from({ length: count }, (_, index) => makeTenant(index))
}

/** Makes the deployment's own keys. */
export function makeDeploymentSecrets(): DeploymentSecrets {
  return { jwt: hexadecimal(32), encryptionKey: hexadecimal(32), suppressionKey: hexadecimal(32) }
}

function makeTenant(index: number): Tenant {
  const id = `clinic-${index + 1}-${randomUUID().slice(0, 8)}`
  return {
    id,
    serviceToken: `aro_${hexadecimal(24)}`,
    // one of each character class that the password policy asks for, the rest random
    administrator: { email: `admin@${id}.example.org`, password: `Aa1!${randomBytes(15).toString('base64url')}` },
    phoneNumber: `+1628555${String(1000 + index * 4000 + randomInt(4000)).padStart(4, '0')}`,
    webhookSecrets: {
      calendly: randomBytes(32).toString('base64url'),
      stripe: `whsec_${hexadecimal(24)}`,
      twilio: hexadecimal(16),
    },
    twilioAccountSid: `AC${hexadecimal(16)}`,
    stripeApiKey: `sk_test_${hexadecimal(24)}`,
    openclawApiKey: `oc_${hexadecimal(24)}`,
    llmApiKey: `llm_${hexadecimal(24)}`,
    calendlyApiKey: `cal_${hexadecimal(24)}`,
  }
}

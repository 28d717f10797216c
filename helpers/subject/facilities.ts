import { z } from 'zod'

/** One clinic's worth of identity and secrets, made anew for each gate run, so that nothing a subject learned by heart can pass. */
export const tenantSchema = z.strictObject({
  id: z.string().min(1),
  serviceToken: z.string().min(16),
  administrator: z.strictObject({ email: z.email(), password: z.string().min(12) }),
  phoneNumber: z.string().regex(/^\+[1-9]\d{6,14}$/),
  webhookSecrets: z.strictObject({
    calendly: z.string().min(1),
    stripe: z.string().min(1),
    twilio: z.string().min(1),
  }),
  twilioAccountSid: z.string().regex(/^AC[0-9a-f]{32}$/),
  stripeApiKey: z.string().min(1),
  openclawApiKey: z.string().min(1),
  llmApiKey: z.string().min(1),
  calendlyApiKey: z.string().min(1),
})

/** @see tenantSchema */
export type Tenant = z.infer<typeof tenantSchema>

/** Keys that belong to the deployment as a whole, each 64 hexadecimal digits. */
export interface DeploymentSecrets {
  jwt: string
  encryptionKey: string
  suppressionKey: string
}

/** The names of the providers that the lab stands in for. */
export const providerNames = ['twilio', 'calendly', 'stripe', 'openclaw', 'llm'] as const

/** @see providerNames */
export type ProviderName = (typeof providerNames)[number]

/** What a subject is given to speak TLS on its port. */
export interface TlsFacilities {
  /** In PEM, for the name `localhost` and the address 127.0.0.1. */
  certificateFile: string
  keyFile: string
  /** A free port on which the subject may answer plain HTTP, to send callers to HTTPS. */
  plainPort: number
}

/** All that the gate gives a subject to run on; a subject file turns it into the environment its start command reads. */
export interface Facilities {
  host: '127.0.0.1'
  port: number
  databaseUrl: string
  /** Plain-HTTP addresses of the provider lab, for subjects whose calls the Node preload cannot reroute. */
  providerUrls: Record<ProviderName, string>
  tenants: readonly Tenant[]
  secrets: DeploymentSecrets
  /** Only where the subject is started to speak TLS. */
  tls?: TlsFacilities
  /** A writable folder that is removed with the subject. */
  directory: string
}

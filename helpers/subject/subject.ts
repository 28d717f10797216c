import { z } from 'zod'
import type { Facilities } from './facilities.ts'

const commandLine = z.array(z.string().min(1)).min(1).describe('program and arguments, e.g. ["node", "src/main.ts"]')
const isoDate = z.iso.date()

const environmentBuilder = z.custom<(facilities: Facilities) => Record<string, string>>(
  (value) => typeof value === 'function',
  'expected a function (facilities) => environment variables',
)

const pathsSchema = z.strictObject({
  health: z.string().startsWith('/').default('/health'),
  ready: z.string().startsWith('/').default('/ready'),
  metrics: z.string().startsWith('/').default('/metrics'),
  commands: z.string().startsWith('/').default('/v1/commands'),
  workflows: z.string().startsWith('/').default('/v1/workflows'),
  events: z.string().startsWith('/').default('/v1/events'),
  subscriptions: z.string().startsWith('/').default('/v1/subscriptions'),
  admin: z.string().startsWith('/').default('/api/v1/admin'),
  calendlyWebhook: z.string().startsWith('/').default('/webhooks/calendly'),
  stripeWebhook: z.string().startsWith('/').default('/webhooks/stripe'),
  smsWebhook: z.string().startsWith('/').default('/webhooks/sms/incoming'),
})

const rateLimitSchema = z.strictObject({
  requests: z.int().positive().max(2000),
  windowSeconds: z.int().positive().max(3600),
})

/** A JSON file by its path from root, or what exports one into a folder for this run and tells its path. */
const recordSource = z.union([
  z.string().min(1),
  z.custom<(place: { root: string; directory: string }) => string | Promise<string>>(
    (value) => typeof value === 'function',
    'expected a path, or a function ({ root, directory }) => path',
  ),
])

const metricName = (name: string) =>
  z
    .string()
    .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'expected the name of a metric')
    .default(name)

const metricsSchema = z.strictObject({
  /** Histogram of the time that requests take, in seconds unless its name ends in `_milliseconds`. */
  requestDuration: metricName('http_request_duration_seconds'),
  webhooksReceived: metricName('webhooks_received_total'),
  webhooksProcessed: metricName('webhooks_processed_total'),
  messagesSent: metricName('messages_sent_total'),
  messagesFailed: metricName('messages_failed_total'),
  deadLetters: metricName('dead_letters'),
  breakerState: metricName('circuit_breaker_state'),
  queueDepth: metricName('queue_depth'),
  processorSeconds: metricName('process_cpu_seconds_total'),
  memoryBytes: metricName('process_resident_memory_bytes'),
})

/** A statement by the owner that no machine can verify: who says so, why, about what, until when. */
const statementSchema = z.strictObject({
  scope: z.string().min(1),
  reason: z.string().min(10),
  approver: z.string().min(1),
  expires: isoDate,
})

/**
 * The subject file's shape: the ARO deployment under test. A control whose needs are not described here is unverified
 * and says what to add; nothing here can switch a control off.
 */
export const subjectSchema = z
  .strictObject({
    name: z.string().min(1),
    version: z.string().min(1),
    environment: z.enum(['staging', 'production-candidate']),
    /** Absolute path of the subject's repository. */
    root: z.string().startsWith('/', 'expected an absolute path, e.g. import.meta.dirname'),
    /** `node`: outgoing calls are rerouted by a preload. `other`: the subject takes provider urls from its environment. */
    runtime: z.enum(['node', 'other']).default('node'),
    /** Brings an empty database to the schema that this version needs; run once for each gate run. */
    migrate: z.strictObject({ command: commandLine }).optional(),
    start: z.strictObject({
      command: commandLine,
      environment: environmentBuilder,
      readyWithinSeconds: z.number().positive().max(120).default(20),
      stopWithinSeconds: z.number().positive().max(60).default(10),
    }),
    /** Variables that make this ARO log all that it can. */
    debugEnvironment: z.record(z.string(), z.string()).default({ LOG_LEVEL: 'debug' }),
    /** Names of the fields of a log line, where they are not the contract's. */
    logFields: z
      .strictObject({
        time: z.string().min(1).default('time'),
        level: z.string().min(1).default('level'),
        message: z.string().min(1).default('message'),
        service: z.string().min(1).default('service'),
        correlationId: z.string().min(1).default('correlationId'),
      })
      .prefault({}),
    instances: z.int().positive().default(2),
    limits: z.strictObject({ memoryMegabytes: z.int().positive(), processors: z.number().positive() }),
    paths: pathsSchema.prefault({}),
    /** Routes that this ARO has beside those of the contract, `{name}` for a part that varies. */
    routes: z
      .array(
        z.strictObject({
          method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']),
          path: z.string().startsWith('/'),
          /** For a route outside the admin, Command and Event API. */
          limit: rateLimitSchema.optional(),
        }),
      )
      .default([]),
    /**
     * OpenAPI 3 document in JSON that describes the requests of those routes: a path that the subject serves, e.g.
     * `/openapi.json`, or a file relative to root.
     */
    openapi: z.string().min(1).optional(),
    /** Limits for each client where the contract leaves the number to the owner: the Command and Event API. */
    rateLimits: z
      .strictObject({ service: rateLimitSchema.prefault({ requests: 600, windowSeconds: 60 }) })
      .prefault({}),
    /** Names of the key metrics, where they differ. */
    metrics: metricsSchema.prefault({}),
    webhooks: z
      .strictObject({
        /** `timestamped` is what Calendly sends today, `body` the plain HMAC in X-Calendly-Signature. */
        calendly: z
          .strictObject({
            scheme: z.enum(['timestamped', 'body']).default('timestamped'),
            toleranceSeconds: z.int().positive().default(180),
          })
          .prefault({}),
        stripe: z.strictObject({ toleranceSeconds: z.int().positive().default(300) }).prefault({}),
        /** The address that Twilio signs when a proxy in front rewrites it; by default the one requested. */
        twilio: z.strictObject({ publicUrl: z.url().optional() }).prefault({}),
      })
      .prefault({}),
    /** A command that this ARO accepts, as a sample to send and to spoil. */
    command: z.strictObject({
      commandType: z.string().min(1),
      profile: z.string().min(1),
      aggregateType: z.string().min(1),
      payload: z.record(z.string(), z.json()),
    }),
    /** What creates a subscription to this ARO's events. */
    subscription: z.record(z.string(), z.json()).default({ name: 'production-gate' }),
    /** Globs of the source files of each ADR-0006 layer, relative to root. */
    layers: z
      .strictObject({
        contracts: z.array(z.string()).min(1),
        core: z.array(z.string()).min(1),
        profiles: z.array(z.string()).min(1),
        ui: z.array(z.string()).min(1),
        executor: z.array(z.string()).min(1),
      })
      .optional(),
    /** The profile packs, each a JSON file or a module, relative to root. */
    profilePacks: z
      .array(z.strictObject({ file: z.string().min(1), export: z.string().min(1).default('default') }))
      .default([]),
    /** Command lines where they differ from the seed's, by the seed's own name, e.g. { "test:e2e": ["make", "e2e"] }. */
    commands: z.record(z.string(), commandLine).default({}),
    /**
     * Values in the source that look like secrets and are none: each by its sha256, which the report says, or by its exact path
     * and value. A value in the form of a provider's live system is never covered, and a listing of nothing is a finding.
     */
    testSecrets: z
      .array(
        z.union([
          z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), reason: z.string().min(10) }),
          z.strictObject({ path: z.string().min(1), value: z.string().min(1), reason: z.string().min(10) }),
        ]),
      )
      .default([]),
    /** The audit log beneath the API, where it is not found by itself. */
    auditLog: z
      .strictObject({
        /** Its table, with the schema unless that is `public`. */
        table: z.string().min(1).optional(),
        /** Verifies the chain and ends with 0 only where it is whole; `aro diagnose` unless told otherwise. */
        verify: commandLine.optional(),
      })
      .prefault({}),
    /** What removes data whose time is over: a command, or the time of day, in UTC, at which the running service does it. */
    purge: z
      .union([
        z.strictObject({ command: commandLine }),
        z.strictObject({
          dailyAt: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day, e.g. "03:00"'),
        }),
      ])
      .optional(),
    /** Where `npm audit` asks for advisories: a url, or a program that serves them and prints its url as its first line. */
    registry: z.union([z.url(), z.strictObject({ command: commandLine })]).optional(),
    /** How the image is built, for a subject with a Dockerfile. */
    image: z.strictObject({ buildArguments: z.record(z.string(), z.string()).default({}) }).prefault({}),
    /** Folder of the runbooks, relative to root. */
    runbooks: z.string().optional(),
    /** Records that people have made of what no machine can see. */
    attestations: z
      .strictObject({
        rollbackPlan: recordSource.optional(),
        onCallRotation: recordSource.optional(),
        incidentResponse: recordSource.optional(),
      })
      .prefault({}),
    /** Starts this ARO, with whatever ends TLS for it in production, on the certificate in the facilities' `tls`. */
    tls: z.strictObject({ command: commandLine, environment: environmentBuilder }).optional(),
    monitor: z
      .union([z.strictObject({ prometheusUrl: z.url(), query: z.string() }), z.strictObject({ history: z.string() })])
      .optional(),
    notApplicable: z.array(statementSchema).default([]),
  })
  .describe('subject file')

/** A subject file's content as its author writes it: what has a default may be left out. */
export type SubjectInput = z.input<typeof subjectSchema>

/** A checked subject file. */
export type Subject = z.output<typeof subjectSchema>

/** Gives a subject file its types; the checks are made when the gate loads it. */
export function defineSubject(subject: SubjectInput): SubjectInput {
  return subject
}

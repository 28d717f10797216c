import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()
const positive = z.int().positive()

const findingSchema = z.object({
  secret: z.string().min(1),
  way: z.enum(['environment', 'integrations API', 'login', 'refused request']),
  /** In which of the places searched, and where in it. */
  place: z.enum(['database', 'log', 'answer', 'other provider', 'file', 'backup']),
  where: z.string().min(1),
  encoding: z.string().min(1),
})

/** @see secretsTrialSchema */
export type SecretFinding = z.infer<typeof findingSchema>

const useSchema = z.object({
  provider: z.string().min(1),
  /** After which of several writes of the key. */
  after: z.string().min(1),
  calls: count,
  /** Whether the provider got the key that was written last, within 5 s. */
  isNewKeyUsed: z.boolean(),
  /** What else it got: from the moment the new key was seen once, or all if it never was. */
  otherKeys: z.array(z.enum(['an earlier key', 'the key of the environment', 'no key that was ever written'])),
})

const tamperingSchema = z.object({
  what: z.string().min(1),
  /** Rows changed; a change that did not take hold proves nothing. */
  rows: positive,
  outcome: z.enum([
    'not sent',
    'sent with the stored key',
    'sent with an earlier key',
    'sent with the key of the environment',
    'sent with the key from the other place',
    'sent with no key that was ever written',
  ]),
  /** How a message that was not sent ended. */
  how: z.string().min(1),
})

/** Where the secrets went that the subject was given, and how it keeps the API keys. */
export const secretsTrialSchema = z.object({
  planted: z.object({ environment: positive, integrations: positive, login: positive, refused: positive }),
  searched: z.object({
    databaseTimes: positive,
    tables: positive,
    columns: positive,
    rows: positive,
    logLines: positive,
    logLinesAtDebug: positive,
    answers: positive,
    providerCalls: positive,
    files: count,
    backupBytes: positive,
  }),
  faults: z.array(z.object({ fault: z.string(), observations: positive })).min(2),
  findings: z.array(findingSchema),
  storage: z.object({
    /** Where sealed keys lie. */
    columns: z.array(z.string()).min(1),
    /** Stored values of one and the same plaintext. */
    samplesOfOnePlaintext: z.int().min(4),
    /** Pairs of them that are the same. */
    equalPairs: count,
    samplesOfKnownPlaintext: z.int().min(4),
    /** Pairs of them that give away the difference of their plaintexts: sealed under one key stream. */
    pairsUnderOneStream: count,
  }),
  uses: z.array(useSchema).min(2),
  /** The message that went out with its key beside those whose keys were tampered with. */
  untamperedKeyUsed: z.boolean(),
  tamperings: z.array(tamperingSchema).min(4),
  endedProcesses: count,
})

/** @see secretsTrialSchema */
export type SecretsTrial = z.infer<typeof secretsTrialSchema>

const remedies: Record<SecretFinding['place'], string> = {
  database:
    'Encrypt secrets with authenticated encryption, hash passwords and tokens, and leave secrets out of everything else.',
  log: 'Log from a list of harmless fields, at every level; errors of providers and of the database carry requests in them.',
  answer: 'Answer refusals with fixed words and field names, never with what was received.',
  'other provider': 'Give each call the credentials of its own provider and nothing else.',
  file: 'Keep secrets in memory; write no configuration and no dumps to disk.',
  backup: 'Encrypt backups, and keep the keys out of them.',
}

/** Each secret that is where it must not be, and each way in which stored keys are not safe. */
export function judgeSecrets(trial: SecretsTrial): JudgedShortfall[] {
  return [
    ...trial.findings.map(({ secret, way, place, where, encoding }) => ({
      what: `${secret} (from: ${way}) is readable in ${/^[aeiou]/.test(place) ? 'an' : 'a'} ${place}, ${encoding}`,
      expected: 'in no place and in no encoding',
      where,
      mitigation: remedies[place],
    })),
    ...judgeStorage(trial.storage),
    ...trial.uses.flatMap(judgeUse),
    ...judgeTamperings(trial),
    ...(trial.endedProcesses === 0
      ? []
      : [
          {
            what: `${trial.endedProcesses} processes ended by themselves`,
            expected: 'a key that cannot be read fails the work that needs it, nothing else',
            where: 'subject process',
            mitigation: 'Catch what decryption throws where the key is used.',
          },
        ]),
  ]
}

function judgeStorage({ columns, ...storage }: SecretsTrial['storage']): JudgedShortfall[] {
  const where = columns.join(', ')
  const mitigation = 'Encrypt under AES-256-GCM with a new random nonce for every write.'
  const shortfalls: JudgedShortfall[] = []
  if (storage.equalPairs > 0) {
    shortfalls.push({
      what: `the same key is stored as the same value: ${storage.equalPairs} equal pairs of ${storage.samplesOfOnePlaintext} stored values`,
      expected: 'another value with every write',
      where,
      mitigation,
    })
  }
  if (storage.pairsUnderOneStream > 0) {
    shortfalls.push({
      what: `${storage.pairsUnderOneStream} pairs of stored keys share a nonce: the difference of the stored values is that of the keys`,
      expected: 'no two values under one nonce',
      where,
      mitigation,
    })
  }
  return shortfalls
}

function judgeUse({
  provider,
  after,
  isNewKeyUsed,
  otherKeys,
  calls,
}: SecretsTrial['uses'][number]): JudgedShortfall[] {
  if (isNewKeyUsed && otherKeys.length === 0) return []
  const got = otherKeys.length === 0 ? 'nothing' : [...new Set(otherKeys)].join(' and ')
  return [
    {
      what: `${provider} got ${got}${isNewKeyUsed ? ' beside the stored key' : ' instead of the stored key'} in ${calls} calls after ${after}`,
      expected: 'the key that was written last, within 5 s, and no other from then on',
      where: `calls to ${provider}`,
      mitigation: 'Read the stored key when it is needed, decrypt it, and use it.',
    },
  ]
}

function judgeTamperings({ tamperings, untamperedKeyUsed }: SecretsTrial): JudgedShortfall[] {
  const shortfalls = tamperings.flatMap(({ what, outcome }) =>
    outcome === 'not sent'
      ? []
      : [
          {
            what: `tampering is not detected: with ${what}, a message was ${outcome}`,
            expected: 'the work that needs the key fails, and no call is made',
            where: 'stored API key of the SMS provider',
            mitigation:
              'Use authenticated encryption with tenant and provider as associated data, check the whole tag, and let no other key stand in.',
          },
        ],
  )
  if (untamperedKeyUsed) return shortfalls
  return [
    ...shortfalls,
    {
      what: 'after a restart, a message of a clinic whose key is intact did not reach the provider with that key',
      expected: 'the stored key decrypts as before',
      where: 'stored API key of the SMS provider',
      mitigation: 'Derive the encryption key from the configuration alone, not from the process.',
    },
  ]
}

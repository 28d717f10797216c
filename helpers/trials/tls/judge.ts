import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const attemptSchema = z.object({
  /** What was offered, e.g. `TLS 1.0` or `RC4`. */
  offer: z.string(),
  isAccepted: z.boolean(),
  /** Version and suite that the server chose, or how it refused. */
  answer: z.string(),
  /** Whether a server that does speak it took the same offer in the same run; null where none could be had. */
  isTakenByOther: z.boolean().nullable(),
})

/** All that was seen of TLS. */
export const tlsTrialSchema = z.object({
  /** Status of a whole request by each version that has to be served; null when there was no answer. */
  served: z
    .array(z.object({ version: z.string(), status: z.int().nullable(), problem: z.string().nullable() }))
    .length(2),
  oldVersions: z.array(attemptSchema).length(2),
  weakSuites: z.array(attemptSchema).min(5),
  certificate: z.object({
    /** Why a client of today does not believe it; null when it does. */
    problem: z.string().nullable(),
    keyType: z.string(),
    keyBits: z.int().positive(),
    signature: z.string(),
    validFrom: z.string(),
    validTo: z.string(),
  }),
  /** What plain HTTP was answered with, on the port of TLS and on the one beside it. */
  plain: z.array(
    z.object({ port: z.string(), status: z.int().nullable(), location: z.string().nullable(), how: z.string() }),
  ),
  /** Strict-Transport-Security on answers of several kinds. */
  strictTransport: z.array(z.object({ route: z.string(), maxAgeSeconds: z.int().nullable() })).min(2),
  /** Calls to providers: believed before, and tried again where the provider proves itself by a stranger's certificate. */
  outbound: z
    .array(
      z.object({
        provider: z.string(),
        before: z.int().positive(),
        refused: z.int().nonnegative(),
        delivered: z.int().nonnegative(),
      }),
    )
    .min(1),
})

/** @see tlsTrialSchema */
export type TlsTrial = z.infer<typeof tlsTrialSchema>

const fewestRsaBits = 2048
const fewestCurveBits = 256
const shortestStrictSeconds = 180 * 24 * 3600

/** Each offer accepted that must be refused, each that must be served and is not, and each call to a stranger. */
export function judgeTls(trial: TlsTrial): JudgedShortfall[] {
  const { served, oldVersions, weakSuites, plain, strictTransport, outbound } = trial
  return [
    ...served
      .filter(({ status }) => status !== 200)
      .map(({ version, status, problem }) => ({
        what: `TLS ${version} is not served: ${problem ?? `status ${status}`}`,
        expected: 'TLS 1.2 and 1.3 served',
        where: `request by TLS ${version}`,
        mitigation: 'Allow TLS 1.2 and 1.3.',
      })),
    ...[...oldVersions, ...weakSuites]
      .filter(({ isAccepted }) => isAccepted)
      .map(({ offer, answer }) => ({
        what: `a client that offers ${offer} only is accepted: ${answer}`,
        expected: 'TLS 1.0, 1.1 and weak suites refused',
        where: `first message of a client that offers ${offer}`,
        mitigation:
          'Set the lowest version to TLS 1.2, and name suites with forward secrecy and authenticated encryption.',
      })),
    ...judgeCertificate(trial.certificate),
    ...plain
      .filter(({ status, location }) => status !== null && !isRedirect(status, location))
      .map(({ port, status }) => ({
        what: `plain HTTP on the ${port} is answered with ${status}`,
        expected: 'plain HTTP refused, or redirected to https',
        where: `plain request to the ${port}`,
        mitigation: 'Close the port, or answer it with a redirect to https and nothing else.',
      })),
    ...strictTransport
      .filter(({ maxAgeSeconds }) => (maxAgeSeconds ?? 0) < shortestStrictSeconds)
      .map(({ route, maxAgeSeconds }) => ({
        what: `the answer to ${route} has ${maxAgeSeconds === null ? 'no Strict-Transport-Security' : `Strict-Transport-Security for ${maxAgeSeconds} s only`}`,
        expected: 'Strict-Transport-Security with a max-age of at least 180 days on every answer',
        where: route,
        mitigation: 'Set the header for all answers by HTTPS.',
      })),
    ...outbound
      .filter(({ delivered }) => delivered > 0)
      .map(({ provider, delivered }) => ({
        what: `${delivered} requests were sent to a ${provider} that proved itself by a stranger's certificate`,
        expected: 'the certificate of every provider verified, and nothing sent when it is not genuine',
        where: `calls to ${provider}`,
        mitigation: 'Leave certificate verification on; trust a further authority by NODE_EXTRA_CA_CERTS or ca.',
      })),
  ]
}

const isRedirect = (status: number, location: string | null): boolean =>
  // 400 is what a TLS server says of plain HTTP on its own port
  status === 400 ||
  status === 426 ||
  (status >= 300 && status < 400 && location !== null && /^https:\/\//i.test(location))

function judgeCertificate({ problem, keyType, keyBits, signature }: TlsTrial['certificate']): JudgedShortfall[] {
  const where = 'certificate of the subject'
  const shortfalls: JudgedShortfall[] = []
  if (problem !== null) {
    shortfalls.push({
      what: `the certificate is not believed: ${problem}`,
      expected: 'a certificate for the service’s name, by a trusted authority, valid now',
      where,
      mitigation: 'Serve the certificate that the service is given, with the chain up to its authority.',
    })
  }
  const fewest = keyType === 'rsa' ? fewestRsaBits : fewestCurveBits
  if (keyBits < fewest) {
    shortfalls.push({
      what: `the certificate's ${keyType} key has ${keyBits} bits`,
      expected: 'at least 2,048 bits for RSA, 256 for elliptic curves',
      where,
      mitigation: 'Issue the certificate anew for a longer key.',
    })
  }
  if (/md5|sha-?1(?!\d)/i.test(signature)) {
    shortfalls.push({
      what: `the certificate is signed with ${signature}`,
      expected: 'a signature with SHA-256 or better',
      where,
      mitigation: 'Have the certificate issued anew.',
    })
  }
  return shortfalls
}

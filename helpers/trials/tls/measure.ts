import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { freePort } from '../../loopback.ts'
import { makeAuthority } from '../../providers/authority.ts'
import { environmentFor } from '../../subject/environment.ts'
import { startInstance } from '../../subject/instance.ts'
import { askByVersions, offerWeakly, readCertificate, readStrictTransport, speakPlainly } from './inbound.ts'
import type { SecureSubject } from './inbound.ts'
import type { TlsTrial } from './judge.ts'
import { callStrangers } from './outbound.ts'

type Needs = ControlContext & Pick<FacilityMap, 'app' | 'database' | 'providers' | 'run'>

/** Starts the subject on TLS and speaks every way to it; then watches whom it believes when it calls. */
export async function tryTls(context: Needs): Promise<TlsTrial> {
  const { subject, run, database, providers, app, signal, progress } = context
  const { tls } = subject
  if (tls === undefined) {
    throw new Error(
      'The subject file does not say how this ARO speaks TLS: add tls: { command, environment }, which starts it with what ends TLS for it, on the certificate in facilities.tls.',
    )
  }
  const authority = await makeAuthority()
  const pair = await authority.issueRsa(['localhost', '127.0.0.1'])
  const directory = join(run.runDirectory, 'tls')
  mkdirSync(directory, { recursive: true })
  const certificateFile = join(directory, 'certificate.pem')
  const keyFile = join(directory, 'key.pem')
  await Promise.all([writeFile(certificateFile, pair.certificate), writeFile(keyFile, pair.key)])
  const [port, plainPort] = [await freePort(), await freePort()]
  const url = `https://127.0.0.1:${port}`
  const facilities = {
    host: '127.0.0.1' as const,
    port,
    databaseUrl: database.proxy.url,
    providerUrls: providers.urls,
    tenants: run.tenants,
    secrets: run.secrets,
    directory,
    tls: { certificateFile, keyFile, plainPort },
  }
  await using instance = await startInstance({
    command: tls.command,
    environment: environmentFor(subject, facilities, subject.runtime === 'node' ? providers.environment : {}),
    directory: subject.root,
    url,
    readyPath: subject.paths.ready,
    signal,
    runDirectory: run.runDirectory,
    readyWithinMilliseconds: subject.start.readyWithinSeconds * 1000,
    stopWithinMilliseconds: subject.start.stopWithinSeconds * 1000,
  })
  const secure: SecureSubject = {
    url: instance.url,
    plainPort,
    authority: authority.certificate,
    healthPath: subject.paths.health,
    adminPath: subject.paths.admin,
  }
  const inbound = {
    served: await askByVersions(secure),
    ...(await offerWeakly(secure, pair)),
    certificate: await readCertificate(secure),
    plain: await speakPlainly(secure),
    strictTransport: await readStrictTransport(secure),
  }
  progress('versions, suites and the certificate were tried')
  return { ...inbound, outbound: await callStrangers(app, providers) }
}

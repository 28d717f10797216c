import { control } from '../../helpers/control.ts'
import { judgeTls, tlsTrialSchema } from '../../helpers/trials/tls/judge.ts'
import { tryTls } from '../../helpers/trials/tls/measure.ts'

export default control(import.meta, {
  requirement: 'Whoever talks to the service does so by sound TLS, and whomever it calls has to prove who they are.',
  target:
    'TLS 1.2 and 1.3 served; 1.0, 1.1 and weak suites refused; a genuine certificate; plain HTTP refused or redirected; HSTS; nothing sent to a provider with a stranger’s certificate',
  method:
    'Starts the subject on a certificate of the gate’s, sends first messages of old clients to it and to a careless server, reads its certificate and headers, and lets the providers present a stranger’s certificate.',
  severity: 'high',
  needs: ['app', 'database', 'providers', 'run'],
  evidence: tlsTrialSchema,
  measure: tryTls,
  judge: judgeTls,
  summarise({ oldVersions, weakSuites, certificate, outbound }) {
    const offers = [...oldVersions, ...weakSuites]
    const calls = outbound.map(
      ({ provider, refused, delivered }) => `${provider} ${refused} refused, ${delivered} sent`,
    )
    return `${offers.filter(({ isAccepted }) => isAccepted).length} of ${offers.length} weak offers accepted (${offers.filter(({ isTakenByOther }) => isTakenByOther === true).length} of them by a careless server); ${certificate.keyType} key of ${certificate.keyBits} bits; calls to strangers: ${calls.join(', ')}`
  },
})

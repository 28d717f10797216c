/** A form in which a provider, or a standard, writes secrets. */
export interface SecretFormat {
  rule: string
  /** The secret is group `value`, or else the whole match. */
  expression: RegExp
  /** Whether only a provider's live system writes it: no test has a use for such a value. */
  isLive: boolean
  /** What else has to hold, e.g. of the place around. */
  accepts?: (value: string, match: RegExpMatchArray) => boolean
}

const local =
  /^(?:localhost|127\.|\[::1\]|0\.0\.0\.0|host\.docker\.internal|postgres|database|db|redis)(?:$|[^.\w-]|\.example)|\bexample\.(?:org|com|net)|\.(?:test|example|invalid)$/i
const known = new Set([
  'postgres',
  'password',
  'pass',
  'secret',
  'admin',
  'root',
  'test',
  'user',
  'aro',
  'guest',
  'redis',
  'example',
])

const isCalendly = (token: string): boolean =>
  /calendly/i.test(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('latin1'))

/** Formats of the providers of an ARO and of its usual surroundings; each value is looked at once more for placeholders. */
export const secretFormats: readonly SecretFormat[] = [
  { rule: 'Stripe live key', expression: /\b[sr]k_live_[0-9A-Za-z]{16,}/g, isLive: true },
  { rule: 'Stripe test key', expression: /\b[sr]k_test_[0-9A-Za-z]{16,}/g, isLive: false },
  { rule: 'Stripe webhook secret', expression: /\bwhsec_[0-9A-Za-z+/]{20,}={0,2}/g, isLive: true },
  {
    rule: 'Calendly personal token',
    expression: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/g,
    isLive: true,
    accepts: isCalendly,
  },
  {
    rule: 'JSON Web Token',
    expression: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/g,
    isLive: false,
    accepts: (token) => !isCalendly(token),
  },
  {
    rule: 'Twilio account and auth token',
    expression: /\bAC[0-9a-f]{32}\b[\s\S]{1,400}?(?<![0-9A-Za-z])(?<value>[0-9a-f]{32})(?![0-9A-Za-z])/g,
    isLive: false,
  },
  {
    rule: 'Twilio account and auth token',
    expression: /(?<![0-9A-Za-z])(?<value>[0-9a-f]{32})(?![0-9A-Za-z])[\s\S]{1,200}?\bAC[0-9a-f]{32}\b/g,
    isLive: false,
  },
  {
    rule: 'Twilio API key and secret',
    expression: /\bSK[0-9a-f]{32}\b[\s\S]{1,300}?(?<![0-9A-Za-z])(?<value>[0-9A-Za-z]{32})(?![0-9A-Za-z])/g,
    isLive: false,
    accepts: (value) => !/^(?:AC|SK|SM|MM)[0-9a-f]{32}$/.test(value) && /\d/.test(value),
  },
  {
    rule: 'Twilio auth token',
    expression:
      /twilio[\w .'"-]{0,40}?(?:auth[\w-]{0,3}token|token|secret)['"\]]?\s{0,3}(?:[:=,]|=>|\?\?|\|\|)\s{0,3}['"`]?(?<value>[0-9a-f]{32})(?![0-9A-Za-z])/gi,
    isLive: false,
  },
  {
    rule: 'address with a password',
    expression:
      /\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|smtps?|https?|ftps?):\/\/[^\s:@/'"`<>]{0,100}:(?<value>[^\s@/'"`<>]{1,200})@(?<host>[^\s/:'"`]{1,200})/gi,
    isLive: false,
    accepts: (value, { groups }) =>
      !(local.test(groups?.host ?? '') && (known.has(value.toLowerCase()) || value.length < 8)),
  },
  {
    rule: 'private key',
    expression:
      /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?<value>(?:\\[nr]|[\sA-Za-z0-9+/=:,"'-]){40,}?)-----END/g,
    isLive: false,
  },
  { rule: 'GitHub token', expression: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,})\b/g, isLive: true },
  { rule: 'GitLab token', expression: /\bglpat-[\w-]{20,}/g, isLive: true },
  { rule: 'npm token', expression: /\bnpm_[A-Za-z0-9]{36}\b/g, isLive: true },
  { rule: 'AWS access key', expression: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, isLive: true },
  { rule: 'Google API key', expression: /\bAIza[\w-]{35}\b/g, isLive: true },
  { rule: 'Slack token', expression: /\bxox[abeprs]-[\w-]{20,}/g, isLive: true },
  {
    rule: 'language model key',
    expression: /\bsk-(?:proj-|svcacct-|ant-[\w]{2,8}-)?[A-Za-z0-9_-]{32,}/g,
    isLive: true,
    accepts: (value) => /\d/.test(value) && /[A-Z]/.test(value),
  },
  { rule: 'SendGrid key', expression: /\bSG\.[\w-]{16,}\.[\w-]{16,}/g, isLive: true },
]

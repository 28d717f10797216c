interface SecretPattern {
  /** What the placeholder calls it. */
  kind: string
  /** Cheap sign that the pattern may occur at all. */
  hint: RegExp
  /** With `wraps`, groups 1 and 2 are kept on either side of the placeholder. */
  expression: RegExp
  wraps: boolean
}

const pattern = (kind: string, hint: RegExp, expression: RegExp, wraps = false): SecretPattern => ({
  kind,
  hint,
  expression,
  wraps,
})

/** What looks like a credential or a person's address whatever the run's own secrets are; the more specific first. */
export const patterns: readonly SecretPattern[] = [
  pattern(
    'private key',
    /-----BEGIN/,
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  ),
  pattern(
    'password',
    /:\/\/[^\s@]{0,400}@/,
    /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{0,100}:)[^\s"<>]{1,200}(@)/gi,
    true,
  ),
  pattern('token', /eyJ/, /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g),
  pattern('token', /bearer/i, /(\bbearer\s+)(?!\(redacted)[\w.~+/=-]{8,}()/gi, true),
  pattern('token', /whsec_|[sr]k_(?:live|test)_/, /\b(?:whsec_|[sr]k_(?:live|test)_)[\w+/=-]{6,}/g),
  pattern('token', /gh[pousr]_|AKIA/, /\b(?:gh[pousr]_\w{30,}|AKIA[0-9A-Z]{16})\b/g),
  // not package@1.2.3-beta.rc
  pattern(
    'e-mail address',
    /@|%40/,
    /[\w.+-]{1,64}(?:@|%40)(?!\d+\.\d+\.\d+)(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\b/gi,
  ),
  pattern('phone', /(?:\+|%2B)[1-9]\d{7}/i, /(?:(?<![\w+])\+|%2B)[1-9]\d{7,14}(?!\d)/gi),
]

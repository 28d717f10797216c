import { createHmac, randomUUID } from 'node:crypto'

/** A request's authorisation that must not be believed; a value of null sends none. */
export interface ForgedToken {
  name: string
  authorization: string | null
}

/** A token taken apart, with the key that it was signed with. */
export interface KnownToken {
  header: Record<string, unknown>
  claims: Record<string, unknown>
  /** The three parts as they were sent. */
  parts: readonly [string, string, string]
  /** As the subject was given it: text, or hexadecimal digits that stand for bytes. */
  key: string | Buffer
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Takes a compact JWT apart. @throws when it is none, or was not signed by HMAC with any reading of `secret`. */
export function takeApart(token: string, secret: string): KnownToken {
  const [header = '', claims = '', signature = '', ...rest] = token.split('.')
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>
  if (signature === '' || rest.length > 0) throw new Error('Expected a token of three parts from the login.')
  // a secret may be used as text or as the bytes that its hexadecimal or base64 digits stand for
  const readings = [secret, Buffer.from(secret, 'hex'), Buffer.from(secret, 'base64')]
  const key = readings.find((candidate) => hmac('sha256', candidate, `${header}.${claims}`) === signature)
  if (key === undefined) {
    throw new Error(
      'The token of the login is not signed by HS256 with secrets.jwt: forged ones cannot be made from it. Does the subject file hand secrets.jwt to the subject?',
    )
  }
  return { header: read(header), claims: read(claims), parts: [header, claims, signature], key }
}

/** Signs claims as the subject does. */
export function signToken(
  key: string | Buffer,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = { alg: 'HS256', typ: 'JWT' },
): string {
  const hash = { HS384: 'sha384', HS512: 'sha512' }[String(header.alg)] ?? 'sha256'
  const content = `${encode(header)}.${encode(claims)}`
  return `${content}.${hmac(hash, key, content)}`
}

const hmac = (hash: string, key: string | Buffer, content: string): string =>
  createHmac(hash, key).update(content).digest('base64url')

/**
 * Tokens and headers that must not be believed, made from a genuine token: nothing, malformed, out of their time, of
 * another issuer or audience, unsigned, signed with a key that an attacker could know, altered. Sources: RFC 8725,
 * OWASP's JWT cheat sheet, the test cases of jwt_tool.
 */
export function forgeTokens(known: KnownToken, options: { otherTenantId: string; now?: number }): ForgedToken[] {
  const { claims, header, key, parts } = known
  const now = options.now ?? Math.floor(Date.now() / 1000)
  const bearer = (name: string, token: string): ForgedToken => ({ name, authorization: `Bearer ${token}` })
  const genuine = parts.join('.')
  const claimed = (name: string, changes: Record<string, unknown>): ForgedToken =>
    bearer(name, signToken(key, without({ ...claims, ...changes }), header))
  const fresh = { ...claims, jti: randomUUID() }
  const unsigned = (algorithm: string, signature: string): ForgedToken =>
    bearer(
      `algorithm ${algorithm}${signature === '' ? '' : ', signature kept'}`,
      `${encode({ ...header, alg: algorithm })}.${parts[1]}.${signature}`,
    )
  const keyed = (name: string, withKey: string | Buffer, more: Record<string, unknown> = {}): ForgedToken =>
    bearer(name, signToken(withKey, fresh, { ...header, ...more }))
  const edited = (name: string, changes: Record<string, unknown>): ForgedToken =>
    bearer(name, `${parts[0]}.${encode({ ...claims, ...changes })}.${parts[2]}`)
  return [
    { name: 'no token', authorization: null },
    { name: 'empty header', authorization: '' },
    { name: 'scheme without a token', authorization: 'Bearer ' },
    { name: 'Basic scheme', authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` },
    { name: 'Basic scheme around the token', authorization: `Basic ${genuine}` },
    bearer('malformed: a word', 'undefined'),
    bearer('malformed: two parts', `${parts[0]}.${parts[1]}`),
    bearer('malformed: four parts', `${genuine}.${parts[2]}`),
    bearer('malformed: not base64', `${parts[0]}.$$$.${parts[2]}`),
    bearer('malformed: claims are no object', signToken(key, null as never, header)),
    bearer('malformed: empty parts', '..'),
    // the time of issue stays: one from before the account was made is refused for that alone
    claimed('expired five minutes ago', { exp: now - 300 }),
    claimed('expired a year ago', { exp: now - 31_536_000 }),
    claimed('not yet valid', { nbf: now + 3600 }),
    claimed('without an expiry', { exp: undefined }),
    claimed('wrong issuer', { iss: 'aro-systems' }),
    claimed('without an issuer', { iss: undefined }),
    claimed('wrong audience', { aud: 'aro-service' }),
    claimed('without an audience', { aud: undefined }),
    unsigned('none', ''),
    unsigned('None', ''),
    unsigned('NONE', ''),
    unsigned('nOnE', ''),
    unsigned('none', parts[2]),
    keyed('signed with an empty key', ''),
    keyed('signed with the word secret', 'secret'),
    keyed('signed with the issuer', String(claims.iss)),
    keyed('signed with its own key identifier', 'key-1', { kid: 'key-1' }),
    keyed('key identifier that names an empty file', '', { kid: '../../../../../../dev/null' }),
    keyed('key identifier with SQL', 'known', { kid: `' union select 'known' --` }),
    keyed('key carried in the header', 'known', {
      jwk: { kty: 'oct', k: Buffer.from('known').toString('base64url'), alg: 'HS256' },
    }),
    keyed('claims to be RS256, signed with a text', 'known', { alg: 'RS256' }),
    bearer('signature missing', `${parts[0]}.${parts[1]}.`),
    bearer('signature truncated', genuine.slice(0, -8)),
    bearer(
      'signature with one character altered',
      genuine.slice(0, -10) + flipped(genuine.at(-10)) + genuine.slice(-9),
    ),
    bearer('signature in hexadecimal', `${parts[0]}.${parts[1]}.${Buffer.from(parts[2], 'base64url').toString('hex')}`),
    edited('claims edited: another tenant', { ...replaced(claims, options.otherTenantId) }),
    edited('claims edited: a later expiry', { exp: now + 10 * 365 * 86_400 }),
    edited('claims edited: a role', { role: 'superadmin', admin: true }),
  ]
}

const without = (claims: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))

const flipped = (character: string | undefined): string => (character === 'A' ? 'B' : 'A')

/** Every claim whose name speaks of a tenant, with another tenant's id; at least one of that name. */
function replaced(claims: Record<string, unknown>, tenantId: string): Record<string, unknown> {
  const names = Object.keys(claims).filter((name) => /tenant|clinic|org/i.test(name))
  return Object.fromEntries([...names, 'tenantId'].map((name) => [name, tenantId]))
}

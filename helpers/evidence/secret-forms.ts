/** The ways in which a secret may stand in a text: as it is, and in the encodings that carry it along unnoticed. */
export function formsOf(secret: string): Set<string> {
  const bytes = Buffer.from(secret, 'utf8')
  const hexadecimal = bytes.toString('hex')
  const url = encodeURIComponent(secret)
  const json = JSON.stringify(secret).slice(1, -1)
  return new Set([
    secret,
    json,
    hexadecimal,
    hexadecimal.toUpperCase(),
    url,
    url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
    ...base64Forms(bytes),
  ])
}

const shortestForm = 8

/** Base64 of the secret alone and of what holds it at any of the three offsets, such as `user:secret` in a Basic header. */
function base64Forms(bytes: Buffer): string[] {
  const alone = [bytes.toString('base64'), bytes.toString('base64url')]
  const within = [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes])
    // only the characters that no neighbouring byte has a part in
    const first = Math.ceil((offset * 8) / 6)
    const last = Math.floor((padded.length * 8) / 6)
    return [padded.toString('base64').slice(first, last), padded.toString('base64url').slice(first, last)]
  })
  return [...alone, ...within.filter((form) => form.length >= shortestForm)]
}

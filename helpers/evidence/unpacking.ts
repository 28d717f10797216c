import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'

/** One way in which bytes can be read as text. */
export interface Reading {
  /** By which findings name it, such as `gzip at 512`. */
  how: string
  text: string
}

const limits = { maxOutputLength: 256 * 1024 * 1024 }
const mostStreams = 200
const deepest = 3

/** Magic numbers of compressed streams, wherever they begin; of a zip, the data behind a local file header. */
const streams: { how: string; magic: Buffer; uncompress(bytes: Buffer): Buffer }[] = [
  {
    how: 'gzip',
    magic: Buffer.from('1f8b08', 'hex'),
    uncompress: (bytes) => gunzipSync(bytes, { ...limits, finishFlush: constants.Z_SYNC_FLUSH }),
  },
  ...['7801', '785e', '789c', '78da'].map((magic) => ({
    how: 'zlib',
    magic: Buffer.from(magic, 'hex'),
    uncompress: (bytes: Buffer) => inflateSync(bytes, { ...limits, finishFlush: constants.Z_SYNC_FLUSH }),
  })),
  { how: 'zstd', magic: Buffer.from('28b52ffd', 'hex'), uncompress: (bytes) => zstdDecompressSync(bytes, limits) },
  {
    how: 'zip',
    magic: Buffer.from('504b0304', 'hex'),
    uncompress: (bytes) =>
      inflateRawSync(bytes.subarray(30 + bytes.readUInt16LE(26) + bytes.readUInt16LE(28)), {
        ...limits,
        finishFlush: constants.Z_SYNC_FLUSH,
      }),
  },
]

/** Compressed in a way that nothing here can read. */
const unreadable = [
  { how: 'bzip2', magic: Buffer.from('425a68', 'hex') },
  { how: 'xz', magic: Buffer.from('fd377a585a00', 'hex') },
  { how: '7-Zip', magic: Buffer.from('377abcaf271c', 'hex') },
  { how: 'lz4', magic: Buffer.from('04224d18', 'hex') },
]

/**
 * All texts that bytes can be read as without a key: as they are, decoded from base64 or hexadecimal, and whatever lies
 * compressed in them, at any place and in each other. @throws for a compression that cannot be read here.
 */
export function readingsWithin(bytes: Buffer, name = 'as it is', depth = 0): Reading[] {
  const foreign = unreadable.find(({ magic }) => bytes.subarray(0, magic.length).equals(magic))
  if (foreign !== undefined)
    throw new Error(`Expected bytes that can be searched, got ${foreign.how} (${name}), which nothing here can read.`)
  const readings: Reading[] = [
    { how: name, text: bytes.toString('latin1') },
    { how: name, text: bytes.toString('utf8') },
    { how: `${name}, UTF-16`, text: bytes.toString('utf16le') },
  ]
  if (depth >= deepest) return readings
  for (const [how, inner] of innerBytes(bytes)) readings.push(...readingsWithin(inner, `${name}, ${how}`, depth + 1))
  return readings
}

function innerBytes(bytes: Buffer): [how: string, inner: Buffer][] {
  const found = compressedWithin(bytes)
  for (const [how, uncompress] of [
    ['raw deflate', () => inflateRawSync(bytes, limits)],
    ['brotli', () => brotliDecompressSync(bytes, limits)],
  ] as const) {
    const inner = attempt(uncompress)
    if (inner !== undefined && inner.length > 64) found.push([how, inner])
  }
  found.push(...decoded(bytes))
  return found
}

/** Whatever lies compressed in bytes, each up to its end or to where it is broken off. */
export function compressedWithin(bytes: Buffer): [how: string, inner: Buffer][] {
  const found: [string, Buffer][] = []
  for (const { how, magic, uncompress } of streams) {
    for (let at = bytes.indexOf(magic); at !== -1 && found.length < mostStreams; at = bytes.indexOf(magic, at + 1)) {
      const inner = uncompressFrom(bytes.subarray(at), uncompress)
      // random bytes may begin like a stream for a little while
      if (inner !== undefined && inner.length > 64) found.push([`${how} at ${at}`, inner])
    }
  }
  return found
}

const shortestStream = 48

/** All that can be uncompressed: where something else comes in between, what stands before that. */
function uncompressFrom(bytes: Buffer, uncompress: (bytes: Buffer) => Buffer): Buffer | undefined {
  const whole = attempt(() => uncompress(bytes))
  if (whole !== undefined) return whole
  let best = attempt(() => uncompress(bytes.subarray(0, shortestStream)))
  if (best === undefined) return undefined
  let [good, bad] = [shortestStream, bytes.length]
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    const inner = attempt(() => uncompress(bytes.subarray(0, middle)))
    if (inner === undefined) bad = middle
    else [good, best] = [middle, inner]
  }
  return best
}

/** Stretches of base64 or hexadecimal, also in lines, that are long enough to hold something. */
function decoded(bytes: Buffer): [how: string, inner: Buffer][] {
  const text = bytes.toString('latin1')
  const ofText = [...text.matchAll(/(?:[A-Za-z0-9+/_-]{40,}={0,2}[\r\n]{0,2})+/g)].slice(0, mostStreams)
  return ofText.map(({ 0: run, index }) => {
    const plain = run.replaceAll(/[\r\n]/g, '')
    const isHexadecimal = /^[0-9a-f]+$/i.test(plain)
    return [
      `${isHexadecimal ? 'hexadecimal' : 'base64'} at ${index}`,
      Buffer.from(plain, isHexadecimal ? 'hex' : 'base64'),
    ]
  })
}

function attempt(work: () => Buffer): Buffer | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

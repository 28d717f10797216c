/** One stretch of a file that its format treats as a whole, from and to. */
export interface Frame {
  from: number
  to: number
}

const farthestFirst = 4096
const fewest = 2
const longestText = 64 * 1024

/**
 * The frames that a file is made of, found without knowing its format: chunks that each begin with their length, up to the
 * very end of the file, or lines. Undefined where there is neither.
 */
export function findFrames(bytes: Buffer): Frame[] | undefined {
  return lengthFrames(bytes) ?? lineFrames(bytes)
}

/** The contents of a file's chunks in a row: whatever of nonces and tags each may carry is taken off in all usual ways. */
export function joinedChunks(bytes: Buffer): Buffer[] {
  const frames = findFrames(bytes) ?? []
  const heads = [4, 8, 16, 20, 24]
  const tails = [0, 16, 32]
  return heads.flatMap((head) =>
    tails.map((tail) =>
      Buffer.concat(frames.map(({ from, to }) => bytes.subarray(from + head, Math.max(from + head, to - tail)))),
    ),
  )
}

const readers: { width: number; read(bytes: Buffer, at: number): number }[] = [
  { width: 4, read: (bytes, at) => bytes.readUInt32BE(at) },
  { width: 4, read: (bytes, at) => bytes.readUInt32LE(at) },
  { width: 8, read: (bytes, at) => Number(bytes.readBigUInt64BE(at)) },
  { width: 8, read: (bytes, at) => Number(bytes.readBigUInt64LE(at)) },
]
/** What a chunk may hold beside what its length counts: nothing, a nonce, a tag, both. */
const surpluses = [0, 12, 16, 28, 32]

function lengthFrames(bytes: Buffer): Frame[] | undefined {
  for (const { width, read } of readers) {
    for (const surplus of surpluses) {
      for (let first = 0; first < Math.min(farthestFirst, bytes.length - width); first += 1) {
        const frames = chainFrom(bytes, first, (at) => width + surplus + read(bytes, at), width)
        if (frames !== undefined) return frames
      }
    }
  }
  return undefined
}

/** A chain of frames that ends where the file does. */
function chainFrom(bytes: Buffer, first: number, lengthAt: (at: number) => number, width: number): Frame[] | undefined {
  const frames: Frame[] = []
  for (let at = first; at < bytes.length;) {
    if (at + width > bytes.length) return undefined
    const to = at + lengthAt(at)
    // a chain of next to nothing is there by chance
    if (to > bytes.length || to - at < 64) return undefined
    frames.push({ from: at, to })
    at = to
  }
  return frames.length >= fewest ? frames : undefined
}

function lineFrames(bytes: Buffer): Frame[] | undefined {
  const beginning = bytes.subarray(0, longestText).toString('latin1')
  if (!/^[\t\r\n\x20-\x7e]*$/.test(beginning)) return undefined
  const frames: Frame[] = []
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from)
    const to = end === -1 ? bytes.length : end + 1
    if (to - from > 1) frames.push({ from, to })
    from = to
  }
  return frames.length >= fewest ? frames : undefined
}

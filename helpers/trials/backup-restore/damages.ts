import { findFrames } from './frames.ts'
import type { Frame } from './frames.ts'
import type { BackupFiles } from './tools.ts'

/** A backup spoiled in one way, or used where it must not be. */
export interface Damage {
  /** Goes on from "a backup". */
  name: string
  files: BackupFiles
  hasOtherKeys?: boolean
}

type Spoil = (bytes: Buffer) => Buffer

/** Without what only fills up its last block or line, where an alteration would say nothing. */
const lengthOf = (bytes: Buffer): number => {
  let length = bytes.length
  while (length > 1 && [0x00, 0x0a, 0x0d, 0x20].includes(bytes.readUInt8(length - 1))) length -= 1
  return length
}

const at = (bytes: Buffer, place: number): number => Math.min(bytes.length - 1, Math.floor(place * lengthOf(bytes)))

const cut =
  (place: number): Spoil =>
  (bytes) =>
    bytes.subarray(0, at(bytes, place))
const cutLast =
  (count: number): Spoil =>
  (bytes) =>
    bytes.subarray(0, lengthOf(bytes) - count)

/** Flips a bit so that a letter stays a letter where the backup is text. */
const flipAt =
  (placeOf: (bytes: Buffer) => number): Spoil =>
  (bytes) => {
    const spoiled = Buffer.from(bytes)
    let place = placeOf(bytes)
    // neither do filling zeros say anything, nor the end of a line in an encoding of bytes as text
    while (place > 0 && /[\s=\0]/.test(String.fromCharCode(spoiled.readUInt8(place)))) place -= 1
    spoiled.writeUInt8(spoiled.readUInt8(place) ^ 0x01, place)
    return spoiled
  }
const flip = (place: number): Spoil => flipAt((bytes) => at(bytes, place))

const swap =
  (one: number, other: number): Spoil =>
  (bytes) => {
    const length = Math.max(1, Math.floor(bytes.length / 10))
    const [first, second] = [at(bytes, one), at(bytes, other)]
    return Buffer.concat([
      bytes.subarray(0, first),
      bytes.subarray(second, second + length),
      bytes.subarray(first + length, second),
      bytes.subarray(first, first + length),
      bytes.subarray(second + length),
    ])
  }

const leaveOut =
  (from: number, to: number): Spoil =>
  (bytes) =>
    Buffer.concat([bytes.subarray(0, at(bytes, from)), bytes.subarray(at(bytes, to))])

/** What happens to files, in an order in which a rehearsal's first ones differ most. */
const spoils: [name: string, spoil: Spoil][] = [
  ['cut off in the middle', cut(0.5)],
  ['without its last byte', cutLast(1)],
  ['with one bit flipped in the middle', flip(0.5)],
  ['with one bit of its last bytes flipped', flipAt((bytes) => Math.max(0, lengthOf(bytes) - 2))],
  ['that is empty', () => Buffer.alloc(0)],
  [
    'with more of the same after its end',
    (bytes) => Buffer.concat([bytes, bytes.subarray(at(bytes, 0.4), at(bytes, 0.5) + 1)]),
  ],
  ['with one bit flipped near the beginning', flip(0.03)],
  ['with a stretch left out', leaveOut(0.4, 0.55)],
  ['cut off near the beginning', cut(0.02)],
  ['cut off near the end', cut(0.97)],
  ['with one bit flipped near the end', flip(0.93)],
  ['with one bit flipped at a quarter', flip(0.25)],
  ['with one bit flipped at three quarters', flip(0.75)],
  ['with a stretch of zeros in it', (bytes) => Buffer.from(bytes).fill(0, at(bytes, 0.6), at(bytes, 0.62) + 1)],
  ['without its first byte', (bytes) => bytes.subarray(1)],
  ['that holds itself twice', (bytes) => Buffer.concat([bytes, bytes])],
]

/** Of the spoils, in a rehearsal; a release tries all. */
const inRehearsal = 6

/** What happens to the chunks or lines that a file is made of, each of which stays whole. */
const reframings: [name: string, reframe: (frames: readonly Frame[]) => Frame[]][] = [
  ['without its last chunk', (frames) => frames.slice(0, -1)],
  ['with two chunks swapped', (frames) => [...frames.slice(0, -2), ...frames.slice(-2).toReversed()]],
  ['without a chunk in it', (frames) => frames.toSpliced(Math.max(0, frames.length - 2), 1)],
]

function reframe(bytes: Buffer): [name: string, spoiled: Buffer][] {
  const frames = findFrames(bytes)
  // without chunks that could be told, any two stretches are
  if (frames === undefined) return [['with two stretches swapped', swap(0.3, 0.7)(bytes)]]
  const beginning = bytes.subarray(0, frames[0]?.from ?? 0)
  return reframings.map(([name, change]) => [
    name,
    Buffer.concat([beginning, ...change(frames).map(({ from, to }) => bytes.subarray(from, to))]),
  ])
}

/** Worthless backups made from an intact one by its bytes alone: of several files the largest is spoiled. */
export function spoilBackup(files: BackupFiles, profile: 'release' | 'rehearsal'): Damage[] {
  const [largest] = [...files].toSorted(([, one], [, other]) => other.length - one.length)
  if (largest === undefined) throw new Error('Expected a backup with a file, it has none.')
  const [path, bytes] = largest
  const chosen = profile === 'rehearsal' ? spoils.slice(0, inRehearsal) : spoils
  const inFile = (spoil: Spoil): BackupFiles => new Map([...files, [path, spoil(bytes)]])
  return [
    ...chosen.map(([name, spoil]) => ({ name, files: inFile(spoil) })),
    ...reframe(bytes).map(([name, spoiled]) => ({ name, files: inFile(() => spoiled) })),
    ...[...files].flatMap(([each, content]) => {
      const alterations = [
        ['altered to say that it is of another version', alterVersion(content)],
        ['altered to say that it was made at another time', alterTime(content)],
      ] as const
      return alterations.flatMap(([name, altered]) =>
        altered === undefined ? [] : [{ name, files: new Map([...files, [each, altered]]) }],
      )
    }),
    { name: 'made under other keys', files, hasOtherKeys: true },
  ]
}

const beginningLength = 4096
const versionField = /((?:format|schema|app|application)?[_-]?version["']?\s*[:=]\s*["']?v?)(\d)/gi

const time = /(\d{4}-\d\d-\d\dT\d\d:\d)(\d)/

/** With the first time that the beginning tells in plain text altered by a minute; undefined where it tells none. */
const alterTime = (bytes: Buffer): Buffer | undefined =>
  alterBeginning(bytes, (text) =>
    text.replace(time, (_all, before: string, digit: string) => `${before}${(Number(digit) + 1) % 10}`),
  )

/** With every version that the beginning tells in plain text one higher; undefined where it tells none. */
const alterVersion = (bytes: Buffer): Buffer | undefined =>
  alterBeginning(bytes, (text) =>
    text.replaceAll(versionField, (_all, name: string, digit: string) => `${name}${(Number(digit) + 1) % 10}`),
  )

function alterBeginning(bytes: Buffer, alter: (text: string) => string): Buffer | undefined {
  const beginning = bytes.subarray(0, beginningLength).toString('latin1')
  const altered = alter(beginning)
  if (altered === beginning) return undefined
  return Buffer.concat([Buffer.from(altered, 'latin1'), bytes.subarray(beginningLength)])
}

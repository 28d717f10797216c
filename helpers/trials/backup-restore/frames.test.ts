import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { findFrames, joinedChunks } from './frames.ts'

const chunk = (content: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  return Buffer.concat([length, content])
}

test('finds chunks that begin with their length, behind a header', () => {
  const bytes = Buffer.concat([
    randomBytes(120),
    chunk(randomBytes(1000)),
    chunk(randomBytes(1000)),
    chunk(randomBytes(77)),
  ])
  expect(findFrames(bytes)).toEqual([
    { from: 120, to: 1124 },
    { from: 1124, to: 2128 },
    { from: 2128, to: 2209 },
  ])
})

test('finds lines in a text', () => {
  expect(findFrames(Buffer.from('{"a":1}\n{"b":2}\n'))).toEqual([
    { from: 0, to: 8 },
    { from: 8, to: 16 },
  ])
})

test('finds nothing in bytes without any', () => {
  expect(findFrames(randomBytes(5000))).toBeUndefined()
})

test('joins what was packed as a whole and written in chunks with a tag each', () => {
  const packed = gzipSync(randomBytes(3000))
  const tagged = (content: Buffer): Buffer => chunk(Buffer.concat([content, randomBytes(16)]))
  const bytes = Buffer.concat([randomBytes(9), tagged(packed.subarray(0, 2000)), tagged(packed.subarray(2000))])
  expect(joinedChunks(bytes).some((joined) => joined.equals(packed))).toBe(true)
})

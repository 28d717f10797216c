import { randomBytes } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { compressedWithin, readingsWithin } from './unpacking.ts'

const needle = 'alex.canary@example.org'
const text = Buffer.from(`${randomBytes(400).toString('hex')}${needle}${randomBytes(400).toString('hex')}`)
const finds = (bytes: Buffer): boolean => readingsWithin(bytes).some((reading) => reading.text.includes(needle))

test.each([
  ['plain', text],
  ['gzip', gzipSync(text)],
  ['gzip behind a header', Buffer.concat([randomBytes(300), gzipSync(text)])],
  ['gzip that is cut off', gzipSync(text).subarray(0, -30)],
  ['gzip before something else', Buffer.concat([gzipSync(text).subarray(0, -30), randomBytes(500)])],
  ['zlib', Buffer.concat([Buffer.from('HEAD'), deflateSync(text)])],
  ['brotli', brotliCompressSync(text)],
  ['base64 of gzip', Buffer.from(gzipSync(text).toString('base64').replaceAll(/.{76}/g, '$&\n'))],
  ['hexadecimal', Buffer.from(text.toString('hex'))],
  ['UTF-16', Buffer.from(text.toString('utf8'), 'utf16le')],
])('reads %s', (_name, bytes) => {
  expect(finds(bytes)).toBe(true)
})

test('finds nothing in random bytes', () => {
  expect(compressedWithin(randomBytes(200_000))).toEqual([])
})

test('says what it cannot read', () => {
  expect(() => readingsWithin(Buffer.from('fd377a585a0000', 'hex'))).toThrow(/xz/)
})

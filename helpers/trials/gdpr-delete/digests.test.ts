import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { GuessableDigests } from './digests.ts'

const phone = '+14155550123'
const digests = new GuessableDigests()
digests.add('the phone number', phone, ['tenant-1'])

const sha = (input: string, algorithm = 'sha256') => createHash(algorithm).update(input).digest()

describe('a digest that can be guessed is found', () => {
  test.each([
    ['hexadecimal', sha(phone).toString('hex')],
    ['in capitals', sha(phone).toString('hex').toUpperCase()],
    ['as PostgreSQL shows bytes', `\\x${sha(phone).toString('hex')}`],
    ['base64', sha(phone, 'sha512').toString('base64')],
    ['base64url with a prefix', `sha1-${sha(phone, 'sha1').toString('base64url')}`],
    ['cut short', `{"digest":"${sha(phone).toString('hex').slice(0, 20)}"}`],
    ['of the digits only', sha('14155550123', 'md5').toString('hex')],
    ['with the tenant beside it', sha(`tenant-1:${phone}`).toString('hex')],
  ])('%s', (_form, text) => {
    expect(digests.findIn(`id 7\n${text}\nmore`)).toMatchObject([{ label: 'the phone number' }])
  })
})

test('an HMAC under a key is none, nor is the digest of another number', () => {
  const keyed = createHmac('sha256', 'a key').update(phone).digest()
  const others = [keyed.toString('hex'), keyed.toString('base64'), sha('+14155550124').toString('hex')]
  expect(digests.findIn(others.join('\n'))).toEqual([])
})

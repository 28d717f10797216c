import { expect, test } from 'vitest'
import { parseMutant } from './mutant.ts'

const diff = 'diff --git a/src/tls.ts b/src/tls.ts\n--- a/src/tls.ts\n+++ b/src/tls.ts\n@@ -1 +1 @@\n-one\n+two\n'
const file = 'defects/security/tls/old-protocol.patch'
const text = `Control: security/tls\nBroken: TLS 1.0 is served\nExpect: 1.0\n\n${diff}`

test('reads a defect', () => {
  expect(parseMutant(file, text)).toEqual({
    kind: 'defect',
    file,
    control: 'security/tls',
    sentence: 'TLS 1.0 is served',
    expect: '1.0',
    commits: [{ message: 'Change', diff, line: 5 }],
  })
})

test('reads a variant', () => {
  const variant = parseMutant(file, `Control: security/tls\nDiffers: TLS ends at a proxy\n\n${diff}`)
  expect(variant).toMatchObject({ kind: 'variant', sentence: 'TLS ends at a proxy', expect: null })
})

test('reads the same from a file with Windows line ends', () => {
  expect(parseMutant(file, text.replaceAll('\n', '\r\n'))).toEqual(parseMutant(file, text))
})

test('splits diffs with "Then:" between them into commits', () => {
  const { commits } = parseMutant(file, `${text}Then: Remove the key\n${diff}`)
  expect(commits.map(({ message, line }) => [message, line])).toEqual([
    ['Change', 5],
    ['Remove the key', 12],
  ])
})

test.each([
  [/:1: expected a line "Control: …"; it has no header/, ''],
  [/:1: expected a line "Control: …"; it has Broken, Expect/, text.replace('Control: security/tls\n', '')],
  [/:1: expected a line "Expect: …"/, text.replace('Expect: 1.0\n', '')],
  [/expected a line "Broken: …"/, text.replace('Broken', 'Broke')],
  [
    /:4: expected of a defect only Control, Broken, Expect; got "Note"/,
    text.replace('Expect: 1.0', 'Expect: 1.0\nNote: x'),
  ],
  [/:4: expected "Expect:" once; got it twice/, text.replace('Expect: 1.0', 'Expect: 1.0\nExpect: 1.1')],
  [/:3: expected a word of at least 3 letters .*; got "1"/, text.replace('Expect: 1.0', 'Expect: 1')],
  [/:2: expected "Control:".*; got "Broken:"/, text.replace('Broken: TLS 1.0 is served', 'Broken:')],
  [/:1: expected a control as <gate>\/<control>.*; got "tls"/, text.replace('security/tls', 'tls')],
  [/:3: expected of a variant only Control, Differs; got "Expect"/, text.replace('Broken: ', 'Differs: ')],
  [/:5: expected a unified diff/, text.replace(diff, '')],
  [/:5: expected a unified diff/, text.replace(diff, 'no diff here')],
  [/:12: expected a unified diff/, `${text}Then: nothing\n`],
] satisfies [RegExp, string][])(
  'refuses a malformed file, saying where and what to write: %s',
  (message, malformed) => {
    expect(() => parseMutant(file, malformed)).toThrow(message)
  },
)

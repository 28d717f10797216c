import { expect, test } from 'vitest'
import { hostileTexts } from '../../attacks/hostile-texts.ts'
import { findInjections, textOf, weaknessesOf } from '../../source/injected-markup.ts'
import { at, testJudge, where } from '../judge-harness.ts'
import { judgeScripting, scriptingTrialSchema } from './judge.ts'
import type { ScriptingTrial } from './judge.ts'

const page = (trial: ScriptingTrial): ScriptingTrial['answers'][number] => where(trial.answers, ({ isHtml }) => isHtml)
const other = (trial: ScriptingTrial): ScriptingTrial['answers'][number] =>
  where(trial.answers, ({ isHtml }) => !isHtml)
const visit = ({ browser }: ScriptingTrial): NonNullable<ScriptingTrial['browser']>['pages'][number] =>
  at(browser?.pages ?? [], 0)

testJudge({
  directory: import.meta.dirname,
  schema: scriptingTrialSchema,
  judge: judgeScripting,
  alterations: [
    [
      'a text became an element',
      (trial) => page(trial).injections.push({ text: 'a script element', became: '<script>' }),
      /a script element\) became <script>/,
    ],
    ['JSON as HTML', (trial) => Object.assign(page(trial), { isJsonAsHtml: true }), /sends JSON as text\/html/],
    ['another type', (trial) => (other(trial).contentType = 'image/svg+xml'), /content type image\/svg\+xml/],
    [
      'no type',
      (trial) => Object.assign(other(trial), { contentType: null, hostileTexts: 1 }),
      /hostile text and no content type/,
    ],
    ['no nosniff', (trial) => (other(trial).hasNosniff = false), /without X-Content-Type-Options/],
    ['no policy', (trial) => (page(trial).policyWeaknesses = ['there is none']), /policy .* there is none/],
    ['a text ran', (trial) => visit(trial).ran.push('the end of a script'), /\(the end of a script\) ran as a script/],
    ['something from outside', (trial) => visit(trial).outside.push('cdn.example.org'), /asks cdn.example.org/],
  ],
  allowed: [
    ['no browser', (trial) => (trial.browser = null)],
    ['plain text', (trial) => (other(trial).contentType = 'text/plain; version=0.0.4')],
    ['a problem in JSON', (trial) => (other(trial).contentType = 'application/problem+json')],
    ['an answer without content', (trial) => Object.assign(other(trial), { contentType: null, hostileTexts: 0 })],
  ],
})

const texts = hostileTexts()
const markers = texts.map(({ marker }) => marker)
const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

test.each(texts)('shown as text: $name', ({ text }) => {
  const safe = `<!doctype html><title>${escaped(text)}</title><p title="${escaped(text)}">${escaped(text)}</p>
    <script type="application/json">${JSON.stringify(text).replaceAll('<', String.raw`\u003c`)}</script>`
  expect(findInjections(safe, markers)).toEqual([])
  expect(textOf(safe)).toContain(text)
})

test.each([
  ['in an element', (text: string) => `<p>${text}</p>`, 6],
  ['in an attribute', (text: string) => `<p title="${text}">x</p>`, 2],
  ['in an attribute with single quotes', (text: string) => `<p title='${text}'>x</p>`, 3],
  ['as an address', (text: string) => `<a href="${escaped(text)}">x</a>`, 1],
  ['in a script', (text: string) => `<script>const name = '${text}'</script>`, 2],
])('taken for markup %s', (_name, put, fewest) => {
  const found = texts.filter(({ text }) => findInjections(`<!doctype html>${put(text)}`, markers).length > 0)
  expect(found.length).toBeGreaterThanOrEqual(fewest)
})

test.each([
  [undefined, ['there is none']],
  ["default-src 'none'; style-src 'self'", []],
  ["script-src 'self'; default-src *", []],
  ["script-src 'nonce-abc' 'unsafe-inline'", []],
  ["default-src 'self' 'unsafe-inline'", ["scripts within the page ('unsafe-inline')"]],
  ["script-src 'self' 'unsafe-eval'", ["texts as scripts ('unsafe-eval')"]],
  ['default-src https:', ['scripts from anywhere']],
  ["script-src 'self'; script-src *", []],
  ["frame-ancestors 'none'", ['it names no script-src and no default-src']],
])('the policy %s', (policy, weaknesses) => {
  expect(weaknessesOf(policy)).toEqual(weaknesses)
})

import { expect, test } from 'vitest'
import { findKeptState } from './process-state.ts'
import { findProfileBranches } from './profile-branches.ts'
import { parseFile } from './syntax.ts'

const branchesIn = (text: string): string[] =>
  findProfileBranches('/core', [parseFile('/core/a.ts', text)], {
    profileIds: ['healthcare'],
    domainWords: ['appointment'],
  }).map(({ how }) => how)
const keptIn = (text: string): string[] => {
  const file = parseFile('/core/a.ts', text)
  return findKeptState('/core', [file], [file]).map(({ name }) => name)
}

test.each([
  ['a comparison', `if (command.profile === 'orchard') run()`],
  ['a comparison with a constant', `const tree = 'orchard'\nif (tree !== command.profile) run()`],
  ['a comparison through an alias', `const { profile: kind } = command\nconst is = kind == 'orchard'`],
  [
    'a comparison of a variation',
    `const short = command.profile.toLowerCase().slice(0, 4)\nif (short === 'orch') run()`,
  ],
  ['a comparison in a function', `const isTree = (id: string) => id === 'orchard'\nif (isTree(command.profile)) run()`],
  [
    'a comparison of what a function gives',
    `function kindOf(c) { return c.profile }\nif (kindOf(command) === 'orchard') run()`,
  ],
  ['a parameter taken apart', `function run({ profileId }) { return profileId === 'orchard' ? 1 : 2 }`],
  ['a switch', `switch (event.profile) { case 'orchard': run() }`],
  ['a table', `const limits = { orchard: 3 }\nconst limit = limits[command.profile] ?? 5`],
  ['a table within', `const limit = { orchard: 3 }[command.profile]`],
  ['a map', `const limits = new Map([['orchard', 3]])\nconst limit = limits.get(command.profile)`],
  ['a set', `const strict = new Set(['orchard'])\nif (strict.has(row.profile_id)) run()`],
  ['a list', `if (['orchard', 'garden'].includes(profileId)) run()`],
  ['a membership', `const limits = { orchard: 3 }\nif (command.profile in limits) run()`],
  ['a beginning', `if (profile.startsWith('orch')) run()`],
  ['a pattern', `if (/^orchard/.test(command.profile)) run()`],
  ['a pattern the other way', `if (command.profile.match(/orchard/)) run()`],
  ['an enumeration', `enum Kind { Tree = 'orchard' }\nif (command.profile === Kind.Tree) run()`],
  ['a comparison in SQL', `query("select case when profile = 'orchard' then 1 else 2 end from commands")`],
  ['a list in SQL', `query("select * from commands where c.profile in ('orchard')")`],
  ['a vertical’s word', `const kinds = ['dental']`],
  ['a vertical’s name', `const isClinic = true`],
  ['a word of the profile’s domain', `if (command.aggregate.type === 'appointment') run()`],
])('finds %s', (_name, text) => {
  expect(branchesIn(text)).not.toEqual([])
})

test.each([
  ['presence', `if (command.profile === undefined || profile === null || !profileId) refuse()`],
  ['equality of two that came', `if (row.profile === command.profile) run()`],
  ['a registry that is handed over', `const handler = context.handlers[command.profile]?.[type]`],
  [
    'a registry filled at start',
    `const installed = new Map(profiles.map((one) => [one.id, one]))\ninstalled.get(command.profile)`,
  ],
  ['the form of an id', `if (!/^[a-z][a-z0-9-]*$/.test(command.profile)) refuse()`],
  ['a length', `if (command.profile.length > 100) refuse()`],
  ['a sentence', `throw new Error('Unknown profile; expected one that is installed, such as healthcare.')`],
  ['a comment', `// healthcare is a profile\nrun()`],
  ['storing it', `query('insert into events (profile) values ($1)', [profileId])`],
  ['SQL that compares with a parameter', `query('select * from events where profile = $1', [profile])`],
])('lets pass: %s', (_name, text) => {
  expect(branchesIn(text)).toEqual([])
})

test.each([
  [
    'a map of a module',
    `const results = new Map()\nexport async function handle(command) { results.set(command.id, 1) }`,
  ],
  ['a list of a module', `const seen = []\nexport const handle = (request) => { seen.push(request.id) }`],
  ['a variable of a module', `let last\nexport function handle(request) { last = request.tenantId }`],
  [
    'an object of a module',
    `const byTenant = {}\nexport function handle(tenantId, answer) { byTenant[tenantId] = answer }`,
  ],
  [
    'a static member',
    `class Store { static results = new Map()\n save(command) { Store.results.set(command.id, 1) } }`,
  ],
  [
    'a function that runs once',
    `function routes(app) { const kept = new Map(); app.get((request) => { kept.set(request.id, 1) }) }\nroutes(app)`,
  ],
])('finds state: %s', (_name, text) => {
  expect(keptIn(text)).toHaveLength(1)
})

test.each([
  [
    'what a call keeps for itself',
    `export async function run(unit) { const events = []; await work((event) => events.push(event)) }`,
  ],
  ['a setting read once', `let settings\nexport const read = () => (settings ??= load())`],
  [
    'a breaker for each provider',
    `const breakers = new Map()\nexport const of = (provider) => { breakers.set(provider, make(provider)) }`,
  ],
  ['a count', `const counts = { sent: 0 }\nexport const count = (request) => { counts.sent += 1 }`],
  [
    'work under way',
    `const under = new Map()\nexport async function once(command) { try { under.set(command.id, 1); await run() } finally { under.delete(command.id) } }`,
  ],
  [
    'a copy of what is stored',
    `const known = new Map()\nexport async function find(tenantId) { const one = known.get(tenantId); if (one) return one; const { rows } = await query(tenantId); known.set(tenantId, rows[0]); return rows[0] }`,
  ],
  [
    'registration at start',
    `const handlers = new Map()\nexport function register(name, handler) { handlers.set(name, handler) }`,
  ],
])('lets pass: %s', (_name, text) => {
  expect(keptIn(text)).toEqual([])
})

import fc from 'fast-check'
import { emptyBody, refusedBodies, surplusBodies, unaskedFields } from '../../attacks/broken-bodies.ts'
import { arguableFields, validValues, wrongFields } from '../../attacks/json-shapes.ts'
import {
  arguableParameters,
  impossibleIds,
  oddHeaders,
  surplusQueries,
  validParameters,
  wrongParameters,
} from '../../attacks/odd-parameters.ts'
import type { Genuine, RouteModel } from './routes.ts'
import { assemble, isRecord, withField } from './wire.ts'
import type { Alteration } from './wire.ts'

/** How a kind of request has to be answered: with 2xx, with 4xx, or, where good reasons can be found for both, with either. */
export type Expectation = 'accepted' | 'refused' | 'either'

/** A kind of request to one route. */
export interface RequestKind {
  route: RouteModel
  name: string
  expectation: Expectation
  /** What fast-check generates and shrinks. */
  generated: fc.Arbitrary<unknown>
  /** What is sent for a generated value; `json` is undefined for a route without a body. */
  alter(generated: unknown, genuine: Genuine): { json?: Record<string, unknown>; alteration: Alteration }
  /** A text that must be found nowhere afterwards. */
  canaries: readonly string[]
}

const nothing = fc.constant({})
const asRecord = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {})

const contentOf = (route: RouteModel): fc.Arbitrary<unknown> =>
  route.body === undefined ? nothing : (route.body.content ?? validValues(route.body.shape))

/** Every kind of request to one route. */
export function kindsOf(route: RouteModel, isKnown: (parameter: string) => boolean, word: () => string): RequestKind[] {
  return [
    validRequest(route),
    ...queryKinds(route, isKnown),
    ...parameterKinds(route),
    ...headerKinds(route),
    ...(route.body === undefined ? [] : [...bodyKinds(route), ...surplusKinds(route, word)]),
  ]
}

function validRequest(route: RouteModel): RequestKind {
  const parameters = Object.entries(route.query).flatMap(([name, kind]) =>
    (validParameters[kind] ?? []).map((value) => `${name}=${encodeURIComponent(value)}`),
  )
  return {
    route,
    name: 'a valid request',
    expectation: 'accepted',
    generated: fc.record({ content: contentOf(route), query: fc.constantFrom(undefined, ...parameters) }),
    alter(generated, genuine) {
      const { content, query } = asRecord(generated)
      return {
        json: assemble(route, genuine, asRecord(content)),
        alteration: typeof query === 'string' ? { query } : {},
      }
    },
    canaries: [],
  }
}

const withQuery = (route: RouteModel, name: string, expectation: Expectation, query: string): RequestKind => ({
  route,
  name,
  expectation,
  generated: contentOf(route),
  alter: (content, genuine) => ({ json: assemble(route, genuine, asRecord(content)), alteration: { query } }),
  canaries: [],
})

function queryKinds(route: RouteModel, isKnown: (parameter: string) => boolean): RequestKind[] {
  const own = Object.entries(route.query).flatMap(([parameter, kind]) => {
    const expectation = isKnown(parameter) ? 'refused' : 'either'
    const wrong = (wrongParameters[kind] ?? []).map(({ name, encoded }) =>
      withQuery(route, `${parameter}: ${name}`, expectation, `${parameter}=${encoded}`),
    )
    const [valid] = validParameters[kind] ?? []
    const repeated =
      valid === undefined
        ? []
        : [withQuery(route, `${parameter} given twice`, expectation, `${parameter}=${valid}&${parameter}=${valid}`)]
    const arguable = arguableParameters[kind] ?? []
    return [
      ...wrong,
      ...repeated,
      ...arguable.map(({ name, encoded }) =>
        withQuery(route, `${parameter}: ${name}`, 'either', `${parameter}=${encoded}`),
      ),
    ]
  })
  return [...own, ...surplusQueries.map(({ name, encoded }) => withQuery(route, name, 'either', encoded))]
}

function parameterKinds(route: RouteModel): RequestKind[] {
  if (!route.path.includes('{')) return []
  return impossibleIds.map(({ name, encoded }) => ({
    route,
    name: `in the path: ${name}`,
    expectation: 'refused',
    generated: contentOf(route),
    alter: (content, genuine) => ({
      json: assemble(route, genuine, asRecord(content)),
      alteration: { parameter: encoded },
    }),
    canaries: [],
  }))
}

/** Only where there is more than one to read: the way of a correlation id is the same for all routes. */
function headerKinds(route: RouteModel): RequestKind[] {
  if (!route.isChanging || route.body === undefined) return []
  return ['X-Correlation-Id', ...(route.ownHeaders ?? [])].flatMap((header) =>
    oddHeaders.map<RequestKind>(({ name, value }) => ({
      route,
      name: `header ${header}: ${name}`,
      expectation: 'either',
      generated: contentOf(route),
      alter: (content, genuine) => ({
        json: assemble(route, genuine, asRecord(content)),
        alteration: { headers: { [header]: value } },
      }),
      canaries: [],
    })),
  )
}

function bodyKinds(route: RouteModel): RequestKind[] {
  const { body } = route
  if (body === undefined) return []
  // of a form every value is a text: only what is missing is surely wrong
  const isForm = body.encoding === 'form'
  const fields = wrongFields(body.shape).filter(({ name }) => !isForm || name === 'missing')
  const wrong = fields.map<RequestKind>(({ path, name, value }) => ({
    route,
    name: `${path.join('.')}: ${name}`,
    expectation: 'refused',
    generated: fc.record({ content: contentOf(route), value }),
    alter(generated, genuine) {
      const { content, value: chosen } = asRecord(generated)
      return { json: withField(assemble(route, genuine, asRecord(content)), path, chosen), alteration: {} }
    },
    canaries: [],
  }))
  const arguable = arguableFields(body.shape).map<RequestKind>(({ path, name, value }) => ({
    route,
    name: `${path.join('.')}: ${name}`,
    expectation: 'either',
    generated: fc.record({ content: contentOf(route), value }),
    alter(generated, genuine) {
      const { content, value: chosen } = asRecord(generated)
      return { json: withField(assemble(route, genuine, asRecord(content)), path, chosen), alteration: {} }
    },
    canaries: [],
  }))
  if (isForm) return [...wrong, ...arguable]
  const hasRequired = (body.shape.required ?? []).length > 0
  // who need not send a body at all may as well send an empty one
  const emptyOnes = body.isOptional === true ? ['null'] : []
  const attacks = [...refusedBodies, ...(body.isOptional === true ? [] : [emptyBody])].filter(
    ({ name }) => (hasRequired || !/__proto__|constructor/.test(name)) && !emptyOnes.includes(name),
  )
  const broken = attacks.map<RequestKind>(({ name, spoil }) => ({
    route,
    name: `body ${name}`,
    expectation: 'refused',
    generated: contentOf(route),
    alter: (content, genuine) => ({
      alteration: { body: spoil(assemble(route, genuine, asRecord(content))) },
    }),
    canaries: [],
  }))
  return [...wrong, ...arguable, ...broken]
}

/** A request that may be taken in, with something that must not be. */
function surplusKinds(route: RouteModel, word: () => string): RequestKind[] {
  if (route.body?.encoding === 'form') return []
  const bodies = surplusBodies.map<RequestKind>(({ name, spoil }) => {
    const canary = word()
    return {
      route,
      name: `body with ${name}`,
      expectation: 'either',
      generated: contentOf(route),
      alter: (content, genuine) => ({
        alteration: { body: spoil(JSON.stringify(assemble(route, genuine, asRecord(content))), canary) },
      }),
      canaries: [canary],
    }
  })
  const places: readonly (readonly string[])[] = [[], ...objectsIn(route)]
  const unasked = places.flatMap((place) =>
    unaskedFields(word).map<RequestKind>(({ name, fields, canaries }) => ({
      route,
      name: `${name} that nobody asked for${place.length === 0 ? '' : ` in ${place.join('.')}`}`,
      expectation: 'either',
      generated: contentOf(route),
      alter(content, genuine) {
        const json = assemble(route, genuine, asRecord(content))
        const inner = place.reduce<unknown>((at, part) => asRecord(at)[part], json)
        // what the request itself says stays: only what it does not is added
        const more = { ...fields, ...asRecord(inner) }
        return { json: place.length === 0 ? more : withField(json, place, more), alteration: {} }
      },
      canaries,
    })),
  )
  return [...bodies, ...unasked]
}

/** Where a body has objects inside that describe something of ours. */
function objectsIn(route: RouteModel): string[][] {
  const objects = (properties: NonNullable<RouteModel['body']>['shape']['properties'], outer: string[]): string[][] =>
    Object.entries(properties ?? {}).flatMap(([name, shape]) =>
      shape.type === 'object' ? [[...outer, name], ...objects(shape.properties, [...outer, name])] : [],
    )
  return objects(route.body?.shape.properties, [])
}

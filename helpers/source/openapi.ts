import { z } from 'zod'
import type { JsonShape } from '../attacks/json-shapes.ts'

const parameterSchema = z.looseObject({
  name: z.string(),
  in: z.enum(['path', 'query', 'header', 'cookie']),
  schema: z.unknown().optional(),
  example: z.unknown().optional(),
})
const operationSchema = z.looseObject({
  parameters: z.array(parameterSchema).default([]),
  requestBody: z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown() })) }).optional(),
})
const documentSchema = z.looseObject({
  openapi: z.string().startsWith('3.', 'expected an OpenAPI document of version 3'),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
})

/** What an OpenAPI document says of the requests of one route. */
export interface DescribedRoute {
  method: string
  path: string
  body: JsonShape | undefined
  /** Examples of the path's parts that vary. */
  examples: Record<string, string>
}

/** Reads the requests that an OpenAPI 3 document in JSON describes. @throws when it is none, naming what is wrong. */
export function readOpenApi(text: string): DescribedRoute[] {
  const document = documentSchema.parse(resolveReferences(JSON.parse(text)))
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => {
      if (!/^(?:get|post|put|patch|delete)$/.test(method)) return []
      const { parameters, requestBody } = operationSchema.parse(operation)
      const json = requestBody?.content['application/json']?.schema
      return [
        {
          method: method.toUpperCase(),
          path,
          body: json === undefined ? undefined : shapeSchema.parse(json),
          examples: Object.fromEntries(
            parameters.flatMap(({ name, in: place, example }) =>
              place === 'path' && (typeof example === 'string' || typeof example === 'number')
                ? [[name, String(example)]]
                : [],
            ),
          ),
        },
      ]
    }),
  )
}

const shapeSchema: z.ZodType<JsonShape> = z.lazy(() =>
  z.object({
    type: z.enum(['object', 'array', 'string', 'integer', 'number', 'boolean']),
    format: z.string().optional(),
    enum: z.array(z.string()).optional(),
    examples: z.array(z.unknown()).optional(),
    pattern: z.string().optional(),
    minLength: z.int().optional(),
    maxLength: z.int().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    items: shapeSchema.optional(),
    properties: z.record(z.string(), shapeSchema).optional(),
    required: z.array(z.string()).optional(),
  }),
)

/** Puts what `$ref` names in its place; a schema that holds itself is not followed any deeper. */
function resolveReferences(document: unknown): unknown {
  const resolve = (value: unknown, within: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((item) => resolve(item, within))
    if (typeof value !== 'object' || value === null) return value
    const reference = '$ref' in value ? value.$ref : undefined
    if (typeof reference === 'string' && reference.startsWith('#/')) {
      if (within.includes(reference)) return { type: 'object' }
      return resolve(lookUp(document, reference), [...within, reference])
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner, within)]))
  }
  return resolve(document, [])
}

function lookUp(document: unknown, reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, part) => {
      if (typeof at !== 'object' || at === null || !(part in at))
        throw new Error(`The OpenAPI document refers to ${reference}, which it does not hold.`)
      return (at as Record<string, unknown>)[part]
    }, document)
}

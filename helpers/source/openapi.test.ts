import { expect, test } from 'vitest'
import { readOpenApi } from './openapi.ts'

const document = {
  openapi: '3.1.0',
  info: { title: 'ARO', version: '1' },
  paths: {
    '/v1/reports/{id}': {
      put: {
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' }, example: 'monthly' }],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Report' } } } },
      },
      description: 'not an operation',
    },
  },
  components: {
    schemas: {
      Report: {
        type: 'object',
        required: ['name'],
        properties: { name: { $ref: '#/components/schemas/Name' }, more: { $ref: '#/components/schemas/Report' } },
      },
      Name: { type: 'string', maxLength: 20 },
    },
  },
}

test('reads bodies through references, and examples of what varies in a path', () => {
  expect(readOpenApi(JSON.stringify(document))).toEqual([
    {
      method: 'PUT',
      path: '/v1/reports/{id}',
      body: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string', maxLength: 20 }, more: { type: 'object' } },
      },
      examples: { id: 'monthly' },
    },
  ])
})

test('says which reference leads nowhere', () => {
  const broken = structuredClone(document)
  broken.paths['/v1/reports/{id}'].put.requestBody.content['application/json'].schema.$ref = '#/components/schemas/None'
  expect(() => readOpenApi(JSON.stringify(broken))).toThrow('#/components/schemas/None')
})

test('takes no other version', () => {
  expect(() => readOpenApi(JSON.stringify({ ...document, openapi: '2.0' }))).toThrow(/version 3/)
})

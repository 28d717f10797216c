import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOpenApi } from '../../source/openapi.ts'
import type { RouteModel } from './routes.ts'
import type { World } from './world.ts'

/** The owner's own routes, as the subject's OpenAPI document describes their requests. @throws when it leaves one out. */
export async function ownRoutes(world: World): Promise<RouteModel[]> {
  const { client } = world
  const { routes, paths } = client.subject
  if (routes.length === 0) return []
  const described = readOpenApi(await openApiOf(world))
  return routes.map(({ method, path }) => {
    const found = described.find((route) => route.method === method && route.path === path)
    const lacking = [...path.matchAll(/\{(\w+)\}/g)].filter(([, name = '']) => found?.examples[name] === undefined)
    if (found === undefined || lacking.length > 0) {
      throw new Error(
        `The OpenAPI document does not describe ${method} ${path}${lacking.length > 0 ? ' with an example of each part of its path' : ''}: its requests cannot be made.`,
      )
    }
    const isService = [paths.commands, paths.workflows, paths.events, paths.subscriptions].some((one) =>
      path.startsWith(one),
    )
    const headers: Record<string, string> = path.startsWith(paths.admin)
      ? { Authorization: `Bearer ${world.administrator.token}` }
      : isService
        ? client.serviceHeaders()
        : {}
    return {
      method,
      path,
      query: {},
      isChanging: method !== 'GET',
      ...(found.body === undefined ? {} : { body: { shape: found.body, encoding: 'json' as const } }),
      genuine: async () => ({ parameters: found.examples, headers }),
    }
  })
}

async function openApiOf({ client }: World): Promise<string> {
  const { openapi, root } = client.subject
  if (openapi === undefined)
    throw new Error(
      'The subject has routes of its own: add openapi to the subject file, a path it serves or a file that describes their requests.',
    )
  if (!openapi.startsWith('/')) return readFileSync(join(root, openapi), 'utf8')
  const answer = await client.send({ path: openapi })
  if (answer.status !== 200) throw new Error(`GET ${openapi}: expected the OpenAPI document, got ${answer.status}.`)
  return answer.text
}

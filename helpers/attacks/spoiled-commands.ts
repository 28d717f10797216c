import { randomUUID } from 'node:crypto'
import type { AroClient, CommandBody } from '../subject/client.ts'

/** A command with one thing wrong. */
export interface SpoiledCommand {
  name: string
  headers: Record<string, string>
  /** As sent: text as it is, anything else as JSON. */
  body: unknown
  /** Statuses that refuse this fault properly. */
  refusedWith: readonly number[]
  /** Texts by which an effect of the command would be found. */
  markers: readonly string[]
}

type Path = readonly [keyof CommandBody, string?]

const requiredFields: readonly Path[] = [
  ['commandId'],
  ['commandType'],
  ['tenantId'],
  ['profile'],
  ['aggregate'],
  ['aggregate', 'type'],
  ['aggregate', 'id'],
  ['payload'],
  ['metadata'],
  ['metadata', 'requestedBy'],
  ['metadata', 'requestedAt'],
]

const malformed = [400, 422] as const

/** Commands that must be refused: every header and field missing, malformed or mismatched in turn. */
export function spoilCommands(client: AroClient): SpoiledCommand[] {
  const spoil = (
    name: string,
    refusedWith: readonly number[],
    change: (command: { headers: Record<string, string>; body: CommandBody }) => {
      headers?: Record<string, string | null>
      body?: unknown
    },
  ): SpoiledCommand => {
    const command = client.makeCommand()
    const { headers = {}, body = command.body } = change(command)
    const all = Object.entries<string | null>({ ...command.headers, ...headers })
    return {
      name,
      refusedWith,
      headers: Object.fromEntries(all.flatMap(([key, value]) => (value === null ? [] : [[key, value]]))),
      body,
      markers: [command.body.commandId, command.body.aggregate.id],
    }
  }
  const header = (name: string, value: string | null, refusedWith: readonly number[], title: string): SpoiledCommand =>
    spoil(title, refusedWith, () => ({ headers: { [name]: value } }))
  const field = (
    path: Path,
    value: unknown,
    title: string,
    refusedWith: readonly number[] = malformed,
  ): SpoiledCommand => spoil(title, refusedWith, ({ body }) => ({ body: withField(body, path, value) }))
  const stranger = client.otherTenant
  return [
    header('X-Tenant-Id', null, [400], 'header X-Tenant-Id missing'),
    header('Idempotency-Key', null, [400], 'header Idempotency-Key missing'),
    header('X-Correlation-Id', null, [400], 'header X-Correlation-Id missing'),
    header('Authorization', null, [401], 'header Authorization missing'),
    header('Idempotency-Key', '', [400], 'header Idempotency-Key empty'),
    header('X-Correlation-Id', 'not-a-uuid', [400], 'header X-Correlation-Id no uuid'),
    header('Authorization', `Bearer ${randomUUID()}`, [401], 'unknown token'),
    header(
      'Authorization',
      `Bearer ${client.tenant.serviceToken.slice(0, -1)}`,
      [401],
      'token without its last character',
    ),
    header('Authorization', 'Bearer', [401], 'empty bearer token'),
    header('Authorization', client.tenant.serviceToken, [401], 'token without its scheme'),
    header('Authorization', `Basic ${btoa(`:${client.tenant.serviceToken}`)}`, [401], 'token under the Basic scheme'),
    spoil('a tenant the token may not act for', [403], ({ body }) => ({
      headers: { 'X-Tenant-Id': stranger.id },
      body: { ...body, tenantId: stranger.id },
    })),
    spoil('a tenant that does not exist', [401, 403], ({ body }) => ({
      headers: { 'X-Tenant-Id': 'nobody' },
      body: { ...body, tenantId: 'nobody' },
    })),
    field(['tenantId'], stranger.id, 'tenantId differs from the header', [400, 403, 422]),
    ...requiredFields.map((path) => field(path, undefined, `field ${path.join('.')} missing`)),
    ...requiredFields.map((path) => field(path, null, `field ${path.join('.')} null`)),
    ...requiredFields.map((path) => field(path, 42, `field ${path.join('.')} a number`)),
    field(['commandType'], '', 'field commandType empty'),
    field(['commandType'], `unknown.${randomUUID()}`, 'unknown commandType', [400, 404, 422]),
    field(['profile'], 'no-such-profile', 'unknown profile', [400, 403, 404, 422]),
    field(['aggregate', 'id'], '', 'field aggregate.id empty'),
    field(['metadata', 'requestedAt'], 'yesterday', 'metadata.requestedAt no time'),
    field(['metadata', 'requestedAt'], '2026-13-45T99:99:99Z', 'metadata.requestedAt an impossible time'),
    spoil('body cut off', [400], ({ body }) => ({ body: JSON.stringify(body).slice(0, -7) })),
    spoil('body empty', malformed, () => ({ body: '' })),
    spoil('body no object', malformed, () => ({ body: '[]' })),
    spoil('body null', malformed, () => ({ body: 'null' })),
    spoil('body no JSON', [400, 415], () => ({ headers: { 'Content-Type': 'text/plain' }, body: 'command' })),
  ]
}

function withField(body: CommandBody, path: Path, value: unknown): Record<string, unknown> {
  const [outer, inner] = path
  if (inner === undefined) return { ...body, [outer]: value }
  const part = body[outer]
  return { ...body, [outer]: { ...(typeof part === 'object' ? part : {}), [inner]: value } }
}

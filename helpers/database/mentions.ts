import { withClient } from './client.ts'
import { listTables } from './tables.ts'

/** The rows of one table that mention something. */
export interface Mentions {
  table: string
  rows: number
  /** Of these rows whatever their order. */
  checksum: string
}

/** The rows of every table that mention one of the texts in any column; tables whose name matches `leavingOut` are not looked at. */
export function findMentions(
  url: string,
  texts: readonly string[],
  { leavingOut }: { leavingOut: RegExp },
): Promise<Mentions[]> {
  const patterns = texts.map((text) => `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`)
  return withClient(url, async (client) => {
    const found: Mentions[] = []
    for (const { schema, name, qualified } of await listTables(client)) {
      if (leavingOut.test(name)) continue
      const { rows } = await client.query<{ rows: string; checksum: string | null }>(
        `SELECT count(*) AS rows, md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) AS checksum
         FROM ${qualified} t WHERE t::text LIKE ANY($1)`,
        [patterns],
      )
      const [row] = rows
      if (typeof row?.checksum === 'string')
        found.push({ table: `${schema}.${name}`, rows: Number(row.rows), checksum: row.checksum })
    }
    return found
  })
}

/** Tables in which more, fewer or other rows mention it than before, in sentences. */
export function compareMentions(before: readonly Mentions[], after: readonly Mentions[]): string[] {
  const tables = new Set([...before, ...after].map(({ table }) => table))
  return [...tables].flatMap((table) => {
    const [earlier, later] = [before, after].map((mentions) => mentions.find((found) => found.table === table))
    if (earlier?.checksum === later?.checksum) return []
    return [`${table}: ${earlier?.rows ?? 0} rows before, ${later?.rows ?? 0} after, or changed ones`]
  })
}

import { quoteIdentifier, withClient } from './client.ts'
import { listTables } from './tables.ts'

/**
 * Lets time go by in a database: every moment that its tables hold lies so much further back afterwards. What the subject
 * counts by the database's own clock then has aged, which no clock of the subject could do. Triggers do not fire.
 * `isAged` says of which tables, by their names with schema.
 * @returns how many columns were moved.
 */
export function ageDatabase(
  url: string,
  seconds: number,
  isAged: (table: string) => boolean = () => true,
): Promise<number> {
  return withClient(url, async (client) => {
    await client.query('SET session_replication_role = replica')
    const { rows: generated } = await client.query<{ name: string }>(
      `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) || '.' || column_name AS name
       FROM information_schema.columns WHERE is_generated = 'ALWAYS'`,
    )
    const fixed = new Set(generated.map(({ name }) => name))
    let moved = 0
    await client.query('BEGIN')
    for (const { qualified, schema, name, columns } of await listTables(client)) {
      const moments = columns.filter(
        (column) => column.type.startsWith('timestamp') && !fixed.has(`${schema}.${name}.${column.name}`),
      )
      if (moments.length === 0 || !isAged(`${schema}.${name}`)) continue
      const changes = moments.map((column) => {
        const identifier = quoteIdentifier(column.name)
        return `${identifier} = ${identifier} - make_interval(secs => $1)`
      })
      await client.query(`UPDATE ${qualified} SET ${changes.join(', ')}`, [seconds])
      moved += moments.length
    }
    await client.query('COMMIT')
    return moved
  })
}

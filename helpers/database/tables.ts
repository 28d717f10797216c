import type pg from 'pg'
import { quoteIdentifier } from './client.ts'

/** A table or materialized view outside of PostgreSQL's own schemas. */
export interface Table {
  schema: string
  name: string
  /** As it stands in SQL. */
  qualified: string
  columns: { name: string; type: string }[]
}

/** All tables, partitions and materialized views with their columns, in the order of their names. */
export async function listTables(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<{ schema: string; name: string; columns: { name: string; type: string }[] }>(`
    SELECT n.nspname AS schema, c.relname AS name,
           json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL)) ORDER BY a.attnum) AS columns
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'
    GROUP BY 1, 2 ORDER BY 1, 2`)
  return rows.map((row) => ({ ...row, qualified: `${quoteIdentifier(row.schema)}.${quoteIdentifier(row.name)}` }))
}

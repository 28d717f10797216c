import { quoteIdentifier, withClient } from '../../database/client.ts'
import type { RestoreTrials } from './evidence.ts'
import { restore } from './tools.ts'
import type { BackupFiles, Needs } from './tools.ts'
import type { TargetKind, Targets } from './targets.ts'
import { leafTables } from './versions.ts'

/** A row that can be lost, and where it is. */
export interface Victim {
  table: string
  qualified: string
  /** The column of its key, quoted, and its value as text. */
  key: string
  value: string
  /** A column, quoted, whose text nothing else depends on; undefined where there is none, and the row is lost instead. */
  column: string | undefined
  /** All that the row says. */
  content: string
}

/** Columns of text that stand in no constraint and no index. */
const plainColumns = `
  SELECT a.attname AS name FROM pg_attribute a
  WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND a.attnum = ANY(k.conkey))
    AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND a.attnum = ANY(i.indkey))
  ORDER BY a.attnum`

/** Chooses a restored row that no other refers to, and what may be altered of it; undefined where there is none. */
export function chooseVictim(restoredUrl: string): Promise<Victim | undefined> {
  return withClient(restoredUrl, async (client) => {
    let lost: Victim | undefined
    for (const leaf of await leafTables(client)) {
      const key = quoteIdentifier(leaf.key)
      const { rows: columns } = await client.query<{ name: string }>(plainColumns, [leaf.qualified])
      for (const column of [...columns.map(({ name }) => quoteIdentifier(name)), undefined]) {
        const { rows } = await client.query<{ value: string; content: string }>(
          `SELECT ${key}::text AS value, whole::text AS content FROM ${leaf.qualified} AS whole
           ${column === undefined ? '' : `WHERE ${column} IS NOT NULL`} ORDER BY 1 LIMIT 1`,
        )
        const [row] = rows
        if (row === undefined) continue
        const victim = { table: leaf.name, qualified: leaf.qualified, key, column, ...row }
        // a row that is altered goes unnoticed where only rows are counted
        if (column !== undefined) return victim
        lost ??= victim
      }
    }
    return lost
  })
}

/**
 * Has the intact backup restored into a database that alters one row on the way, or loses it, as a trigger or a damaged disk
 * may: what `--verify` says then.
 */
export async function trySabotage(
  needs: Needs,
  { files, targets, kind, victim }: { files: BackupFiles; targets: Targets; kind: TargetKind; victim: Victim },
): Promise<NonNullable<RestoreTrials['sabotage']>> {
  const target = await targets.make(kind)
  const { table, qualified, key, value, column, content } = victim
  const spoil = column === undefined ? 'RETURN NULL' : `NEW.${column} := NEW.${column} || '.'`
  const trigger = `CREATE TRIGGER aro_gate_spoil BEFORE INSERT ON ${qualified} FOR EACH ROW EXECUTE FUNCTION aro_gate.spoil_row()`
  const enable = `ALTER TABLE ${qualified} ENABLE ALWAYS TRIGGER aro_gate_spoil`
  await withClient(target.url, async (client) => {
    await client.query(`CREATE SCHEMA aro_gate`)
    await client.query(
      `CREATE FUNCTION aro_gate.spoil_row() RETURNS trigger LANGUAGE plpgsql AS $gate$
       BEGIN IF NEW.${key}::text = ${client.escapeLiteral(value)} THEN ${spoil}; END IF; RETURN NEW; END $gate$`,
    )
    if (kind === 'migrated') {
      await client.query(trigger)
      await client.query(enable)
      return
    }
    await client.query(
      `CREATE FUNCTION aro_gate.set_up() RETURNS event_trigger LANGUAGE plpgsql AS $gate$
       BEGIN
         IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE objid = to_regclass(${client.escapeLiteral(qualified)}) AND command_tag = 'CREATE TABLE')
         THEN EXECUTE ${client.escapeLiteral(trigger)}; EXECUTE ${client.escapeLiteral(enable)}; END IF;
       END $gate$`,
    )
    await client.query(
      `CREATE EVENT TRIGGER aro_gate_set_up ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION aro_gate.set_up()`,
    )
  })
  const run = await restore(needs, files, target.url)
  const isSpoilt = await withClient(target.url, async (client) => {
    const { rows } = await client.query<{ table: string | null }>('SELECT to_regclass($1)::text AS table', [qualified])
    if (rows[0]?.table === null) return true
    const found = await client.query<{ content: string }>(
      `SELECT whole::text AS content FROM ${qualified} AS whole WHERE ${key}::text = $1`,
      [value],
    )
    return found.rows[0]?.content !== content
  })
  return { table, run, isSpoilt }
}

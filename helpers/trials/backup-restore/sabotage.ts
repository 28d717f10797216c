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
}

/** Chooses a restored row that no other refers to; undefined where there is none. */
export function chooseVictim(restoredUrl: string): Promise<Victim | undefined> {
  return withClient(restoredUrl, async (client) => {
    const [leaf] = await leafTables(client)
    if (leaf === undefined) return undefined
    const key = quoteIdentifier(leaf.key)
    const { rows } = await client.query<{ value: string }>(
      `SELECT ${key}::text AS value FROM ${leaf.qualified} ORDER BY 1 LIMIT 1`,
    )
    const [row] = rows
    return row === undefined ? undefined : { table: leaf.name, qualified: leaf.qualified, key, value: row.value }
  })
}

/**
 * Has the intact backup restored into a database that loses one row on the way, as a trigger or a damaged index may: what
 * `--verify` says then.
 */
export async function trySabotage(
  needs: Needs,
  { files, targets, kind, victim }: { files: BackupFiles; targets: Targets; kind: TargetKind; victim: Victim },
): Promise<NonNullable<RestoreTrials['sabotage']>> {
  const target = await targets.make(kind)
  const { table, qualified, key, value } = victim
  const trigger = `CREATE TRIGGER aro_gate_lose BEFORE INSERT ON ${qualified} FOR EACH ROW EXECUTE FUNCTION aro_gate.lose_row()`
  const enable = `ALTER TABLE ${qualified} ENABLE ALWAYS TRIGGER aro_gate_lose`
  await withClient(target.url, async (client) => {
    await client.query(`CREATE SCHEMA aro_gate`)
    await client.query(
      `CREATE FUNCTION aro_gate.lose_row() RETURNS trigger LANGUAGE plpgsql AS $gate$
       BEGIN IF NEW.${key}::text = ${client.escapeLiteral(value)} THEN RETURN NULL; END IF; RETURN NEW; END $gate$`,
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
  const isLost = await withClient(target.url, async (client) => {
    const { rows } = await client.query<{ table: string | null }>('SELECT to_regclass($1)::text AS table', [qualified])
    if (rows[0]?.table === null) return true
    const found = await client.query(`SELECT FROM ${qualified} WHERE ${key}::text = $1`, [value])
    return found.rows.length === 0
  })
  return { table, run, isLost }
}

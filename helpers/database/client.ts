import pg from 'pg'

/** Connects, does one thing, and disconnects, whatever happens. */
export async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  // a connection cut while idle is told by event; the next query fails with the same cause
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** A database's name as it stands in SQL. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

import pg from 'pg'

/**
 * Connects, does one thing, and disconnects, whatever happens. A connection has 5 s, a query 60 s, unless `limits` says
 * otherwise.
 */
export async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
  limits: pg.ClientConfig = {},
): Promise<Result> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5000,
    query_timeout: 60_000,
    ...limits,
  })
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

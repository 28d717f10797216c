import { isLoopback } from '../loopback.ts'

/** Where the database comes from, as ARO_GATE_DATABASE says. */
export interface DatabaseSetting {
  kind: 'auto' | 'embedded' | 'testcontainers' | 'url'
  /** Of a server on which the gate may create databases; only for `url`. */
  url?: string
  /** Image for testcontainers, from ARO_GATE_POSTGRES_IMAGE. */
  image?: string
}

/** Reads ARO_GATE_DATABASE and ARO_GATE_POSTGRES_IMAGE. @throws with what is allowed when it is none of that. */
export function parseDatabaseSetting(environment: NodeJS.ProcessEnv): DatabaseSetting {
  const text = environment.ARO_GATE_DATABASE ?? 'auto'
  const image = environment.ARO_GATE_POSTGRES_IMAGE
  const withImage = image === undefined || image === '' ? {} : { image }
  if (text === 'auto' || text === 'embedded' || text === 'testcontainers') return { kind: text, ...withImage }
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) {
    const { hostname } = new URL(text)
    if (isLoopback(hostname)) return { kind: 'url', url: text }
    throw new Error(
      `ARO_GATE_DATABASE: expected a server on this machine, got one at ${hostname}. The gate attacks its database and leaves loopback for nobody: use 127.0.0.1, localhost or ::1.`,
    )
  }
  throw new Error(
    `ARO_GATE_DATABASE: expected auto, embedded, testcontainers or postgres://user:password@127.0.0.1:port/database, got ${JSON.stringify(text)}.`,
  )
}

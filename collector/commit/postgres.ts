// The PostgreSQL store. PRIMARY KEY (chain, idx) makes a fork impossible to commit; an advisory lock, held by the very
// session that writes, keeps a second collector out.

import { Socket } from 'node:net'
import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import pg from 'pg'
import { Corrupt, type Store, StoreFailed } from './commit.ts'
import { migrations } from './migrations.ts'

export type PostgresOptions = {
  /** `postgres://user:password@host:port/database`. */
  url: string
  /** CA of the server's certificate, PEM; absent: the public ones of Node. */
  ca?: string
  /** No answer to one statement within this: the connection is given up. */
  timeoutMs?: number
}

/** "hipaamcp" in hexadecimal, folded to 63 bits: the advisory lock's number. */
const lockNumber = '7523094288207667568'
const rowsAtOnce = 500

type Waiting = {
  /** Of the chain, in the database. */
  id: string
  from: number
  records: readonly Buffer[]
  resolve: () => void
  reject: (reason: unknown) => void
}

/**
 * Connects, migrates and takes the lock. Rejects when the server gives up durability (`fsync` or `full_page_writes`
 * off), when its certificate does not prove its name, or when another collector holds the lock.
 */
export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const settings = connectionOf(options)
  // One session writes: it holds the lock, so whoever can commit is who holds it.
  let session: { client: pg.Client; socket: Socket } | undefined
  const readers = new pg.Pool({ ...settings, max: 3, idleTimeoutMillis: 30_000 })
  // An idle reader that breaks is replaced; whoever reads next learns of it if the server is away.
  readers.on('error', () => undefined)
  const ids = new Map<string, string>()

  // Two that connect at once would keep each other from the lock.
  let connecting: Promise<pg.Client> | undefined
  const connected = async (): Promise<pg.Client> => {
    if (session !== undefined) return session.client
    connecting ??= connect().finally(() => {
      connecting = undefined
    })
    return await connecting
  }
  const connect = async (): Promise<pg.Client> => {
    const socket = new Socket()
    const client = new pg.Client({ ...settings, stream: () => socket })
    client.on('error', () => giveUp(client))
    client.on('end', () => giveUp(client))
    try {
      await client.connect()
      await prove(client)
      await migrate(client)
    } catch (error) {
      socket.destroy()
      throw failure(error)
    }
    session = { client, socket }
    return client
  }
  // The socket is cut, not closed politely: a peer that does not answer would keep the session, and with it the lock.
  const giveUp = (client: pg.Client): void => {
    if (session?.client !== client) return
    session.socket.destroy()
    session = undefined
  }

  /** Runs on the writing session. An error gives the session up: whether it took effect is then not known. */
  const write = async (text: string, values: unknown[]): Promise<pg.QueryResult> => {
    const client = await connected()
    try {
      return await client.query(text, values)
    } catch (error) {
      giveUp(client)
      throw failure(error)
    }
  }
  const read = async (text: string, values: unknown[]): Promise<pg.QueryResult> => {
    try {
      return await readers.query(text, values)
    } catch (error) {
      throw failure(error)
    }
  }
  const idOf = async (origin: string): Promise<string> => {
    const known = ids.get(origin)
    if (known !== undefined) return known
    const { rows } = await read('SELECT id FROM hipaa_mcp_chains WHERE origin = $1', [origin])
    const id = (rows as { id: string }[])[0]?.id
    if (id === undefined) throw new Corrupt(origin, 'The chain is not in the store')
    ids.set(origin, id)
    return id
  }

  // Group commit: one INSERT, which is one transaction, takes whatever arrived while the one before it ran.
  let waiting: Waiting[] = []
  let committing: Promise<void> | undefined
  const commit = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        const all = batch.flatMap(({ id, from, records }) =>
          records.map((record, i) => ({ id, idx: from + i, record })),
        )
        await write(
          `INSERT INTO hipaa_mcp_records (chain, idx, record)
           SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])`,
          [all.map(({ id }) => id), all.map(({ idx }) => idx), all.map(({ record }) => record)],
        )
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    committing = undefined
  }

  await connected()
  return {
    async chains() {
      const { rows } = await read('SELECT id, origin, vkey, checkpoint FROM hipaa_mcp_chains ORDER BY id', [])
      return (rows as { id: string; origin: string; vkey: string; checkpoint: string | null }[]).map(
        ({ id, origin, vkey, checkpoint }) => {
          ids.set(origin, id)
          return { origin, vkey, ...(checkpoint === null ? {} : { checkpoint }) }
        },
      )
    },
    async begin({ origin, vkey }) {
      await write('INSERT INTO hipaa_mcp_chains (origin, vkey) VALUES ($1, $2)', [origin, vkey])
    },
    async append(origin, from, records) {
      // Known before it waits: a chain that is gone must not fail whatever is committed with it.
      const id = await idOf(origin)
      const done = Promise.withResolvers<void>()
      waiting.push({ id, from, records, ...done })
      committing ??= commit()
      await done.promise
    },
    async *read(origin, from, to = Number.MAX_SAFE_INTEGER) {
      const id = await idOf(origin)
      let next = from
      while (next < to) {
        const { rows } = await read(
          'SELECT idx, record FROM hipaa_mcp_records WHERE chain = $1 AND idx >= $2 AND idx < $3 ORDER BY idx LIMIT $4',
          [id, next, to, rowsAtOnce],
        )
        const found = rows as { idx: string; record: Buffer }[]
        if (found.length === 0) break
        found.forEach(({ idx }, i) => {
          if (Number(idx) !== next + i) throw new Corrupt(origin, `Record ${next + i} is missing`)
        })
        next += found.length
        yield found.map(({ record }) => record)
      }
      if (to !== Number.MAX_SAFE_INTEGER && next < to)
        throw new Corrupt(origin, `Records before ${to} are missing`)
    },
    async saveCheckpoint(origin, note) {
      await write('UPDATE hipaa_mcp_chains SET checkpoint = $2 WHERE id = $1', [await idOf(origin), note])
    },
    async saveNote(name, text) {
      await write(
        `INSERT INTO hipaa_mcp_notes (name, note) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET note = excluded.note`,
        [name, text],
      )
    },
    async note(name) {
      const { rows } = await read('SELECT note FROM hipaa_mcp_notes WHERE name = $1', [name])
      return (rows as { note: string }[])[0]?.note
    },
    async key(name, make) {
      await write('INSERT INTO hipaa_mcp_keys (name, pem) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING', [
        name,
        make(),
      ])
      const { rows } = await read('SELECT pem FROM hipaa_mcp_keys WHERE name = $1', [name])
      return (rows as { pem: string }[])[0]?.pem as string
    },
    async release(origin) {
      ids.delete(origin)
    },
    async probe() {
      await write('SELECT 1', [])
    },
    async close() {
      await committing
      await Promise.allSettled([session?.client.end(), readers.end()])
    },
  }
}

/** TLS with the certificate proved against the name that we dialled, whatever the URL says. */
function connectionOf({ url, ca, timeoutMs = 10_000 }: PostgresOptions): pg.ClientConfig {
  const parsed = new URL(url)
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  if (host === '')
    throw new StoreFailed('store-unknown', 'The store’s URL names no host: sockets are not supported')
  // node:tls would compare the certificate with the name of the wrapped socket, which pg does not pass on for addresses.
  const ssl: ConnectionOptions = {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    ...(ca === undefined ? {} : { ca }),
  }
  return {
    host,
    port: Number(parsed.port || '5432'),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    ssl,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    keepAlive: true,
    // A session whose peer vanished must end soon: it holds the lock.
    options:
      '-c synchronous_commit=on -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3',
  }
}

/** Takes the lock and proves that a commit of this server survives power loss. */
async function prove(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `SELECT pg_try_advisory_lock(${lockNumber}) AS locked, current_setting('fsync') AS fsync,
            current_setting('full_page_writes') AS pages, current_setting('synchronous_commit') AS commits`,
  )
  const seen = (rows as { locked: boolean; fsync: string; pages: string; commits: string }[])[0]
  if (seen?.fsync !== 'on' || seen.pages !== 'on' || seen.commits !== 'on')
    throw new StoreFailed(
      'store-not-durable',
      'PostgreSQL does not keep what it commits: set fsync, full_page_writes and synchronous_commit to on',
    )
  if (!seen.locked) throw new StoreFailed('store-in-use', 'Another collector uses this store: stop it first')
}

async function migrate(client: pg.Client): Promise<void> {
  await client.query(
    'CREATE TABLE IF NOT EXISTS hipaa_mcp_migrations (number int PRIMARY KEY, at timestamptz NOT NULL)',
  )
  const { rows } = await client.query('SELECT coalesce(max(number), 0) AS newest FROM hipaa_mcp_migrations')
  const newest = (rows as { newest: number }[])[0]?.newest ?? 0
  if (newest > migrations.length)
    throw new StoreFailed('store-newer', 'A newer collector wrote this store: use that version')
  for (const [i, migration] of migrations.entries()) {
    if (i < newest) continue
    await client.query('BEGIN')
    await client.query(migration)
    await client.query('INSERT INTO hipaa_mcp_migrations VALUES ($1, now())', [i + 1])
    await client.query('COMMIT')
  }
}

function failure(cause: unknown): Error {
  if (cause instanceof StoreFailed || cause instanceof Corrupt) return cause
  const { code } = cause as { code?: string }
  // SQLSTATE 53100: the server's own disk is full.
  return code === '53100'
    ? new StoreFailed('disk-full', 'PostgreSQL’s disk is full: make it larger', { cause })
    : new StoreFailed('store-away', 'PostgreSQL does not answer or refuses: see its log', { cause })
}

// The PostgreSQL store, which several collectors share. PRIMARY KEY (chain, idx) makes a fork impossible to commit. A chain
// is one collector's at a time: whoever takes it raises its epoch, and no commit under an older one takes effect.

import { Socket } from 'node:net'
import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import pg from 'pg'
import { Corrupt, Fenced, type News, type Store, StoreFailed } from './commit.ts'
import { groupCommit } from './group.ts'
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
/** Besides the one that commits. */
const sessionsAtMost = 6
/** Chains of others that one question follows, and records of each that one answer holds. */
const followed = { chains: 500, records: 100 }

/** The row of a chain that is ours, and the epoch in which it is. */
type Held = { id: string; epoch: string }
type Append = { origin: string; held: Held; from: number; records: readonly Buffer[] }

/**
 * Takes the records of those chains only whose epoch is still the one in which they are ours. The lock keeps whoever wants
 * to take a chain waiting until this is committed: what they then read is all that will ever come of it.
 */
const insert = `
  WITH ours AS MATERIALIZED (
    SELECT chain.id FROM hipaa_mcp_chains chain
    JOIN unnest($1::bigint[], $2::bigint[]) AS held (id, epoch) ON chain.id = held.id AND chain.epoch = held.epoch
    FOR KEY SHARE OF chain
  ), added AS (
    INSERT INTO hipaa_mcp_records (chain, idx, record)
    SELECT record.* FROM unnest($3::bigint[], $4::bigint[], $5::bytea[]) AS record (chain, idx, record)
    JOIN ours ON ours.id = record.chain
  )
  SELECT id FROM ours`

/** FOR UPDATE waits for every commit that holds the lock above; an UPDATE of this column alone would not. */
const claim = `
  UPDATE hipaa_mcp_chains SET epoch = epoch + 1
  WHERE id = (SELECT id FROM hipaa_mcp_chains WHERE origin = $1 FOR UPDATE)
  RETURNING id, epoch`

/**
 * Connects and migrates. Rejects when the server gives up durability (`fsync` or `full_page_writes` off), when its
 * certificate does not prove its name, or while a collector of a version that shared with none holds the store.
 */
export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const settings = connectionOf(options)
  // One session writes, so that what arrives together is committed together.
  let session: { client: pg.Client; socket: Socket } | undefined
  // Everything else goes side by side.
  const pool = new pg.Pool({ ...settings, max: sessionsAtMost, idleTimeoutMillis: 30_000 })
  // An idle session that breaks is replaced; whoever asks next learns of it if the server is away.
  pool.on('error', () => undefined)
  const ids = new Map<string, string>()
  const ours = new Map<string, Held>()
  // When the others were followed last, by the server's clock.
  let since = '-infinity'

  // Whatever wants to write after a lost connection waits for one new connection.
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
  // The socket is cut, not closed politely: a peer that does not answer would keep the session, and us waiting.
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
  const ask = async (text: string, values: unknown[]): Promise<pg.QueryResult> => {
    try {
      return await pool.query(text, values)
    } catch (error) {
      throw failure(error)
    }
  }
  const idOf = async (origin: string): Promise<string> => {
    const known = ids.get(origin)
    if (known !== undefined) return known
    const { rows } = await ask('SELECT id FROM hipaa_mcp_chains WHERE origin = $1', [origin])
    const id = (rows as { id: string }[])[0]?.id
    if (id === undefined) throw new Corrupt(origin, 'The chain is not in the store')
    ids.set(origin, id)
    return id
  }

  const heldOf = (origin: string): Held => {
    const held = ours.get(origin)
    if (held === undefined) throw new Fenced(origin)
    return held
  }
  const lost = (origin: string): Fenced => {
    ours.delete(origin)
    return new Fenced(origin)
  }

  // One INSERT, which is one transaction.
  const appends = groupCommit<Append, undefined>(async (items) => {
    const all = items.flatMap(({ held: { id }, from, records }) =>
      records.map((record, i) => ({ id, idx: from + i, record })),
    )
    const chains = [...new Map(items.map(({ held }) => [`${held.id} ${held.epoch}`, held])).values()]
    const { rows } = await write(insert, [
      chains.map(({ id }) => id),
      chains.map(({ epoch }) => epoch),
      all.map(({ id }) => id),
      all.map(({ idx }) => idx),
      all.map(({ record }) => record),
    ])
    const taken = new Set((rows as { id: string }[]).map(({ id }) => id))
    return items.map(({ origin, held }) => (taken.has(held.id) ? undefined : lost(origin)))
  })

  /** Chains of ours that another collector took. */
  const taken = async (): Promise<News[]> => {
    const held = [...ours]
    const { rows } = await ask(
      `SELECT chain.id FROM hipaa_mcp_chains chain
       JOIN unnest($1::bigint[], $2::bigint[]) AS held (id, epoch) ON chain.id = held.id AND chain.epoch <> held.epoch`,
      [held.map(([, { id }]) => id), held.map(([, { epoch }]) => epoch)],
    )
    const gone = new Set((rows as { id: string }[]).map(({ id }) => id))
    return held.flatMap(([origin, mine]): News[] => {
      // It may be ours anew by now.
      if (!gone.has(mine.id) || ours.get(origin) !== mine) return []
      ours.delete(origin)
      return [{ kind: 'lost', origin }]
    })
  }
  /** Notes of these chains that were saved since they were last asked for. */
  const checkpoints = async (origins: readonly string[]): Promise<News[]> => {
    // A commit shows itself some time after its clock was read.
    const { rows } = await ask(
      `SELECT origin, checkpoint AS note FROM hipaa_mcp_chains
       WHERE origin = ANY($1) AND checkpoint IS NOT NULL AND marked > $2::timestamptz - interval '10 s'`,
      [origins, since],
    )
    return (rows as { origin: string; note: string }[]).map((one) => ({ kind: 'checkpoint', ...one }))
  }
  /** Records of these chains from these sizes on. */
  const beyond = async (chains: readonly (readonly [string, number])[]): Promise<News[]> => {
    const { rows } = await ask(
      `SELECT chain.origin, more.idx, more.record
       FROM unnest($1::text[], $2::bigint[]) AS known (origin, size)
       JOIN hipaa_mcp_chains chain ON chain.origin = known.origin,
       LATERAL (SELECT idx, record FROM hipaa_mcp_records WHERE chain = chain.id AND idx >= known.size
                ORDER BY idx LIMIT ${followed.records}) more
       ORDER BY chain.origin, more.idx`,
      [chains.map(([origin]) => origin), chains.map(([, size]) => size)],
    )
    const found = Map.groupBy(
      rows as { origin: string; idx: string; record: Buffer }[],
      ({ origin }) => origin,
    )
    return [...found].flatMap(([origin, some]): News[] => [
      { kind: 'records', origin, from: Number(some[0]?.idx), records: some.map(({ record }) => record) },
      ...(some.length < followed.records ? [] : [{ kind: 'more', origin } as const]),
    ])
  }

  await connected()
  return {
    shared: true,
    async chains() {
      const { rows } = await ask('SELECT id, origin, vkey, checkpoint FROM hipaa_mcp_chains ORDER BY id', [])
      return (rows as { id: string; origin: string; vkey: string; checkpoint: string | null }[]).map(
        ({ id, origin, vkey, checkpoint }) => {
          ids.set(origin, id)
          return { origin, vkey, ...(checkpoint === null ? {} : { checkpoint }) }
        },
      )
    },
    async find(origin) {
      const { rows } = await ask('SELECT id, vkey, checkpoint FROM hipaa_mcp_chains WHERE origin = $1', [
        origin,
      ])
      const found = (rows as { id: string; vkey: string; checkpoint: string | null }[])[0]
      if (found === undefined) return undefined
      ids.set(origin, found.id)
      return {
        origin,
        vkey: found.vkey,
        ...(found.checkpoint === null ? {} : { checkpoint: found.checkpoint }),
      }
    },
    async begin({ origin, vkey }) {
      const { rows } = await ask(
        `INSERT INTO hipaa_mcp_chains (origin, vkey, epoch) VALUES ($1, $2, 1)
         ON CONFLICT (origin) DO NOTHING RETURNING id, epoch`,
        [origin, vkey],
      )
      const held = (rows as Held[])[0]
      if (held !== undefined) ours.set(origin, held)
      return held !== undefined
    },
    async claim(origin) {
      const { rows } = await ask(claim, [origin])
      const held = (rows as Held[])[0]
      if (held === undefined) throw new Corrupt(origin, 'The chain is not in the store')
      ids.set(origin, held.id)
      ours.set(origin, held)
    },
    async append(origin, from, records) {
      // Known before it waits: a chain that is gone must not fail whatever is committed with it.
      if (!ours.has(origin)) await idOf(origin)
      await appends.add({ origin, held: heldOf(origin), from, records })
    },
    async *follow(sizes) {
      const { rows } = await ask('SELECT clock_timestamp()::text AS at', [])
      yield* await taken()
      for (let from = 0; from < sizes.size; from += followed.chains) {
        const some = [...sizes].slice(from, from + followed.chains)
        // First, so that the records which they cover are among those that are read.
        const notes = await checkpoints(some.map(([origin]) => origin))
        yield* await beyond(some)
        yield* notes
      }
      since = (rows as { at: string }[])[0]?.at ?? since
    },
    async *read(origin, from, to = Number.MAX_SAFE_INTEGER) {
      const id = await idOf(origin)
      let next = from
      while (next < to) {
        const { rows } = await ask(
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
      const { id, epoch } = heldOf(origin)
      const { rowCount } = await ask(
        `UPDATE hipaa_mcp_chains SET checkpoint = $3, marked = clock_timestamp() WHERE id = $1 AND epoch = $2`,
        [id, epoch, note],
      )
      if (rowCount !== 1) throw lost(origin)
    },
    async saveNote(name, text) {
      await ask(
        `INSERT INTO hipaa_mcp_notes (name, note) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET note = excluded.note`,
        [name, text],
      )
    },
    async note(name) {
      const { rows } = await ask('SELECT note FROM hipaa_mcp_notes WHERE name = $1', [name])
      return (rows as { note: string }[])[0]?.note
    },
    async key(name, make) {
      await ask('INSERT INTO hipaa_mcp_keys (name, pem) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING', [
        name,
        make(),
      ])
      const { rows } = await ask('SELECT pem FROM hipaa_mcp_keys WHERE name = $1', [name])
      return (rows as { pem: string }[])[0]?.pem as string
    },
    async release(origin) {
      ids.delete(origin)
      ours.delete(origin)
    },
    async probe() {
      await write('SELECT 1', [])
    },
    async close() {
      await appends.idle()
      await Promise.allSettled([session?.client.end(), pool.end()])
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
    // A session whose peer vanished must end soon: what it holds locked others wait for.
    options:
      '-c synchronous_commit=on -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3',
  }
}

/**
 * Proves that a commit of this server survives power loss. The lock is shared: collectors of a version that let no other in
 * hold it alone.
 */
async function prove(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `SELECT pg_try_advisory_lock_shared(${lockNumber}) AS locked, current_setting('fsync') AS fsync,
            current_setting('full_page_writes') AS pages, current_setting('synchronous_commit') AS commits`,
  )
  const seen = (rows as { locked: boolean; fsync: string; pages: string; commits: string }[])[0]
  if (seen?.fsync !== 'on' || seen.pages !== 'on' || seen.commits !== 'on')
    throw new StoreFailed(
      'store-not-durable',
      'PostgreSQL does not keep what it commits: set fsync, full_page_writes and synchronous_commit to on',
    )
  if (!seen.locked)
    throw new StoreFailed('store-in-use', 'A collector of an older version uses this store: stop it first')
}

async function migrate(client: pg.Client): Promise<void> {
  // Of several that start at once one migrates.
  await client.query(`SELECT pg_advisory_lock(${lockNumber} - 1)`)
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
  await client.query(`SELECT pg_advisory_unlock(${lockNumber} - 1)`)
}

function failure(cause: unknown): Error {
  if (cause instanceof StoreFailed || cause instanceof Corrupt || cause instanceof Fenced) return cause
  const { code } = cause as { code?: string }
  // SQLSTATE 53100: the server's own disk is full.
  return code === '53100'
    ? new StoreFailed('disk-full', 'PostgreSQL’s disk is full: make it larger', { cause })
    : new StoreFailed('store-away', 'PostgreSQL does not answer or refuses: see its log', { cause })
}

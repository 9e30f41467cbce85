// A trail where a collector keeps it in PostgreSQL (docs/stores.md), read by a role that may read and nothing else. All of it is read
// as it was at one moment; nothing is written, and what this reads is verified like everything else.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { checkServerIdentity } from 'node:tls'
import pg from 'pg'
import { parseRecord } from '../../core/record.ts'
import { originOf, registryOrigin } from '../../core/wire.ts'
import { CannotError } from '../command.ts'
import type { TrailSource } from './source.ts'

/** Records that are asked for at once. */
const rowsAtOnce = 1000
/** What witnesses outside signed of the registry log, among the collector's notes. */
const witnessedNote = 'witnessed'

/** `url`: postgres://user@host/database; its password may stand in PGPASSWORD. `server`: `namespace/name`. */
export async function postgresSource(
  url: string,
  { namespace, server }: { namespace: string; server: string },
): Promise<TrailSource> {
  const parsed = URL.parse(url)
  if (parsed === null || parsed.hostname === '' || parsed.pathname.length < 2)
    throw new CannotError('A database is named postgres://user@host/database, its password in PGPASSWORD')
  const client = new pg.Client(settings(parsed))
  client.on('error', () => undefined)
  const ask = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> => {
    try {
      return (await client.query(text, values)).rows as Row[]
    } catch (cause) {
      throw new CannotError(
        `The database at ${parsed.host} cannot be read (${codeOf(cause)}): see that the role may SELECT from hipaa_mcp_chains, hipaa_mcp_records and hipaa_mcp_notes`,
        { cause },
      )
    }
  }
  try {
    await client.connect()
  } catch (cause) {
    throw new CannotError(
      `The database at ${parsed.host} does not let us in (${codeOf(cause)}): see PGPASSWORD, and PGSSLROOTCERT for its CA`,
      { cause },
    )
  }
  await ask('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const ours = originOf(namespace, server, '', 0).slice(0, -'/0'.length)
  const chains = new Map<string, { id: string; vkey: string; checkpoint: string | null }>()
  for (const { origin, ...chain } of await ask<{
    id: string
    origin: string
    vkey: string
    checkpoint: string | null
  }>(
    'SELECT id, origin, vkey, checkpoint FROM hipaa_mcp_chains WHERE origin = $1 OR starts_with(origin, $2) ORDER BY id',
    [registryOrigin, ours],
  ))
    chains.set(origin, chain)
  const name = `postgres://${parsed.host}${parsed.pathname}`
  return {
    name,
    async said() {
      if (!chains.has(registryOrigin)) throw new CannotError(`There is no trail in ${name}`)
      return { server: `${namespace}/${server}`, witness: '', origins: [...chains.keys()] }
    },
    async text(origin, what) {
      if (what !== 'witnessed') return chains.get(origin)?.[what] ?? undefined
      if (origin !== registryOrigin) return undefined
      const [row] = await ask<{ note: string }>('SELECT note FROM hipaa_mcp_notes WHERE name = $1', [
        witnessedNote,
      ])
      return row?.note
    },
    async *records(origin, { found, wrong } = {}) {
      const id = chains.get(origin)?.id
      if (id === undefined) return
      found?.()
      for (let next = 0; ; ) {
        const rows = await ask<{ idx: string; record: Buffer }>(
          'SELECT idx, record FROM hipaa_mcp_records WHERE chain = $1 AND idx >= $2 ORDER BY idx LIMIT $3',
          [id, next, rowsAtOnce],
        )
        if (rows.length === 0) return
        for (const { idx, record } of rows) {
          if (Number(idx) !== next) {
            wrong?.(`record ${next} is missing: nothing behind it was looked at`)
            return
          }
          next += 1
          yield { bytes: record, ended: true }
        }
      }
    },
    file: async () => undefined,
    size: async () => 0,
    async began(origin) {
      const [row] = await ask<{ record: Buffer }>(
        'SELECT record FROM hipaa_mcp_records WHERE chain = $1 AND idx = 0',
        [chains.get(origin)?.id ?? '0'],
      )
      try {
        return row === undefined ? -Infinity : Date.parse(parseRecord(row.record).at)
      } catch {
        return -Infinity
      }
    },
    hasPlaces: async (origin) => chains.has(origin),
    async recordAt(origin, { index }) {
      const [row] = await ask<{ record: Buffer }>(
        'SELECT record FROM hipaa_mcp_records WHERE chain = $1 AND idx = $2',
        [chains.get(origin)?.id ?? '0', index],
      )
      return row?.record
    },
    async strays(origins) {
      const known = new Set([registryOrigin, ...origins])
      return [...chains.keys()]
        .filter((origin) => !known.has(origin))
        .map((where) => ({ where, says: 'the registry log does not register it for this server' }))
    },
    async state() {
      // Chains grow while the registry log says nothing new of them.
      const heads = [...chains].map(([origin, { checkpoint }]) => `${origin}\n${checkpoint ?? ''}`)
      return createHash('sha256')
        .update([`${namespace}/${server}`, ...heads].join('\n'))
        .digest('hex')
    },
    async close() {
      await client.end().catch(() => undefined)
    },
  }
}

function settings(url: URL): pg.ClientConfig {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const ca = process.env['PGSSLROOTCERT']
  const password = decodeURIComponent(url.password)
  return {
    host,
    port: Number(url.port || '5432'),
    user: decodeURIComponent(url.username) || 'trail',
    database: decodeURIComponent(url.pathname.slice(1)),
    ...(password === '' ? {} : { password }),
    ssl: {
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
      ...(ca === undefined ? {} : { ca: caIn(ca) }),
    },
    connectionTimeoutMillis: 10_000,
    query_timeout: 60_000,
  }
}

function caIn(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new CannotError('PGSSLROOTCERT names no file that can be read', { cause })
  }
}

function codeOf(cause: unknown): string {
  const { code, message } = cause as { code?: string; message?: string }
  return code ?? message ?? 'unknown'
}

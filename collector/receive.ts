// What the collector offers over mutual TLS, as a table: method and path × role -> what is done.

import { Readable } from 'node:stream'
import type { CopiesResponse } from '../core/copies.ts'
import type { Identity } from '../core/identifiers.ts'
import { recordLimit } from '../core/record.ts'
import {
  type ActivityRequest,
  type ActivityResponse,
  type ChainRequest,
  type ChainResponse,
  posts,
  type RecordsResponse,
  type RecoveredResponse,
  recordsLimit,
  type WitnessReport,
} from '../core/wire.ts'
import { accessRoutes } from './access-changes.ts'
import { admissionRoutes } from './admissions.ts'
import { type Archiving, archiveRoutes } from './archive/routes.ts'
import type { Store } from './commit/commit.ts'
import type { Copies } from './copies/copies.ts'
import { exportLines } from './export.ts'
import { jsonIn } from './json-body.ts'
import { keyRoutes } from './keys-in-use.ts'
import { Refusal } from './refusals.ts'
import type { Pod } from './registry.ts'
import { reviewRoutes } from './reviews.ts'
import { sealingRoutes } from './sealing/routes.ts'
import type { Trail } from './trail.ts'

export type Answer = {
  type: 'application/json' | 'text/plain' | 'application/x-ndjson'
  body: string | Readable
}

export type Asked = { identity: Identity; url: URL; body: (limit: number) => Promise<Buffer> }

export type Route = {
  roles: readonly Identity['role'][]
  /** Whether the answer goes on for as long as it needs, or must come within the deadline. */
  streams?: true
  run: (asked: Asked) => Promise<Answer>
}

/** No record is shorter, bytes: a body of more lines than that allows holds some that are none. */
const shortestRecord = 64

const json = (value: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(value) })

export function routes(
  trail: Trail,
  store: Store,
  archiving?: Archiving,
  copies?: Pick<Copies, 'reports'>,
): { [methodAndPath: string]: Route } {
  return {
    ...archiveRoutes(trail.registry, archiving),
    ...sealingRoutes(() => trail.sealing),
    ...reviewRoutes(trail.registry),
    ...admissionRoutes(trail.registry),
    ...accessRoutes(trail.registry),
    ...keyRoutes(trail.registry),
    'POST /v1/chains': {
      roles: ['sidecar'],
      run: async ({ identity, body }) => {
        const request = jsonIn(await body(4096)) as Partial<ChainRequest>
        if (typeof request?.publicKey !== 'string') throw new Refusal('bad-request')
        const key = Buffer.from(request.publicKey, 'base64')
        const response: ChainResponse = await trail.begin(ownPod(identity), key)
        return json(response)
      },
    },
    'POST /v1/records': {
      roles: ['sidecar', 'recovery'],
      run: async ({ identity, url, body }) => {
        const origin = url.searchParams.get('origin')
        const from = url.searchParams.get('from')
        if (origin === null || from === null || !/^(0|[1-9][0-9]{0,14})$/.test(from))
          throw new Refusal('bad-request')
        const size = await trail.append(
          ownPod(identity),
          origin,
          Number(from),
          lines(await body(recordsLimit)),
        )
        const response: RecordsResponse = { size }
        return json(response)
      },
    },
    // Reached by whoever does not change the protocol (server.ts).
    [`GET ${posts.path}`]: {
      roles: ['sidecar', 'recovery'],
      run: async () => await Promise.reject(new Refusal('bad-request')),
    },
    'POST /v1/checkpoints': {
      roles: ['sidecar', 'recovery'],
      run: async ({ identity, body }) => {
        const note = (await body(8192)).toString('utf8')
        return { type: 'text/plain', body: await trail.checkpoint(ownPod(identity), note) }
      },
    },
    'POST /v1/recovered': {
      roles: ['recovery'],
      run: async ({ identity }) => {
        const response: RecoveredResponse = { chains: await trail.recovered(ownPod(identity)) }
        return json(response)
      },
    },
    'POST /v1/activity': {
      roles: ['sidecar'],
      run: async ({ identity, body }) => {
        const { iss, sub, certificate } = (jsonIn(await body(4096)) ?? {}) as Partial<ActivityRequest>
        if (typeof iss !== 'string' || typeof sub !== 'string' || typeof certificate !== 'string')
          throw new Refusal('bad-request')
        const last = trail.lastActivity(ownPod(identity), { iss, sub, certificate })
        const response: ActivityResponse = last === undefined ? {} : { last: new Date(last).toISOString() }
        return json(response)
      },
    },
    'GET /v1/chains': { roles: ['operator', 'auditor'], run: async () => json(trail.summaries()) },
    'GET /v1/signals': { roles: ['operator', 'auditor'], run: async () => json(trail.signals()) },
    'GET /v1/witnesses': { roles: ['operator', 'auditor'], run: async () => json(reportOf(trail)) },
    'GET /v1/copies': {
      roles: ['operator', 'auditor'],
      run: async () => json({ copies: copies?.reports() ?? [] } satisfies CopiesResponse),
    },
    'GET /v1/export': {
      roles: ['auditor'],
      streams: true,
      run: async ({ identity, url }) => {
        const namespace = url.searchParams.get('namespace')
        const server = url.searchParams.get('server')
        if (!namespace || !server || identity.role !== 'auditor') throw new Refusal('bad-request')
        const exported = exportLines(trail, store, { namespace, server, by: identity.person })
        // The first line is asked for here: an export that cannot begin is refused, not cut off.
        const first = await exported.next()
        async function* text(): AsyncGenerator<string> {
          if (first.done !== true) yield `${JSON.stringify(first.value)}\n`
          for await (const line of exported) yield `${JSON.stringify(line)}\n`
        }
        return { type: 'application/x-ndjson', body: Readable.from(text()) }
      },
    },
  }
}

const noWitnesses: WitnessReport = { log: '', strict: false, late: false, windowSeconds: 0, witnesses: [] }

/** What the operator, auditors and health learn of the witnesses outside the cluster. */
export function reportOf({ witnesses }: Trail): WitnessReport {
  return witnesses?.report() ?? noWitnesses
}

/** Whose records these are. */
function ownPod(identity: Identity): Pod {
  if (identity.role !== 'sidecar' && identity.role !== 'recovery') throw new Refusal('not-permitted')
  return identity
}

/** Records, one a line; the last line may lack its newline. */
function lines(body: Buffer): Buffer[] {
  const records: Buffer[] = []
  for (let from = 0; from < body.length; ) {
    const newline = body.indexOf(0x0a, from)
    const end = newline < 0 ? body.length : newline
    if (end === from || end - from > recordLimit || records.length * shortestRecord > body.length)
      throw new Refusal('bad-record')
    records.push(body.subarray(from, end))
    from = end + 1
  }
  if (records.length === 0) throw new Refusal('bad-record')
  return records
}

// What the operator asks of the collector, over mutual TLS.

import { Agent, request } from 'undici'
import type { ArchiveResponse, ArchiveSummary } from '../core/archive/summary.ts'
import type { CopiesResponse, CopyReport } from '../core/copies.ts'
import { identityOf } from '../core/identifiers.ts'
import type {
  AccessOnRecord,
  AccessRequest,
  AdmissionsRequest,
  ChainSummary,
  KeyInUse,
  Signal,
  WitnessReport,
} from '../core/wire.ts'

export interface CollectorClient {
  chains(): Promise<ChainSummary[]>
  signals(): Promise<Signal[]>
  /** Undefined where none is configured, and of a collector that knows of none. */
  archive(): Promise<ArchiveSummary | undefined>
  copies(): Promise<readonly CopyReport[]>
  /** Those outside the cluster. Undefined where none are configured, and of a collector that knows of none. */
  witnesses(): Promise<WitnessReport | undefined>
  /** Rejects where it is not known to be on record. */
  tellAdmissions(told: AdmissionsRequest): Promise<void>
  keys(keys: readonly KeyInUse[]): Promise<void>
  /** Rejects where it is not known to be on record, also of a collector of before. */
  tellAccess(told: AccessRequest): Promise<void>
  /** Grants and revocations that are on record, and not that they are gone. */
  access(): Promise<AccessOnRecord>
  close(): Promise<void>
}

/** It says no to what it was told. */
export class CollectorAnswered extends Error {
  readonly status: number
  constructor(status: number, path: string) {
    super(`The collector answered ${status} to ${path}`)
    this.name = 'CollectorAnswered'
    this.status = status
  }
}

/** What it answered to what it was told; undefined where nobody answered. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof CollectorAnswered ? error.status : undefined
}

/** PEM of our own certificate and key, and of the CA that both ends share. */
type Material = { key: string; cert: string; ca: string }

export type CollectorClientOptions = {
  url: string
  material: () => Material
  /** Milliseconds. */
  deadline?: number
}

/** Rejects when the collector does not answer in time, says no, or is not the collector. */
export function collectorClient(options: CollectorClientOptions): CollectorClient {
  const { url, material, deadline = 5_000 } = options
  let agent: Agent | undefined
  let made: Material | undefined

  /** A renewed certificate opens new connections; those that are open end by themselves. */
  function dispatcher(): Agent {
    const now = material()
    if (agent !== undefined && made?.cert === now.cert && made.ca === now.ca) return agent
    void agent?.close()
    made = now
    agent = new Agent({
      connections: 2,
      connect: {
        ...now,
        timeout: deadline,
        minVersion: 'TLSv1.3',
        // The role stands in the certificate as a URI name, which no host name can imitate.
        checkServerIdentity: (_, certificate) =>
          identityOf(certificate.subjectaltname)?.role === 'collector'
            ? undefined
            : new Error('What answers at the collector’s address is not the collector: look at its Service'),
      },
    })
    return agent
  }

  /** `absent`: what it counts as that a collector of before has no such path. */
  async function get<T>(path: string, absent?: T): Promise<T> {
    const signal = AbortSignal.timeout(deadline)
    const answer = await request(`${url}${path}`, { dispatcher: dispatcher(), signal })
    const text = await answer.body.text()
    if (answer.statusCode === 404 && absent !== undefined) return absent
    if (answer.statusCode !== 200) throw new Error(`The collector answered ${answer.statusCode} to ${path}`)
    return JSON.parse(text) as T
  }

  /** Resolves when the collector says that it is on record. */
  async function post(path: string, body: object): Promise<void> {
    const answer = await request(`${url}${path}`, {
      dispatcher: dispatcher(),
      signal: AbortSignal.timeout(deadline),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    await answer.body.dump()
    if (answer.statusCode !== 200) throw new CollectorAnswered(answer.statusCode, path)
  }

  return {
    tellAdmissions: async (told) => await post('/v1/admissions', told),
    keys: async (keys) => await post('/v1/keys', { keys }),
    tellAccess: async (told) => await post('/v1/access', told),
    access: async () => await get('/v1/access'),
    chains: async () => listOf<ChainSummary>(await get('/v1/chains'), 'chains'),
    signals: async () => listOf<Signal>(await get('/v1/signals'), 'signals'),
    archive: async () => (await get<ArchiveResponse>('/v1/archive', {})).archive,
    copies: async () => (await get<CopiesResponse>('/v1/copies', { copies: [] })).copies,
    witnesses: async () => {
      const report = await get<WitnessReport | { witnesses?: undefined }>('/v1/witnesses', {})
      return report.witnesses === undefined || report.witnesses.length === 0 ? undefined : report
    },
    close: async () => {
      await agent?.close()
    },
  }
}

function listOf<T>(body: unknown, name: string): T[] {
  const list = Array.isArray(body) ? body : (body as { [member: string]: unknown } | null)?.[name]
  if (!Array.isArray(list)) throw new Error(`The collector's ${name} are no list: it is of another version`)
  return list as T[]
}

// A trail in a real folder, and processes that write to it as a sidecar does.

import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Store } from '../../collector/commit/commit.ts'
import { openEmbedded } from '../../collector/commit/embedded.ts'
import { loadKeys } from '../../collector/keys.ts'
import type { Pod } from '../../collector/registry.ts'
import { Trail, type TrailOptions } from '../../collector/trail.ts'
import { type NoteKey, rawPublicKey, signCheckpoint } from '../../core/checkpoint.ts'
import { leafHash, rootOf } from '../../core/merkle.ts'
import { type AuditRecord, recordBytes } from '../../core/record.ts'
import type { ChainResponse } from '../../core/wire.ts'
import { aStart } from '../core/records.ts'

/** A folder that goes when the test ends, which must have begun. */
export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Open until the test ends. */
export async function anEmbeddedStore(
  folder = aFolder(),
  options: { segmentBytes?: number } = {},
): Promise<Store> {
  const store = await openEmbedded({
    folder,
    ...options,
    onPoisoned: (reason) => {
      throw reason
    },
  })
  // Those that the test itself closed, or that failed, may say so again.
  onTestFinished(async () => void (await Promise.allSettled([store.close()])))
  return store
}

/** Moved by hand. */
export type Clock = { now: number }

export async function aTrail(
  store: Store,
  clock: Clock = { now: 1_790_000_000_000 },
  counted: { kind: string }[] = [],
  more: Pick<TrailOptions, 'waitingBytes' | 'witnesses' | 'sealing' | 'steady'> = {},
): Promise<Trail> {
  const trail = new Trail({
    store,
    keys: await loadKeys(store),
    now: () => clock.now,
    silentMs: 90_000,
    ...more,
    report: { record: (at) => counted.push(at), commit: () => undefined },
  })
  await trail.open()
  return trail
}

export const aPod = (said: Partial<Pod> = {}): Pod => ({
  namespace: 'clinic',
  server: 'ehr',
  podUid: randomUUID(),
  ...said,
})

/** A sidecar process: its key, its chain, its records in order. */
export class Process {
  readonly pod: Pod
  readonly key: NoteKey['key'] = generateKeyPairSync('ed25519').privateKey
  readonly records: Buffer[] = []
  trail: Trail
  chain: ChainResponse = { origin: '', restart: -1, witness: '' }

  constructor(trail: Trail, pod: Pod = aPod()) {
    this.trail = trail
    this.pod = pod
  }

  /** Begins the chain and writes its first record. */
  static async started(trail: Trail, pod: Pod = aPod()): Promise<Process> {
    const process = new Process(trail, pod)
    await process.begin()
    const { origin, before } = process.chain
    await process.write(aStart(origin, before === undefined ? {} : { before }))
    return process
  }

  get origin(): string {
    return this.chain.origin
  }

  async begin(): Promise<ChainResponse> {
    this.chain = await this.trail.begin(this.pod, rawPublicKey(this.key))
    return this.chain
  }

  /** Appends records and sends them. Resolves to the size that was acknowledged. */
  async write(...records: AuditRecord[]): Promise<number> {
    const from = this.records.length
    this.records.push(...records.map(recordBytes))
    return await this.send(from)
  }

  async send(from = 0): Promise<number> {
    return await this.trail.append(this.pod, this.origin, from, this.records.slice(from))
  }

  /** A checkpoint of the first `size` records, as this process signs it. */
  note(size = this.records.length, records = this.records): string {
    const root = rootOf(records.slice(0, size).map(leafHash))
    return signCheckpoint(
      { origin: this.origin, size, root },
      { name: this.origin, kind: 'ed25519', key: this.key },
    )
  }

  async checkpoint(size?: number): Promise<string> {
    return await this.trail.checkpoint(this.pod, this.note(size))
  }
}

/** All records that a store holds of a chain, as text. */
export async function recordsIn(store: Store, origin: string): Promise<string[]> {
  const texts: string[] = []
  for await (const records of store.read(origin, 0)) texts.push(...records.map(String))
  return texts
}

/** Records of the registry log. */
export async function registryIn(store: Store): Promise<AuditRecord[]> {
  return (await recordsIn(store, 'hipaa-mcp.dev/registry')).map((text) => JSON.parse(text) as AuditRecord)
}

/** Resolves to the reason of the refusal, or to what came instead. */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => ({ came: value }),
    (error: { reason?: unknown }) => error.reason ?? error,
  )
}

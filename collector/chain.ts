// What the collector knows of one chain: a function of its committed records and of its newest cosigned checkpoint.

import { type Hash, leafHash, Tree as MerkleTree, type Tree } from '../core/merkle.ts'
import { type AuditRecord, type OrdersInForce, registryKinds } from '../core/record.ts'
import { mostOpenCalls } from '../core/wire.ts'
import { Growth } from './growth.ts'
import type { Reason } from './refusals.ts'

/** A record, its bytes and its leaf hash. */
export type Leaf = { bytes: Buffer; record: AuditRecord; hash: Hash }

/** The leaf of a record. */
export function leafOf(bytes: Buffer, record: AuditRecord): Leaf {
  return { bytes, record, hash: leafHash(bytes) }
}

const ofRegistry: ReadonlySet<AuditRecord['kind']> = new Set(registryKinds)

/** A process lives through few grants; one that names ever new ones fills no memory. */
const mostGrants = 1_000

export class Chain {
  readonly origin: string
  readonly vkey: string
  /** Over all committed records. */
  readonly tree: Tree = new MerkleTree()
  /** Call -> who made it, for every intent without a result. */
  readonly open: Map<string, { iss: string; sub: string }> = new Map()
  /** Size and note of the newest cosigned checkpoint. */
  witnessed: { size: number; note?: string } = { size: 0 }
  /** `at` of the newest record. */
  last: string | undefined
  orders: OrdersInForce | undefined
  /** Break-glass grant, by UID -> calls under it. */
  readonly grants: Map<string, { uses: number; last: string }> = new Map()
  closed = false

  // From the witnessed size on.
  readonly #growth = new Growth()

  constructor(origin: string, vkey: string) {
    this.origin = origin
    this.vkey = vkey
  }

  get size(): number {
    return this.tree.size
  }

  /** Why a record may not stand at `index`; undefined when it may. `closed`: the one before it closed the chain. */
  judge(record: AuditRecord, index: number, closed: boolean): Reason | undefined {
    if (ofRegistry.has(record.kind)) return 'bad-order'
    if (index === 0)
      return record.kind === 'chain-started' && record.origin === this.origin ? undefined : 'bad-order'
    if (record.kind === 'chain-started') return 'bad-order'
    if (record.kind === 'intent' && this.open.size >= mostOpenCalls) return 'too-many-open'
    return closed ? 'chain-over' : undefined
  }

  /** Takes in a committed record. Returns who caused it, where the record itself does not say. */
  take({ record, hash }: Leaf): { iss: string; sub: string } | undefined {
    this.tree.append(hash)
    this.#growth.append(hash)
    this.last = record.at
    if (record.kind === 'intent') this.open.set(record.call, { iss: record.who.iss, sub: record.who.sub })
    if (record.kind === 'intent' && record.grant !== undefined) this.#used(record.grant.uid, record.at)
    if (record.kind === 'orders') this.orders = record
    if (record.kind === 'chain-closed') this.closed = true
    if (record.kind === 'event') return { iss: record.iss, sub: record.sub }
    if (record.kind !== 'result') return undefined
    const person = this.open.get(record.call)
    this.open.delete(record.call)
    return person
  }

  /** Root over the first `size` records, from the witnessed size on. */
  rootAt(size: number): Hash | undefined {
    return this.#growth.rootAt(size)
  }

  /** A checkpoint of this size was cosigned. */
  witness(size: number, note: string): void {
    this.#growth.forget(size)
    this.witnessed = { size, note }
  }

  #used(grant: string, at: string): void {
    const uses = (this.grants.get(grant)?.uses ?? 0) + 1
    if (this.grants.size < mostGrants || uses > 1) this.grants.set(grant, { uses, last: at })
  }
}

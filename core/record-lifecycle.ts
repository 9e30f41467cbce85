// The records of the process that writes a chain: how it began, by which orders it acts, what it counted, how it ended.

import type { Acknowledge } from './acknowledge.ts'
import type { Base } from './record-base.ts'

/** First record of a chain: one chain per sidecar process. */
type ChainStarted = Base & {
  kind: 'chain-started'
  origin: string
  profile: string
  acknowledge: Acknowledge
  version: string
  /** Absent in the first chain of a pod, and where the collector was one of before. */
  before?: Predecessor
}

/**
 * The chain of the same pod that a chain succeeds, as the registry log had it then. `ended`: of the record there that says that it
 * ended; absent where there is none, since of a chain whose records are corrupt nothing is said.
 */
export type Predecessor = { origin: string; ended?: { /** Records. */ size: number; root: string } }

/** A policy came into force, or a lock did. Breach rules travel here, so that the trail says how it is judged. */
export type OrdersInForce = Base & {
  kind: 'orders'
  generation: number
  policy: string
  /** Of the policy; absent where none is in force, and in records of before. */
  profile?: string
  locked?: string
  breach: { distinctPatients: number; perSeconds: number }[]
}

/** Failed handshakes and floods, counted: a scanner cannot fill the trail. */
type Counted = Base & {
  kind: 'counted'
  what: 'handshake-failed' | 'refusals-over-quota' | 'egress-refused' | 'egress-opened'
  /** Peer address, or the egress name. */
  source: string
  count: number
  /** Why, a reason out of a table. */
  reason?: string
}

/** Last record of a chain that ended on purpose. */
type ChainClosed = Base & { kind: 'chain-closed'; open: string[] }

export type ProcessRecord = ChainStarted | OrdersInForce | Counted | ChainClosed

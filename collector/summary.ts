// One chain as the operator and auditors see it (GET /v1/chains).

import { type ChainSummary, partsOfOrigin } from '../core/wire.ts'
import type { Lane } from './lane.ts'
import type { Entered } from './registry.ts'

/** Undefined for an entry whose origin is no chain's. `lane` is absent for a chain that is not in memory. */
export function summaryOf(entry: Entered, lane: Lane | undefined): ChainSummary | undefined {
  const parts = partsOfOrigin(entry.origin)
  if (parts === undefined) return undefined
  const { ended } = entry
  const last = lane?.chain.last ?? ended?.last
  const orders = lane?.chain.orders
  return {
    origin: entry.origin,
    ...parts,
    size: lane?.chain.size ?? ended?.size ?? 0,
    state: lane?.corrupt === undefined ? (ended?.how ?? 'live') : 'corrupt',
    ...(last === undefined ? {} : { lastRecord: last }),
    ...(orders === undefined ? {} : { policy: orders.policy, generation: orders.generation }),
    ...(orders?.locked === undefined ? {} : { locked: orders.locked }),
    ...(lane === undefined || lane.chain.grants.size === 0
      ? {}
      : { grants: Object.fromEntries(lane.chain.grants) }),
    witnessed: lane?.chain.witnessed.size ?? ended?.witnessed ?? 0,
  }
}

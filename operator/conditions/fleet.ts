// The pods of a server, and what their chains say of them.

import { guardedLabel } from '../../core/identifiers.ts'
import type { ChainSummary } from '../../core/wire.ts'
import type { Pod } from '../objects.ts'
import type { Seen } from '../observe.ts'

export type Fleet = {
  expected: number
  guarded: readonly Pod[]
  /** Guarded pods whose chain says that this very policy is in force. */
  inForce: readonly Pod[]
  /** The live chain of each guarded pod that has one. */
  live: readonly ChainSummary[]
}

/** The pods of a server, and what their chains say. */
export function fleetOf({ server, pods, chains, compiled }: Seen): Fleet {
  const guarded = pods.filter(({ metadata }) => metadata.labels?.[guardedLabel] === server.metadata.name)
  const hash = 'hash' in compiled ? compiled.hash : undefined
  const live = (chains ?? []).filter(
    ({ state, podUid }) => state === 'live' && guarded.some(({ metadata }) => metadata.uid === podUid),
  )
  return {
    expected: pods.length,
    guarded,
    live,
    inForce: guarded.filter(({ metadata }) =>
      live.some((chain) => chain.podUid === metadata.uid && enforces(chain, hash)),
    ),
  }
}

/** A pod that is locked for another reason than the policy's own lockdown enforces nothing: it refuses everything. */
function enforces({ policy, locked }: ChainSummary, hash: string | undefined): boolean {
  return hash !== undefined && policy === hash && (locked === undefined || locked === 'lockdown')
}

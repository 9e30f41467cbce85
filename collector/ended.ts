// What the registry log says of a chain that ended: its size and root, so that every record is covered though the
// process died before its last checkpoint, and the calls whose result is unknown (they may have run).

import type { Ending } from '../core/record.ts'
import type { Chain } from './chain.ts'
import type { Entered, RegistryEntry } from './registry.ts'

/** Calls that one record of the registry log names; more go into further ones. A record is bounded to 65,535 bytes. */
const callsAtOnce = 500

/** Whether the log says so already. A chain that fell silent and is then succeeded has ended for good. */
export function isSaid({ ended: said }: Entered, how: Ending): boolean {
  return said !== undefined && (said.how !== 'silent' || how === 'silent')
}

/** Nothing when the log says so already. */
export function ended(entry: Entered | undefined, chain: Chain, how: Ending): RegistryEntry[] {
  if (entry === undefined || isSaid(entry, how)) return []
  const unknown = [...chain.open.keys()]
  const groups = Array.from({ length: Math.max(1, Math.ceil(unknown.length / callsAtOnce)) }, (_, i) =>
    unknown.slice(i * callsAtOnce, (i + 1) * callsAtOnce),
  )
  return groups.map((calls) => ({
    kind: 'ended',
    origin: chain.origin,
    size: chain.size,
    root: chain.tree.root().toString('base64'),
    how,
    unknown: calls,
    witnessed: chain.witnessed.size,
    ...(chain.last === undefined ? {} : { last: chain.last }),
  }))
}

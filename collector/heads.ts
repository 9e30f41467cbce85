// How far all chains have come, for the registry log: what signs the log signs for every chain then.

import type { Lanes } from './lanes.ts'
import type { Registry, RegistryEntry } from './registry.ts'

/** Heads in one record of the registry log, which is bounded to 65,535 bytes. */
const headsAtOnce = 100

/** `entries`: of the chains that grew since the log last said so. `reach`: how far it covers each of them then. */
export function headsOf(
  lanes: Lanes,
  registry: Registry,
): { entries: RegistryEntry[]; reach: ReadonlyMap<string, number> } {
  // Of a chain that was changed in the store nothing true can be said.
  const chains = [...lanes.all()].flatMap(([, { chain, corrupt }]) => (corrupt === undefined ? chain : []))
  const heads = chains
    .filter(({ origin, size }) => size > (registry.entries.get(origin)?.covered ?? size))
    .map(({ origin, size, tree }) => ({ origin, size, root: tree.root().toString('base64') }))
  return {
    entries: Array.from({ length: Math.ceil(heads.length / headsAtOnce) }, (_, i) => ({
      kind: 'heads',
      heads: heads.slice(i * headsAtOnce, (i + 1) * headsAtOnce),
    })),
    reach: new Map(chains.map(({ origin, size }) => [origin, size])),
  }
}

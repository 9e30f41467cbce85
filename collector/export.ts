// What an auditor takes away: every chain of one server, whole, and the registry log that says which there are.

import { type ExportLine, registryOrigin } from '../core/wire.ts'
import type { Store } from './commit/commit.ts'
import { Corrupt } from './commit/commit.ts'
import type { Trail } from './trail.ts'

/** Lines in order. The last is `end`: without it the export was cut off. `by` is recorded in the registry log. */
export async function* exportLines(
  trail: Trail,
  store: Store,
  asked: { namespace: string; server: string; by: string },
): AsyncGenerator<ExportLine> {
  const { chains, registry } = await trail.hold(asked.namespace, asked.server, asked.by)
  const witness = trail.witnessVkey
  let records = 0
  for (const { origin, vkey, to, note } of chains) {
    yield { chain: origin, vkey, witness }
    for await (const record of recordsOf(store, origin, to)) {
      records += 1
      yield { record }
    }
    if (note !== undefined) yield { checkpoint: note }
  }
  yield { chain: registryOrigin, vkey: trail.registry.vkey, witness }
  for await (const record of recordsOf(store, registryOrigin, registry.size)) {
    records += 1
    yield { record }
  }
  yield { checkpoint: registry.note }
  if (registry.witnessed !== undefined) yield { witnessed: registry.witnessed }
  yield { end: true, chains: chains.length + 1, records }
}

/** Of a chain that was changed in the store, what is still readable: the verification says what is missing. */
async function* recordsOf(store: Store, origin: string, to: number | undefined): AsyncGenerator<string> {
  try {
    if (to === 0) return
    for await (const records of store.read(origin, 0, to))
      for (const record of records) yield record.toString('utf8')
  } catch (error) {
    if (!(error instanceof Corrupt)) throw error
  }
}

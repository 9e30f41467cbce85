// How an exported trail lies in its folder. Plain files that other tools read: a signed note, a verifier key, and
// records in canonical form, one a line.
//
//   manifest.json
//   registry/            records.ndjson  checkpoint  vkey  witnessed
//   chains/POD-RESTART/  records.ndjson  checkpoint  vkey
//
// Or, made of it by `trail tiles`, each of those folders as a C2SP tlog-tiles log: tile/… in place of records.ndjson, and what
// came after the checkpoint in after-checkpoint.ndjson.

import { partsOfOrigin, registryOrigin } from '../core/wire.ts'

export const manifestSchema = 'hipaa-mcp-trail/1'

export type Manifest = {
  schema: typeof manifestSchema
  /** `namespace/name`. */
  server: string
  /** RFC 3339. */
  exported: string
  /** Verifier key of the witness, as the collector gave it. */
  witness: string
  chains: { origin: string; folder: string; records: number }[]
}

/** What holds a chain's records in its folder. `all`, or `tiles` with `after`. */
export const recordFiles = { all: 'records.ndjson', tiles: 'tile', after: 'after-checkpoint.ndjson' } as const

/** Folder of a chain below the export. */
export function folderOfChain(origin: string): string {
  if (origin === registryOrigin) return 'registry'
  const parts = partsOfOrigin(origin)
  if (parts === undefined) throw new TypeError('Not the origin of a chain')
  return `chains/${parts.podUid}-${parts.restart}`
}

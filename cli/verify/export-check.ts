// A whole exported folder, offline. Nothing in it is believed but what a signature covers; the witness's key is the one
// thing that must come from elsewhere, and the report says whether it did.

import type { WitnessPolicy } from '../../core/witness-policy.ts'
import type { ChainReport } from './chain-check.ts'
import type { Earlier } from './earlier.ts'
import type { Finding } from './finding.ts'
import { openChain, openExport, reportOf } from './open-export.ts'
import type { Outside } from './outside-check.ts'

export type Report = {
  ok: boolean
  server: string
  witness: {
    /** The collector's own; empty where a policy is given that does not have it: then it proves nothing. */
    vkey: string
    /** The verifier brought it, and did not take it from the export. */
    pinned: boolean
  }
  /**
   * What the verifier brought along and did not take from the export. `nothing`: it shows at most that the export agrees
   * with itself.
   */
  pinned: 'policy' | 'witness' | 'earlier' | 'nothing'
  /** How far witnesses outside the cluster vouch for it, in the registry log; with a policy only. */
  outside?: Outside
  registry: { records: number; through: number; witnessed?: number }
  chains: Omit<ChainReport, 'findings'>[]
  findings: Finding[]
}

export type Wanted = {
  folder: string
  /** `namespace/name`; without it that of the manifest. */
  server?: string
  /** The witness's verifier key, from a source that the export cannot have touched. */
  witness?: string
  /** Whose word the verifier believes: the log's key and witnesses outside the cluster. No other key is believed then. */
  policy?: WitnessPolicy
  /** What the verifier kept from before: the trail must go on from it. */
  earlier?: Earlier
  /** Told of every record. */
  read: () => void
}

/** Verifies a folder. Rejects with `CannotError` only when there is nothing to verify. */
export async function checkExport(wanted: Wanted): Promise<Report> {
  const opened = await openExport(wanted)
  const chains: ChainReport[] = []
  for (const expected of opened.chains) {
    const chain = await openChain(opened, expected)
    for await (const { bytes, ended } of chain.lines()) {
      chain.check.take(bytes, ended)
      wanted.read()
    }
    chains.push(await chain.finish())
  }
  return await reportOf(opened, chains)
}

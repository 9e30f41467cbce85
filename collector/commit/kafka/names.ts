// What stands by its name in the compacted topic. Of a head or a key the first counts, so that of several collectors that make
// one at once all have the same: each writes it under a name of its own, and none replaces another's. Of checkpoints and notes
// the last counts.

import type { StoredChain } from '../commit.ts'

/** `from`: the offset in the chain's partition before which it has no records. `owner`: who claimed it when it began. */
export type ChainHead = { vkey: string; partition: number; from: string; owner?: string }

export class Names {
  readonly heads: Map<string, ChainHead> = new Map()
  readonly checkpoints: Map<string, string> = new Map()
  readonly notes: Map<string, string> = new Map()
  readonly keys: Map<string, string> = new Map()

  /** The next one, in the topic's order. Returns the origin where it is a checkpoint. */
  take(name: string, value: string): string | undefined {
    const [kind, of = ''] = name.split(' ')
    if (kind === 'chain' && !this.heads.has(of)) this.heads.set(of, JSON.parse(value) as ChainHead)
    if (kind === 'key' && !this.keys.has(of)) this.keys.set(of, value)
    if (kind === 'note') this.notes.set(of, value)
    if (kind === 'checkpoint') this.checkpoints.set(of, value)
    return kind === 'checkpoint' ? of : undefined
  }

  chain(origin: string): StoredChain | undefined {
    const head = this.heads.get(origin)
    if (head === undefined) return undefined
    const checkpoint = this.checkpoints.get(origin)
    return { origin, vkey: head.vkey, ...(checkpoint === undefined ? {} : { checkpoint }) }
  }

  chains(): StoredChain[] {
    return [...this.heads.keys()].flatMap((origin) => this.chain(origin) ?? [])
  }
}

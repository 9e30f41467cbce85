// What the registry log says must be true of every chain.

import { type AuditRecord, type Ending, type Head, registryKinds } from '../../core/record.ts'
import { Succession } from '../../core/succession.ts'
import { partsOfOrigin } from '../../core/wire.ts'
import type { Finding } from './finding.ts'

/** What the log says of a chain at one of its sizes. */
export type Mark = {
  /** Index in the registry log. */
  index: number
  what: 'held' | 'heads' | 'ended'
  size: number
  root: string
  witnessed: number
  /** Of `ended`: calls whose intent has no result, over all records of the log that belong together. */
  unknown?: Set<string>
}

export type Expected = {
  origin: string
  /** Index in the registry log. */
  index: number
  vkey: string
  marks: Mark[]
  /** Records that are sealed, from the first on. */
  sealed: number
  /** Records that are in the archive, from the first on, and the index of the record that says so. */
  archived?: { to: number; index: number }
  /** How it ended, undefined while it lives. */
  ended?: Ending
  /** Of the same pod, the one that it succeeds. */
  before?: Expected
}

const kinds: ReadonlySet<AuditRecord['kind']> = new Set(registryKinds)

/** Reads the whole log into what it says of each chain. Pure. */
export class RegistryCheck {
  readonly chains: Map<string, Expected> = new Map()
  readonly findings: Finding[] = []
  readonly #succession = new Succession<Expected>()
  #index = 0

  take(record: AuditRecord): void {
    const index = this.#index++
    const wrong = this.#read(record, index)
    if (wrong !== undefined) this.findings.push({ where: 'registry', index, says: wrong })
  }

  /** Chains of one server, in the order in which they began. */
  of(namespace: string, server: string): Expected[] {
    return [...this.chains.values()].filter(({ origin }) => {
      const parts = partsOfOrigin(origin)
      return parts?.namespace === namespace && parts.server === server
    })
  }

  #read(record: AuditRecord, index: number): string | undefined {
    if (!kinds.has(record.kind)) return 'a record of this kind does not belong into the registry log'
    if (record.kind === 'registered') {
      if (partsOfOrigin(record.origin) === undefined) return 'it registers what is no origin of a chain'
      if (this.chains.has(record.origin)) return 'it registers a chain for the second time'
      const { origin, vkey } = record
      const chain: Expected = { origin, index, vkey, marks: [], sealed: 0 }
      this.#succession.enter(chain)
      this.chains.set(origin, chain)
      return undefined
    }
    if (record.kind === 'heads') {
      const wrong = record.heads.map((head) => this.#readHead(head, index))
      return wrong.find((says) => says !== undefined)
    }
    if (!('origin' in record)) return undefined
    const chain = this.chains.get(record.origin)
    if (chain === undefined) return 'it speaks of a chain that it did not register before'
    const last = chain.marks.at(-1)
    if ('size' in record && last !== undefined && record.size < last.size) return shorter
    if (record.kind === 'sealed') {
      if (record.from !== chain.sealed || record.to <= record.from)
        return 'records between two sealed segments are left out, or sealed twice'
      chain.sealed = record.to
    }
    if (record.kind === 'archived') chain.archived = { to: record.to, index }
    if (record.kind === 'resumed') delete chain.ended
    if (record.kind === 'held') chain.marks.push({ index, what: 'held', ...headOf(record) })
    if (record.kind === 'ended') {
      // Calls that did not fit into one record follow in the next, of the same chain and size.
      if (chain.ended === record.how && last?.what === 'ended' && last.size === record.size)
        for (const call of record.unknown) last.unknown?.add(call)
      else chain.marks.push({ index, what: 'ended', ...headOf(record), unknown: new Set(record.unknown) })
      chain.ended = record.how
    }
    return undefined
  }

  #readHead({ origin, size, root }: Head, index: number): string | undefined {
    const chain = this.chains.get(origin)
    if (chain === undefined) return 'it speaks of a chain that it did not register before'
    if (size < (chain.marks.at(-1)?.size ?? 0)) return shorter
    chain.marks.push({ index, what: 'heads', size, root, witnessed: 0 })
    return undefined
  }
}

const shorter = 'it says that a chain became shorter'

function headOf(record: {
  size: number
  root: string
  witnessed: number
}): Pick<Mark, 'size' | 'root' | 'witnessed'> {
  return { size: record.size, root: record.root, witnessed: record.witnessed }
}

// Whether the collector can be reached, as far as our own exchanges with it show, and what it cosigned.

import { parseNote, parseVkey, verifyNote } from '../../core/checkpoint.ts'
import type { CollectorClient } from './collector-client.ts'
import { ChainOver } from './home.ts'

/** Failures within this time are no trouble yet, milliseconds: a collector that restarts is back sooner. */
const grace = 2_000

export class Contact {
  readonly #collector: Pick<CollectorClient, 'records' | 'checkpoint'>
  readonly #origin: string
  readonly #witness: ReturnType<typeof parseVkey>
  #failingSince: number | undefined
  #cosigned: { size: number; note: string } | undefined

  /** `witness`: verifier key of the collector, C2SP vkey. */
  constructor(collector: Pick<CollectorClient, 'records' | 'checkpoint'>, origin: string, witness: string) {
    this.#collector = collector
    this.#origin = origin
    this.#witness = parseVkey(witness)
  }

  async records(from: number, records: readonly Buffer[]): Promise<void> {
    await this.#try(async () => await this.#collector.records(this.#origin, from, records))
  }

  /** Hands in a signed note; the cosignature must verify, or it does not count. */
  async checkpoint(note: string): Promise<void> {
    await this.#try(async () => {
      const cosigned = note + (await this.#collector.checkpoint(note))
      if (verifyNote(cosigned, this.#witness) === undefined) throw new ChainOver('witness-wrong')
      this.#cosigned = { size: parseNote(note).checkpoint.size, note: cosigned }
    })
  }

  /** Size of the newest cosigned checkpoint. */
  witnessed(): number {
    return this.#cosigned?.size ?? 0
  }

  /** The newest note with its cosignature. */
  note(): string | undefined {
    return this.#cosigned?.note
  }

  trouble(): string | undefined {
    const since = this.#failingSince
    return since !== undefined && performance.now() - since > grace ? 'collector-unreachable' : undefined
  }

  async #try(exchange: () => Promise<void>): Promise<void> {
    try {
      await exchange()
      this.#failingSince = undefined
    } catch (error) {
      this.#failingSince ??= performance.now()
      throw error
    }
  }
}

// Bodies that are held, from the first byte read to the answer: so many bytes of each caller and so many of all, so that whoever
// sends much, or slowly, costs the others nothing and the collector not its memory.

import type { IncomingMessage } from 'node:http'
import type { Identity } from '../core/identifiers.ts'
import { type Shares, shares } from '../core/shares.ts'
import { taken, wholeBody } from '../core/whole-body.ts'
import { Refusal } from './refusals.ts'
import { podOf } from './registry.ts'

const mebibyte = 1024 * 1024
/** More than may wait to be committed (trail.ts), of one pod and of all: what is read next is held besides. */
const usual = { each: 24 * mebibyte, all: 96 * mebibyte }

/** What one request holds. */
export type Held = {
  /**
   * Reads its body. Rejects with `too-large` beyond `limit`, and with `too-much-at-once` when there is no room for it, without
   * reading on.
   */
  body: (request: IncomingMessage, limit: number) => Promise<Buffer>
  /** It is answered for, and nobody works on it any more. */
  letGo: () => void
}

export class Bodies {
  readonly #shares: Shares
  #bytes = 0

  constructor({ each, all }: { each: number; all: number } = usual) {
    this.#shares = shares(each, all)
  }

  /** Held now. */
  get bytes(): number {
    return this.#bytes
  }

  of(identity: Identity): Held {
    const whose = callerOf(identity)
    let held = 0
    // What is announced costs nothing, what came does: nobody keeps room by saying how much they will send.
    const take = (bytes: number): void => {
      if (!this.#shares.take(whose, bytes)) throw new Refusal('too-much-at-once')
      held += bytes
      this.#bytes += bytes
    }
    return {
      body: async (request, limit) => {
        if (Number(request.headers['content-length'] ?? 0) > limit) throw new Refusal('too-large')
        // With destroyOnReturn the socket would go, and with it our answer.
        const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
        const body = await wholeBody(taken(chunks, take), limit)
        if (body === undefined) throw new Refusal('too-large')
        return body
      },
      letGo: () => {
        this.#shares.give(whose, held)
        this.#bytes -= held
        held = 0
      },
    }
  }
}

function callerOf(identity: Identity): string {
  return identity.role === 'sidecar' || identity.role === 'recovery'
    ? `${identity.role} ${podOf(identity)}`
    : identity.role
}

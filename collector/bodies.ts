// Bodies that are held, from the first byte read to the answer: so many bytes of each caller, of each server's pods together and of
// all, so that whoever sends much, or slowly, costs the others nothing and the collector not its memory. What the operator,
// auditors and recovery send has room of its own, which no sidecar can take.

import type { IncomingMessage } from 'node:http'
import type { Identity } from '../core/identifiers.ts'
import { type GroupShares, groupShares } from '../core/shares.ts'
import { wholeBody } from '../core/whole-body.ts'
import { Refusal } from './refusals.ts'
import { podOf, serverOf } from './registry.ts'

const mebibyte = 1024 * 1024
/** Bytes at most: of one caller, of the pods of one server (of one role, where it is no sidecar), of all of them. */
export type BodyLimits = { each: number; group: number; all: number }

/** More than may wait to be committed (trail.ts), of one pod, of one server and of all: what is read next is held besides. */
const ofSidecars: BodyLimits = { each: 12 * mebibyte, group: 24 * mebibyte, all: 96 * mebibyte }
/** Kept back for all others: what they send is small, and of each volume one body at a time. */
const ofOthers: BodyLimits = { each: 4 * mebibyte, group: 8 * mebibyte, all: 24 * mebibyte }

/** What one request holds. */
export type Held = {
  /** So many bytes of it came. Throws `too-much-at-once` when there is no room for them. */
  take: (bytes: number) => void
  /**
   * Reads its body. Rejects with `too-large` beyond `limit`, and with `too-much-at-once` when there is no room for it, without
   * reading on.
   */
  body: (request: IncomingMessage, limit: number) => Promise<Buffer>
  /** It is answered for, and nobody works on it any more. */
  letGo: () => void
}

export class Bodies {
  readonly #sidecars: GroupShares
  readonly #others: GroupShares
  #bytes = 0

  constructor(sidecars: BodyLimits = ofSidecars, others: BodyLimits = ofOthers) {
    this.#sidecars = groupShares(sidecars)
    this.#others = groupShares(others)
  }

  /** Held now. */
  get bytes(): number {
    return this.#bytes
  }

  of(identity: Identity): Held {
    const shares = identity.role === 'sidecar' ? this.#sidecars : this.#others
    const { who, group } = callerOf(identity)
    let held = 0
    // What is announced costs nothing, what came does: nobody keeps room by saying how much they will send.
    const take = (bytes: number): void => {
      if (!shares.take(who, group, bytes)) throw new Refusal('too-much-at-once')
      held += bytes
      this.#bytes += bytes
    }
    return {
      take,
      body: async (request, limit) => {
        if (Number(request.headers['content-length'] ?? 0) > limit) throw new Refusal('too-large')
        const body = await wholeBody(request, limit, take)
        if (body === undefined) throw new Refusal('too-large')
        return body
      },
      letGo: () => {
        shares.give(who, group, held)
        this.#bytes -= held
        held = 0
      },
    }
  }
}

function callerOf(identity: Identity): { who: string; group: string } {
  const { role } = identity
  if (role === 'sidecar') return { who: podOf(identity), group: serverOf(identity) }
  if (role === 'recovery') return { who: `${role} ${podOf(identity)}`, group: role }
  return { who: role === 'auditor' ? `${role} ${identity.person}` : role, group: role }
}

// Fills the index of patients while a trail is verified: what was read is what was verified, and no record is made an object of.
// Six years of a busy server are millions of records, of which the index wants whom each concerns and where it stands.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Pairs } from '../../core/export/pairs.ts'
import { leafHash } from '../../core/merkle.ts'
import { CannotError } from '../command.ts'
import type { Hearer } from '../verify/export-check.ts'
import { shortLeaf, shortToken } from './patient-index.ts'
import type { Spot, TrailSource } from './source.ts'

/** A record that may be the first of a call: whom it concerns is known with those of its result. */
type Placed = Spot & { time: number; leaf: Buffer; tokens: readonly number[] }

/**
 * How a patient is spelled in canonical form (RFC 8785): nothing but a member's name stands so, since a quote within a text is
 * escaped. Were another member called so, the index would lead to a record that does not name the patient, and be told so.
 */
const before = Buffer.from('"token":"')
const tokenLength = 43

export class Accesses {
  readonly #insert: StatementSync
  readonly #insertChain: StatementSync
  readonly #source: TrailSource
  #chains = 0

  constructor(database: DatabaseSync, source: TrailSource) {
    this.#insert = database.prepare(`INSERT INTO access VALUES (${'?, '.repeat(10)}?)`)
    this.#insertChain = database.prepare('INSERT INTO chain VALUES (?, ?)')
    this.#source = source
  }

  /** Takes the records of one chain. */
  async of(origin: string): Promise<Hearer> {
    const hasPlaces = await this.#source.hasPlaces(origin)
    let chain: number | undefined
    const add = (place: Placed, earlier: Placed | undefined, tokens: Iterable<number>): void => {
      for (const token of tokens) {
        chain ??= this.#enter(origin, hasPlaces)
        this.#add(chain, token, place, earlier)
      }
    }
    const pairs = new Pairs<Placed>()
    return {
      take: ({ kind, time, call }, bytes, spot) => {
        // A call that was refused after its intent has a result as well, which says what left.
        if (call === undefined || (kind !== 'intent' && kind !== 'result' && kind !== 'event')) return
        const place = { ...spot, time, leaf: shortLeaf(leafHash(bytes)), tokens: tokensIn(bytes) }
        if (kind === 'intent') {
          pairs.intent(call, place)
          return
        }
        const earlier = kind === 'result' ? pairs.result(call) : pairs.before(call)
        add(place, earlier, new Set([...(earlier?.tokens ?? []), ...place.tokens]))
      },
      end: () => {
        for (const place of pairs.open()) add(place, undefined, new Set(place.tokens))
      },
    }
  }

  #enter(origin: string, hasPlaces: boolean): number {
    if (!hasPlaces)
      throw new CannotError(
        `An index wants the lines of each chain, as trail export writes them: in ${this.#source.name} ${origin} has none`,
      )
    this.#chains += 1
    this.#insertChain.run(this.#chains, origin)
    return this.#chains
  }

  #add(chain: number, token: number, place: Placed, earlier: Placed | undefined): void {
    const { time, index, from, length, leaf } = place
    if (earlier === undefined)
      this.#insert.run(token, time, chain, index, from, length, leaf, null, null, null, null)
    else
      this.#insert.run(
        token,
        time,
        chain,
        index,
        from,
        length,
        leaf,
        earlier.index,
        earlier.from,
        earlier.length,
        earlier.leaf,
      )
  }
}

function tokensIn(bytes: Buffer): number[] {
  const tokens: number[] = []
  for (let at = bytes.indexOf(before); at >= 0; at = bytes.indexOf(before, at)) {
    at += before.length
    tokens.push(shortToken(bytes.toString('latin1', at, at + tokenLength)))
  }
  return tokens
}

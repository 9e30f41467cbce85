// One witness outside the cluster: what it has signed, as far as we know, and how it answers.

import { backoff } from '../../core/backoff.ts'
import type { Hash } from '../../core/merkle.ts'
import type { PinnedWitness } from '../../core/witness-policy.ts'
import type { Ask } from './ask.ts'
import { type Answer, answerOf, questionOf, type RefusalReason, type Shown } from './protocol.ts'

/** How a witness answered last. `new`: it was not asked yet. */
export type WitnessState = 'new' | 'cosigns' | 'unreachable' | 'refuses'

export type WitnessEvents = {
  /** It would not sign, for a reason that it did not give before. */
  refused: (witness: string, reason: RefusalReason, shown: number, signed?: number) => void
  /** It answers again as it did before it refused or was away; `undefined` while it does not answer. */
  changed: (witness: string, state: WitnessState, reason?: string) => void
  /** It has signed fewer records than it once signed for us: it lost its memory, and no longer sees a rewritten past. */
  forgot: (witness: string) => void
}

export type WitnessOptions = {
  pinned: PinnedWitness & { url: string }
  ask: Ask
  events: WitnessEvents
  /** Whether the log has so many records: another collector may have shown them. */
  has?: (size: number) => Promise<boolean>
  /** Milliseconds, and only ever forward. */
  clock?: () => number
}

/** After so many milliseconds a witness that is away, or refuses, is asked again: at first and at last. */
const again = { least: 1_000, most: 60_000 }
/** Its word on where it stands is taken so often in one round. */
const turns = 2

export class Witness {
  readonly name: string
  state: WitnessState = 'new'
  reason: string | undefined
  /** Records that it has signed, as far as we know; undefined while it was never asked. */
  signed: number | undefined
  /** The reason for which it refuses, as the registry log has it. */
  said: string | undefined

  readonly #options: WitnessOptions
  readonly #clock: () => number
  #failures = 0
  #notBefore = Number.NEGATIVE_INFINITY

  constructor(options: WitnessOptions, signed?: number) {
    this.#options = options
    this.#clock = options.clock ?? (() => performance.now())
    this.name = options.pinned.name
    this.signed = signed
  }

  /**
   * Asks it to cosign a head of the log. Undefined when it does not, or when it is left alone after it did not. Never
   * rejects but with what `proof` rejects with.
   */
  async cosign(
    head: { size: number; note: string },
    proof: (from: number) => Promise<Hash[]>,
  ): Promise<{ line: string; time: number } | undefined> {
    if (this.#clock() < this.#notBefore) return undefined
    for (let turn = 0; turn < turns; turn++) {
      const answer = await this.#askFrom({ ...head, old: this.signed ?? 0 }, proof)
      if (answer.kind === 'from') {
        if (this.signed !== undefined && answer.size < this.signed) this.#options.events.forgot(this.name)
        this.signed = answer.size
        // It signed what came after this head, and signs that of the next round.
        if (answer.size > head.size && (await this.#options.has?.(answer.size)) === true) return undefined
        continue
      }
      if (answer.kind === 'signed') {
        this.signed = head.size
        this.#failures = 0
        this.said = undefined
        this.#become('cosigns')
        return { line: answer.line, time: answer.time }
      }
      this.#wait()
      if (answer.kind === 'failed') this.#become('unreachable', answer.reason)
      else {
        const isNews = this.state !== 'refuses' || this.reason !== answer.reason
        this.#become('refuses', answer.reason)
        if (isNews) this.#options.events.refused(this.name, answer.reason, head.size, answer.signed)
      }
      return undefined
    }
    this.#wait()
    this.#become('unreachable', 'conflicts')
    return undefined
  }

  async #askFrom(shown: Shown, proof: (from: number) => Promise<Hash[]>): Promise<Answer> {
    const { ask, pinned } = this.#options
    // No proof leads back; it must answer 400 to a question that says so.
    if (shown.old > shown.size) return { kind: 'refused', reason: 'ahead', signed: shown.old }
    const question = questionOf(shown, await proof(shown.old))
    let answered: Awaited<ReturnType<Ask>>
    try {
      answered = await ask(pinned.url, question)
    } catch {
      return { kind: 'failed', reason: 'unreachable' }
    }
    return answerOf(answered.status, answered.body, shown, pinned.key)
  }

  #wait(): void {
    this.#notBefore = this.#clock() + backoff(this.#failures, again.least, again.most)
    this.#failures += 1
  }

  #become(state: WitnessState, reason?: string): void {
    // An alarm ends when the witness signs, and not because it cannot be reached any more.
    if (this.state === 'refuses' && state === 'unreachable') return
    const isNews = this.state !== state || this.reason !== reason
    this.state = state
    this.reason = reason
    if (isNews) this.#options.events.changed(this.name, state, reason)
  }
}

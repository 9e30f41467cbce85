// Which intent belongs to which result: every reader of a chain decides it by this alone.

/** So many answered calls are remembered, unless said otherwise, for the messages of streams that outlive them. */
const usual = 10_000

/** Fed with intents and results, those of each chain in order. Keeps, by call, the intents that have no result yet, and some that have. */
export class Pairs<T> {
  readonly #open = new Map<string, T>()
  readonly #answered = new Map<string, T>()
  readonly #remembered: number

  constructor(remembered = usual) {
    this.#remembered = remembered
  }

  intent(call: string, intent: T): void {
    this.#open.set(call, intent)
  }

  /** The intent of a call, answered or not; undefined where there was none, or none any more. */
  before(call: string): T | undefined {
    return this.#open.get(call) ?? this.#answered.get(call)
  }

  /** The same, and the call is answered from now on. */
  result(call: string): T | undefined {
    const before = this.before(call)
    if (before === undefined || !this.#open.delete(call)) return before
    this.#answered.set(call, before)
    if (this.#answered.size > this.#remembered)
      this.#answered.delete(this.#answered.keys().next().value as string)
    return before
  }

  /** Intents that have no result yet, in order. */
  open(): Iterable<T> {
    return this.#open.values()
  }
}

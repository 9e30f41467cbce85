// Whether a connection has ended, and why, for whoever waits for something on its behalf.

import type { EgressRefusal } from './reasons.ts'

/** As much of an `AbortSignal` as waiting takes. `reason`: an `EgressRefusal`, or what a signal of somebody's has. */
export type Ending = Pick<AbortSignal, 'aborted' | 'reason' | 'throwIfAborted'> & {
  addEventListener: (type: 'abort', heard: () => void) => void
  removeEventListener: (type: 'abort', heard: () => void) => void
}

/** Of one connection. An `AbortController` with its signal would do the same, and be a tenth of what opening a connection takes. */
export class ConnectionEnding implements Ending {
  reason: EgressRefusal | undefined
  readonly #waiting = new Set<() => void>()

  get aborted(): boolean {
    return this.reason !== undefined
  }
  throwIfAborted(): void {
    if (this.reason !== undefined) throw this.reason
  }
  addEventListener(_: 'abort', heard: () => void): void {
    this.#waiting.add(heard)
  }
  removeEventListener(_: 'abort', heard: () => void): void {
    this.#waiting.delete(heard)
  }
  /** The first reason counts. */
  abort(reason: EgressRefusal): void {
    if (this.reason !== undefined) return
    this.reason = reason
    for (const heard of this.#waiting) heard()
    this.#waiting.clear()
  }
}

/** For an error that closes its socket: whoever waits for it learns from that. */
export function heardElsewhere(): void {}

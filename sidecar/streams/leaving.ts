// A caller's departure, told once. An AbortSignal says the same at ten times the cost, and every call has one: its
// controller, and the event that it makes when its response closes, were a hundredth of a call.

type Listener = (() => void) | { handleEvent(): void }

/** What is told when somebody leaves: of an AbortSignal, the part that calls need. */
export interface Gone {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: Listener, options?: { once: boolean }): void
  removeEventListener(type: 'abort', listener: Listener): void
}

export class Leaving implements Gone {
  #aborted = false
  #listeners: Listener[] | undefined
  #controller: AbortController | undefined

  get aborted(): boolean {
    return this.#aborted
  }

  /** The same as an AbortSignal, made when it is first asked for. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#aborted) this.#controller.abort(closed)
    return this.#controller.signal
  }

  addEventListener(_type: 'abort', listener: Listener): void {
    ;(this.#listeners ??= []).push(listener)
  }

  removeEventListener(_type: 'abort', listener: Listener): void {
    const at = this.#listeners?.indexOf(listener) ?? -1
    if (at >= 0) this.#listeners?.splice(at, 1)
  }

  /** They left. Whoever listens is told, now and never again. */
  leave(): void {
    if (this.#aborted) return
    this.#aborted = true
    const told = this.#listeners ?? []
    this.#listeners = undefined
    for (const listener of told) {
      if (typeof listener === 'function') listener()
      else listener.handleEvent()
    }
    // Without a reason of ours a DOMException with its stack is made.
    this.#controller?.abort(closed)
  }
}

const closed = new Error('The response is closed')

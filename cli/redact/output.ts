// Writes to standard output no faster than it is read, and ends quietly when its reader does.

import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { CannotError } from '../command.ts'

/** The reader went away (`| head`): there is nobody to write for, and nothing is wrong. */
export class ReaderGone extends Error {}

export class Output {
  readonly #to: Writable
  #broken: Error | undefined

  constructor(to: Writable) {
    this.#to = to
    to.on('error', (error: NodeJS.ErrnoException) => {
      this.#broken =
        error.code === 'EPIPE'
          ? new ReaderGone()
          : new CannotError(`standard output cannot be written: ${error.code ?? 'see that it is open'}`)
    })
  }

  /** Resolves when there is room for more. Rejects with `ReaderGone`, or with why it cannot be written. */
  async write(text: string): Promise<void> {
    if (text === '') return
    this.#mustStand()
    // An error ends the wait as well; it is looked at after it.
    if (!this.#to.write(text)) await once(this.#to, 'drain').catch(() => undefined)
    this.#mustStand()
  }

  #mustStand(): void {
    if (this.#broken !== undefined) throw this.#broken
  }
}

// A list or an object on its way out: its brackets, and between what stays of it the commas that came.

import { endOf, memberStart, startOf, type Tape } from '../json-scan.ts'
import type { Output } from './edit-output.ts'

export class Written {
  readonly #container: number
  readonly #tape: Tape
  readonly #output: Output
  /** The output before the container. */
  readonly #length: number
  readonly #from: number
  readonly #to: number
  /** The output before the member or item at hand. */
  #lengthBefore = 0
  #fromBefore = 0
  #toBefore = 0
  /** End of the last one that was met, and of the last that stays. */
  #met: number
  #stayed = 0

  constructor(container: number, tape: Tape, output: Output) {
    this.#container = container
    this.#tape = tape
    this.#output = output
    this.#length = output.length
    this.#from = output.from
    this.#to = output.to
    const start = startOf(tape, container)
    this.#met = start + 1
    output.stretch(start, start + 1)
  }

  /** Writes all of a member or an item that stands before its value. */
  begin(entry: number): void {
    const output = this.#output
    this.#lengthBefore = output.length
    this.#fromBefore = output.from
    this.#toBefore = output.to
    // From behind its neighbour there is a comma, and from behind the bracket none.
    const isFirst = this.#stayed === 0
    output.stretch(isFirst ? memberStart(this.#tape, entry) : this.#met, startOf(this.#tape, entry))
  }

  end(entry: number, stays: boolean): void {
    this.#met = endOf(this.#tape, entry)
    if (stays) this.#stayed = this.#met
    else this.#output.back(this.#lengthBefore, this.#fromBefore, this.#toBefore)
  }

  /** One of which nothing stays. */
  pass(entry: number): void {
    this.#met = endOf(this.#tape, entry)
  }

  /** Its end. `empty`: whether it stays when nothing of it does. */
  close(empty: boolean): boolean {
    if (this.#stayed === 0 && !empty) return this.undo()
    const end = endOf(this.#tape, this.#container)
    this.#output.stretch(this.#stayed === this.#met && this.#stayed > 0 ? this.#met : end - 1, end)
    return true
  }

  undo(): false {
    this.#output.back(this.#length, this.#from, this.#to)
    return false
  }
}

// Lines out of bytes that come in pieces, in bounded memory: of a line that is too long nothing is kept.

/** A line and its number, from 1. `over`: it was too long, and is not here. */
export type InputLine =
  | { readonly number: number; readonly bytes: Buffer }
  | { readonly number: number; readonly over: true }

/** Takes bytes as they come; gives the lines that they end. A line ends with LF; CR before it is JSON's white space. */
export class InputLines {
  readonly #longest: number
  #number = 0
  #parts: Buffer[] = []
  #length = 0

  /** `longest`: most bytes of a line. */
  constructor(longest: number) {
    this.#longest = longest
  }

  take(chunk: Buffer): InputLine[] {
    const lines: InputLine[] = []
    let start = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      this.#keep(chunk.subarray(start, end))
      lines.push(this.#line())
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
    return lines
  }

  /** The last line, which nothing ended. */
  end(): InputLine[] {
    return this.#length > 0 ? [this.#line()] : []
  }

  #keep(part: Buffer): void {
    this.#length += part.length
    if (this.#length > this.#longest) this.#parts = []
    else if (part.length > 0) this.#parts.push(part)
  }

  #line(): InputLine {
    this.#number += 1
    const [number, parts, over] = [this.#number, this.#parts, this.#length > this.#longest]
    this.#parts = []
    this.#length = 0
    if (over) return { number, over }
    return { number, bytes: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts) }
  }
}

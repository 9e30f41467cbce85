// Calls that have no result yet. Most calls of a run are none of them, which is seen by two of their bytes, without a text of each.

export class OpenCalls extends Set<string> {
  // How many of them end alike.
  readonly #ends = new Uint32Array(128 * 128)

  override add(call: string): this {
    if (!this.has(call)) this.#count(call, 1)
    return super.add(call)
  }

  override delete(call: string): boolean {
    if (this.has(call)) this.#count(call, -1)
    return super.delete(call)
  }

  /** Whether the call that stands from `from` to `to` is one of them. Its text is made for those alone that end as one of them does. */
  hasAt(bytes: Buffer, from: number, to: number): boolean {
    if (this.size === 0) return false
    const last = bytes[to - 1] as number
    const end = endOf(last, to - from > 1 ? (bytes[to - 2] as number) : 0)
    return (this.#ends[end] as number) > 0 && this.has(bytes.toString('latin1', from, to))
  }

  #count(call: string, by: 1 | -1): void {
    const end = endOf(
      call.charCodeAt(call.length - 1),
      call.length > 1 ? call.charCodeAt(call.length - 2) : 0,
    )
    this.#ends[end] = (this.#ends[end] as number) + by
  }
}

/** Calls are of ASCII. */
function endOf(last: number, before: number): number {
  return (last & 127) * 128 + (before & 127)
}

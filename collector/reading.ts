// Records as they come in, read on the collector's only thread: a slice at a time, and in each round of the event loop as much of
// one server as of another. Reading costs more than sending, so that whoever floods would hold the thread from everybody.

import { parseRecord } from '../core/record.ts'
import { type Leaf, leafOf } from './chain.ts'
import { Orders } from './order.ts'
import { Refusal } from './refusals.ts'

/** What is read of one server in a round: 8 ms of the slowest records that there are, 2 ms of usual ones. */
const sliceBytes = 64 * 1024

type Turn = { bytes: number; go: () => void }

export class Reading {
  readonly #pods = new Orders()
  /** Slices that wait for a round, by server. */
  readonly #turns = new Map<string, Turn[]>()

  /** The leaves of these records. What one pod sent is read one after the other. Rejects with `bad-record` at the first that is none. */
  async read(pod: string, server: string, lines: readonly Buffer[]): Promise<Leaf[]> {
    return await this.#pods.run(pod, async () => {
      const leaves: Leaf[] = []
      for (const slice of slicesOf(lines)) {
        await this.#turn(server, slice.bytes)
        for (const line of slice.lines) leaves.push(readLeaf(line))
      }
      return leaves
    })
  }

  async #turn(server: string, bytes: number): Promise<void> {
    const { promise, resolve: go } = Promise.withResolvers<void>()
    if (this.#turns.size === 0) setImmediate(() => this.#round())
    const turns = this.#turns.get(server)
    if (turns === undefined) this.#turns.set(server, [{ bytes, go }])
    else turns.push({ bytes, go })
    await promise
  }

  /** Lets one slice of each server go, and of small ones as many as make one. */
  #round(): void {
    for (const [server, turns] of this.#turns) {
      let room = sliceBytes
      const beyond = turns.findIndex(({ bytes }, i) => {
        room -= bytes
        return i > 0 && room < 0
      })
      for (const { go } of beyond < 0 ? turns : turns.splice(0, beyond)) go()
      if (beyond < 0) this.#turns.delete(server)
    }
    if (this.#turns.size > 0) setImmediate(() => this.#round())
  }
}

function* slicesOf(lines: readonly Buffer[]): Generator<{ lines: readonly Buffer[]; bytes: number }> {
  let from = 0
  let bytes = 0
  for (const [i, line] of lines.entries()) {
    if (i > from && bytes + line.length > sliceBytes) {
      yield { lines: lines.slice(from, i), bytes }
      from = i
      bytes = 0
    }
    bytes += line.length
  }
  if (from < lines.length) yield { lines: lines.slice(from), bytes }
}

function readLeaf(bytes: Buffer): Leaf {
  try {
    return leafOf(bytes, parseRecord(bytes))
  } catch (cause) {
    throw new Refusal('bad-record', { cause })
  }
}

// Posts and their answers as frames on a connection that left HTTP (wire.ts, `posts`): what a request and its head would cost is
// a third of a small exchange.
//
// A frame: uint32 bytes of its payload, uint32 id, uint16 number, payload; big endian. Of a post, `number` is the length of its target
// (path and query), which the payload begins with; its body follows. Of an answer, `number` is the status, `id` that of its post, or 0
// where it is the last one on its connection, and the payload its body.

export type Frame = { id: number; number: number; payload: Buffer }

/** Before the payload, bytes. */
export const frameHead = 10

/** `id` below 2^32, `number` below 2^16. */
export function frameOf(id: number, number: number, parts: readonly Uint8Array[]): Buffer {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0)
  const frame = Buffer.allocUnsafe(frameHead + bytes)
  frame.writeUInt32BE(bytes, 0)
  frame.writeUInt32BE(id, 4)
  frame.writeUInt16BE(number, 8)
  let at = frameHead
  for (const part of parts) {
    frame.set(part, at)
    at += part.length
  }
  return frame
}

/** Frames out of chunks that break anywhere. */
export class Frames {
  readonly #most: number
  #chunks: Buffer[] = []
  #bytes = 0
  /** Bytes without which nothing can be said: a head, then a frame. */
  #wanted = frameHead

  /** `most`: bytes of a payload. */
  constructor(most: number) {
    this.#most = most
  }

  /** Held, and not given out by `next`. */
  get bytes(): number {
    return this.#bytes
  }

  take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
  }

  /** The next frame that is whole; undefined where there is none yet. Throws FrameTooLarge: nothing behind it can be read. */
  next(): Frame | undefined {
    if (this.#bytes < this.#wanted) return undefined
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
    const length = all.readUInt32BE(0)
    if (length > this.#most) throw new FrameTooLarge()
    const end = frameHead + length
    const isWhole = all.length >= end
    const left = isWhole ? all.subarray(end) : all
    this.#chunks = left.length === 0 ? [] : [left]
    this.#bytes = left.length
    // What comes in many chunks is put together twice, for its head and whole, and not for each of them.
    this.#wanted = isWhole ? frameHead : end
    return isWhole
      ? { id: all.readUInt32BE(4), number: all.readUInt16BE(8), payload: all.subarray(frameHead, end) }
      : undefined
  }
}

class FrameTooLarge extends Error {
  readonly code = 'FRAME_TOO_LARGE'
  constructor() {
    super('A frame is larger than what may be held of one')
    this.name = 'FrameTooLarge'
  }
}

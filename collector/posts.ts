// One connection that carries posts as frames (core/post-frames.ts), of one sidecar or recovery Job. One post at a time: while it is
// worked on nothing more is read, so that who sends faster waits in the kernel's buffers and costs no memory here.

import type { Socket } from 'node:net'
import type { Identity } from '../core/identifiers.ts'
import { Frames, frameOf } from '../core/post-frames.ts'
import { recordsLimit, targetLimit } from '../core/wire.ts'
import type { Bodies, Held } from './bodies.ts'
import { Refusal } from './refusals.ts'

/** What is asked. `held`: its bytes, to be let go when nobody works on it any more. */
export type Post = { target: string; body: Buffer; held: Held }

export type PostStreamOptions = {
  identity: Identity
  bodies: Bodies
  /** What becomes of a post, or of one that cannot be read. Never rejects. `over`: nothing more is taken on this connection. */
  answer: (asked: Post | Refusal) => Promise<{ status: number; text: string; over: boolean }>
  /** From now on the next answer is the last. */
  isStopping: () => boolean
  /** So long a connection may say nothing, milliseconds. */
  idleMs: number
  /** So long a post may be on its way, milliseconds. */
  wholeMs: number
}

export class PostStream {
  readonly #socket: Socket
  readonly #options: PostStreamOptions
  readonly #frames = new Frames(recordsLimit + targetLimit)
  /** What came of the next post, as far as it is counted. */
  #held: Held | undefined
  #uncounted = 0
  #late: NodeJS.Timeout | undefined
  #isAnswering = false

  /** `head`: what came on the connection already. */
  constructor(socket: Socket, head: Buffer, options: PostStreamOptions) {
    this.#socket = socket
    this.#options = options
    socket.setTimeout(options.idleMs, () => socket.destroy())
    // Who breaks off sends it again. `close` follows both.
    socket.on('error', () => undefined)
    socket.on('end', () => socket.destroy())
    socket.once('close', () => this.#letGo())
    socket.on('data', (chunk: Buffer) => this.#took(chunk))
    if (head.length > 0) this.#took(head)
  }

  /** Ends now, or with the answer to what is worked on, or on its way. */
  endWhenIdle(): void {
    if (!this.#isAnswering && this.#frames.bytes === 0) this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #took(chunk: Buffer): void {
    this.#frames.take(chunk)
    this.#uncounted += chunk.length
    this.#isAnswering = true
    this.#socket.pause()
    this.#answerAll().catch(() => this.#socket.destroy())
  }

  async #answerAll(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { status, text, over } = await this.#options.answer(next.asked)
      if (this.#socket.destroyed) return
      const isLast = over || this.#options.isStopping()
      const isSent = this.#socket.write(frameOf(isLast ? 0 : next.id, status, [Buffer.from(text)]))
      if (isLast) return this.#socket.destroySoon()
      if (isSent) continue
      await drained(this.#socket)
      // Gone meanwhile: what it held was let go, and nothing is counted behind that.
      if (this.#socket.destroyed) return
      if (this.#options.isStopping()) return this.#socket.destroySoon()
    }
    this.#isAnswering = false
    this.#socket.resume()
  }

  /** The next post that is whole, or why nothing more can be read: the connection ends with that. */
  #next(): { id: number; asked: Post | Refusal } | undefined {
    try {
      this.#count()
      const frame = this.#frames.next()
      if (frame === undefined) return undefined
      const { id, number, payload } = frame
      if (number > Math.min(targetLimit, payload.length)) throw new Refusal('bad-request')
      const held = this.#held as Held
      this.#held = undefined
      clearTimeout(this.#late)
      this.#late = undefined
      // What came behind it is of the next one.
      this.#uncounted = this.#frames.bytes
      return {
        id,
        asked: { target: payload.toString('latin1', 0, number), body: payload.subarray(number), held },
      }
    } catch (error) {
      return { id: 0, asked: error instanceof Refusal ? error : new Refusal('too-large', { cause: error }) }
    }
  }

  /** Throws `too-much-at-once` when there is no room for what came. */
  #count(): void {
    if (this.#uncounted === 0) return
    this.#held ??= this.#options.bodies.of(this.#options.identity)
    this.#held.take(this.#uncounted)
    this.#uncounted = 0
    // Whatever comes of it meanwhile.
    this.#late ??= setTimeout(() => this.#socket.destroy(), this.#options.wholeMs)
  }

  #letGo(): void {
    clearTimeout(this.#late)
    this.#held?.letGo()
  }
}

async function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const event of ['drain', 'close']) socket.once(event, resolve)
  await promise
  for (const event of ['drain', 'close']) socket.off(event, resolve)
}

// What is posted to the collector: as frames on one lasting connection (core/post-frames.ts), and as requests where it does not know
// them. An exchange so costs a third less than a request, and all of a sidecar's go to one collector of those behind the Service.

import type { Socket } from 'node:net'
import { Frames, frameOf } from '../../core/post-frames.ts'
import { answerLimit, posts as wire } from '../../core/wire.ts'
import { type Link, LinkBroken, LinkLate } from './link.ts'

export type Post = {
  /** Absolute path with query. */
  path: string
  /** Media type of the body. */
  type: string
  body: readonly Uint8Array[]
  /** Longest time of all of it, milliseconds; of a connection that opens for it, besides. */
  timeout: number
}
export type Answered = { statusCode: number; text: string }

/** A collector that does not know of frames may be followed by one that does: so long it is not asked, milliseconds. */
const requestsFor = 60_000

export class Posts {
  readonly #link: Pick<Link, 'request' | 'upgrade'>
  #stream: PostStream | undefined
  #opening: Promise<PostStream | Answered | undefined> | undefined
  /** Milliseconds of the steady clock. */
  #requestsUntil = Number.NEGATIVE_INFINITY

  constructor(link: Pick<Link, 'request' | 'upgrade'>) {
    this.#link = link
  }

  /** Rejects when it was not answered: it may or may not have been done. */
  async post(post: Post): Promise<Answered> {
    if (this.#stream?.isOpen === true) return await this.#stream.post(post)
    if (performance.now() < this.#requestsUntil) return await this.#request(post)
    // Several at once wait for the same one.
    this.#opening ??= this.#open(post.timeout).finally(() => (this.#opening = undefined))
    const opened = await this.#opening
    if (opened === undefined) return await this.#request(post)
    return opened instanceof PostStream ? await opened.post(post) : opened
  }

  /** The answer, where it is a refusal; undefined where requests are to be sent. */
  async #open(timeout: number): Promise<PostStream | Answered | undefined> {
    const upgraded = await this.#link.upgrade(wire.path, wire.protocol, timeout)
    if ('socket' in upgraded) {
      const { socket, head, renewed } = upgraded
      this.#stream = new PostStream(socket, head, renewed)
      return this.#stream
    }
    if (upgraded.statusCode !== 404) return upgraded
    this.#requestsUntil = performance.now() + requestsFor
    return undefined
  }

  async #request({ path, type, body, timeout }: Post): Promise<Answered> {
    const { statusCode, body: answer } = await this.#link.request({
      method: 'POST',
      path,
      headers: { 'content-type': type },
      body: Buffer.concat(body),
      timeout,
    })
    return { statusCode, text: await answer.text() }
  }
}

type Waiting = { id: number; done: PromiseWithResolvers<Answered> }

/** One connection. Answers come in the order of what was posted: anything else ends it. */
class PostStream {
  /** It takes posts. */
  isOpen = true
  readonly #socket: Socket
  readonly #frames = new Frames(answerLimit)
  readonly #waiting: Waiting[] = []
  #id = 0

  constructor(socket: Socket, head: Buffer, renewed: AbortSignal) {
    this.#socket = socket
    // What waits has a timer, which keeps the process until then.
    socket.unref()
    socket.on('data', (chunk: Buffer) => this.#took(chunk))
    socket.on('error', (error) => this.#end(error))
    socket.once('close', () => this.#end(new LinkBroken()))
    const retire = (): void => this.#retire()
    renewed.addEventListener('abort', retire)
    socket.once('close', () => renewed.removeEventListener('abort', retire))
    if (renewed.aborted) retire()
    if (head.length > 0) this.#took(head)
  }

  async post({ path, body, timeout }: Post): Promise<Answered> {
    if (!this.isOpen) throw new LinkBroken()
    const target = Buffer.from(path, 'latin1')
    this.#id = (this.#id % 0xffff_ffff) + 1
    const done = Promise.withResolvers<Answered>()
    this.#waiting.push({ id: this.#id, done })
    this.#socket.write(frameOf(this.#id, target.length, [target, ...body]))
    const late = setTimeout(() => this.#end(new LinkLate()), timeout)
    try {
      return await done.promise
    } finally {
      clearTimeout(late)
    }
  }

  #took(chunk: Buffer): void {
    this.#frames.take(chunk)
    try {
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        const { id, number: statusCode, payload } = frame
        const first = this.#waiting[0]
        // 0: nothing goes on behind it.
        if (first === undefined || (id !== first.id && id !== 0)) throw new LinkBroken()
        this.#waiting.shift()
        first.done.resolve({ statusCode, text: payload.toString('utf8') })
        if (id === 0) throw new LinkBroken()
      }
    } catch (error) {
      return this.#end(error)
    }
    if (!this.isOpen) this.#retire()
  }

  /** Takes no more, and ends when what waits is answered. */
  #retire(): void {
    this.isOpen = false
    if (this.#waiting.length === 0) this.#socket.end()
  }

  #end(why: unknown): void {
    this.isOpen = false
    this.#socket.destroy()
    for (const { done } of this.#waiting.splice(0)) done.reject(why)
  }
}

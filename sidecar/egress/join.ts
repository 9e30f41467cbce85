// Two connections become one: bytes both ways until both sides are done. Neither by `pipe`: the outside's bytes are read into one
// buffer of the connection's own, over and over, and a connection that both sides have ended is closed without another word.

import type { OnReadOpts, Socket } from 'node:net'

/** Bytes that the first read holds, and that one ever holds: it grows while reads fill it. */
const smallest = 8_192
const largest = 32_768

/** Of connections that have ended, for the next ones: as many as there may be at once without a new one each. */
const spare: Buffer[] = []
const spares = 64

/** What is passed on instead of what came. `rest`: what is still held when the sender is done. Throws for what may not pass. */
export type Filter = { pass: (chunk: Buffer) => Buffer; rest: () => Buffer }

/** The way back of a connection that is dialled with `onread`. What comes before it is joined is held. */
export class WayBack {
  readonly onread: OnReadOpts
  /** Sees what has been passed on, until it says that it has seen enough. */
  #look: ((chunk: Buffer) => boolean) | undefined
  #buffer: Buffer = spare.pop() ?? Buffer.allocUnsafeSlow(smallest)
  #app: Socket | undefined
  #held: Buffer[] = []
  #next = smallest
  /** The kernel took a part: the rest waits in the buffer, which is the writer's from then on. */
  #lent = false

  constructor(look?: (chunk: Buffer) => boolean) {
    this.#look = look
    this.onread = {
      buffer: () => {
        if (this.#lent || this.#next > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(this.#next)
        this.#lent = false
        return this.#buffer
      },
      callback: (size, bytes) => this.#pass(bytes.subarray(0, size) as Buffer),
    }
  }

  /** `remote` is the connection that was dialled with `onread`. Call `over` when it is closed: nothing is read into it any more. */
  to(app: Socket, remote: Socket): void {
    this.#app = app
    app.on('drain', () => remote.resume())
    if (this.#held.length === 0) return
    for (const chunk of this.#held.splice(0)) this.#write(app, chunk)
    remote.resume()
  }

  /** Leaves the buffer to another connection. */
  over(): void {
    if (!this.#lent && this.#buffer.length === smallest && spare.length < spares) spare.push(this.#buffer)
  }

  #pass(chunk: Buffer): boolean {
    const app = this.#app
    if (app === undefined) {
      this.#held.push(Buffer.from(chunk))
      return false
    }
    const more = this.#write(app, chunk)
    this.#lent = app.writableLength > 0
    if (chunk.length === this.#buffer.length) this.#next = Math.min(2 * chunk.length, largest)
    return more
  }

  #write(app: Socket, chunk: Buffer): boolean {
    const more = app.write(chunk)
    if (this.#look?.(chunk) === true) this.#look = undefined
    return more
  }
}

/** `back`: how the bytes of `remote` come, if not as events; or what stands between it and `app`, with `failed` for what it throws. */
export function join(
  app: Socket,
  remote: Socket,
  back?: WayBack | Filter,
  failed?: (error: unknown) => void,
): void {
  if (back instanceof WayBack) back.to(app, remote)
  else flow(remote, app, back, failed)
  flow(app, remote)
  endTogether(app, remote, back instanceof WayBack ? back : undefined)
}

/** Either side's end reaches the other. Errors of either are heard already, by whoever accepted or dialled it. */
export function endTogether(app: Socket, remote: Socket, back?: WayBack): void {
  remote.on('end', () => {
    // Both are done, and all is on its way: what is left is to close. TLS has a last word of its own.
    if (app.readableEnded && app.writableLength === 0) app.destroy()
    else app.end()
  })
  // It may have ended while the other one was made: nobody says so again.
  if (app.readableEnded) remote.end()
  else app.on('end', () => remote.end())
  remote.on('close', (broke: boolean) => {
    back?.over()
    follow(app, broke)
  })
  app.on('close', (broke: boolean) => follow(remote, broke))
}

/** A side that broke takes the other one along; one that closed in order lets it send what it still has. */
function follow(other: Socket, broke: boolean): void {
  if (broke) other.destroy()
  else if (!other.destroyed) other.destroySoon()
}

function flow(from: Socket, to: Socket, filter?: Filter, failed?: (error: unknown) => void): void {
  to.on('drain', () => from.resume())
  if (filter === undefined)
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause()
    })
  else {
    from.on('data', (chunk: Buffer) => {
      try {
        if (!to.write(filter.pass(chunk))) from.pause()
      } catch (error) {
        failed?.(error)
      }
    })
    from.on('end', () => to.write(filter.rest()))
  }
  from.resume()
}

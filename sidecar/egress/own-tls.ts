// The way out of an app that speaks TLS of its own: what of it is read, and what waits. The way back is another's.

import type { Socket } from 'node:net'
import { type Hello, helloLimit, readClientHello, readSecondHello } from './client-hello.ts'
import type { Reason } from './reasons.ts'
import { isServerHello } from './server-hello.ts'

const nothing = Buffer.alloc(0)
/** Bytes that are held and wait for the rest of a hello, or for the server's answer; more are not read. */
const most = 2 * helloLimit

/**
 * What the app's next bytes are: its hello, which is read; what waits for the server's answer; after any answer but a ServerHello
 * another hello, which is read as well; and then what is nobody's but the two of theirs.
 */
type Stage = 'hello' | 'waits' | 'second-hello' | 'through'

/**
 * Nothing leaves but hellos for `name`, until the server has said a ServerHello: a server that asks for a second hello may take the
 * name of that one. `refused` is called for any other hello, and closes both sides.
 */
export class OwnTls {
  readonly #app: Socket
  readonly #name: string
  readonly #refused: (reason: Reason) => void
  #stage: Stage = 'hello'
  #held: Buffer = nothing
  /** Of `#held`, the hello that was read. */
  #size = 0
  #answer: Buffer = nothing
  #remote: Socket | undefined
  #read: (() => void) | undefined

  constructor(app: Socket, name: string, refused: (reason: Reason) => void) {
    this.#app = app
    this.#name = name
    this.#refused = refused
  }

  /** Resolves when the app has said hello. */
  hello(): Promise<void> {
    return new Promise((resolve) => {
      this.#read = resolve
      this.#app
        .on('data', (chunk: Buffer) => this.#take(chunk))
        .on('end', () => {
          if (this.#stage === 'hello') this.#refused('hung-up')
        })
        .resume()
    })
  }

  /** Sends the hello. */
  to(remote: Socket): void {
    this.#remote = remote
    remote.on('drain', () => this.#app.resume())
    remote.write(this.#size === this.#held.length ? this.#held : this.#held.subarray(0, this.#size))
    this.#held = this.#held.subarray(this.#size)
  }

  /** What the server says first, until it is true. */
  answered(chunk: Buffer): boolean {
    const answer = this.#answer.length === 0 ? chunk : Buffer.concat([this.#answer, chunk])
    const hello = isServerHello(answer)
    if (hello === undefined) {
      // Its buffer is read into again.
      this.#answer = Buffer.from(answer)
      return false
    }
    if (hello) this.#through()
    else {
      this.#stage = 'second-hello'
      this.#app.resume()
      this.#look(readSecondHello)
    }
    return true
  }

  #take(chunk: Buffer): void {
    if (this.#stage === 'through') {
      if (this.#remote?.write(chunk) === false) this.#app.pause()
      return
    }
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    if (this.#stage === 'waits') {
      // Not before: an app that goes meanwhile is not seen to go behind bytes that nobody reads.
      if (this.#held.length > most) this.#app.pause()
    } else this.#look(this.#stage === 'hello' ? readClientHello : readSecondHello)
  }

  #look(read: (bytes: Buffer) => Hello | undefined): void {
    const hello = read(this.#held)
    if (hello === undefined) {
      if (this.#held.length > most) this.#refused('not-tls')
    } else if ('refused' in hello) this.#refused(hello.refused)
    else if (hello.serverName !== this.#name) this.#refused('server-name-other')
    else if (this.#stage === 'second-hello') this.#through()
    else {
      this.#stage = 'waits'
      this.#size = hello.size
      this.#read?.()
    }
  }

  #through(): void {
    this.#stage = 'through'
    const held = this.#held
    if (held.length === 0) return
    this.#held = nothing
    // An app that ended before the handshake was over is in no need of the rest.
    if (this.#remote?.writableEnded === false && this.#remote.write(held)) this.#app.resume()
  }
}

// A client for one HTTP/1.1 server on loopback: connections that are kept, one request at a time on each. Half the
// processor time of a general client (docs/performance.md), because it does so little: it never follows, never encodes,
// and never sends anything twice.

import { connect, type Socket } from 'node:net'
import { BrokenResponse, ResponseParser, type ResponseReader } from './response.ts'

/** Of one request. After `sends` it may have reached the server, whatever becomes of it. */
export type RequestReader = ResponseReader & {
  /** It is about to leave. False: nobody waits for it any more, and nothing of it leaves. */
  sends(connection: Held): boolean
  /** Instead of `ended`. Nothing is told after it. */
  failed(cause: Error): void
}

/** The connection that a request is on, while it is. */
export type Held = {
  /** Ends it. */
  abort(): void
  /** Reads no more of it until `resume`: whoever cannot follow must not fill the memory. */
  pause(): void
  resume(): void
}

export type Request = {
  /** Omitted, POST. */
  readonly method?: 'GET' | 'DELETE'
  readonly path: string
  /** Lines of the head besides Host and Content-Length, each with its CRLF. Nobody looks at them again. */
  readonly lines: string
  readonly body: string
}

export interface Client {
  post(request: Request, reader: RequestReader): void
  /** Ends every connection; what runs or waits fails. */
  close(): void
}

/** The rest waits for its turn, and what would wait behind that many is told at once. */
const mostConnections = 256
const mostWaiting = 1_024
const connectTime = 5_000
/**
 * An idle connection is used again for so long, milliseconds, unless the server names its own time: a server that closes
 * one just as a request leaves has perhaps run it, and nobody could tell. Node's servers close after 5 s.
 */
const keepTime = 4_000
/** Before the end that a server names. */
const keepMargin = 1_000

type Waiting = { readonly request: Request; readonly reader: RequestReader }
type Connection = {
  readonly socket: Socket
  readonly held: Held
  /** What runs on it. */
  serving: RequestReader | undefined
  parser: ResponseParser | undefined
  /** Until when it is used again, on the clock of performance.now(). */
  until: number
}

// One for all: a read ends in its callback before another begins, and what is kept of it is copied there.
const readBuffer = Buffer.allocUnsafeSlow(65_536)

export function http1Client(port: number): Client {
  const host = `127.0.0.1:${port}`
  /** The one that was used last is at the end and goes first: the others may then end. */
  const idle: Connection[] = []
  const open = new Set<Connection>()
  const waiting: Waiting[] = []
  let closed = false
  let sweep: NodeJS.Timeout | undefined

  function connection(): Connection {
    const socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback(bytes) {
          read(readBuffer.subarray(0, bytes))
          return true
        },
      },
    })
    const held: Held = {
      abort: () => socket.destroy(),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
    }
    const own: Connection = { socket, held, serving: undefined, parser: undefined, until: 0 }
    const late = setTimeout(
      () => socket.destroy(new Error('The server does not take connections')),
      connectTime,
    )
    socket.once('connect', () => clearTimeout(late))

    function read(bytes: Buffer): void {
      const { parser } = own
      // Nobody asked: it would be taken for the answer to the next request.
      if (parser === undefined) return void socket.destroy()
      try {
        parser.feed(bytes)
      } catch (cause) {
        return void socket.destroy(cause as Error)
      }
      if (parser.done) release(own)
    }
    socket.on('end', () => {
      try {
        own.parser?.close()
      } catch (cause) {
        socket.destroy(cause as Error)
      }
      socket.destroy()
    })
    let why: Error | undefined
    socket.on('error', (cause: Error) => (why = cause))
    socket.once('close', () => {
      clearTimeout(late)
      open.delete(own)
      forget(own)
      const { serving, parser } = own
      own.serving = undefined
      if (serving !== undefined && parser?.done !== true)
        serving.failed(why ?? new BrokenResponse('it breaks off'))
      next()
    })
    open.add(own)
    return own
  }

  function forget(one: Connection): void {
    const at = idle.indexOf(one)
    if (at >= 0) idle.splice(at, 1)
  }

  /** Its response was read whole. */
  function release(own: Connection): void {
    const { parser, socket } = own
    own.serving = undefined
    own.parser = undefined
    const keep = parser?.keep === undefined ? keepTime : parser.keep * 1_000 - keepMargin
    // One that waits for its reader would keep the next request waiting as well.
    if (parser?.reusable === true && keep > 0 && !socket.isPaused()) free(own, keep)
    else socket.destroy()
  }

  /** It can take another request, for so many milliseconds. */
  function free(own: Connection, keep: number): void {
    if (closed || own.socket.destroyed) return void own.socket.destroy()
    own.until = performance.now() + keep
    idle.push(own)
    sweep ??= setInterval(endIdle, keepTime).unref()
    next()
  }

  /** Ends connections that nobody used for their time. */
  function endIdle(): void {
    const now = performance.now()
    for (const one of idle.filter(({ until }) => until <= now)) {
      forget(one)
      one.socket.destroy()
    }
    if (idle.length > 0) return
    clearInterval(sweep)
    sweep = undefined
  }

  function usable(): Connection | undefined {
    for (let one = idle.pop(); one !== undefined; one = idle.pop()) {
      if (one.socket.writable && one.until > performance.now()) return one
      one.socket.destroy()
    }
    return undefined
  }

  function write(own: Connection, { request, reader }: Waiting): void {
    own.parser = undefined
    own.serving = undefined
    if (!reader.sends(own.held)) return free(own, keepTime)
    own.serving = reader
    own.parser = new ResponseParser(reader)
    const { method = 'POST', path, lines, body } = request
    own.socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${lines}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }

  /** Something may have become free. */
  function next(): void {
    if (closed) return
    while (waiting.length > 0) {
      const one = usable()
      if (one !== undefined) write(one, waiting.shift() as Waiting)
      else if (open.size < mostConnections) begin(waiting.shift() as Waiting)
      else return
    }
  }

  /** On a connection of its own, which may not come about: then nothing was sent. */
  function begin(work: Waiting): void {
    const own = connection()
    own.serving = work.reader
    own.socket.once('connect', () => write(own, work))
  }

  return {
    post(request, reader) {
      if (closed) return reader.failed(new Error('The client is closed'))
      if (waiting.length >= mostWaiting) return reader.failed(new Error('Too many requests wait'))
      waiting.push({ request, reader })
      next()
    },
    close() {
      closed = true
      clearInterval(sweep)
      for (const { reader } of waiting.splice(0)) reader.failed(new Error('The client is closed'))
      for (const { socket } of open) socket.destroy()
    },
  }
}

// What comes over a connection and never becomes a request that Node hands out: broken HTTP, and requests that come too
// late or are too large for its parser. It is refused once, on the socket itself, and recorded.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Deps } from './deps.ts'
import type { Open, OpenConnections } from './open-connections.ts'
import { type Reason, Refusal } from './refusals.ts'
import { lengthOf } from './respond.ts'
import { refuseEarly } from './serve.ts'
import { endUnread } from './unread.ts'

export type RefusedSockets = {
  /** Node's parser gave up on what comes over it. */
  broken(error: Error & { code?: string }, socket: Duplex): void
  refuse(reason: Reason, socket: Duplex): void
  /** Whether the rest of a request will never come, since its connection was refused meanwhile. */
  givenUp(request: IncomingMessage): boolean
  /** A request was answered, and the rest of its body is thrown away until `over`: nobody hears a second answer. */
  answered(request: IncomingMessage, over: Promise<void>): void
}

export function refusedSockets(open: OpenConnections, deps: Deps): RefusedSockets {
  /** Over which nothing more is taken. */
  const refused = new WeakSet<Duplex>()
  const givenUp = new WeakSet<IncomingMessage>()
  /** Whose answer is given while their body still comes. */
  const answered = new WeakMap<Duplex, IncomingMessage>()

  // What came whole before is answered first; then the connection ends.
  open.onEnd(({ socket, running }) => {
    if (refused.has(socket) && socket.writable && !cameWhole(running)) socket.destroySoon()
  })

  function refuse(reason: Reason, socket: Duplex): void {
    refused.add(socket)
    const { connection, running } = open.of(socket) ?? unknown
    for (const request of running) if (!request.complete) givenUp.add(request)
    refuseEarly(new Refusal(reason), { call: randomUUID() }, connection?.peer ?? 'unknown', deps)
      .then((answer) => {
        // A call that came whole before is answered itself, and would take this for its answer.
        if (cameWhole(running)) return
        const { status, headers, body } = answer
        const lines = Object.entries({ ...headers, 'content-length': lengthOf(answer), connection: 'close' })
        const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
        // Ended, not merely our half: what was refused is not to go on when its last bytes come.
        socket.end(`HTTP/1.1 ${status} Refused\r\n${head}\r\n${body ?? ''}`, () => socket.destroy())
        endUnread(socket)
        socket.resume()
      })
      .catch(() => socket.destroy())
  }

  return {
    refuse,
    broken(error, socket) {
      const reason = brokenHttp(error)
      // Heard again for every piece that comes behind.
      if (refused.has(socket)) return
      if (reason === undefined || !socket.writable || answered.get(socket)?.complete === false)
        socket.destroy()
      else refuse(reason, socket)
    },
    givenUp: (request) => givenUp.has(request),
    answered(request, over) {
      const { socket } = request
      answered.set(socket, request)
      void over.then(() => answered.delete(socket))
    },
  }
}

/** Of a socket whose handshake did not end here. */
const unknown: { readonly connection?: Open['connection']; readonly running: Open['running'] } = {
  running: new Set(),
}

function cameWhole(requests: ReadonlySet<IncomingMessage>): boolean {
  for (const { complete } of requests) if (complete) return true
  return false
}

/** The refusal for HTTP that Node's parser gave up on; undefined where the peer is simply gone. */
export function brokenHttp({ code }: { code?: string }): Reason | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request-late'
  const brokenOff = code === 'HPE_INVALID_EOF_STATE'
  return code?.startsWith('HPE_') === true && !brokenOff ? 'http-malformed' : undefined
}

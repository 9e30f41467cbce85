// The pod's resolver: UDP and TCP on loopback, declared names only. The guard leads 127.0.0.1:53 here.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { answerTo, type Lookup } from './answer.ts'

const connectionLimit = 64
const idleMs = 10_000

/** `host` is loopback in a pod. `undeclared` is called for every question that asks for a name out of the policy. */
export type ResolverOptions = {
  host: string
  port: number
  lookup: () => Lookup
  undeclared: (name: string) => void
}

export type Resolver = { udpPort: number; tcpPort: number; close: () => Promise<void> }

/** Resolves when both sockets are bound; rejects when one cannot be. */
export async function startResolver(options: ResolverOptions): Promise<Resolver> {
  const answer = (bytes: Buffer): Buffer | undefined => {
    const answered = answerTo(bytes, options.lookup())
    if (answered?.undeclared !== undefined) options.undeclared(answered.undeclared)
    return answered?.bytes
  }

  const udp = createSocket('udp4')
  udp.on('message', (bytes, { port, address }) => {
    const reply = answer(bytes)
    // An answer that cannot be sent is an answer that the client asks for again.
    if (reply !== undefined) udp.send(reply, port, address, () => undefined)
  })
  const tcp = createServer((socket) => serve(socket, answer))
  tcp.maxConnections = connectionLimit
  const open = new Set<Socket>()
  tcp.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })

  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy()
    await Promise.all([
      new Promise<void>((resolve) => udp.close(() => resolve())),
      new Promise<void>((resolve) => tcp.close(() => resolve())),
    ])
  }
  tcp.listen(options.port, options.host)
  udp.bind(options.port, options.host)
  try {
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')])
  } catch (error) {
    await close()
    throw error
  }
  // A datagram socket may report an error of an earlier answer: the asker has gone.
  udp.on('error', () => undefined)
  return { udpPort: udp.address().port, tcpPort: (tcp.address() as AddressInfo).port, close }
}

/** Messages with a length in front (RFC 1035 4.2.2), answered in their order; one that is no question ends it. */
function serve(socket: Socket, answer: (bytes: Buffer) => Buffer | undefined): void {
  let held: Buffer = Buffer.alloc(0)
  socket.setTimeout(idleMs, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const size = held.readUInt16BE(0)
      const reply = answer(held.subarray(2, 2 + size))
      held = held.subarray(2 + size)
      if (reply === undefined) {
        socket.destroy()
        return
      }
      const length = Buffer.alloc(2)
      length.writeUInt16BE(reply.length)
      socket.write(Buffer.concat([length, reply]))
    }
  })
}

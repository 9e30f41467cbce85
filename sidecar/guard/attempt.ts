// What happens when this process tries to send or connect: the only thing that a process without rights can see of a
// packet filter.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'

/** How long a refusal may take. It comes from this kernel, so it needs no time at all; silence is a failed proof. */
const patience = 2_000

/** What came of it: the name of an error, `connected`, `sent`, `answered`, or `silence`. */
export type Outcome = { says: string; localAddress?: string }

/** Connects and hangs up. `connected` also if the peer hangs up at once. */
export async function connectTo(host: string, port: number): Promise<Outcome> {
  const socket = connect({ host, port })
  return await new Promise<Outcome>((resolve) => {
    socket.setTimeout(patience, () => resolve({ says: 'silence' }))
    socket.once('connect', () => resolve({ says: 'connected' }))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve({ says: error.code ?? error.message }))
  }).finally(() => socket.destroy())
}

/** Sends one datagram; with `answer`, waits for one back. */
export async function sendTo(
  host: string,
  port: number,
  { answer = false, family = 4 }: { answer?: boolean; family?: 4 | 6 } = {},
): Promise<Outcome> {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6')
  return await new Promise<Outcome>((resolve) => {
    const timer = setTimeout(() => resolve({ says: 'silence' }), patience)
    const ends = (outcome: Outcome) => {
      clearTimeout(timer)
      resolve(outcome)
    }
    const fails = (error: NodeJS.ErrnoException) => ends({ says: error.code ?? error.message })
    socket.once('error', fails)
    socket.once('message', () => ends({ says: 'answered' }))
    socket.send('proof', port, host, (error) => {
      if (error) fails(error)
      else if (!answer) ends({ says: 'sent' })
    })
  }).finally(() => socket.close())
}

/**
 * A TCP listener of our own, so that a refusal cannot come from nobody being there. `seen` fills with the local address
 * of each connection that arrived. Undefined where this process may not have the port or the address.
 */
export async function listen(
  host: string,
  port: number,
): Promise<{ port: number; seen: string[]; close: () => void } | undefined> {
  const seen: string[] = []
  const server: Server = createServer((socket) => {
    seen.push((socket.localAddress ?? '').replace(/^::ffff:/, ''))
    socket.on('error', () => socket.destroy())
    socket.end('proof')
  })
  server.listen({ host, port, exclusive: true })
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return undefined
    throw error
  }
  return { port: (server.address() as AddressInfo).port, seen, close: () => server.close() }
}

/** A UDP listener of our own that answers. */
export async function answerOn(host: string, port: number, family: 4 | 6 = 4) {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6')
  socket.on('message', (_, from) => socket.send('proof', from.port, from.address))
  socket.bind(port, host)
  try {
    await once(socket, 'listening')
  } catch (error) {
    socket.close()
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return undefined
    throw error
  }
  return { port: socket.address().port, close: () => socket.close() }
}

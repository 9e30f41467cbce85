// The MCP server behind the sidecar: answers every call with the same result, and counts what reached it. Bare sockets: what
// arrived is counted before anything of it is understood.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { patientIn } from './calls.ts'

export type McpServer = {
  port: number
  /** Numbers of the calls that reached it, whole or in part. */
  seen: ReadonlySet<number>
  /** Longest time of an answer, milliseconds. */
  slowness: number
  close: () => void
}

export async function anMcpServer(result: string): Promise<McpServer> {
  const seen = new Set<number>()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let held: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      for (;;) {
        const call = patientIn(held.toString('latin1'))
        if (call !== undefined) seen.add(call)
        const end = held.indexOf('\r\n\r\n')
        if (end < 0) return
        const size = Number(/content-length: *(\d+)/i.exec(held.toString('latin1', 0, end))?.[1] ?? 0)
        if (held.length < end + 4 + size) return
        const body = held.toString('latin1', end + 4, end + 4 + size)
        held = held.subarray(end + 4 + size)
        const id = /"id": *(\d+)/.exec(body)?.[1] ?? 'null'
        const answer = `{"jsonrpc":"2.0","id":${id},"result":${result}}`
        const text = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(answer)}\r\n\r\n${answer}`
        sleep(Math.random() * made.slowness).then(
          () => socket.write(text),
          () => undefined,
        )
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const made: McpServer = {
    port: (server.address() as AddressInfo).port,
    seen,
    slowness: 10,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
  return made
}

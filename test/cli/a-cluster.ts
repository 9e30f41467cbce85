// As much of an API server as reading a workload and forwarding a port asks for: objects by their path, and the port-forward
// of a pod over a WebSocket (RFC 6455), as the channel protocol of Kubernetes has it.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { authority } from '../sample/certificates.ts'

export type Cluster = { kubeconfig: string; forwarded: string[]; end: () => void }

/** `objects`: by path, without the query. `port`: of this machine, where a forwarded port leads; to pods called guarded, none does. */
export async function aCluster(objects: { readonly [path: string]: object }, port: number): Promise<Cluster> {
  const ca = await authority('cluster')
  const { key, cert } = await ca.issue('api', ['localhost', '127.0.0.1'])
  const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-cluster-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const forwarded: string[] = []
  const sockets = new Set<Duplex>()
  const server = createServer({ key, cert }, (request, response) => {
    const object = objects[(request.url ?? '').split('?')[0] as string]
    response.writeHead(object === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(object ?? {}))
  })
  server.on('upgrade', (request, socket) => {
    forwarded.push(request.url ?? '')
    if (request.url?.includes('/pods/guarded') === true) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
      return
    }
    sockets.add(socket)
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n`,
    )
    joined(socket, connect(port, '127.0.0.1'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as AddressInfo
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'c',
          cluster: {
            server: `https://127.0.0.1:${own}`,
            'certificate-authority-data': Buffer.from(ca.cert).toString('base64'),
          },
        },
      ],
      users: [{ name: 'u', user: { token: 'a-token' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  return {
    kubeconfig,
    forwarded,
    end: () => {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Data is channel 0, errors are 1; the first message of each says the port. */
function joined(socket: Duplex, target: Socket): void {
  for (const channel of [0, 1]) socket.write(frame(Buffer.from([channel, 0x90, 0x1f])))
  target.on('data', (data: Buffer) => socket.write(frame(Buffer.concat([Buffer.from([0]), data]))))
  target.on('close', () => socket.end(Buffer.from([0x88, 0])))
  target.on('error', () => socket.destroy())
  socket.on('close', () => target.destroy())
  socket.on('error', () => target.destroy())
  let left = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    left = Buffer.concat([left, data])
    for (let read = message(left); read !== undefined; read = message(left)) {
      left = left.subarray(read.length)
      if (read.opcode === 8) target.end()
      else if (read.payload[0] === 0) target.write(read.payload.subarray(1))
    }
  })
}

function frame(payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x82, payload.length])
      : Buffer.from([0x82, 127, ...new Uint8Array(8)])
  if (payload.length >= 126) head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}

/** The first frame of a client, unmasked; undefined while it is not whole. */
function message(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = (bytes[1] as number) & 0x7f
  const start = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0)
  if (bytes.length < start + 4) return undefined
  const size =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  const end = start + 4 + size
  if (bytes.length < end) return undefined
  const mask = bytes.subarray(start, start + 4)
  const payload = bytes.subarray(start + 4, end).map((byte, index) => byte ^ (mask[index % 4] as number))
  return { opcode: (bytes[0] as number) & 0x0f, payload: Buffer.from(payload), length: end }
}

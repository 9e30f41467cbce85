import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { helloLimit, readClientHello } from '../../../sidecar/egress/client-hello.ts'
import { verifies } from '../../verifies.ts'
import { clientHello, extension, hostName, record, serverName, vector } from './tls-messages.ts'

/** The hello that OpenSSL really sends. */
async function realHello(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ socket: dial(port, '127.0.0.1'), ...options })
  client.on('error', () => undefined)
  const [socket] = (await once(server, 'connection')) as [Socket]
  let bytes = Buffer.alloc(0)
  while (bytes.length < 5 || bytes.length < 5 + bytes.readUInt16BE(3)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    bytes = Buffer.concat([bytes, chunk])
  }
  socket.destroy()
  client.destroy()
  server.close()
  return bytes
}

verifies(
  'agreement:egress',
  'the server name is read from the hello of a real client, of TLS 1.2 and 1.3',
  async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const bytes = await realHello({
        servername: 'Api.Vendor.Example',
        minVersion: version,
        maxVersion: version,
      })
      expect(readClientHello(bytes)).toMatchObject({ serverName: 'api.vendor.example' })
    }
  },
)

test('a real hello without a server name is refused', async () => {
  expect(readClientHello(await realHello({ host: '127.0.0.1' }))).toEqual({ refused: 'server-name-missing' })
})

test('a hello in pieces is waited for, byte by byte and over many records', () => {
  const whole = clientHello(serverName('api.vendor.example'))
  const pieces: Buffer[] = []
  for (let at = 0; at < whole.length; at += 7) pieces.push(record(whole.subarray(at, at + 7)))
  for (const bytes of [record(whole), Buffer.concat(pieces)]) {
    for (let size = 0; size < bytes.length; size += 1)
      expect(readClientHello(bytes.subarray(0, size))).toBeUndefined()
    const hello = { serverName: 'api.vendor.example', size: bytes.length }
    expect(readClientHello(bytes)).toEqual(hello)
    // What follows is the app's own.
    expect(readClientHello(Buffer.concat([bytes, Buffer.from('early data')]))).toEqual(hello)
  }
})

test('a hello in records of a byte is put together once, not at each of them', () => {
  const whole = clientHello(serverName('api.vendor.example'), extension(21, Buffer.alloc(4_000)))
  const bytes = Buffer.concat(Array.from(whole, (byte) => record(Buffer.from([byte]))))
  const concat = vi.spyOn(Buffer, 'concat')

  const hello = readClientHello(bytes)
  const times = concat.mock.calls.length
  concat.mockRestore()

  expect(hello).toEqual({ serverName: 'api.vendor.example', size: bytes.length })
  expect(times).toBeLessThanOrEqual(2)
})

describe('a hello that hides or doubles its name is refused', () => {
  const cases: [string, Buffer, string][] = [
    [
      'encrypted, with the right outer name',
      clientHello(serverName('api.vendor.example'), extension(0xfe0d, Buffer.alloc(8))),
      'server-name-encrypted',
    ],
    [
      'encrypted, before the name',
      clientHello(extension(0xfe0d, Buffer.alloc(8)), serverName('api.vendor.example')),
      'server-name-encrypted',
    ],
    ['two names in one list', clientHello(serverName('api.vendor.example', 'evil.example')), 'not-tls'],
    ['two lists', clientHello(serverName('api.vendor.example'), serverName('evil.example')), 'not-tls'],
    ['an empty name', clientHello(serverName('')), 'server-name-missing'],
    ['no extension', clientHello(), 'server-name-missing'],
    [
      'a name of another kind',
      clientHello(extension(0, vector(2, Buffer.concat([Buffer.from([9]), vector(2, Buffer.from('x'))])))),
      'not-tls',
    ],
    [
      'bytes behind the list',
      clientHello(extension(0, Buffer.concat([vector(2, hostName('api.vendor.example')), Buffer.from([1])]))),
      'not-tls',
    ],
    [
      'another message in its record',
      Buffer.concat([clientHello(serverName('api.vendor.example')), Buffer.from([1])]),
      'not-tls',
    ],
    ['a length that points past the end', clientHello(extension(0, Buffer.from([0, 200, 0]))), 'not-tls'],
  ]
  for (const [what, bytes, refused] of cases) {
    verifies('agreement:egress', what, () => {
      expect(readClientHello(record(bytes))).toEqual({ refused })
    })
  }
})

test('what is no TLS is refused at its first byte, and a hello that is too long at its length', () => {
  for (const text of ['GET / HTTP/1.1\r\n', 'SSH-2.0', '\0\0\0\u0008', '\u0015\u0003']) {
    expect(readClientHello(Buffer.from(text))).toEqual({ refused: 'not-tls' })
  }
  const long = Buffer.alloc(4)
  long[0] = 1
  long.writeUIntBE(helloLimit + 1, 1, 3)
  expect(readClientHello(record(long))).toEqual({ refused: 'not-tls' })
  expect(readClientHello(record(Buffer.from([2, 0, 0, 0])))).toEqual({ refused: 'not-tls' })
})

test('no bytes make the reader throw', () => {
  const real = record(clientHello(serverName('api.vendor.example'), extension(43, Buffer.from([2, 3, 4]))))
  const mutated = fc
    .array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 10 })
    .map((changes) => {
      const bytes = Buffer.from(real)
      for (const [at, value] of changes) bytes[at] = value
      return bytes
    })
  fc.assert(
    fc.property(
      fc.oneof(
        mutated,
        fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        readClientHello(bytes)
      },
    ),
    { numRuns: 2_000 },
  )
})

// A server may ask for a second ClientHello (HelloRetryRequest, RFC 8446 4.1.4), and take the name of that one.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { connect as tlsConnect, createServer as tlsServer } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { verifies } from '../../verifies.ts'
import {
  agreementEntry,
  aScene,
  echoed,
  listening,
  type Scene,
  strangersCa,
  vendorAddress,
  vendorHost,
} from './scene.ts'
import { clientHello, extension, record, retryRequest, serverHello, serverName } from './tls-messages.ts'

const name = '127.64.0.1'
let scene: Scene
afterEach(async () => await scene.close())

const withVendor = async (vendor: Server) => {
  scene = await aScene({ egress: [agreementEntry], servers: { [vendorAddress]: vendor } })
}

/** A vendor that says these pieces when it hears the first bytes, and keeps what it hears. */
async function saying(...pieces: Buffer[]) {
  const heard: Buffer[] = []
  const server = createServer((socket) => {
    socket.setNoDelay().on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => heard.push(chunk))
    const say = async (): Promise<void> => {
      for (const piece of pieces) {
        socket.write(piece)
        await wait(5)
      }
    }
    socket.once('data', () => void say())
  })
  await withVendor(await listening(server))
  return heard
}

const first = record(clientHello(serverName(vendorHost)))
const evil = clientHello(serverName('evil.example'))
const changeCipherSpec = Buffer.from('140303000101', 'hex')
const warning = Buffer.from('15030300020170', 'hex')
const early = Buffer.concat([Buffer.from('170303', 'hex'), Buffer.from([0, 4]), Buffer.from('abcd')])
const retry = record(retryRequest)

test('a real client that is asked for another group reaches the host', async () => {
  const pair = await (await strangersCa()).issue(vendorHost, [vendorHost])
  const vendor = tlsServer({ ...pair, ecdhCurve: 'P-384' }, (socket) => void socket.pipe(socket))
  await withVendor(await listening(vendor))
  const socket = await scene.app(name)
  const seen: Buffer[] = []
  socket.on('data', (chunk: Buffer) => seen.push(chunk))

  const app = tlsConnect({
    socket,
    servername: vendorHost,
    ca: (await strangersCa()).cert,
    // It offers a share of the first group alone.
    ecdhCurve: 'X25519:P-384',
  })
  await once(app, 'secureConnect')

  expect(await echoed(app, Buffer.from('hello'))).toEqual(Buffer.from('hello'))
  expect(app.getEphemeralKeyInfo()).toMatchObject({ name: 'secp384r1' })
  expect(scene.refusals()).toEqual([])
})

const attempts: [what: string, vendor: Buffer[], before: Buffer[], after: Buffer[], reason: string][] = [
  ['for another host', [retry], [first], [record(evil)], 'server-name-other'],
  ['for another host, before it was asked for', [retry], [first, record(evil)], [], 'server-name-other'],
  [
    'for another host, behind other records',
    [retry],
    [first, early],
    [changeCipherSpec, warning, record(evil)],
    'server-name-other',
  ],
  [
    'for another host, over two records',
    [retry],
    [first],
    [record(evil.subarray(0, 50)), record(evil.subarray(50))],
    'server-name-other',
  ],
  ['without a name', [retry], [first], [record(clientHello())], 'server-name-missing'],
  [
    'with an encrypted name',
    [retry],
    [first],
    [record(clientHello(serverName(vendorHost), extension(0xfe0d, Buffer.alloc(8))))],
    'server-name-encrypted',
  ],
  ['that is another message', [retry], [first], [record(serverHello)], 'not-tls'],
  [
    'with a third one in its record',
    [retry],
    [first],
    [record(Buffer.concat([clientHello(serverName(vendorHost)), evil]))],
    'not-tls',
  ],
  [
    'for another host, asked for behind a warning',
    [warning, retry],
    [first],
    [record(evil)],
    'server-name-other',
  ],
  [
    'for another host, asked for byte by byte',
    Array.from(retry, (byte) => Buffer.from([byte])),
    [first],
    [record(evil)],
    'server-name-other',
  ],
  [
    'for another host, asked for in many records',
    [Buffer.concat(Array.from(retryRequest, (byte) => record(Buffer.from([byte]))))],
    [first],
    [record(evil)],
    'server-name-other',
  ],
  [
    'for another host, after what is no TLS',
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [first],
    [record(evil)],
    'server-name-other',
  ],
]
for (const [what, vendor, before, after, reason] of attempts)
  verifies('agreement:egress', `a second hello ${what} does not leave`, async () => {
    const heard = await saying(...vendor)
    const app = await scene.app(name)
    app.write(Buffer.concat(before))
    if (after.length > 0) {
      await once(app, 'data')
      app.write(Buffer.concat(after))
    }

    app.resume()
    await once(app, 'close')

    await expect.poll(() => scene.refusals()).toEqual([reason])
    expect(Buffer.concat(heard)).toEqual(first)
  })

verifies(
  'agreement:egress',
  'a second hello in the record of the first is refused before anything is dialled',
  async () => {
    await saying(retry)
    const app = await scene.app(name)

    app.write(record(Buffer.concat([clientHello(serverName(vendorHost)), evil])))
    app.resume()
    await once(app, 'close')

    await expect.poll(() => scene.refusals()).toEqual(['not-tls'])
    expect(scene.dialled).toEqual([])
  },
)

verifies(
  'agreement:egress',
  'an agreement that ends while the server’s first answer is waited for cuts the connection, and what waits does not leave',
  async () => {
    const heard = await saying()
    const app = await scene.app(name)
    app.write(Buffer.concat([first, early]))
    await expect.poll(() => Buffer.concat(heard)).toEqual(first)
    const began = performance.now()

    scene.active.clear()
    app.resume()
    await once(app, 'close')

    expect(performance.now() - began).toBeLessThan(1_000)
    await expect.poll(() => scene.refusals()).toEqual(['agreement-over'])
    expect(Buffer.concat(heard)).toEqual(first)
  },
)

test('an app that goes while its data waits for the server’s first answer is not waited for', async () => {
  const vendor = createServer((socket) => void socket.on('error', () => undefined).resume())
  await withVendor(await listening(vendor))
  const app = await scene.app(name)
  const came = once(vendor, 'connection')
  app.write(first)
  const [socket] = (await came) as [Socket]
  const gone = once(socket, 'close')
  for (let times = 0; times < 3; times += 1) {
    app.write(early)
    await wait(30)
  }

  app.destroy()

  await gone
})

test('what an app says before the server’s first answer is read no further than it is held', async () => {
  await saying()
  const app = await scene.app(name)
  app.write(first)

  app.write(Buffer.alloc(12 * 2 ** 20))
  await wait(1_500)

  expect(app.writableLength).toBeGreaterThan(0)
})

for (const [what, answers] of [
  ['a ServerHello', [record(serverHello)]],
  ['a ServerHello in pieces', Array.from(record(serverHello), (byte) => Buffer.from([byte]))],
] as const)
  test(`data that comes right behind the hello waits for ${what}, and arrives in its order`, async () => {
    const heard = await saying(...answers)
    const app = await scene.app(name)
    const got: Buffer[] = []
    app.on('data', (chunk: Buffer) => got.push(chunk))

    app.write(Buffer.concat([first, early]))
    await expect.poll(() => Buffer.concat(got)).toEqual(Buffer.concat([...answers]))
    await expect.poll(() => Buffer.concat(heard)).toEqual(Buffer.concat([first, early]))
    app.write('more')

    await expect.poll(() => Buffer.concat(heard)).toEqual(Buffer.concat([first, early, Buffer.from('more')]))
    expect(scene.refusals()).toEqual([])
  })

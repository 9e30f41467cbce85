import { once } from 'node:events'
import type { Server } from 'node:net'
import { createServer as tlsServer } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { type Egress, type PlainProtocol, plainProtocols } from '../../../core/policy.ts'
import { verifies } from '../../verifies.ts'
import {
  aDatabase,
  aScene,
  echoed,
  listening,
  plainEntry,
  type Scene,
  storeAddress,
  storeEntry,
  storesCa,
  strangersCa,
  vendorAddress,
  vendorHost,
} from './scene.ts'

const name = '127.64.0.1'
const message = Buffer.from('\x0bMSH|^~\\&|LAB|CLINIC|EHR|CLINIC|20260101||ORU^R01|1|P|2.5.1\r\x1c\r')
const startup = Buffer.from('00000016000300007573657200656872000000000000', 'hex')
let scene: Scene
afterEach(async () => await scene.close())

/** A lab that greets whoever comes, if it is told to, and says back what it hears, over TLS alone. */
async function aLab(hosts = [vendorHost], greeting = '') {
  const heard: Buffer[] = []
  const pair = await (await storesCa()).issue('lab', hosts)
  const server = tlsServer({ ...pair, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    if (greeting !== '') socket.write(greeting)
    socket.on('data', (chunk: Buffer) => heard.push(chunk))
    socket.pipe(socket)
  })
  server.on('tlsClientError', () => undefined)
  return { server: await listening(server), heard }
}
const start = async (protocol: PlainProtocol, lab: { server: Server }, changes = {}) => {
  const egress = [{ ...plainEntry(protocol, (await storesCa()).cert), ...changes }]
  scene = await aScene({ egress, servers: { [vendorAddress]: lab.server } })
}

for (const protocol of ['Tcp', 'Mllp'] as const)
  verifies(
    'transmission:plain-tls',
    `${protocol}: what the app says in plain text reaches the host of an agreement within TLS, recorded before`,
    async () => {
      const lab = await aLab()
      await start(protocol, lab)

      const app = await scene.app(name)

      expect(await echoed(app, message)).toEqual(message)
      expect(Buffer.concat(lab.heard)).toEqual(message)
      expect(scene.dialled).toEqual([`${vendorAddress}:2575`])
      expect(scene.log).toEqual(['counted', 'dial'])
    },
  )

test('over Tcp the other side may speak first, and megabytes pass unharmed', async () => {
  const lab = await aLab([vendorHost], '220 ready')
  await start('Tcp', lab)
  const app = await scene.app(name)

  const [greeting] = (await once(app, 'data')) as [Buffer]
  expect(greeting.toString()).toBe('220 ready')
  const bytes = Buffer.alloc(2_000_000, 'x')
  expect((await echoed(app, bytes)).equals(bytes)).toBe(true)
})

for (const protocol of ['Tcp', 'Mllp'] as const)
  test(`${protocol}: an app that ends with its first bytes, before its connection stands, is heard and answered`, async () => {
    await start(protocol, await aLab())
    const app = await scene.app(name)
    const got: Buffer[] = []
    app.on('data', (chunk: Buffer) => got.push(chunk))

    app.end(message)
    await once(app, 'end')

    expect(Buffer.concat(got)).toEqual(message)
  })

for (const [what, first] of [
  ['no frame', 'MSH|^~\\&|LAB'],
  ['TLS of its own', '\x16\x03\x01\x02\x00'],
] as const)
  verifies('transmission:plain-tls', `Mllp: ${what} is refused before anything is dialled`, async () => {
    await start('Mllp', await aLab())
    const app = await scene.app(name)

    app.write(Buffer.from(first, 'latin1'))
    app.resume()
    await once(app, 'close')

    await expect.poll(() => scene.refusals()).toEqual(['not-mllp'])
    expect(scene.dialled).toEqual([])
  })

for (const protocol of ['Tcp', 'Mllp'] as const)
  verifies(
    'transmission:plain-tls',
    `${protocol}: no byte of the app reaches a host whose certificate is another's, of strangers, or none`,
    async () => {
      const { cert } = await strangersCa()
      const another = await aLab(['other.example'])
      const good = await aLab()
      const plain = await aDatabase('220 ready')
      for (const [server, changes] of [
        [another.server, {}],
        [good.server, { ca: cert }],
        [plain.server, {}],
      ] as const) {
        await start(protocol, { server }, changes)
        const app = await scene.app(name)
        app.on('data', () => undefined)
        app.write(message)
        await once(app, 'close')

        await expect.poll(() => scene.refusals()).toEqual(['host-certificate'])
        await scene.close()
      }
      expect(Buffer.concat([...another.heard, ...good.heard])).toHaveLength(0)
      expect(Buffer.concat(plain.plain).toString('latin1')).not.toContain('MSH')
    },
  )

verifies(
  'agreement:egress',
  'a plain connection is cut at the end of the agreement, and none is opened after it',
  async () => {
    await start('Mllp', await aLab())
    const app = await scene.app(name)
    await echoed(app, message)
    const closed = once(app, 'close')

    scene.active.clear()
    await closed

    const late = await scene.app(name)
    late.write(message)
    late.resume()
    await once(late, 'close')
    expect(scene.dialled).toHaveLength(1)
  },
)

test('a store may speak a plain protocol too, at an inner address', async () => {
  const lab = await aLab(['ehr-db'])
  const entry = { ...storeEntry((await storesCa()).cert), protocol: 'Tcp' } as Egress
  scene = await aScene({ egress: [entry], servers: { [storeAddress]: lab.server } })

  expect(await echoed(await scene.app(name), message)).toEqual(message)
  expect(scene.dialled).toEqual([`${storeAddress}:5432`])
})

for (const protocol of plainProtocols)
  verifies(
    'transmission:egress-addresses',
    `${protocol}: a store whose Service is an alias of a name in public is not dialled`,
    async () => {
      const lab = await aLab(['ehr-db'])
      const entry = { ...storeEntry((await storesCa()).cert), protocol } as Egress
      scene = await aScene({
        egress: [entry],
        servers: { [vendorAddress]: lab.server },
        dns: { 'ehr-db.clinic.svc.cluster.local': [vendorAddress] },
      })
      const app = await scene.app(name)

      app.resume().write(protocol === 'Postgres' ? startup : message)
      await once(app, 'close')

      await expect.poll(() => scene.refusals()).toEqual(['address-forbidden'])
      expect(scene.dialled).toEqual([])
    },
  )

test('PostgreSQL at the host of an agreement is asked for TLS like a store', async () => {
  const database = await aDatabase('S', await (await storesCa()).issue('db', [vendorHost]))
  await start('Postgres', database)

  ;(await scene.app(name)).write(startup)

  await expect.poll(() => Buffer.concat(database.secure)).toEqual(startup)
  expect(Buffer.concat(database.plain).toString('hex')).toBe('0000000804d2162f')
})

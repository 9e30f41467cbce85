import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { sslRequest } from '../../../sidecar/egress/postgres.ts'
import { verifies } from '../../verifies.ts'
import { aDatabase, aScene, type Scene, storeAddress, storeEntry, storesCa, strangersCa } from './scene.ts'

const name = '127.64.0.1'
let scene: Scene
afterEach(async () => await scene.close())

const startup = Buffer.from('00000016000300007573657200656872000000000000', 'hex')
const cancel = Buffer.from('0000001004d2162e0000000100000002', 'hex')

const withDatabase = async (server: Server, options: Partial<Parameters<typeof aScene>[0]> = {}) => {
  scene = await aScene({
    egress: [storeEntry((await storesCa()).cert)],
    servers: { [storeAddress]: server },
    ...options,
  })
}
const aGoodDatabase = async (hosts = ['ehr-db']) =>
  await aDatabase('S', await (await storesCa()).issue('ehr-db', hosts))

/** All that the app hears until the connection ends. */
async function heard(app: Socket): Promise<string> {
  let text = ''
  app.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(app, 'close')
  return text
}
async function next(app: Socket): Promise<Buffer> {
  const [chunk] = (await once(app, 'data')) as [Buffer]
  return chunk
}

verifies('transmission:store-tls', 'plain text of the app arrives within TLS, recorded before', async () => {
  const database = await aGoodDatabase()
  await withDatabase(database.server)
  const app = await scene.app(name)

  app.write(startup)

  await expect.poll(() => Buffer.concat(database.secure)).toEqual(startup)
  expect(Buffer.concat(database.plain)).toEqual(sslRequest)
  expect(scene.log).toEqual(['counted', 'dial'])
})

test('a driver that asks for TLS or GSSAPI is told that there is none here', async () => {
  const database = await aGoodDatabase()
  await withDatabase(database.server)
  const app = await scene.app(name)

  app.write(Buffer.from('0000000804d21630', 'hex'))
  expect((await next(app)).toString()).toBe('N')
  app.write(sslRequest)
  expect((await next(app)).toString()).toBe('N')
  app.write(startup)

  await expect.poll(() => Buffer.concat(database.secure)).toEqual(startup)
})

verifies('transmission:store-tls', 'a request to cancel goes within TLS too', async () => {
  const database = await aGoodDatabase()
  await withDatabase(database.server)

  ;(await scene.app(name)).write(cancel)

  await expect.poll(() => Buffer.concat(database.secure)).toEqual(cancel)
})

const saysNo: [string, string | Buffer][] = [
  ['says that it has no TLS', 'N'],
  ['answers with an error', 'E'],
  ['has bytes before the handshake (CVE-2021-23222)', 'SEvil'],
]
for (const [what, answer] of saysNo) {
  verifies('transmission:store-tls', `no byte of the app leaves to a database that ${what}`, async () => {
    const database = await aDatabase(answer)
    await withDatabase(database.server)
    const app = await scene.app(name)

    app.write(startup)

    expect(await heard(app)).toContain('store-without-tls): turn on ssl at the database')
    await expect.poll(() => scene.refusals()).toEqual(['store-without-tls'])
    expect(Buffer.concat(database.plain)).toEqual(sslRequest)
  })
}

const badCertificates: [string, () => Promise<{ cert: string; key: string }>][] = [
  ['of another CA', async () => await (await strangersCa()).issue('ehr-db', ['ehr-db'])],
  ['for another host', async () => await (await storesCa()).issue('other-db', ['other-db.clinic.svc'])],
  ['without the name', async () => await (await storesCa()).issue('someone')],
]
for (const [what, make] of badCertificates) {
  verifies(
    'transmission:store-tls',
    `a certificate ${what} is refused, and no byte of the app is sent`,
    async () => {
      const database = await aDatabase('S', await make())
      await withDatabase(database.server)
      const app = await scene.app(name)

      app.write(startup)

      expect(await heard(app)).toContain('store-certificate')
      expect(database.secure).toEqual([])
      await expect.poll(() => scene.refusals()).toEqual(['store-certificate'])
    },
  )
}

for (const host of ['ehr-db.clinic', 'ehr-db.clinic.svc', 'ehr-db.clinic.svc.cluster.local']) {
  test(`a certificate may name the store’s Service as ${host}`, async () => {
    const database = await aGoodDatabase([host])
    await withDatabase(database.server)

    ;(await scene.app(name)).write(startup)

    await expect.poll(() => Buffer.concat(database.secure)).toEqual(startup)
  })
}

verifies(
  'transmission:store-tls',
  'an app that speaks TLS or anything else to the store is refused',
  async () => {
    const database = await aGoodDatabase()
    await withDatabase(database.server)
    for (const bytes of [
      Buffer.from([22, 3, 1, 0]),
      Buffer.from('GET / HTTP/1.1\r\n'),
      Buffer.from('0000000800020000', 'hex'),
    ]) {
      const app = await scene.app(name)
      app.write(bytes)
      expect(await heard(app)).toContain('not-postgres')
    }
    expect(scene.dialled).toEqual([])
  },
)

verifies(
  'transmission:store-tls',
  'a lock opens no store and leaves the open ones, which serve refused calls alone',
  async () => {
    const database = await aGoodDatabase()
    await withDatabase(database.server)
    const open = await scene.app(name)
    open.write(startup)
    await expect.poll(() => Buffer.concat(database.secure)).toEqual(startup)

    scene.orders.set({ locked: 'orders-too-old' })

    const app = await scene.app(name)
    app.write(startup)
    expect(await heard(app)).toContain('locked')
    open.write('Qmore')
    await expect.poll(() => Buffer.concat(database.secure).toString()).toContain('Qmore')
  },
)

verifies('transmission:store-tls', 'a store whose CA is replaced is closed', async () => {
  const database = await aGoodDatabase()
  await withDatabase(database.server)
  const app = await scene.app(name)
  app.write(startup)
  await expect.poll(() => Buffer.concat(database.secure)).toEqual(startup)
  const closed = once(app.resume(), 'close')

  scene.setEgress([storeEntry((await strangersCa()).cert)])

  await closed
})

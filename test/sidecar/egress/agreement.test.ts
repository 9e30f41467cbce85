import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { verifies } from '../../verifies.ts'
import {
  agreementEntry,
  appTls,
  aScene,
  aVendor,
  echoed,
  type Scene,
  vendorAddress,
  vendorHost,
} from './scene.ts'

const name = '127.64.0.1'
let scene: Scene
afterEach(async () => await scene.close())

const withVendor = async (options: Partial<Parameters<typeof aScene>[0]> = {}) => {
  scene = await aScene({
    egress: [agreementEntry],
    servers: { [vendorAddress]: await aVendor() },
    ...options,
  })
  return scene
}
const refused = async (reason: string) => {
  await expect.poll(() => scene.refusals()).toContain(reason)
}

verifies(
  'agreement:egress',
  'with an active agreement the app’s own TLS reaches the host, recorded before it is dialled',
  async () => {
    await withVendor()

    const app = await appTls(await scene.app(name))

    expect(await echoed(app, Buffer.from('hello'))).toEqual(Buffer.from('hello'))
    expect(scene.dialled).toEqual([`${vendorAddress}:443`])
    expect(scene.log).toEqual(['counted', 'dial'])
    expect(scene.trail.entries).toEqual([
      { kind: 'counted', what: 'egress-opened', source: vendorHost, count: 1 },
    ])
  },
)

test('an app that opens and closes all day fills no trail: so many a minute are opened, the rest is counted', async () => {
  await withVendor()
  const openAndClose = async () => {
    const app = await appTls(await scene.app(name)).catch(() => undefined)
    app?.destroy()
  }
  for (let i = 0; i < 61; i += 1) await Promise.all(Array.from({ length: 10 }, openAndClose))

  await scene.egress.close()
  const counted = (what: string) =>
    scene.trail
      .of('counted')
      .filter((entry) => entry.what === what)
      .reduce((sum, { count }) => sum + count, 0)
  expect(counted('egress-opened')).toBe(600)
  expect(scene.refusals().filter((reason) => reason === 'too-often')).toHaveLength(10)
  expect(scene.trail.entries.length).toBeLessThan(605)
})

test('megabytes pass unharmed, and each side may end first', async () => {
  await withVendor()
  const bytes = randomBytes(3_000_000)
  const app = await appTls(await scene.app(name))

  expect((await echoed(app, bytes)).equals(bytes)).toBe(true)
  app.end()
  await once(app, 'close')
})

verifies(
  'agreement:egress',
  'without an active agreement nothing is dialled, and the app is told',
  async () => {
    await withVendor()
    scene.active.clear()

    await expect(appTls(await scene.app(name))).rejects.toThrow(/alert access denied/)

    await refused('agreement-over')
    expect(scene.dialled).toEqual([])
  },
)

verifies(
  'agreement:egress',
  'an open connection is gone within a second of the agreement’s end, without word from anybody',
  async () => {
    await withVendor()
    const app = await appTls(await scene.app(name))
    const closed = once(app, 'close')
    const began = performance.now()

    scene.active.clear()

    await closed
    expect(performance.now() - began).toBeLessThan(1_000)
    await refused('agreement-over')
  },
)

verifies('agreement:egress', 'a lock closes what is open to third parties and opens nothing', async () => {
  await withVendor({ periods: { refusalsMs: 200 } })
  const app = await appTls(await scene.app(name))
  const closed = once(app, 'close')

  scene.orders.set({ locked: 'lockdown' })

  await closed
  await expect(appTls(await scene.app(name))).rejects.toThrow(/alert access denied/)
  await expect.poll(() => scene.refusals()).toEqual(['locked', 'locked'])
})

test('a connection that is ended twice at once is refused once', async () => {
  await withVendor({ periods: { refusalsMs: 200 } })
  const app = await appTls(await scene.app(name))
  const closed = once(app, 'close')

  scene.orders.set({ locked: 'lockdown' })
  scene.orders.set({ locked: 'lockdown' })
  await closed

  await scene.egress.close()
  expect(scene.refusals()).toEqual(['locked'])
})

verifies(
  'agreement:egress',
  'a host that leaves the policy is closed, and its address means nobody',
  async () => {
    await withVendor()
    const app = await appTls(await scene.app(name))
    const closed = once(app, 'close')

    scene.setEgress([{ ...agreementEntry, host: 'other.vendor.example' }])

    await closed
    const late = await scene.app(name)
    await once(late, 'close')
    await refused('undeclared-address')
    expect(scene.dialled).toHaveLength(1)
  },
)

const hellos: [string, string, string][] = [
  ['another server name', 'evil.example', 'server-name-other'],
  ['a server name below the host', `evil.${vendorHost}`, 'server-name-other'],
  ['no server name', '', 'server-name-missing'],
]
for (const [what, servername, reason] of hellos) {
  verifies('agreement:egress', `${what} is refused before anything is dialled`, async () => {
    await withVendor()

    await expect(appTls(await scene.app(name), servername)).rejects.toThrow(/alert access denied/)

    await refused(reason)
    expect(scene.dialled).toEqual([])
    expect(scene.trail.of('counted').filter(({ what }) => what === 'egress-opened')).toEqual([])
  })
}

verifies('agreement:egress', 'plain text to an agreement’s host is refused', async () => {
  await withVendor()
  const app = await scene.app(name)
  app.write('POST /v1/transcripts HTTP/1.1\r\n\r\n')

  app.resume()
  await once(app, 'close')
  await refused('not-tls')
  expect(scene.dialled).toEqual([])
})

for (const [failure, says] of [
  ['rejects', 'cannot be recorded'],
  ['hangs', 'is not recorded in time'],
] as const) {
  verifies('audit:no-record-no-service', `an opening that ${says} is none`, async () => {
    await withVendor({ periods: { setupMs: 300 } })
    scene.trail.fail.note = failure

    await expect(appTls(await scene.app(name))).rejects.toThrow(/alert access denied/)

    expect(scene.dialled).toEqual([])
    scene.trail.fail = {}
  })
}

verifies('audit:no-record-no-service', 'an opening that is recorded too late is not dialled', async () => {
  await withVendor({ periods: { setupMs: 100 } })
  const note = scene.trail.note.bind(scene.trail)
  const recorded = new Promise<void>((resolve) => {
    scene.trail.note = async (entry) => {
      if (entry.kind === 'counted' && entry.what === 'egress-opened') {
        await wait(400)
        setImmediate(resolve)
      }
      await note(entry)
    }
  })

  await expect(appTls(await scene.app(name))).rejects.toThrow(/alert access denied/)
  await recorded
  await wait(50)

  expect(scene.refusals()).toEqual(['too-slow'])
  expect(scene.dialled).toEqual([])
})

verifies(
  'transmission:egress-by-name',
  'an address of the range that no name has leads nowhere',
  async () => {
    await withVendor()
    for (const address of ['127.64.0.2', '127.64.0.0', '127.127.255.255', '127.0.0.1']) {
      const app = await scene.app(address)
      app.resume()
      await once(app, 'close')
    }

    expect(scene.dialled).toEqual([])
    await refused('undeclared-address')
  },
)

for (const address of ['127.64.0.1', '169.254.169.254', '::ffff:169.254.169.254', '10.96.0.1', 'fd12::1']) {
  verifies('transmission:egress-addresses', `a host that resolves to ${address} is not dialled`, async () => {
    await withVendor({ dns: { [vendorHost]: [address] } })

    await expect(appTls(await scene.app(name))).rejects.toThrow(/alert access denied/)

    await refused('address-forbidden')
    expect(scene.dialled).toEqual([])
  })
}

verifies(
  'transmission:egress-addresses',
  'a name that turns to an inner address after it was dialled is judged anew',
  async () => {
    const dns = { [vendorHost]: [vendorAddress] }
    await withVendor({ dns })
    await appTls(await scene.app(name))

    dns[vendorHost] = ['10.0.0.1']
    await expect(appTls(await scene.app(name))).rejects.toThrow(/alert access denied/)

    expect(scene.dialled).toEqual([`${vendorAddress}:443`])
  },
)

test('an agreement that declares the range, and a Service of the cluster, are dialled inside', async () => {
  const inside = '10.9.8.7'
  const service = 'api.vendors.svc.cluster.local'
  await withVendor({
    egress: [
      { ...agreementEntry, ranges: ['10.9.0.0/16'] },
      { ...agreementEntry, host: service },
    ],
    servers: { [inside]: await aVendor() },
    dns: { [vendorHost]: [inside], [service]: [inside] },
  })

  expect(await echoed(await appTls(await scene.app('127.64.0.1')), Buffer.from('hello'))).toHaveLength(5)
  const app = await scene.app('127.64.0.2')
  // The certificate is for the other name: that it came to a handshake is all that is asked here.
  await expect(appTls(app, service)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  expect(scene.dialled).toEqual([`${inside}:443`, `${inside}:443`])
})

test('of several addresses the forbidden are left out and the silent ones passed over', async () => {
  await withVendor({ dns: { [vendorHost]: ['127.0.0.1', '203.0.113.99', vendorAddress] } })

  const app = await appTls(await scene.app(name))

  expect(await echoed(app, Buffer.from('hello'))).toEqual(Buffer.from('hello'))
  expect(scene.dialled).toEqual(['203.0.113.99:443', `${vendorAddress}:443`])
})

test('a host that does not resolve, and one that does not answer, are told apart', async () => {
  await withVendor({ dns: {} })
  await expect(appTls(await scene.app(name))).rejects.toThrow(/alert access denied/)
  await refused('name-unresolved')
  await scene.close()

  await withVendor({ dns: { [vendorHost]: ['203.0.113.99'] } })
  await expect(appTls(await scene.app(name))).rejects.toThrow(/alert access denied/)
  await refused('unreachable')
})

test('an app that connects and says nothing is let go of', async () => {
  await withVendor({ periods: { setupMs: 100 } })
  const app = await scene.app(name)

  app.resume()
  await once(app, 'close')
  await refused('too-slow')
})

verifies(
  'audit:floods',
  'the first refusal of a kind is recorded at once, the others are counted',
  async () => {
    await withVendor({ periods: { refusalsMs: 400 } })
    for (let times = 0; times < 40; times += 1) {
      const app = await scene.app('127.64.9.9')
      app.resume()
      await once(app, 'close')
    }

    await expect.poll(() => scene.refusals().length).toBe(40)
    expect(scene.trail.of('counted').length).toBeLessThanOrEqual(4)
    expect(new Set(scene.trail.of('counted').map(({ source }) => source))).toEqual(new Set(['undeclared']))
  },
)

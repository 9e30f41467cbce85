import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
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
  wildcardEntry,
} from './scene.ts'

let scene: Scene
afterEach(async () => await scene.close())

const lookUp = async (name: string): Promise<string[]> => {
  const resolver = new Resolver({ timeout: 2_000 })
  resolver.setServers([`127.0.0.1:${scene.egress.ports.dnsUdp}`])
  return await resolver.resolve4(name).catch((error: NodeJS.ErrnoException) => [error.code ?? ''])
}
const start = async (egress = [wildcardEntry]) => {
  scene = await aScene({ egress, servers: { [vendorAddress]: await aVendor() } })
}

verifies(
  'transmission:egress-by-name',
  'under a wildcard any one label is a name, each with an address of its own, and nothing else is',
  async () => {
    await start()

    expect(await lookUp('api.vendor.example')).toEqual(['127.64.0.1'])
    expect(await lookUp('eu.VENDOR.example')).toEqual(['127.64.0.2'])
    expect(await lookUp('api.vendor.example')).toEqual(['127.64.0.1'])
    for (const name of [
      'vendor.example',
      'a.b.vendor.example',
      '_dmarc.vendor.example',
      '-a.vendor.example',
      'apivendor.example',
      'api.vendor.example.evil.example',
    ])
      expect(await lookUp(name), name).toEqual(['ENOTFOUND'])
  },
)

verifies(
  'transmission:egress-by-name',
  'the server name must be the very name that was looked up, and records name the wildcard',
  async () => {
    await start()
    const [address = ''] = await lookUp(vendorHost)
    await lookUp('eu.vendor.example')

    const app = await appTls(await scene.app(address))
    expect(await echoed(app, Buffer.from('hello'))).toEqual(Buffer.from('hello'))
    await expect(appTls(await scene.app(address), 'eu.vendor.example')).rejects.toThrow(/alert access denied/)

    await expect.poll(() => scene.refusals()).toEqual(['server-name-other'])
    expect(new Set(scene.trail.of('counted').map(({ source }) => source))).toEqual(
      new Set(['*.vendor.example']),
    )
  },
)

test('a name that is declared in full is that entry’s, whatever wildcard is beside it', async () => {
  await start([wildcardEntry, { ...agreementEntry, agreement: 'another' }])
  const [address = ''] = await lookUp(vendorHost)

  await expect(appTls(await scene.app(address))).rejects.toThrow(/alert access denied/)

  await expect.poll(() => scene.refusals()).toEqual(['agreement-over'])
})

test('a wildcard that leaves the policy takes its names along', async () => {
  await start()
  const [address = ''] = await lookUp(vendorHost)
  const app = await appTls(await scene.app(address))
  const closed = once(app, 'close')

  scene.setEgress([{ ...wildcardEntry, host: '*.other.example' }])

  await closed
  expect(await lookUp(vendorHost)).toEqual(['ENOTFOUND'])
})

verifies(
  'transmission:egress-by-name',
  'an app that makes up names under a wildcard gets 256 of them',
  async () => {
    await start()
    for (let at = 0; at < 255; at += 1) expect(await lookUp(`n${at}.vendor.example`)).toHaveLength(1)
    const { inForce } = scene.orders.standing()
    if (inForce === undefined) throw new Error('no policy')
    let made = 0
    const policy = new Proxy(inForce.policy, {
      get: (all, member) => {
        if (member === 'egress') made += 1
        return Reflect.get(all, member) as unknown
      },
    })
    scene.orders.standing = () => ({ inForce: { ...inForce, policy } })
    expect(await lookUp('n255.vendor.example')).toHaveLength(1)
    expect(made).toBe(1)

    for (const name of ['one-more', 'another', 'one-more'])
      expect(await lookUp(`${name}.vendor.example`)).toEqual(['ENOTFOUND'])
    // Not all names once more for each question.
    expect(made).toBe(1)

    expect(await lookUp('n255.vendor.example')).toEqual(['127.64.1.0'])
    await expect.poll(() => scene.refusals()).toContain('too-many-names')
  },
)

import { Resolver } from 'node:dns/promises'
import { afterEach, expect, test } from 'vitest'
import { suffixOf, undeclaredSources } from '../../../sidecar/egress/suffixes.ts'
import { testKeys } from '../../support/in-force.ts'
import { verifies } from '../../verifies.ts'
import { agreementEntry, aScene, type Scene } from './scene.ts'

let scene: Scene | undefined
afterEach(async () => {
  await scene?.close()
  scene = undefined
})

test('a suffix is the last two labels of what the app asked for, not of a search domain', () => {
  const search = ['clinic.svc.cluster.local', 'svc.cluster.local', 'cluster.local']
  for (const [name, suffix] of [
    ['a.b.evil.example', 'evil.example'],
    ['EVIL.Example.', 'evil.example'],
    ['x.evil.example.clinic.svc.cluster.local', 'evil.example'],
    ['x.evil.example.cluster.local', 'evil.example'],
    ['localhost', 'localhost'],
  ] as const)
    expect(suffixOf(name, search), name).toBe(suffix)
})

const sources = (key: typeof testKeys.hashes) =>
  undeclaredSources({ search: [], key: () => key, everyMs: 60_000 })

test('another key gives other marks, and so many domains are told apart in a period', () => {
  const one = sources(testKeys.hashes)

  expect(one('a.evil.example')).toBe(one('b.evil.example'))
  expect(one('a.evil.example')).toMatch(/^undeclared:[0-9a-f]{16}$/)
  expect(one('a.evil.example')).not.toBe(sources(testKeys.seal)('a.evil.example'))
  const seen = new Set(Array.from({ length: 1_000 }, (_, at) => one(`a.evil-${at}.example`)))
  expect(seen.size).toBe(32)
  expect(seen).toContain('undeclared')
  expect(one('c.evil.example')).toBe(one('a.evil.example'))
})

verifies(
  'audit:floods',
  'a tunnel through DNS questions is one domain with a great count, and nothing that was asked is in the trail',
  async () => {
    scene = await aScene({ egress: [agreementEntry], periods: { refusalsMs: 500 } })
    const resolver = new Resolver({ timeout: 2_000, tries: 1 })
    resolver.setServers([`127.0.0.1:${scene.egress.ports.dnsUdp}`])
    const ask = async (name: string) =>
      await expect(resolver.resolve4(name)).rejects.toMatchObject({ code: 'ENOTFOUND' })

    for (let at = 0; at < 200; at += 1) await ask(`mrn-${4711 + at}-robin-testcase.evil.example`)
    await ask('forgotten.hospital.example')
    await scene.egress.close()

    const counts = new Map<string, number>()
    for (const { source, count } of scene.trail.of('counted'))
      counts.set(source, (counts.get(source) ?? 0) + count)
    expect([...counts.values()]).toEqual([200, 1])
    expect(JSON.stringify(scene.trail.entries)).not.toMatch(/mrn|robin|evil|hospital|example/)
  },
)

import { expect, test } from 'vitest'
import type { KeyInUse } from '../../core/wire.ts'
import { makeAuthority } from '../../operator/authority/ca.ts'
import { keysSecret } from '../../operator/desired/keys.ts'
import { keysInUse, tellKeys } from '../../operator/keys-in-use.ts'
import type { Secret } from '../../operator/objects.ts'
import { verifies } from '../verifies.ts'
import { quiet } from './cluster/scripted-api.ts'
import { aServer, aWorld, type Things } from './world.ts'

const own = (await makeAuthority('own', Date.now())).pem
const clients = (await makeAuthority('clients', Date.now())).pem
const used = (things: Things = {}, authorities = { own, clients }): KeyInUse[] =>
  keysInUse(aWorld(things).world, authorities)
const secret = keysSecret('clinic.ehr') as unknown as Secret
const of = (keys: readonly KeyInUse[], key: KeyInUse['key']): string | undefined =>
  keys.find((one) => one.key === key)?.id

verifies('audit:keys', 'of the installation and of each server, and nothing of what they are', () => {
  const keys = used({ keys: secret })

  expect(keys.map(({ key, server }) => [key, server])).toEqual([
    ['ca', undefined],
    ['client-ca', undefined],
    ['server', 'ehr'],
    ['pseudonyms', 'ehr'],
  ])
  for (const key of Object.values(secret.data ?? {})) expect(JSON.stringify(keys)).not.toContain(key)
  expect(used({ keys: secret })).toEqual(keys)
})

const rotations: { key: KeyInUse['key']; when: string; after: () => KeyInUse[] }[] = [
  { key: 'server', when: 'the server’s keys were replaced', after: () => used() },
  {
    key: 'pseudonyms',
    when: 'another epoch was written',
    after: () =>
      used({ keys: secret, servers: [aServer({ redaction: { dates: 'Year', epoch: '2026-q4' } })] }),
  },
  { key: 'ca', when: 'the CA was', after: () => used({ keys: secret }, { own: clients, clients }) },
  {
    key: 'client-ca',
    when: 'the CA of clients was',
    after: () => used({ keys: secret }, { own, clients: own }),
  },
]
for (const { key, when, after } of rotations)
  verifies('audit:keys', `${when}: ${key} is another, and no other`, () => {
    const before = used({ keys: secret })

    for (const one of before) expect(of(after(), one.key) === one.id, one.key).toBe(one.key !== key)
  })

test('a server without its keys yet has none in use', () => {
  expect(used({ keys: false }).map(({ key }) => key)).toEqual(['ca', 'client-ca'])
})

test('they are told again until the collector took them, and then when another is in use', async () => {
  const told: string[] = []
  const collector = {
    away: true,
    keys: async (keys: readonly KeyInUse[]): Promise<void> => {
      told.push(keys.map(({ id }) => id).join())
      if (collector.away) throw new Error('ECONNREFUSED')
    },
  }
  let id = 'a'
  const telling = tellKeys({ collector, keys: () => [{ key: 'ca', id }], log: quiet, every: 1 })
  const many = async (count: number): Promise<void> => {
    await expect.poll(() => told.length).toBeGreaterThanOrEqual(count)
  }
  telling.start()
  try {
    await many(2)
    collector.away = false
    const tries = told.length + 1
    await many(tries)
    id = 'b'
    await many(tries + 1)
    expect(told.slice(tries)).toEqual(['b'])
  } finally {
    telling.stop()
  }
})

// The Vault adapter against a real holder of keys that speaks its API (OpenBao): with TLS, and a token of the documented policy.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import type { KeyWrapper } from '../../collector/kms/key-wrapper.ts'
import { type VaultOptions, vaultWrapper } from '../../collector/kms/vault.ts'
import { aFolder } from '../collector/a-trail.ts'
import { aContext, keepsTheContract } from '../collector/kms/contract.ts'
import { anOpenBao } from '../collector/kms/open-bao.ts'
import { anAuthority, certify } from '../collector/peers.ts'

const authority = await anAuthority()
const bao = await anOpenBao(await certify(authority, undefined), authority.pem)
afterAll(bao.remove)

const wrapperOf = (more: Partial<VaultOptions>): KeyWrapper =>
  vaultWrapper({ ...bao.options, timeoutMs: 2000, ...more })

function aWrapper(more: Partial<VaultOptions> = {}): KeyWrapper {
  const wrapper = wrapperOf(more)
  onTestFinished(async () => await wrapper.close())
  return wrapper
}

let keys = 0
/** A key of its own for a test: the server is one for all of them. */
async function aKey(type?: string): Promise<string> {
  const key = `trail-${keys++}`
  await bao.makeKey(key, type)
  return key
}

keepsTheContract(async () => {
  const key = await aKey()
  return {
    wrapper: wrapperOf({ key }),
    rotate: async () => void (await bao.asRoot(`transit/keys/${key}/rotate`, {})),
    removeFirst: async () =>
      void (await bao.asRoot(`transit/keys/${key}/config`, { min_decryption_version: 2 })),
    away: bao.kill,
    back: bao.start,
  }
})

test('one that is sealed is one that is away, until its seal is open', async () => {
  const wrapper = aWrapper()
  await bao.asRoot('sys/seal', {})
  await expect(wrapper.health()).rejects.toMatchObject({ reason: 'kms-away' })
  await bao.kill()
  await bao.start()

  expect(await wrapper.health()).toBe('vault:transit/trail:v1')
})

test('a token that it does not know, or that may not use this key, is refused', async () => {
  const tokenPath = join(aFolder(), 'token')
  writeFileSync(tokenPath, 's.unknown')
  await bao.makeKey('another')

  for (const more of [{ tokenPath }, { key: 'another' }])
    await expect(aWrapper(more).health()).rejects.toMatchObject({ reason: 'kms-refuses' })
})

test('a key that is not there is not made by asking for it: the policy refuses', async () => {
  const wrapper = aWrapper({ key: 'trail-of-nobody' })

  for (let i = 0; i < 2; i++)
    await expect(wrapper.wrap(randomBytes(32), aContext())).rejects.toMatchObject({ reason: 'kms-refuses' })
})

test.each(['rsa-2048', 'ed25519'])('a key of type %s wraps nothing', async (type) => {
  await expect(aWrapper({ key: await aKey(type) }).wrap(randomBytes(32), aContext())).rejects.toMatchObject({
    reason: 'kms-key-unfit',
  })
})

test('a key that was deleted is told from bytes that do not open', async () => {
  const key = await aKey()
  const wrapper = aWrapper({ key })
  const wrapped = await wrapper.wrap(randomBytes(32), aContext())
  await bao.asRoot(`transit/keys/${key}/config`, { deletion_allowed: true })
  await bao.asRoot(`transit/keys/${key}`, undefined, 'DELETE')

  await expect(wrapper.unwrap(wrapped, aContext())).rejects.toMatchObject({ reason: 'kms-key-missing' })
})

test('the key of a name space is another than the one of the same name outside', async () => {
  await bao.asRoot('sys/namespaces/clinic')
  await bao.asRoot('clinic/sys/mounts/transit', { type: 'transit' })
  await bao.asRoot('clinic/transit/keys/trail', { type: 'aes256-gcm96' })
  const tokenPath = join(aFolder(), 'token')
  writeFileSync(tokenPath, await bao.aToken('clinic/'))
  const inside = aWrapper({ namespace: 'clinic', tokenPath })
  const wrapped = await inside.wrap(randomBytes(32), aContext())

  expect(await inside.unwrap(wrapped, aContext())).toHaveLength(32)
  await expect(aWrapper().unwrap(wrapped, aContext())).rejects.toMatchObject({ reason: 'kms-cannot-open' })
})

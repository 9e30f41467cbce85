// The PKCS#11 adapter against a real token (SoftHSM2).

import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { on } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { KeyWrapper } from '../../collector/kms/key-wrapper.ts'
import { type Pkcs11Options, pkcs11Wrapper } from '../../collector/kms/pkcs11.ts'
import { aContext, keepsTheContract } from '../collector/kms/contract.ts'
import { aSoftHsm, type SoftHsm } from '../collector/kms/soft-hsm.ts'

function aWrapper(hsm: SoftHsm, more: Partial<Pkcs11Options> = {}): KeyWrapper {
  const wrapper = pkcs11Wrapper({ ...hsm.options, ...more })
  onTestFinished(async () => await wrapper.close())
  return wrapper
}

function aProcess(...execArgv: string[]): ChildProcess {
  const child = fork(join(import.meta.dirname, '../../collector/kms/pkcs11-process.ts'), {
    serialization: 'advanced',
    execArgv,
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

keepsTheContract(async () => {
  const hsm = aSoftHsm()
  return {
    wrapper: aWrapper(hsm),
    rotate: () => hsm.makeKey('02'),
    removeFirst: () => hsm.removeKey('01'),
    away: hsm.takeAway,
    back: hsm.giveBack,
  }
})

test('a key that can leave the token wraps nothing', async () => {
  const hsm = aSoftHsm()
  const wrapper = aWrapper(hsm)
  await wrapper.health()
  hsm.makeKey('02', { extractable: true })

  await expect(wrapper.wrap(randomBytes(32), aContext())).rejects.toMatchObject({ reason: 'kms-key-unfit' })
})

test('a wrong PIN is tried once, so that the token is not locked; the right one is tried at once', async () => {
  const hsm = aSoftHsm()
  hsm.writePin('000000')
  const wrapper = aWrapper(hsm)
  await expect(wrapper.wrap(randomBytes(32), aContext())).rejects.toMatchObject({ reason: 'kms-refuses' })
  // If it were asked again, it would be found away.
  hsm.takeAway()
  for (let i = 0; i < 3; i++)
    await expect(wrapper.wrap(randomBytes(32), aContext())).rejects.toMatchObject({ reason: 'kms-refuses' })
  hsm.giveBack()
  hsm.writePin(hsm.pin)

  expect(await wrapper.health()).toBe('pkcs11:token=hipaa-mcp;object=trail;id=%01')
})

test('a question that waits behind a refused PIN is told that it was refused', async () => {
  const { options } = aSoftHsm()
  const child = aProcess()
  const answers = on(child, 'message')
  child.send({ id: 0, open: { ...options, pin: '000000' } })
  child.send({ id: 1, wrap: randomBytes(32), aad: Buffer.alloc(0) })

  for (const id of [0, 1])
    expect((await answers.next()).value).toEqual([{ id, failed: 'kms-refuses' }, undefined])
})

test('where pkcs11js is not compiled every question is told so', async () => {
  const without = `import { registerHooks } from 'node:module'
    registerHooks({ load: (url, context, next) => {
      if (url.endsWith('/pkcs11.node') || url.includes('/pkcs11js/')) throw new Error('not compiled')
      return next(url, context)
    } })`
  const child = aProcess('--import', `data:text/javascript,${encodeURIComponent(without)}`)
  const answers = on(child, 'message')
  child.send({ id: 0, open: { module: '/m.so', token: 't', object: 'o', pin: '1' } })
  child.send({ id: 1, wrap: randomBytes(32), aad: Buffer.alloc(0) })

  for (const id of [0, 1])
    expect((await answers.next()).value).toEqual([{ id, failed: 'kms-addon' }, undefined])
})

test.each([
  ['a token of another label', { token: 'other' }, 'kms-away'],
  ['a key of another label', { object: 'other' }, 'kms-key-missing'],
  ['a library that is not there', { module: '/nonexistent.so' }, 'kms-library'],
])('%s is told apart', async (_, more, reason) => {
  await expect(aWrapper(aSoftHsm(), more).health()).rejects.toMatchObject({ reason })
})

test('a library that hangs is killed in time, and a new process begins', async () => {
  const hsm = aSoftHsm()
  const wrapper = aWrapper(hsm)
  await wrapper.health()
  hsm.hang()

  const began = performance.now()
  await expect(wrapper.wrap(randomBytes(32), aContext())).rejects.toMatchObject({ reason: 'kms-away' })
  expect(performance.now() - began).toBeLessThan(9000)

  expect(await wrapper.health()).toBe('pkcs11:token=hipaa-mcp;object=trail;id=%01')
})

// What every adapter must do, whoever holds the key.

import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { KeyWrapper } from '../../../collector/kms/key-wrapper.ts'
import type { KeyContext } from '../../../core/sealed/segment.ts'

export const aContext = (said: Partial<KeyContext> = {}): KeyContext => ({
  origin: 'hipaa-mcp.dev/clinic/ehr/pod-1/0',
  segment: '3f0c1f6e-8f0e-4b6e-9d5b-5d0f6a3c2b11',
  ...said,
})

export type Scene = {
  wrapper: KeyWrapper
  /** Makes another key the one that wraps. */
  rotate: () => void | Promise<void>
  /** Takes the key away from its holder for good, the first one that it had. */
  removeFirst: () => void | Promise<void>
  /** Nobody answers. */
  away: () => void | Promise<void>
  back: () => void | Promise<void>
}

/** `others`: reasons that stand for a removed key besides the usual. */
export function keepsTheContract(make: () => Promise<Scene>): void {
  const scene = async (): Promise<Scene> => {
    const made = await make()
    onTestFinished(async () => await made.wrapper.close())
    return made
  }

  test('a data key comes back as it was, and is never given back in the clear', async () => {
    const { wrapper } = await scene()
    for (let i = 0; i < 3; i++) {
      const dataKey = randomBytes(32)
      const wrapped = await wrapper.wrap(Buffer.from(dataKey), aContext())
      expect(wrapped.wrapped.includes(dataKey)).toBe(false)
      expect(wrapped.wrapped.toString().includes(dataKey.toString('base64'))).toBe(false)
      expect(await wrapper.unwrap(wrapped, aContext())).toEqual(dataKey)
    }
  })

  test('it opens for its own origin and segment alone', async () => {
    const { wrapper } = await scene()
    const wrapped = await wrapper.wrap(randomBytes(32), aContext())

    for (const other of [
      aContext({ origin: 'hipaa-mcp.dev/clinic/ehr/pod-1/1' }),
      aContext({ segment: 's' }),
    ])
      await expect(wrapper.unwrap(wrapped, other)).rejects.toMatchObject({ reason: 'kms-cannot-open' })
  })

  test('one that was changed opens nothing', async () => {
    const { wrapper } = await scene()
    const { keyId, wrapped } = await wrapper.wrap(randomBytes(32), aContext())
    const changed = Buffer.from(wrapped)
    // Not the last characters: the last of base64 may hold bits that say nothing.
    changed[changed.length - 8] = (changed[changed.length - 8] as number) ^ 3

    await expect(wrapper.unwrap({ keyId, wrapped: changed }, aContext())).rejects.toMatchObject({
      reason: 'kms-cannot-open',
    })
  })

  test('after a rotation the new key wraps, and what the old one wrapped opens', async () => {
    const { wrapper, rotate } = await scene()
    const dataKey = randomBytes(32)
    const before = await wrapper.wrap(Buffer.from(dataKey), aContext())
    await rotate()

    const after = await wrapper.wrap(Buffer.from(dataKey), aContext())

    expect(after.keyId).not.toBe(before.keyId)
    expect(await wrapper.health()).toBe(after.keyId)
    expect(await wrapper.unwrap(before, aContext())).toEqual(dataKey)
    expect(await wrapper.unwrap(after, aContext())).toEqual(dataKey)
  })

  test('what one key wrapped another does not open', async () => {
    const { wrapper, rotate } = await scene()
    const before = await wrapper.wrap(randomBytes(32), aContext())
    await rotate()
    const { keyId } = await wrapper.wrap(randomBytes(32), aContext())

    await expect(wrapper.unwrap({ ...before, keyId }, aContext())).rejects.toMatchObject({
      reason: expect.stringMatching(/^kms-(cannot-open|key-missing)$/) as string,
    })
  })

  test('a key that is gone is told from a holder that is away', async () => {
    const { wrapper, rotate, removeFirst } = await scene()
    const before = await wrapper.wrap(randomBytes(32), aContext())
    await rotate()
    await removeFirst()

    await expect(wrapper.unwrap(before, aContext())).rejects.toMatchObject({
      reason: expect.stringMatching(/^kms-(key-missing|cannot-open)$/) as string,
    })
  })

  test('while nobody answers it says so in time, and works again by itself', async () => {
    const { wrapper, away, back } = await scene()
    const wrapped = await wrapper.wrap(randomBytes(32), aContext())
    await away()
    const began = performance.now()

    await expect(wrapper.wrap(randomBytes(32), aContext())).rejects.toMatchObject({ reason: 'kms-away' })
    await expect(wrapper.unwrap(wrapped, aContext())).rejects.toMatchObject({ reason: 'kms-away' })
    await expect(wrapper.health()).rejects.toMatchObject({ reason: 'kms-away' })
    expect(performance.now() - began).toBeLessThan(15_000)

    await back()
    expect(await wrapper.unwrap(wrapped, aContext())).toHaveLength(32)
  })
}

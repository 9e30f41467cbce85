// The loop itself: that it finds, that it does so by what it sees, and that it does the same again.

import { expect, test } from 'vitest'
import { watched } from './watched.ts'

/** No clock ends it: how much is tried is the same on a busy machine. */
const order = { name: 'planted fault', seed: 1, runs: 60_000, time: Infinity, blind: false }

test('what is led by coverage finds what stands behind three conditions, as small as can be, and finds it again', async () => {
  const first = await watched(order)

  expect(first.failed).toEqual({
    input: Buffer.from([0x50, 0x48, 0x01]).toString('base64'),
    says: expect.stringContaining('planted'),
  })
  expect(await watched(order)).toEqual(first)
}, 120_000)

test('what is blind does not find it in as many', async () => {
  expect(await watched({ ...order, blind: true })).toEqual({ runs: order.runs, blocks: 0, kept: 0 })
})

test('an input that takes long is found', async () => {
  const { failed } = await watched({ ...order, name: 'planted slowness', runs: 1 })

  expect(Buffer.from(failed?.input ?? '', 'base64').toString()).toBe('s')
  expect(failed?.says).toMatch(/1 bytes took \d+ ms of a processor/)
})

test('an input that is never done is found', async () => {
  const { failed } = await watched({ ...order, name: 'planted hang' }, 1_000)

  expect(Buffer.from(failed?.input ?? '', 'base64')[0]).toBe(0x68)
  expect(failed?.says).toContain('Not done')
})

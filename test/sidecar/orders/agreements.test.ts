// An agreement that ends by the clock: whoever cuts its connections is told, however the moment falls.

import { expect, onTestFinished, test } from 'vitest'
import { keepAgreements } from '../../../sidecar/agreements.ts'

test('one that ends while its timer is looked after is told like any other', async () => {
  const until = Date.now() + 20
  // After the first look behind the timer it is over.
  let looks = 0
  const wall = () => {
    if (Date.now() < until) return Date.now()
    looks += 1
    return looks > 1 ? until : until - 1
  }
  const told: string[] = []
  const agreements = keepAgreements({ wall, steady: () => 0 }, () => told.push('ended'))
  onTestFinished(() => agreements.stop())

  agreements.set([{ name: 'lab', active: true, reason: 'Active', until: new Date(until).toISOString() }])
  expect(agreements.active('lab')).toBe(true)

  await expect.poll(() => told).toEqual(['ended'])
  expect(agreements.active('lab')).toBe(false)
})

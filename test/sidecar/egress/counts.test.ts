import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { countRefusals } from '../../../sidecar/egress/counts.ts'
import { memoryTrail } from '../../support/trail.ts'
import { verifies } from '../../verifies.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const minute = 60_000
const counted = (trail: ReturnType<typeof memoryTrail>) =>
  trail.of('counted').map(({ source, reason, count }) => `${source} ${reason} ${count}`)

verifies('audit:floods', 'a thousand refusals of a kind are two records a minute', async () => {
  const trail = memoryTrail()
  const refusals = countRefusals(trail, minute)

  for (let times = 0; times < 1_000; times += 1) refusals.count('undeclared', 'undeclared-name')
  refusals.count('api.vendor.example', 'locked')
  await vi.advanceTimersByTimeAsync(minute)
  refusals.count('undeclared', 'undeclared-name')
  await vi.advanceTimersByTimeAsync(minute)

  expect(counted(trail)).toEqual([
    'undeclared undeclared-name 1',
    'api.vendor.example locked 1',
    'undeclared undeclared-name 999',
    'undeclared undeclared-name 1',
  ])
})

test('what the trail does not take is counted again, and nothing is lost while it comes back', async () => {
  const trail = memoryTrail()
  const refusals = countRefusals(trail, minute)
  trail.fail.note = 'rejects'

  for (let times = 0; times < 10; times += 1) refusals.count('undeclared', 'undeclared-name')
  await vi.advanceTimersByTimeAsync(3 * minute)
  expect(counted(trail)).toEqual([])
  trail.fail = {}
  await vi.advanceTimersByTimeAsync(minute)

  expect(counted(trail)).toEqual(['undeclared undeclared-name 10'])
})

test('closing records what is counted, and says how many a trail that is away has lost', async () => {
  const trail = memoryTrail()
  const well = countRefusals(trail, minute)
  for (let times = 0; times < 3; times += 1) well.count('undeclared', 'undeclared-name')
  expect(await well.close()).toBe(0)
  expect(counted(trail)).toEqual(['undeclared undeclared-name 1', 'undeclared undeclared-name 2'])

  for (const failure of ['rejects', 'hangs'] as const) {
    const away = memoryTrail()
    away.fail.note = failure
    const refusals = countRefusals(away, minute)
    for (let times = 0; times < 3; times += 1) refusals.count('undeclared', 'undeclared-name')
    const lost = refusals.close()
    await vi.advanceTimersByTimeAsync(4_000)
    expect(await lost, failure).toBe(3)
  }
})

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type Leader, leaderElection, microTime } from '../../../operator/cluster/leader.ts'
import { takesLess } from '../../support/best-of.ts'
import { verifies } from '../../verifies.ts'
import { type Leases, leases } from './leases.ts'
import { quiet } from './scripted-api.ts'

// The lease is a whole second, as the API counts it.
const timing = { lease: 1_000, renew: 300, retry: 40 }
const started: Leader[] = []
afterEach(async () => {
  for (const leader of started.splice(0)) await leader.stop()
})

function candidate(api: Leases, identity: string): { leader: Leader; said: boolean[] } {
  const said: boolean[] = []
  const leader = leaderElection({
    client: api,
    namespace: 'hipaa-mcp-system',
    name: 'operator',
    identity,
    onChange: (leading) => said.push(leading),
    log: quiet,
    timing,
  })
  leader.start()
  started.push(leader)
  return { leader, said }
}

verifies('operator:leader', 'two replicas start at once', async () => {
  const api = leases()

  const [a, b] = [candidate(api, 'a'), candidate(api, 'b')]
  await expect.poll(() => a.leader.leading() || b.leader.leading()).toBe(true)
  await sleep(200)

  expect([a.leader.leading(), b.leader.leading()].filter(Boolean)).toHaveLength(1)
  expect([...a.said, ...b.said]).toEqual([true])
})

verifies('operator:leader', 'the leader ends in good order', async () => {
  // Within the retry, not only after the lease ran out, 700 ms later at the earliest.
  await takesLess(500, async () => {
    const api = leases()
    const a = candidate(api, 'a')
    await expect.poll(() => a.leader.leading()).toBe(true)
    const b = candidate(api, 'b')
    const from = performance.now()

    await a.leader.stop()

    await expect.poll(() => b.leader.leading(), { timeout: 10_000, interval: 20 }).toBe(true)
    expect(a.said).toEqual([true, false])
    return performance.now() - from
  })
})

verifies('operator:leader', 'the leader dies', async () => {
  const api = leases()
  const a = candidate(api, 'a')
  await expect.poll(() => a.leader.leading()).toBe(true)
  // Killed: the lease stays as it is.
  const left = structuredClone(api.lease)
  await a.leader.stop()
  api.lease = left

  const from = performance.now()
  const b = candidate(api, 'b')

  await expect.poll(() => b.leader.leading()).toBe(true)
  expect(performance.now() - from).toBeGreaterThan(700)
})

verifies('operator:leader', 'the leader cannot reach the API server', async () => {
  const api = leases()
  const a = candidate(api, 'a')
  await expect.poll(() => a.leader.leading()).toBe(true)

  api.away = true
  await sleep(450)

  // It gave up well before the lease (1 s) lets another one in.
  expect(a.leader.leading()).toBe(false)
  expect(a.said).toEqual([true, false])
})

verifies('operator:leader', 'renewals are kept but their answers are lost', async () => {
  const api = leases()
  const a = candidate(api, 'a')
  await expect.poll(() => a.leader.leading()).toBe(true)

  api.lost = true
  await expect.poll(() => a.leader.leading(), { timeout: 1_000 }).toBe(false)
  api.lost = false

  await expect.poll(() => a.leader.leading(), { timeout: 2_000 }).toBe(true)
})

verifies('operator:leader', 'the event loop stood still beyond the renewal', async () => {
  const api = leases()
  const a = candidate(api, 'a')
  await expect.poll(() => a.leader.leading()).toBe(true)

  const until = performance.now() + 350
  while (performance.now() < until);

  // No timer had a chance to notice: the question itself does.
  expect(a.leader.leading()).toBe(false)
})

test('times in a Lease have six digits after the second', () => {
  expect(microTime(new Date('2026-01-02T03:04:05.678Z'))).toBe('2026-01-02T03:04:05.678000Z')
})

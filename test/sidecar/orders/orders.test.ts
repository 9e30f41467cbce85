// What is in force: judged whole, recorded before it permits, locked whenever in doubt.

import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Acknowledge } from '../../../core/acknowledge.ts'
import type { Policy } from '../../../core/policy.ts'
import type { Orders } from '../../../core/wire.ts'
import { keepOrders, type OrdersKeeper } from '../../../sidecar/orders.ts'
import type { EntryOf } from '../../../sidecar/trail/trail.ts'
import { anAuthority } from '../../collector/peers.ts'
import { aPolicy, aTool, issuerUrl } from '../../support/policy.ts'
import { verifies } from '../../verifies.ts'
import { aLog, server, someOrders, until } from '../installation.ts'

let clientCa = ''
beforeAll(async () => {
  clientCa = (await anAuthority()).pem
})

const policy = (changes: Partial<Policy> = {}): Policy =>
  aPolicy({ tls: { minVersion: 'TLSv1.3', clientCa }, ...changes })

type Kept = {
  orders: OrdersKeeper
  recorded: { entry: EntryOf<'orders'>; profile: string }[]
  /** The trail: acknowledges, fails, or keeps everybody waiting until it is told to go on. */
  trail: { mode: 'acknowledges' | 'fails' | 'waits'; goOn(): void }
  time: { wall: number; monotonic: number }
  changes: { count: number }
  hear(orders: Orders): void
}

const keepers: OrdersKeeper[] = []
afterEach(() => {
  for (const keeper of keepers.splice(0)) keeper.stop()
})

function kept(acknowledge: Acknowledge = 'Stream'): Kept {
  const recorded: Kept['recorded'] = []
  const waiting: (() => void)[] = []
  const time = { wall: Date.parse('2030-01-01T00:00:00Z'), monotonic: 0 }
  const trail: Kept['trail'] = {
    mode: 'acknowledges',
    goOn: () => {
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
  const orders = keepOrders({
    pod: { server, acknowledge, port: 8080, transport: 'StreamableHttp' },
    async record(entry, profile) {
      recorded.push({ entry, profile })
      if (trail.mode === 'fails') throw new Error('away')
      if (trail.mode === 'waits') await new Promise<void>((resolve) => waiting.push(resolve))
    },
    log: aLog(),
    clock: () => time.wall,
    monotonic: () => time.monotonic,
  })
  keepers.push(orders)
  const changes = { count: 0 }
  orders.onChange(() => {
    changes.count += 1
  })
  return { orders, recorded, trail, time, changes, hear: (said) => orders.hear(JSON.stringify(said)) }
}

const inForce = ({ orders }: Kept) => {
  const { locked, inForce: seen } = orders.standing()
  return locked ?? seen?.generation
}
const comes = async (seen: Kept, wanted: string | number) =>
  await until(`${wanted} in force`, () => inForce(seen) === wanted, 3_000)

test('before the first orders everything is locked', () => {
  const seen = kept()

  expect(seen.orders.standing()).toEqual({ locked: 'no-orders' })
  expect(seen.orders.agreementActive('lab')).toBe(false)
  seen.orders.heartbeat()
  expect(inForce(seen)).toBe('no-orders')
})

verifies(
  'operator:orders',
  'a policy counts only after the trail has acknowledged which one it is',
  async () => {
    const seen = kept()
    seen.trail.mode = 'waits'

    seen.hear(someOrders(policy(), { generation: 7 }))
    await until('a record', () => seen.recorded.length === 1)
    expect(inForce(seen)).toBe('no-orders')

    seen.trail.goOn()
    await comes(seen, 7)
    expect(seen.recorded).toEqual([
      {
        entry: {
          kind: 'orders',
          generation: 7,
          policy: seen.orders.standing().inForce?.hash,
          profile: 'Development',
          breach: [{ distinctPatients: 100, perSeconds: 3600 }],
        },
        profile: 'Development',
      },
    ])
  },
)

verifies('operator:orders', 'a policy whose record fails is recorded again, and counts then', async () => {
  const seen = kept()
  seen.trail.mode = 'fails'
  seen.hear(someOrders(policy()))
  await until('a second try', () => seen.recorded.length === 2)
  expect(inForce(seen)).toBe('no-orders')

  seen.trail.mode = 'acknowledges'

  await comes(seen, 1)
})

verifies('operator:orders', 'a lockdown counts at once, whatever the trail does', async () => {
  const seen = kept()
  seen.hear(someOrders(policy()))
  await comes(seen, 1)
  seen.trail.mode = 'waits'

  seen.hear(someOrders(policy({ lockdown: { reason: 'incident' } }), { generation: 2 }))

  expect(inForce(seen)).toBe('lockdown')
  expect(seen.recorded.at(-1)?.entry).toMatchObject({ locked: 'lockdown', generation: 2 })
})

verifies(
  'operator:orders',
  'a permit that is acknowledged late does not undo a lock that came after it',
  async () => {
    const seen = kept()
    seen.trail.mode = 'waits'
    seen.hear(someOrders(policy(), { generation: 1 }))
    await until('a record', () => seen.recorded.length === 1)

    seen.hear(someOrders(policy(), { generation: 2, locked: 'checks-failed' }))
    seen.trail.goOn()
    await new Promise((resolve) => setTimeout(resolve, 50))

    expect(inForce(seen)).toBe('checks-failed')
  },
)

verifies(
  'operator:orders',
  'new key sets at the same generation wait with a policy that is not recorded yet',
  async () => {
    const seen = kept()
    seen.hear(someOrders(policy()))
    await comes(seen, 1)
    seen.trail.mode = 'waits'
    const next = policy({ mfa: { maxAgeSeconds: 60 } })
    seen.hear(someOrders(next, { generation: 2 }))

    seen.hear(someOrders(next, { generation: 2, jwks: { [issuerUrl]: { keys: [] } } }))
    expect(inForce(seen)).toBe(1)

    seen.trail.goOn()
    await comes(seen, 2)
    expect(seen.orders.standing().inForce?.jwks).toEqual({ [issuerUrl]: { keys: [] } })
  },
)

test('nothing is recorded again and caches stay while nothing changes', async () => {
  const seen = kept()
  seen.hear(someOrders(policy()))
  await comes(seen, 1)
  const before = seen.orders.standing().inForce

  seen.hear(someOrders(policy()))
  seen.orders.heartbeat()

  expect(seen.orders.standing().inForce).toBe(before)
  expect(seen.recorded).toHaveLength(1)
  seen.hear(someOrders(policy(), { jwks: { [issuerUrl]: { keys: [] } } }))
  const after = seen.orders.standing().inForce
  expect(after).not.toBe(before)
  expect(after?.policy).toBe(before?.policy)
  expect(after?.keys).toBe(before?.keys)
  expect(seen.recorded).toHaveLength(1)
})

verifies(
  'operator:older-orders',
  'older orders lock, heartbeats do not undo that, and newer ones do',
  async () => {
    const seen = kept()
    seen.hear(someOrders(policy(), { generation: 9 }))
    await comes(seen, 9)

    seen.hear(someOrders(policy(), { generation: 8 }))
    expect(inForce(seen)).toBe('orders-older')
    seen.orders.heartbeat()
    expect(inForce(seen)).toBe('orders-older')
    expect(seen.orders.generation()).toBe(9)

    seen.hear(someOrders(policy(), { generation: 10 }))
    await comes(seen, 10)
  },
)

const without = (member: string) => (orders: Orders) => JSON.stringify({ ...orders, [member]: undefined })
const broken: { [what: string]: (orders: Orders) => string } = {
  'text that is no JSON': () => 'generation: 2',
  'a list': () => '[]',
  'no generation': without('generation'),
  'a generation that is no number': (orders) => JSON.stringify({ ...orders, generation: '2' }),
  'no keys': without('keys'),
  'a key that is too short': (orders) =>
    JSON.stringify({ ...orders, keys: { ...orders.keys, seal: 'AAAA' } }),
  'no word on the volume': without('volumeRetained'),
  'agreements that are no list': (orders) => JSON.stringify({ ...orders, agreements: {} }),
  'a hash that is not the policy’s': (orders) => JSON.stringify({ ...orders, hash: 'ab'.repeat(32) }),
  'a policy with one byte changed': (orders) =>
    JSON.stringify({ ...orders, policy: orders.policy?.replace('clinician', 'clinicien') }),
}
for (const [what, breaks] of Object.entries(broken))
  verifies('operator:older-orders', `${what} locks`, async () => {
    const seen = kept()
    seen.hear(someOrders(policy()))
    await comes(seen, 1)

    seen.orders.hear(breaks(someOrders(policy(), { generation: 2 })))

    expect(inForce(seen)).toBe('policy-invalid')
    expect(seen.orders.agreementActive('lab')).toBe(false)
    seen.hear(someOrders(policy(), { generation: 3 }))
    await comes(seen, 3)
  })

const unusable: { [what: string]: () => Policy } = {
  'of another server': () => policy({ server: { namespace: 'clinic', name: 'other' } }),
  'with a member that this version does not know': () => ({ ...policy(), more: true }) as Policy,
  'without a readable client CA': () => policy({ tls: { minVersion: 'TLSv1.3', clientCa: 'none' } }),
  'with a schema that does not compile': () =>
    policy({ tools: [aTool({ arguments: { type: 'object', properties: { a: { type: 'nonsense' } } } })] }),
}
for (const [what, made] of Object.entries(unusable))
  verifies('operator:older-orders', `a policy ${what} locks`, () => {
    const seen = kept()

    seen.hear(someOrders(made()))

    expect(inForce(seen)).toBe('policy-invalid')
  })

describe('a policy that cannot be enforced in this pod locks', () => {
  test.each([
    ['another trail', 'Stream', { trail: { acknowledge: 'Local' } }, {}, 'pod-outdated'],
    [
      'another port',
      'Stream',
      { workload: { port: 9090, path: '/mcp', transport: 'StreamableHttp' } },
      {},
      'pod-outdated',
    ],
    [
      'another transport',
      'Stream',
      { workload: { port: 8080, path: '/mcp', transport: 'Stdio' } },
      {},
      'pod-outdated',
    ],
    [
      'a volume that goes with the pod',
      'Local',
      { trail: { acknowledge: 'Local' } },
      { volumeRetained: false },
      'volume-not-retained',
    ],
    [
      'a volume that goes with the pod, of the two',
      'Both',
      { trail: { acknowledge: 'Both' } },
      { volumeRetained: false },
      'volume-not-retained',
    ],
    ['one place for two', 'Both', { trail: { acknowledge: 'Local' } }, {}, 'pod-outdated'],
    ['no policy at all', 'Stream', {}, { policy: undefined, hash: undefined }, 'no-policy'],
    ['the operator’s word', 'Stream', {}, { locked: 'server-deleted' }, 'server-deleted'],
  ] as const)('%s', (_what, mode, changes, said, reason) => {
    const seen = kept(mode)

    seen.hear(someOrders(policy(changes), said as Partial<Orders>))

    expect(inForce(seen)).toBe(reason)
  })
})

for (const mode of ['Local', 'Both'] as const)
  test(`a volume that outlives its pod is good for ${mode}`, async () => {
    const seen = kept(mode)
    seen.hear(someOrders(policy({ trail: { acknowledge: mode } })))
    await comes(seen, 1)
  })

verifies(
  'operator:away',
  'calls go on until maxPolicyAge, then everything is locked until the operator is back',
  async () => {
    const seen = kept()
    seen.hear(someOrders(policy({ maxPolicyAgeSeconds: 60 })))
    await comes(seen, 1)

    seen.time.monotonic = 59_999
    expect(inForce(seen)).toBe(1)
    seen.time.monotonic = 60_001
    expect(inForce(seen)).toBe('orders-too-old')
    expect(seen.orders.standing().inForce?.generation).toBe(1)

    seen.orders.heartbeat()
    await comes(seen, 1)
  },
)

verifies('operator:away', 'each heartbeat begins the time anew', async () => {
  const seen = kept()
  seen.hear(someOrders(policy({ maxPolicyAgeSeconds: 60 })))
  await comes(seen, 1)

  seen.time.monotonic = 50_000
  seen.orders.heartbeat()
  seen.time.monotonic = 100_000
  expect(inForce(seen)).toBe(1)
})

verifies(
  'operator:away',
  'the lock and its end are recorded, and listeners hear of it, by the clock alone',
  async () => {
    const seen = kept()
    seen.hear(someOrders(policy({ maxPolicyAgeSeconds: 1 })))
    await comes(seen, 1)
    const before = seen.changes.count
    seen.time.monotonic = 1_500

    await until('the lock is recorded', () => seen.recorded.length === 2, 3_000)
    expect(seen.recorded.at(-1)?.entry).toMatchObject({ locked: 'orders-too-old', generation: 1 })
    expect(seen.changes.count).toBeGreaterThan(before)

    seen.trail.mode = 'waits'
    seen.orders.heartbeat()
    await until('the permit is being recorded', () => seen.recorded.length === 3)
    expect(inForce(seen)).toBe('orders-too-old')
    seen.trail.goOn()
    await comes(seen, 1)
  },
)

const lab = (changes: Partial<Orders['agreements'][number]> = {}) => ({
  name: 'lab',
  active: true,
  until: '2030-01-01T01:00:00Z',
  reason: 'Active',
  ...changes,
})

describe('an agreement', () => {
  verifies(
    'operator:orders',
    'an agreement ends at its moment by this clock, and a clock set back does not revive it',
    async () => {
      const seen = kept()
      seen.hear(someOrders(policy(), { agreements: [lab()] }))
      await comes(seen, 1)
      expect(seen.orders.agreementActive('lab')).toBe(true)
      expect(seen.orders.agreementActive('other')).toBe(false)

      const left = Date.parse('2030-01-01T01:00:00Z') - seen.time.wall
      seen.time.wall += left
      seen.time.monotonic += left
      seen.orders.heartbeat()
      expect(seen.orders.agreementActive('lab')).toBe(false)
      seen.time.wall -= 60_000
      expect(seen.orders.agreementActive('lab')).toBe(false)

      seen.hear(someOrders(policy(), { agreements: [lab({ until: '2031-01-01T00:00:00Z' })] }))
      expect(seen.orders.agreementActive('lab')).toBe(true)
    },
  )

  verifies(
    'operator:orders',
    'a clock that jumps ahead ends it only for as long as it is ahead',
    async () => {
      const seen = kept()
      const orders = someOrders(policy(), { agreements: [lab()] })
      seen.hear(orders)
      await comes(seen, 1)
      const year = 365 * 86_400_000
      seen.time.wall += year
      expect(seen.orders.agreementActive('lab')).toBe(false)
      // Heard again meanwhile, as orders are.
      seen.hear(orders)
      expect(seen.orders.agreementActive('lab')).toBe(false)
      seen.time.wall -= year
      expect(seen.orders.agreementActive('lab')).toBe(true)
    },
  )

  verifies(
    'operator:orders',
    'listeners hear of an agreement’s end without word from the operator',
    async () => {
      const seen = kept()
      seen.time.wall = Date.now()
      seen.hear(
        someOrders(policy(), { agreements: [lab({ until: new Date(seen.time.wall + 60).toISOString() })] }),
      )
      const before = seen.changes.count
      seen.time.wall += 60

      await until('a change', () => seen.changes.count > before, 2_000)
      expect(seen.orders.agreementActive('lab')).toBe(false)
    },
  )

  test.each([
    ['one that is not active', lab({ active: false, reason: 'NotYetEffective' })],
    ['one whose end is no date', lab({ until: 'never' })],
  ])('%s is closed', (_what, agreement) => {
    const seen = kept()
    seen.hear(someOrders(policy(), { agreements: [agreement] }))
    expect(seen.orders.agreementActive('lab')).toBe(false)
  })

  test('under a lock for an incident it counts, under orders that are too old it does not', async () => {
    const seen = kept()
    seen.hear(
      someOrders(policy({ maxPolicyAgeSeconds: 60, lockdown: { reason: 'x' } }), { agreements: [lab()] }),
    )
    expect(seen.orders.agreementActive('lab')).toBe(true)

    seen.hear(someOrders(policy({ maxPolicyAgeSeconds: 60 }), { generation: 2, agreements: [lab()] }))
    await comes(seen, 2)
    seen.time.monotonic = 61_000
    expect(seen.orders.agreementActive('lab')).toBe(false)
  })
})

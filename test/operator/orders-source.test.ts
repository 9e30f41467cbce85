import { createSecretKey } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { parsePolicy } from '../../core/parse-policy.ts'
import { tokenOf } from '../../core/patient-seal.ts'
import { policyHash } from '../../core/policy.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { MutableStore } from '../../operator/cluster/store.ts'
import { type Input, ordersFor, ordersSource } from '../../operator/orders-source.ts'
import { readOrders } from '../../sidecar/judge-orders.ts'
import { verifies } from '../verifies.ts'
import { quiet } from './cluster/scripted-api.ts'
import { anAgreement, aPod, aServer, aTrailOfItsOwn, aVipList, aWorld, now, type Things } from './world.ts'

const pod = { namespace: 'clinic', name: 'ehr', podUid: 'uid-ehr-1' }
const orders = (things: Things = {}, at = now) => {
  const { world, outside } = aWorld(things)
  return ordersFor(world, outside, pod, 7, at)
}

function anInput(seen: number, synced = true, stale = 1): Input & { refreshes: number; seen: number } {
  const input = {
    seen,
    refreshes: 0,
    hasSynced: () => synced,
    lastSeen: () => input.seen,
    staleSeconds: () => stale,
    refresh: async () => {
      input.refreshes += 1
      input.seen = 500
    },
  }
  return input
}

function source(things: Things, inputs: Input[] = [anInput(100), anInput(90)], at = () => now) {
  return ordersSource({ ...aWorld(things), inputs, watched: inputs, log: quiet, now: at })
}

verifies('operator:orders', 'a whole policy, that the sidecar’s own parser takes, with its hash', () => {
  const { policy = '', hash, keys, jwks, locked, generation } = orders() ?? {}

  expect(parsePolicy(policy)).toBeDefined()
  expect(hash).toBe(policyHash(policy))
  expect(Object.values(keys ?? {}).map((key) => Buffer.from(key, 'base64').length)).toEqual([32, 32, 32])
  expect(jwks).toEqual({ 'https://login.example.org': { keys: [] } })
  expect([locked, generation]).toEqual([undefined, 7])
})

const credential = (secret: string, owner = 'clinic.ehr') => ({
  ...aVipList('', owner),
  metadata: {
    name: 'openai-key',
    namespace: 'hipaa-mcp-system',
    labels: { 'hipaa-mcp.dev/owner': owner },
  },
  data: { credential: Buffer.from(secret).toString('base64') },
})

verifies(
  'agreement:model-calls',
  'orders bring the credential of this server alone, where it can be a header',
  () => {
    const egress = [{ baa: 'openai', credential: { secretName: 'openai-key' } }]
    const told = (...secrets: ReturnType<typeof credential>[]) => {
      const all = orders({ servers: [aServer({ network: { egress } })], secrets })
      expect(readOrders(JSON.stringify(all))).toBeDefined()
      return all?.credentials
    }

    expect(told(credential('sk-synthetic\n'))).toEqual({ openai: 'sk-synthetic' })
    expect(told(credential('sk-synthetic', 'clinic.other'))).toBeUndefined()
    expect(told(credential('sk\r\nx-evil: 1'))).toBeUndefined()
    expect(told()).toBeUndefined()
  },
)

verifies('agreement:attested', 'a sidecar is told to close when what was attested is too old', () => {
  const model = { vendor: 'OpenAI' as const, attested: { at: '2026-11-01T11:00:00Z', maxAge: '2h' } }
  const things = {
    servers: [aServer({ network: { egress: [{ baa: 'openai' }] } })],
    agreements: [anAgreement('openai', { model })],
  }

  expect(orders(things)?.agreements).toEqual([
    { name: 'openai', active: true, until: '2026-11-01T13:00:00.000Z', reason: 'Active' },
  ])
  expect(orders(things, now + 3_600_000)?.agreements[0]).toMatchObject({
    active: false,
    reason: 'AttestationStale',
  })
})

const listing = [aServer({ relations: { vip: { secretName: 'ehr-vip' } } })]

verifies(
  'audit:relations',
  'orders bring the VIP list as tokens of the server, and nobody in the clear',
  () => {
    const told = orders({ servers: listing, secrets: [aVipList('p-7\r\n\n Patient/p-8 \np-7')] })
    const key = createSecretKey(Buffer.from(told?.keys.patients ?? '', 'base64'))

    expect(told?.vip).toEqual(['p-7', 'p-8'].map((one) => tokenOf(one, key, 'clinic/ehr')).toSorted())
    expect(JSON.stringify(told)).not.toMatch(/p-[78]/)
    expect(readOrders(JSON.stringify(told))).toBeDefined()
  },
)

const notListed: { when: string; things: Things }[] = [
  { when: 'the policy names none', things: { secrets: [aVipList('p-7')] } },
  { when: 'it is not there', things: { servers: listing } },
  { when: 'it is another server’s', things: { servers: listing, secrets: [aVipList('p-7', 'clinic.b')] } },
  { when: 'a line of it is no identifier', things: { servers: listing, secrets: [aVipList('Group/g-1')] } },
  {
    when: 'it is longer than a list of few',
    things: { servers: listing, secrets: [aVipList('p-7\n'.repeat(4097))] },
  },
]
for (const { when, things } of notListed)
  verifies('audit:relations', `there is no list where ${when}`, () => {
    expect(orders(things)?.vip).toBe(undefined)
  })

test('a Secret that bears a server’s label is not taken for its keys', () => {
  const told = orders({ servers: listing, secrets: [aVipList('p-7')] })

  expect(Buffer.from(told?.keys.seal ?? '', 'base64')).toHaveLength(32)
})

const locks: { when: string; things: Things; locked: string; policy: boolean }[] = [
  {
    when: 'a lockdown',
    things: { servers: [aServer({ lockdown: { reason: 'drill' } })] },
    locked: 'lockdown',
    policy: true,
  },
  {
    when: 'an invalid policy',
    things: { servers: [aServer({ maxPolicyAge: 'soon' })] },
    locked: 'policy-invalid',
    policy: false,
  },
  { when: 'no server any more', things: { servers: [] }, locked: 'server-deleted', policy: false },
  {
    when: 'a server being deleted',
    things: { servers: [aServer({}, { deletionTimestamp: '2026-11-01T00:00:00Z' })] },
    locked: 'server-deleted',
    policy: true,
  },
  {
    when: 'two servers claim one pod',
    things: {
      pods: [aPod('ehr-1', { labels: { app: 'ehr', 'hipaa-mcp.dev/guarded': 'ehr' } })],
      servers: [
        aServer(),
        aServer(
          { workload: { port: 1, path: '/', selector: { matchLabels: { app: 'ehr' } } } },
          { name: 'other' },
        ),
      ],
    },
    locked: 'claimed-twice',
    policy: true,
  },
  {
    when: 'a provider that proves no MFA',
    things: {
      servers: [
        aServer({
          identity: {
            issuers: [
              { url: 'https://i.example', audience: 'a', provider: 'Generic', roles: { claim: '/r' } },
            ],
          },
        }),
      ],
    },
    locked: 'no-mfa-rule',
    policy: true,
  },
]
for (const { when, things, locked, policy } of locks)
  verifies('access:lockdown', `orders lock the server: ${when}`, () => {
    const told = orders(things)

    expect(told?.locked).toBe(locked)
    expect(told?.policy !== undefined).toBe(policy)
  })

test('without keys nobody is told anything: no record could be written', () => {
  expect(orders({ keys: false })).toBeUndefined()
})

const baa = { network: { egress: [{ baa: 'vendor' }] } }
const standings = [
  { when: 'in force', agreements: [anAgreement('vendor')], active: true, reason: 'Active' },
  {
    when: 'over',
    agreements: [anAgreement('vendor', { expires: '2026-11-01T12:00:00Z' })],
    active: false,
    reason: 'Expired',
  },
  {
    when: 'not begun',
    agreements: [anAgreement('vendor', { effective: '2026-11-01T12:00:01Z' })],
    active: false,
    reason: 'NotYetEffective',
  },
  { when: 'missing', agreements: [], active: false, reason: 'Missing' },
]
for (const { when, agreements, active, reason } of standings)
  verifies('agreement:egress', `orders say how an agreement stands: ${when}`, () => {
    const told = orders({ servers: [aServer(baa)], agreements })

    expect(told?.agreements).toMatchObject([{ name: 'vendor', active, reason }])
  })

test('a pod is told that its volume outlives it only when its own PV says Retain', () => {
  expect(orders(aTrailOfItsOwn('Retain'))?.volumeRetained).toBe(true)
  expect(orders(aTrailOfItsOwn('Delete'))?.volumeRetained).toBe(false)
  expect(orders(aTrailOfItsOwn('Retain', 'uid-of-another-pod'))?.volumeRetained).toBe(false)
  expect(orders({})?.volumeRetained).toBe(false)
})

verifies(
  'operator:older-orders',
  'the generation is the newest revision seen, and nothing is said before all is seen',
  () => {
    expect(source({}, [anInput(100), anInput(90)]).for('clinic', 'ehr', 'x')?.generation).toBe(100)
    expect(source({}, [anInput(100), anInput(0, false)]).for('clinic', 'ehr', 'x')).toBeUndefined()
  },
)

verifies(
  'operator:older-orders',
  'a replica that lags relists what lags, before it says anything',
  async () => {
    const [late, early] = [anInput(100), anInput(200)]
    const orders = source({}, [late, early])

    await orders.caughtUp(150)

    expect([late.refreshes, early.refreshes]).toEqual([1, 0])
    expect(orders.for('clinic', 'ehr', 'x')?.generation).toBe(500)
  },
)

test('many changes in one turn call a listener once, and only whom they concern', async () => {
  const orders = source({})
  const heard: string[] = []
  orders.subscribe('clinic', 'ehr', () => heard.push('ehr'))
  orders.subscribe('clinic', 'lab', () => heard.push('lab'))
  const stop = orders.subscribe('other', 'ehr', () => heard.push('other'))

  orders.changed('clinic', 'ehr')
  orders.changed('clinic', 'ehr')
  orders.changed('clinic')
  stop()
  orders.changed('other')
  await new Promise((resolve) => setTimeout(resolve, 5))

  expect(heard.toSorted()).toEqual(['ehr', 'lab'])
})

test('a listener that throws keeps nobody else from hearing', async () => {
  const orders = source({})
  const heard = vi.fn()
  orders.subscribe('clinic', 'ehr', () => {
    throw new Error('planted')
  })
  orders.subscribe('clinic', 'ehr', heard)

  orders.changed()

  await expect.poll(() => heard.mock.calls.length).toBe(1)
})

afterEach(() => vi.useRealTimers())

verifies('agreement:egress', 'orders tell how the agreement with callers’ model stands', () => {
  const server = aServer({ fromServer: { sampling: { agreement: 'model' } } })
  const told = orders({ servers: [server], agreements: [anAgreement('model'), anAgreement('vendor')] })

  expect(told?.agreements).toEqual([
    { name: 'model', active: true, until: '2027-01-01T00:00:00Z', reason: 'Active' },
  ])
})

verifies(
  'agreement:egress',
  'the end of an agreement tells its servers without any object changing',
  async () => {
    vi.useFakeTimers({ now, toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'Date'] })
    const things = {
      servers: [aServer(baa)],
      agreements: [anAgreement('vendor', { expires: '2026-11-01T12:00:10Z' })],
    }
    const orders = source(things, undefined, () => Date.now())
    const heard: boolean[] = []
    orders.subscribe('clinic', 'ehr', () =>
      heard.push(orders.for('clinic', 'ehr', 'x')?.agreements[0]?.active ?? true),
    )

    await vi.advanceTimersByTimeAsync(9_900)
    expect(heard).toEqual([])
    await vi.advanceTimersByTimeAsync(200)

    expect(heard).toEqual([false])
  },
)

verifies(
  'operator:away',
  'a replica that hears nothing of the API server does not call its orders current',
  () => {
    expect(source({}, [anInput(1), anInput(1)]).fresh()).toBe(true)
    expect(source({}, [anInput(1), anInput(1, true, 121)]).fresh()).toBe(false)
    // Of pods alone: two servers may claim one that is not seen, and orders would not say so.
    const watched = [anInput(1), anInput(1, true, 121)]
    const deaf = ordersSource({ ...aWorld({}), inputs: watched.slice(0, 1), watched, log: quiet })
    expect(deaf.fresh()).toBe(false)
  },
)

verifies(
  'operator:older-orders',
  'orders that say the same keep their generation, and never fall below what a pod holds',
  async () => {
    const [input, other] = [anInput(100), anInput(90)]
    const things = aWorld({})
    const orders = ordersSource({
      ...things,
      inputs: [input, other],
      watched: [input, other],
      log: quiet,
      now: () => now,
    })
    const generation = () => orders.for('clinic', 'ehr', 'x')?.generation

    expect(generation()).toBe(100)
    input.seen = 200
    other.seen = 200
    expect(generation()).toBe(100)
    // The pod reconnects here with what another replica told it.
    await orders.caughtUp(150)
    expect(generation()).toBe(150)
    // Another pod claims a generation that never was.
    await orders.caughtUp(9_000_000)
    expect(generation()).toBe(500)
    input.seen = 600
    ;(things.world.servers as MutableStore<HipaaMcpServer>).set(aServer({ maxPolicyAge: '5m' }))
    expect(generation()).toBe(600)
  },
)

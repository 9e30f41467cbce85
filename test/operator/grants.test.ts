import { expect, test } from 'vitest'
import type { GrantChange } from '../../core/wire.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import type { Say } from '../../operator/cluster/events.ts'
import type { GrantStatus } from '../../operator/grants.ts'
import { reconcileGrant } from '../../operator/grants.ts'
import { ordersFor } from '../../operator/orders-source.ts'
import { verifies } from '../verifies.ts'
import { quiet } from './cluster/scripted-api.ts'
import { aChain, aGrant, aRevocation, aServer, aWorld, now, onRecord, type Things } from './world.ts'

const hour = 3_600_000
const pod = { namespace: 'clinic', name: 'ehr', podUid: 'uid-ehr-1' }
const orders = (things: Things, at = now) => {
  const { world, outside } = aWorld(things)
  return ordersFor(world, outside, pod, 7, at)
}

verifies('access:break-glass', 'orders carry grants of this server that are in force, and no others', () => {
  const own = { by: 'asker', at: '2026-11-01T11:50:00Z' }
  const grants = [
    aGrant({}, {}, onRecord()),
    aGrant({ approval: undefined }, { name: 'asked' }, onRecord()),
    aGrant({ server: 'lab' }, { name: 'lab' }, onRecord()),
    aGrant({}, { name: 'elsewhere', namespace: 'other' }, onRecord()),
    aGrant({ approval: own }, { name: 'own' }, onRecord()),
    aGrant({}, { name: 'unrecorded' }),
    aGrant({}, { name: 'asked-alone' }, onRecord('Requested')),
    aGrant({}, { name: 'unknown' }, onRecord('Approved', 'False')),
  ]

  expect(orders({ grants })?.grants).toEqual([
    {
      name: 'night-1',
      uid: 'uid-night-1',
      iss: 'https://login.example.org',
      sub: 'nurse-7',
      patients: ['p-100'],
      until: '2026-11-01T12:20:00.000Z',
      requestedBy: 'asker',
      approvedBy: 'approver',
    },
  ])
  expect(orders({ grants }, now + hour)?.grants).toEqual([])
})

verifies(
  'access:revocation',
  'orders carry every revocation that has not expired, as pods look it up',
  () => {
    const revocations = [
      aRevocation({ person: { issuer: 'https://login.example.org', sub: 'nurse-7' } }, 'a'),
      aRevocation({ token: { id: 'jti-1' }, expires: '2026-11-01T13:00:00Z' }, 'b'),
      aRevocation({ token: { sha256: 'ab'.repeat(32) } }, 'c'),
      aRevocation({ certificate: '00'.repeat(32) }, 'd'),
      aRevocation({ certificate: 'x'.repeat(43) }, 'e'),
      aRevocation({ client: 'agent' }, 'f'),
      aRevocation({ client: 'over', expires: '2026-11-01T12:00:00Z' }, 'g'),
      aRevocation({ client: 'never over', expires: 'soon' }, 'h'),
    ]

    expect(orders({ revocations })?.revocations).toEqual([
      { kind: 'certificate', value: 'A'.repeat(43) },
      { kind: 'certificate', value: 'x'.repeat(43) },
      { kind: 'client', value: 'agent' },
      { kind: 'client', value: 'never over', until: 'soon' },
      { kind: 'person', value: 'https://login.example.org nurse-7' },
      { kind: 'token', value: 'jti-1', until: '2026-11-01T13:00:00Z' },
      { kind: 'token-hash', value: 'ab'.repeat(32) },
    ])
  },
)

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => aRevocation({ client: `agent-${i}` }, `r-${i}`))

verifies('access:revocation', 'more than orders can carry lock the server: none is forgotten', () => {
  expect(orders({ revocations: many(10_000) })?.locked).toBeUndefined()
  expect(orders({ revocations: many(10_001) })?.locked).toBe('too-many-revocations')
})

const fail = async () => expect.fail('no pod was entered')
const uses = (count: number, last: string) => ({ 'uid-night-1': { uses: count, last } })

async function reconciled(
  grant: BreakGlassGrant,
  things: Things & { cannotRecord?: boolean } = {},
  at = now,
) {
  const recorded: GrantChange[] = []
  const { world, outside } = aWorld({ ...things, grants: [grant] })
  const said: Say[] = []
  let status: GrantStatus | undefined
  const next = await reconcileGrant('clinic/night-1', {
    world,
    outside,
    client: {
      get: async () => expect.fail('no pod was entered'),
      patch: async () => expect.fail('no pod was entered'),
      applyStatus: async (_, object) => {
        status = (object as unknown as BreakGlassGrant).status
        return object
      },
    },
    recordGone: fail,
    collector: {
      tellAccess: async ({ grants }) => {
        if (things.cannotRecord === true) throw new Error('planted')
        recorded.push(...grants)
      },
    },
    log: quiet,
    evictor: {
      evict: fail,
      delete: fail,
      waits: () => false,
      held: () => new Set(),
      lately: () => new Map(),
      counts: () => [],
    },
    events: { say: (event) => void said.push(event) },
    leading: () => true,
    now: () => at,
  })
  return {
    status,
    next,
    recorded,
    said: said.map(({ about, reason }) => `${about.kind} ${reason}`),
    all: said,
  }
}

verifies('access:break-glass', 'status says where it stands and when it turns', async () => {
  const { status, next, said } = await reconciled(aGrant())

  expect(status).toMatchObject({
    state: 'Active',
    until: '2026-11-01T12:20:00Z',
    reviewBy: '2026-11-04T12:20:00Z',
    uses: 0,
    conditions: [
      { type: 'Active', status: 'True' },
      { type: 'ReviewOverdue', status: 'False' },
      { type: 'OnRecord', status: 'True', reason: 'Approved' },
    ],
  })
  expect(next).toBe(20 * 60_000)
  expect(said).toEqual(['BreakGlassGrant BreakGlassActive', 'HipaaMcpServer BreakGlassActive'])
  // What is so already is not written again.
  expect(await reconciled(aGrant({}, {}, status))).toMatchObject({ status: undefined, said: [] })
})

verifies(
  'access:break-glass',
  'every use is counted once and said, over chains that come and go',
  async () => {
    const first = await reconciled(aGrant(), {
      chains: [
        aChain('a', { grants: uses(2, '2026-11-01T11:55:00.000Z') }),
        aChain('b', { grants: { 'uid-of-another': { uses: 9, last: '2026-11-01T11:59:00.000Z' } } }),
      ],
    })
    expect(first.status).toMatchObject({ uses: 2, lastUse: '2026-11-01T11:55:00.000Z' })
    expect(first.said).toContain('HipaaMcpServer BreakGlassUsed')

    const second = await reconciled(aGrant({}, {}, first.status), {
      chains: [aChain('c', { grants: uses(1, '2026-11-01T11:58:00.000Z') })],
    })
    expect(second.status).toMatchObject({ uses: 3, lastUse: '2026-11-01T11:58:00.000Z' })
    expect(second.said).toContain('BreakGlassGrant BreakGlassUsed')
    expect(await reconciled(aGrant({}, {}, second.status), { collectorAway: true })).toMatchObject({
      status: undefined,
    })
  },
)

verifies(
  'access:break-glass',
  'a review that is overdue shows, is said, and ends with the review',
  async () => {
    const later = now + 73 * hour
    const overdue = await reconciled(aGrant(), {}, later)
    expect(overdue.status).toMatchObject({
      state: 'ReviewOverdue',
      conditions: [{ status: 'False' }, { type: 'ReviewOverdue', status: 'True' }, { reason: 'Expired' }],
    })
    expect(overdue.said).toEqual([
      'BreakGlassGrant BreakGlassReviewOverdue',
      'HipaaMcpServer BreakGlassReviewOverdue',
    ])
    const review = { finding: 'Justified' as const, by: 'officer', at: '2026-11-04T13:00:00Z' }
    const reviewed = await reconciled(aGrant({ review }, {}, overdue.status), {}, later)
    expect(reviewed.status).toMatchObject({ state: 'Reviewed' })
  },
)

verifies('access:break-glass', 'one for a server that is not there says that it opens nothing', async () => {
  const { status, said } = await reconciled(aGrant({ server: 'her' }))

  expect(status?.conditions?.[0]).toMatchObject({ type: 'Active', status: 'False', reason: 'ServerAbsent' })
  expect(said).toEqual(['BreakGlassGrant BreakGlassServerAbsent'])
  const asked = await reconciled(aGrant({ server: 'her', approval: undefined }))
  expect(asked.status?.conditions?.[0]).toMatchObject({ status: 'False', reason: 'ServerAbsent' })
  const over = await reconciled(aGrant({ server: 'her' }), {}, now + hour)
  expect(over.status?.conditions?.[0]).toMatchObject({ status: 'False', reason: 'Expired' })
})

verifies(
  'audit:access',
  'what becomes of a grant is put on record once, and its calls wait for that',
  async () => {
    const away = await reconciled(aGrant(), { cannotRecord: true })

    expect(away.status?.conditions).toMatchObject([
      { type: 'Active', status: 'False', reason: 'NotRecorded' },
      {},
      { type: 'OnRecord', status: 'False', reason: 'NotRecorded' },
    ])
    expect(away.said).toContain('BreakGlassGrant BreakGlassNotRecorded')
    expect(away.next).toBe(2_000)
    expect(orders({ grants: [aGrant({}, {}, away.status)] })?.grants).toEqual([])

    const back = await reconciled(aGrant({}, {}, away.status))
    expect(back.recorded.map(({ change }) => change)).toEqual(['requested', 'approved'])
    expect(back.said).toContain('BreakGlassGrant BreakGlassActive')
    expect(orders({ grants: [aGrant({}, {}, back.status)] })?.grants).toHaveLength(1)

    // What stands there is not told again, and lets go of nothing while the collector is away.
    const later = await reconciled(aGrant({}, {}, back.status), { cannotRecord: true })
    expect([later.recorded, later.status]).toEqual([[], undefined])
  },
)

verifies(
  'audit:access',
  'an approval is not on record without whom it opens, so a server that comes later opens nothing by it',
  async () => {
    const { recorded, status, next } = await reconciled(aGrant({ server: 'her' }))

    expect(recorded).toEqual([])
    expect(status?.conditions).toMatchObject([
      { reason: 'ServerAbsent' },
      {},
      { type: 'OnRecord', status: 'False', reason: 'NotRecorded' },
    ])
    expect(next).toBe(2_000)
    const over = await reconciled(aGrant({ server: 'her' }, {}, status), {}, now + hour)
    expect(over.recorded.map(({ change }) => change)).toEqual(['requested', 'approved', 'expired'])
    expect(over.status?.conditions).toMatchObject([{}, {}, { status: 'True', reason: 'Expired' }])
    // Who enters a pod is a record of its own.
    const { subject: _, patients: __, ...spec } = aGrant({ server: 'her' }).spec
    const pods = { user: 'maria', names: ['ehr-1'], ways: ['Exec' as const] }
    const into = await reconciled({ ...aGrant(), spec: { ...spec, pods } })
    expect(into.recorded.at(-1)).toMatchObject({ change: 'approved', pods })
  },
)

test('one that opens ways into pods says so, and nothing of patients', async () => {
  const grant = aGrant()
  const { subject: _, patients: __, ...spec } = grant.spec
  const pods = { user: 'maria', names: ['ehr-1'], ways: ['Exec' as const] }
  const { status, all } = await reconciled({ ...grant, spec: { ...spec, pods } }, { servers: [aServer()] })

  expect(status?.conditions?.[0]?.message).toContain('enters the named pods')
  // 0 uses would tell the reviewer that nothing was done.
  expect(status).not.toHaveProperty('uses')
  expect(all.map(({ note }) => note).join()).toContain('may enter pods of this server')
})

test('neither Events nor status name a patient or say why', async () => {
  const { all, status } = await reconciled(aGrant(), {
    chains: [aChain('a', { grants: { 'uid-night-1': { uses: 1, last: '2026-11-01T11:55:00.000Z' } } })],
  })

  for (const { note, reason, action } of all)
    expect(`${note} ${reason} ${action}`).not.toMatch(/p-100|Unconscious|nurse-7/)
  expect(JSON.stringify(status)).not.toMatch(/p-100|Unconscious/)
})

import { createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { openPatient } from '../../core/patient-seal.ts'
import type { AccessRequest } from '../../core/wire.ts'
import type { AccessRevocation } from '../../crds/accessrevocation.generated.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import { changesOf, keepAccessOnRecord, leftAloneAfterFault } from '../../operator/access-changes.ts'
import { CollectorAnswered } from '../../operator/collector-client.ts'
import { verifies } from '../verifies.ts'
import { quiet } from './cluster/scripted-api.ts'
import { aGrant, aRevocation, aWorld, now } from './world.ts'

const hour = 3_600_000
const key = (byte: number) => Buffer.alloc(32, byte).toString('base64')
const keys = { hashes: key(1), patients: key(2), seal: key(3) }
const of = { namespace: 'clinic', server: 'ehr', grant: { name: 'night-1', uid: 'uid-night-1' } }
const brief = (grant: BreakGlassGrant, at = now) =>
  changesOf(grant, keys, at).map(({ change, by, happened }) => [change, by, happened])

const created = '2026-11-01T11:45:00.000Z'
const requested = ['requested', 'asker', created]
const approved = ['approved', 'approver', '2026-11-01T11:50:00.000Z']
const expired = ['expired', undefined, '2026-11-01T12:20:00.000Z']
const someone = (by: string, at: string) => ({ by, at })
const review = { finding: 'Justified' as const, ...someone('officer', '2026-11-01T13:00:00Z') }

const lives: [what: string, grant: BreakGlassGrant, at: number, steps: unknown[][]][] = [
  ['asked', aGrant({ approval: undefined }), now, [requested]],
  ['approved', aGrant(), now, [requested, approved]],
  ['over by the clock', aGrant(), now + hour, [requested, approved, expired]],
  [
    'ended by a person',
    aGrant({ end: someone('approver', '2026-11-01T11:55:00Z') }),
    now,
    [requested, approved, ['ended', 'approver', '2026-11-01T11:55:00.000Z']],
  ],
  [
    'ended when it was over',
    aGrant({ end: someone('approver', '2026-11-01T12:50:00Z') }),
    now + hour,
    [requested, approved, expired],
  ],
  [
    'reviewed',
    aGrant({ review }),
    now + hour,
    [requested, approved, expired, ['reviewed', 'officer', '2026-11-01T13:00:00.000Z']],
  ],
  [
    'lapsed',
    aGrant({ approval: undefined }),
    now + 25 * hour,
    [requested, ['lapsed', undefined, '2026-11-02T11:45:00.000Z']],
  ],
  [
    'taken back',
    aGrant({ approval: undefined, end: someone('asker', '2026-11-01T11:46:00Z') }),
    now + 25 * hour,
    [requested, ['ended', 'asker', '2026-11-01T11:46:00.000Z']],
  ],
  // Nobody else approved it: it never was in force.
  ['approved by who asked', aGrant({ approval: someone('asker', '2026-11-01T11:50:00Z') }), now, [requested]],
]

for (const [what, grant, at, steps] of lives)
  verifies('audit:access', `a grant that was ${what} is told step by step, with who and when`, () => {
    expect(brief(grant, at)).toEqual(steps)
  })

verifies('audit:access', 'who asks and approves is told for whom, and no reason or identifier is', () => {
  const [first, second, ...more] = changesOf(
    aGrant({ review: { ...review, note: 'looked' } }),
    keys,
    now + hour,
  )

  expect(second).toEqual({
    ...of,
    change: 'approved',
    happened: '2026-11-01T11:50:00.000Z',
    by: 'approver',
    minutes: 30,
    subject: { iss: 'https://login.example.org', sub: 'nurse-7' },
    patients: [{ token: expect.stringMatching(/^.{43}$/), sealed: expect.any(String) }],
  })
  expect(first?.patients?.[0]?.token).toBe(second?.patients?.[0]?.token)
  const sealed = second?.patients?.[0]?.sealed ?? ''
  expect(openPatient(sealed, createSecretKey(Buffer.from(keys.seal, 'base64')), 'clinic/ehr')).toBe('p-100')
  expect(more.map(({ patients }) => patients)).toEqual([undefined, undefined])
  expect(JSON.stringify([first, second, more])).not.toMatch(/p-100|Unconscious|looked/)
  // Of a server that is not there nobody has the keys.
  expect(changesOf(aGrant(), undefined, now)[1]).not.toHaveProperty('patients')
})

test('one for pods is told with the person, the pods and the ways', () => {
  const { subject: _, patients: __, ...spec } = aGrant().spec
  const pods = { user: 'maria', names: ['ehr-1'], ways: ['Exec' as const], afterwards: 'KeepPod' as const }

  expect(changesOf({ ...aGrant(), spec: { ...spec, pods } }, keys, now)[1]).toMatchObject({
    pods,
    minutes: 30,
  })
  const evicting = { ...pods, afterwards: 'Evict' as const }
  expect(changesOf({ ...aGrant(), spec: { ...spec, pods: evicting } }, keys, now)[1]?.pods).toEqual({
    user: 'maria',
    names: ['ehr-1'],
    ways: ['Exec'],
  })
})

type Scene = {
  grants?: BreakGlassGrant[]
  revocations?: AccessRevocation[]
  /** Not in the watch yet, and there. */
  unseen?: { metadata: { name: string; uid: string } }[]
}

/** What is told, by a collector that knows of `night-1` and of the revocation `known`. */
async function looked({ grants = [], revocations = [], unseen = [] }: Scene): Promise<AccessRequest[]> {
  const { world } = aWorld({ grants, revocations })
  const told: AccessRequest[] = []
  let asked = 0
  const keeping = keepAccessOnRecord({
    world,
    client: { get: async (_, __, name) => unseen.find(({ metadata }) => metadata.name === name) as never },
    collector: {
      access: async () => {
        asked += 1
        if (asked === 1) throw new Error('planted')
        return { grants: [of], revocations: [{ name: 'known', uid: 'uid-known' }] }
      },
      tellAccess: async (request) => void told.push(request),
    },
    log: quiet,
    now: () => now,
    every: 5,
  })
  keeping.start()
  await expect.poll(() => asked, { interval: 1 }).toBeGreaterThan(2)
  keeping.stop()
  return told
}

const happened = new Date(now).toISOString()

verifies(
  'audit:access',
  'what is gone is told by a look at what is on record, and nothing of what is there',
  async () => {
    const known = aRevocation({ client: 'agent' }, 'known')

    expect(await looked({ grants: [aGrant()], revocations: [known] })).toEqual([])
    expect((await looked({}))[0]).toEqual({
      grants: [{ ...of, change: 'deleted', happened }],
      revocations: [{ change: 'lifted', happened, revocation: { name: 'known', uid: 'uid-known' } }],
    })
    // Another of its name is another.
    const again = aGrant({}, { uid: 'uid-again' })
    expect((await looked({ grants: [again], revocations: [known] }))[0]?.grants).toMatchObject([
      { change: 'deleted' },
    ])
    // What the watch has not brought yet is not gone.
    expect(await looked({ unseen: [aGrant() as never, known as never] })).toEqual([])
  },
)

verifies(
  'audit:access',
  'a revocation that is not on record is told, with who and what, and not its note',
  async () => {
    const made = aRevocation(
      {
        person: { issuer: 'https://login.example.org', sub: 'nurse-7' },
        note: 'left the ward',
        revokedBy: 'officer',
        expires: '2026-12-01T00:00:00Z',
      },
      'new',
    )
    made.metadata.creationTimestamp = '2026-11-01T11:45:00Z'

    const [request] = await looked({ grants: [aGrant()], revocations: [aRevocation({}, 'known'), made] })

    expect(request).toEqual({
      grants: [],
      revocations: [
        {
          change: 'made',
          happened: created,
          revocation: { name: 'new', uid: 'uid-new' },
          revoked: { kind: 'person', value: 'https://login.example.org nurse-7' },
          cause: 'Termination',
          until: '2026-12-01T00:00:00.000Z',
          by: 'officer',
        },
      ],
    })
  },
)

const expiring = (expires: string, name: string) => aRevocation({ client: 'agent', expires }, name)

verifies(
  'audit:access',
  'what stands behind the date at which a revocation ends comes into no record, and keeps none from being written',
  async () => {
    const [request] = await looked({
      grants: [aGrant()],
      revocations: [
        aRevocation({}, 'known'),
        expiring(`2026-12-01T00:00:00.${'0'.repeat(70_000)}Z`, 'long'),
        expiring('2026-12-01T00:00:00Zt Jane Roe of ward 3', 'told'),
      ],
    })

    expect(request?.revocations.map(({ until }) => until)).toEqual(['2026-12-01T00:00:00.000Z', undefined])
  },
)

test('a collector that does not answer is asked once for many grants, and one that takes something amiss again', async () => {
  let [at, asked] = [0, 0]
  let fault: Error | undefined = new Error('planted')
  const { tellAccess } = leftAloneAfterFault(
    {
      tellAccess: async () => {
        asked += 1
        if (fault !== undefined) throw fault
      },
    },
    () => at,
  )
  const tell = async () =>
    await tellAccess({ grants: [], revocations: [] }).then(
      () => 'told',
      (error: Error) => error.message,
    )

  expect([await tell(), await tell(), asked]).toEqual([
    'planted',
    'The collector did not answer a moment ago',
    1,
  ])
  at = 5_000
  fault = new CollectorAnswered(400, '/v1/access')
  expect([await tell(), await tell(), asked]).toEqual([fault.message, fault.message, 3])
  fault = undefined
  expect([await tell(), await tell()]).toEqual(['told', 'told'])
})

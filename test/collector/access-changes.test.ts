// What becomes of grants and revocations, as the operator tells it.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../collector/commit/commit.ts'
import { type Route, routes } from '../../collector/receive.ts'
import { Refusal } from '../../collector/refusals.ts'
import { collectorServer } from '../../collector/server.ts'
import type { Trail } from '../../collector/trail.ts'
import { identity } from '../../core/identifiers.ts'
import type { AccessOnRecord, AccessRequest, GrantChange, RevocationChange } from '../../core/wire.ts'
import { collectorClient } from '../../operator/collector-client.ts'
import { quiet } from '../operator/cluster/scripted-api.ts'
import { verifies } from '../verifies.ts'
import { anEmbeddedStore, aTrail, registryIn } from './a-trail.ts'
import { anAuthority, certify } from './peers.ts'

let store: Store
beforeEach(async () => {
  store = await anEmbeddedStore()
})
const opened = async (): Promise<Trail> => await aTrail(store, { now: 1_790_000_000_000 })

async function asked(trail: Trail, method: string, body?: unknown): Promise<unknown> {
  const route = routes(trail, store)[`${method} /v1/access`] as Route
  expect(route.roles).toEqual(['operator'])
  try {
    const answer = await route.run({
      identity: { role: 'operator' },
      url: new URL('https://collector/v1/access'),
      body: async () => Buffer.from(JSON.stringify(body)),
    })
    return JSON.parse(answer.body as string)
  } catch (error) {
    if (error instanceof Refusal) return error.reason
    throw error
  }
}
const tell = async (trail: Trail, told: Partial<AccessRequest>): Promise<unknown> =>
  await asked(trail, 'POST', { grants: [], revocations: [], ...told })
const ofKind = async (kind: string) => (await registryIn(store)).filter((record) => record.kind === kind)
const changes = async () =>
  (await registryIn(store)).flatMap((record) => ('change' in record ? record.change : []))

const happened = '2026-11-26T12:00:00.000Z'
const of = { happened, namespace: 'clinic', server: 'ehr', grant: { name: 'night-1', uid: 'u-1' } }
const requested: GrantChange = {
  ...of,
  change: 'requested',
  by: 'asker',
  minutes: 30,
  subject: { iss: 'https://login.example.org', sub: 'nurse-7' },
  patients: [{ token: 'A'.repeat(43), sealed: 'c2VhbGVk' }],
}
const approved: GrantChange = { ...requested, change: 'approved', by: 'approver' }
const deleted: GrantChange = { ...of, change: 'deleted' }
const revocation = { name: 'r-1', uid: 'u-2' }
const made: RevocationChange = {
  change: 'made',
  happened,
  revocation,
  revoked: { kind: 'client', value: 'agent' },
  cause: 'Stolen',
  by: 'officer',
}
const lifted: RevocationChange = { change: 'lifted', happened, revocation }

verifies(
  'audit:access',
  'each change of a grant and of a revocation is recorded once, by any process',
  async () => {
    const first = await opened()
    expect(await tell(first, { grants: [requested, requested], revocations: [made, made] })).toEqual({})
    expect(await tell(first, { grants: [requested, approved] })).toEqual({})
    // As sealed anew after a restart of the operator.
    const again = { ...approved, patients: [{ token: 'A'.repeat(43), sealed: 'b3RoZXJz' }] }
    expect(await tell(await opened(), { grants: [requested, again], revocations: [made] })).toEqual({})

    expect(await ofKind('grant-changed')).toMatchObject([requested, approved])
    expect(await ofKind('revocation-changed')).toMatchObject([made])
  },
)

verifies(
  'audit:access',
  'what is on record and not gone can be asked for, and that it is gone is recorded once',
  async () => {
    const other = { ...requested, grant: { name: 'night-2', uid: 'u-9' } }
    await tell(await opened(), { grants: [requested, other], revocations: [made] })
    const trail = await opened()
    const place = { namespace: 'clinic', server: 'ehr' }
    const whole: AccessOnRecord = {
      grants: [requested, other].map(({ grant }) => ({ ...place, grant })),
      revocations: [revocation],
    }
    expect(await asked(trail, 'GET')).toEqual(whole)

    for (let times = 0; times < 2; times += 1) await tell(trail, { grants: [deleted], revocations: [lifted] })

    expect(await changes()).toEqual(['requested', 'requested', 'made', 'deleted', 'lifted'])
    expect(await asked(await opened(), 'GET')).toEqual({
      grants: [{ ...place, grant: other.grant }],
      revocations: [],
    })
    // Of what the log never knew it does not say that it is gone.
    await tell(trail, { grants: [{ ...deleted, grant: { name: 'x', uid: 'u-x' } }] })
    expect(await changes()).toHaveLength(5)
  },
)

verifies('audit:access', 'the operator tells it to the collector over mutual TLS, and asks', async () => {
  const authority = await anAuthority()
  const ours = await certify(authority, identity.operator)
  const table = routes(await opened(), store)
  const server = collectorServer({
    ...(await certify(authority, identity.collector)),
    ca: authority.pem,
    routes: () => table,
    log: quiet,
    now: Date.now,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = collectorClient({
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    material: () => ({ ...ours, ca: authority.pem }),
  })
  onTestFinished(async () => {
    await client.close()
    server.close()
  })

  await client.tellAccess({ grants: [requested], revocations: [made] })

  expect(await client.access()).toEqual({
    grants: [{ namespace: 'clinic', server: 'ehr', grant: requested.grant }],
    revocations: [revocation],
  })
  expect(await changes()).toEqual(['requested', 'made'])
  const bad = { ...requested, patients: ['p-100'] } as unknown as GrantChange
  await expect(client.tellAccess({ grants: [bad], revocations: [] })).rejects.toThrow('400')
})

test.each([
  [{}],
  [{ grants: [] }],
  [{ grants: [], revocations: [], more: 1 }],
  [{ grants: [{ ...requested, reason: 'Unconscious' }], revocations: [] }],
  [{ grants: [{ ...requested, patients: ['p-100'] }], revocations: [] }],
  [{ grants: [{ ...requested, change: 'used' }], revocations: [] }],
  [{ grants: [{ ...requested, by: 'n'.repeat(70_000) }], revocations: [] }],
  [{ grants: Array.from({ length: 101 }, () => requested), revocations: [] }],
  [{ grants: [], revocations: [{ ...made, note: 'left' }] }],
])('nothing else is taken, and none of what comes with it: %#', async (body) => {
  const trail = await opened()
  const before = (await registryIn(store)).length

  expect(await asked(trail, 'POST', body)).toBe('bad-request')
  expect(await registryIn(store)).toHaveLength(before)
})

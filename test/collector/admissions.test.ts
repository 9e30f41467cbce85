// What the operator tells for the trail: refusals of admission, and which keys are in use.

import { beforeEach, expect, test } from 'vitest'
import type { Store } from '../../collector/commit/commit.ts'
import { type Route, routes } from '../../collector/receive.ts'
import { Refusal } from '../../collector/refusals.ts'
import type { Trail } from '../../collector/trail.ts'
import type { AdmissionsRequest, KeyInUse } from '../../core/wire.ts'
import { verifies } from '../verifies.ts'
import { anEmbeddedStore, aTrail, registryIn } from './a-trail.ts'

let store: Store
beforeEach(async () => {
  store = await anEmbeddedStore()
})
const now = 1_790_000_000_000
const opened = async (): Promise<Trail> => await aTrail(store, { now })

async function told(trail: Trail, path: string, body: unknown): Promise<unknown> {
  const route = routes(trail, store)[`POST ${path}`] as Route
  expect(route.roles).toEqual(['operator'])
  return await route
    .run({
      identity: { role: 'operator' },
      url: new URL(`https://collector${path}`),
      body: async () => Buffer.from(JSON.stringify(body)),
    })
    .catch((error: unknown) => (error instanceof Refusal ? error.reason : Promise.reject(error)))
}

const refused: AdmissionsRequest['refused'][number] = {
  review: 'r-1',
  refused: '2026-11-26T12:00:00.000Z',
  namespace: 'clinic',
  what: 'pods',
  operation: 'CREATE',
  by: 'dev-1',
  says: 'hipaa-mcp: spec.hostNetwork: leave it out',
}
const counted = { namespace: 'clinic', count: 30, since: refused.refused }
const ofKind = async (kind: string) => (await registryIn(store)).filter((record) => record.kind === kind)

verifies(
  'audit:admission',
  'a refusal is a record of the registry log, once, however often it is told',
  async () => {
    const trail = await opened()

    await told(trail, '/v1/admissions', { refused: [refused], counted: [counted] })
    await told(trail, '/v1/admissions', { refused: [refused], counted: [] })
    // And another process of the collector knows it as well.
    await told(await opened(), '/v1/admissions', {
      refused: [refused, { ...refused, review: 'r-2' }],
      counted: [],
    })

    expect(await ofKind('admission-refused')).toMatchObject([refused, { ...refused, review: 'r-2' }])
    expect(await ofKind('admission-counted')).toMatchObject([counted])
  },
)

verifies(
  'audit:admission',
  'a count that is told again is recorded once, also by another process',
  async () => {
    const first = { ...counted, id: 'c-1', by: ['dev-1'] }
    const other = { ...counted, id: 'c-2' }

    await told(await opened(), '/v1/admissions', { refused: [], counted: [first] })
    await told(await opened(), '/v1/admissions', { refused: [], counted: [first, other] })

    expect(await ofKind('admission-counted')).toMatchObject([first, other])
  },
)

test.each([
  ['no room', { name: 'n'.repeat(70_000) }],
  ['half a character', { says: '\ud800' }],
])('one that can be no record is counted, once, and holds up no other: %s', async (_, more) => {
  const trail = await opened()
  const both = { refused: [{ ...refused, review: 'bad', ...more }, refused], counted: [] }

  for (let i = 0; i < 2; i++) expect(await told(trail, '/v1/admissions', both)).toMatchObject({ body: '{}' })

  expect(await ofKind('admission-refused')).toMatchObject([refused])
  expect(await ofKind('admission-counted')).toMatchObject([
    { namespace: '', count: 1, since: refused.refused },
  ])
})

const entered: NonNullable<AdmissionsRequest['entered']>[number] = {
  review: 'r-9',
  entered: refused.refused,
  namespace: 'clinic',
  server: 'ehr',
  what: 'pods/exec',
  name: 'ehr-1',
  containers: ['app'],
  ports: [8080],
  words: 2,
  by: 'ops-1',
  grant: { name: 'bg-1', uid: 'u-1', requestedBy: 'ops-1', approvedBy: 'lead-2' },
}

verifies(
  'injection:connect',
  'who is let into a pod is on record before the operator hears so, once',
  async () => {
    const given = { refused: [], counted: [], entered: [entered] }

    expect(await told(await opened(), '/v1/admissions', given)).toMatchObject({ body: '{}' })
    expect(await told(await opened(), '/v1/admissions', given)).toMatchObject({ body: '{}' })

    expect(await ofKind('pod-entered')).toMatchObject([entered])

    // As an operator of before tells it.
    const { containers: _, ports: __, words: ___, ...short } = { ...entered, review: 'r-10' }
    await told(await opened(), '/v1/admissions', { ...given, entered: [short] })
    expect((await ofKind('pod-entered')).at(-1)).toEqual(expect.objectContaining(short))
  },
)

verifies('access:session-end', 'that an entered pod is gone is on record, once', async () => {
  const gone = {
    namespace: 'clinic',
    server: 'ehr',
    name: 'ehr-1',
    pod: 'uid-1',
    grant: { name: 'bg-1', uid: 'u-1' },
    ended: refused.refused,
    gone: refused.refused,
  }
  const given = { refused: [], counted: [], gone: [gone, { ...gone, pod: 'uid-2' }] }

  for (let times = 0; times < 2; times += 1)
    expect(await told(await opened(), '/v1/admissions', given)).toMatchObject({ body: '{}' })

  expect(await ofKind('pod-gone')).toMatchObject(given.gone)
})

verifies('injection:connect', 'what cannot stand in the record as it is lets nobody in', async () => {
  const bad = { ...entered, name: 'n'.repeat(70_000) }

  expect(await told(await opened(), '/v1/admissions', { refused: [], counted: [], entered: [bad] })).toBe(
    'bad-request',
  )
  expect(await ofKind('pod-entered')).toEqual([])
})

const key = (id: string, more: Partial<KeyInUse> = {}): KeyInUse => ({ key: 'ca', id, ...more })

verifies('audit:keys', 'a key is on record when it is first in use and when it is another', async () => {
  const trail = await opened()
  const ehr = { key: 'server', namespace: 'clinic', server: 'ehr' } as const

  await told(trail, '/v1/keys', { keys: [key('one'), key('k-1', ehr)] })
  await told(trail, '/v1/keys', { keys: [key('one'), key('k-1', ehr)] })
  await told(await opened(), '/v1/keys', { keys: [key('two'), key('k-1', ehr)] })

  const base = { schema: 'phi-access/1', at: new Date(now).toISOString() }
  expect(await ofKind('key-changed')).toEqual([
    { ...base, kind: 'key-changed', key: 'ca', id: 'one' },
    { ...base, kind: 'key-changed', key: 'server', namespace: 'clinic', server: 'ehr', id: 'k-1' },
    { ...base, kind: 'key-changed', key: 'ca', id: 'two', before: 'one' },
  ])
})

test.each([
  ['/v1/admissions', {}],
  ['/v1/admissions', { refused: [], counted: [], more: 1 }],
  ['/v1/admissions', { refused: [{ ...refused, patient: 'p-1' }], counted: [] }],
  ['/v1/admissions', { refused: [], counted: [{ ...counted, count: -1 }] }],
  ['/v1/admissions', { refused: [], counted: [], entered: [{ ...entered, grant: {} }] }],
  ['/v1/admissions', { refused: Array.from({ length: 201 }, () => refused), counted: [] }],
  ['/v1/keys', {}],
  ['/v1/keys', { keys: [{ key: 'none', id: 'x' }] }],
  ['/v1/keys', { keys: [{ ...key('x'), before: 'y' }] }],
])('%s takes nothing else: %j', async (path, body) => {
  const trail = await opened()
  const before = (await registryIn(store)).length

  expect(await told(trail, path, body)).toBe('bad-request')
  expect(await registryIn(store)).toHaveLength(before)
})

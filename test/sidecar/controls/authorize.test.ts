// Who may use which tool, for which purpose, for which patients, how often.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { valueAt } from '../../../core/pointer.ts'
import type { Policy } from '../../../core/policy.ts'
import { limits } from '../../../sidecar/limits.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aRole, aTool, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const policy: Partial<Policy> = {
  patient: { claim: '/patient' },
  roles: [
    aRole({ tools: ['get_diagnosis', 'search'], purposes: ['TREAT', 'ETREAT'] }),
    aRole({
      name: 'billing',
      when: { role: 'Billing', scopes: ['ehr.read', 'claims.read'], actor: 'Forbidden' },
      purposes: ['HPAYMT'],
      tools: ['get_claims'],
    }),
    aRole({
      name: 'self',
      when: { role: 'Patient', scopes: [], actor: 'Forbidden' },
      purposes: ['PATRQT'],
      tools: ['get_diagnosis', 'search', 'find'],
      patients: 'Bound',
    }),
  ],
  tools: [
    aTool(),
    aTool({
      name: 'get_claims',
      limits: someLimits({ callsPerMinute: 3, patientsPerHour: 2, resultBytes: 100_000 }),
    }),
    aTool({
      name: 'search',
      patient: '/patients',
      arguments: { type: 'object', properties: { patients: { type: 'array' } } },
      with: {},
    }),
    aTool({ name: 'find', arguments: { type: 'object' }, with: {} }),
  ],
}
delete policy.tools?.[3]?.patient

let scene: Scene
let clock = Date.now()
beforeEach(async () => {
  clock = Date.now()
  scene = await aScene({ policy, clock: () => clock })
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
})

const as = async (role: string, claims: object = {}) =>
  await scene.token({
    realm_access: { roles: [role] },
    exp: clock / 1000 + 600,
    auth_time: clock / 1000,
    ...claims,
  })
const reasonOf = ({ json }: { json: Record<string, unknown> }): unknown =>
  valueAt(json, ['error', 'data', 'reason']) ?? valueAt(json, ['result', '_meta', 'dev.hipaa-mcp/reason'])

/** A text without the call's identifier. */
const strip = (text: string) => text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id')

verifies(
  'access:default-deny',
  'a tool of another role looks exactly like one that does not exist',
  async () => {
    const unlisted = await scene.ask(aCall({ patient_id: 'p' }, { tool: 'get_everything' }))
    const forbidden = await scene.ask(aCall({ patient_id: 'p' }, { tool: 'get_claims' }))

    expect(strip(forbidden.text)).toBe(strip(unlisted.text))
    expect(unlisted).toMatchObject({
      status: 200,
      json: { error: { code: -32602, message: 'Unknown tool' } },
    })
    expect(scene.trail.of('refusal').map(({ tool }) => tool)).toEqual([undefined, 'get_claims'])
    expect(scene.log).toEqual(['refusal tool-unknown', 'refusal tool-unknown'])
  },
)

for (const [when, claims] of [
  ['no role', { realm_access: undefined }],
  ['a role that the policy does not know', { realm_access: { roles: ['Janitor'] } }],
  ['roles that are no list', { realm_access: { roles: { Clinician: true } } }],
  ['a role in another case', { realm_access: { roles: ['clinician'] } }],
] as const)
  verifies('access:default-deny', when, async () => {
    const token = await scene.token(claims)

    expect(reasonOf(await scene.ask({ token }))).toBe('tool-unknown')
    expect(reasonOf(await scene.ask({ ...aMessage('tools/list'), token }))).toBe('role-missing')
  })

verifies('access:lists', 'each caller sees what their roles permit, in the policy’s words', async () => {
  const names = async (token: string, revision: '2025-11-25' | '2026-07-28' = '2025-11-25') => {
    const reply = await scene.ask({ ...aMessage('tools/list', {}, { revision }), token })
    return (reply.json['result'] as { tools: { name: string }[] }).tools.map(({ name }) => name)
  }

  expect(await names(await as('Clinician'))).toEqual(['get_diagnosis', 'search'])
  expect(await names(await as('Billing', { scope: 'ehr.read claims.read' }))).toEqual(['get_claims'])
  expect(await names(await as('Patient'), '2026-07-28')).toEqual(['get_diagnosis', 'search', 'find'])
  expect(scene.upstream.asked).toEqual([])
})

verifies('access:lists', 'a list holds our schema, and no cache may keep it', async () => {
  const reply = await scene.ask(aMessage('tools/list', {}, { revision: '2026-07-28' }))

  expect(reply.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' })
  expect(reply.json['result']).toMatchObject({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' })
  expect((reply.json['result'] as { tools: unknown[] }).tools[0]).toEqual({
    name: 'get_diagnosis',
    description: 'Diagnoses of one patient',
    inputSchema: aTool().arguments,
  })
})

verifies('access:purpose', 'none is stated', async () => {
  const reply = await scene.ask(aCall({ patient_id: 'p' }, { purpose: null }))

  expect(reply).toMatchObject({
    status: 200,
    json: { error: { code: 164502, data: { reason: 'purpose-missing', purposes: ['ETREAT', 'TREAT'] } } },
  })
})

verifies('access:purpose', 'one that this role may not call for', async () => {
  const reply = await scene.ask(aCall({ patient_id: 'p' }, { purpose: 'HMARKT' }))

  expect(reply.json['error']).toMatchObject({
    code: 164502,
    data: { reason: 'purpose-not-permitted', purposes: ['ETREAT', 'TREAT'] },
  })
})

verifies(
  'access:purpose',
  'the token’s claim counts, and a request may repeat but not change it',
  async () => {
    const base = scene.orders.standing().inForce?.policy as Policy
    scene.use({ ...base, purpose: { claim: '/pou' } })
    const token = await scene.token({ pou: 'ETREAT' })

    await scene.ask({ ...aCall({ patient_id: 'p' }, { purpose: null }), token })
    await scene.ask({ ...aCall({ patient_id: 'p' }, { purpose: 'ETREAT' }), token })
    const changed = await scene.ask({ ...aCall({ patient_id: 'p' }, { purpose: 'TREAT' }), token })

    expect(scene.trail.of('intent').map(({ purpose }) => purpose)).toEqual(['ETREAT', 'ETREAT'])
    expect(reasonOf(changed)).toBe('purpose-contradicts')
  },
)

verifies(
  'access:default-deny',
  'where only scopes are missing, the challenge lists all of them',
  async () => {
    const token = await as('Billing', { scope: 'ehr.read' })
    const reply = await scene.ask({
      ...aCall({ patient_id: 'p' }, { tool: 'get_claims', purpose: 'HPAYMT' }),
      token,
    })

    expect([reply.status, reasonOf(reply)]).toEqual([403, 'scopes-missing'])
    expect(reply.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_scope", scope="ehr.read claims.read"',
    )
  },
)

const asPatient = async (args: object, options: { tool?: string; patient?: unknown } = {}) =>
  await scene.ask({
    ...aCall({ ...args }, { purpose: 'PATRQT', tool: options.tool ?? 'get_diagnosis' }),
    token: await as('Patient', { patient: 'patient' in options ? options.patient : 'p-1' }),
  })

verifies('access:bound-patient', 'their own record, however it is referred to', async () => {
  scene.upstream.answering = withValue({
    subject: { reference: 'Patient/p-1' },
    conditions: [{ code: 'E11.9' }],
  })

  for (const patient_id of ['p-1', 'Patient/p-1']) {
    const reply = await asPatient({ patient_id })
    expect(reply.json['result']).toMatchObject({ structuredContent: { conditions: [{ code: 'E11.9' }] } })
  }
})

const outOfReach: { when: string; args: object; options?: { tool?: string; patient?: unknown } }[] = [
  { when: 'another patient', args: { patient_id: 'p-2' } },
  { when: 'no patient named', args: {} },
  { when: 'an identifier that is an object', args: { patient_id: { id: 'p-1' } } },
  { when: 'their own among others', args: { patients: ['p-1', 'p-2'] }, options: { tool: 'search' } },
  { when: 'an empty list', args: { patients: [] }, options: { tool: 'search' } },
  { when: 'a tool that names no patient', args: {}, options: { tool: 'find' } },
  { when: 'a token that names no patient', args: { patient_id: 'p-1' }, options: { patient: undefined } },
  { when: 'a token whose patient is empty', args: { patient_id: '' }, options: { patient: '' } },
  { when: 'another patient in front of their own', args: { patient_id: 'Patient/p-2/Patient/p-1' } },
  { when: 'their own behind a path', args: { patient_id: '/p-2/Patient/p-1' } },
  { when: 'their own behind a space', args: { patient_id: ' p-1' } },
  { when: 'the same in another case', args: { patient_id: 'P-1' } },
]
for (const { when, args, options } of outOfReach)
  verifies('access:bound-patient', when, async () => {
    const reply = await asPatient(args, options)

    expect([reply.status, reply.json['result'], reasonOf(reply)]).toMatchObject([
      200,
      { isError: true },
      'patient-not-permitted',
    ])
    expect(scene.upstream.asked).toEqual([])
    expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'patient-not-permitted', stage: 'authorize' }])
  })

verifies('access:bound-patient', 'a result that concerns another patient as well is withheld', async () => {
  scene.upstream.answering = withValue({
    subject: { reference: 'Patient/p-1' },
    conditions: [{ code: 'E11.9', seenWith: { reference: 'Patient/p-2' } }],
  })

  const reply = await asPatient({ patient_id: 'p-1' })

  expect(reasonOf(reply)).toBe('patient-not-permitted')
  expect(reply.text).not.toContain('E11.9')
  expect(scene.trail.of('result')).toMatchObject([{ outcome: 'error' }])
})

verifies(
  'access:bound-patient',
  'one who is bound by record number reaches the resource that has it',
  async () => {
    scene.upstream.answering = withValue({
      patient: { resourceType: 'Patient', id: 'uuid-1', identifier: [{ value: 'p-1' }] },
      conditions: [{ code: 'E11.9', subject: { reference: 'Patient/uuid-1' } }],
    })

    const reply = await asPatient({ patient_id: 'p-1' })

    expect(reply.json['result']).toMatchObject({ structuredContent: { conditions: [{ code: 'E11.9' }] } })
    expect(scene.trail.of('result')[0]?.patients).toHaveLength(1)
  },
)

const claims = async (patient_id: string, claimed: object = {}) =>
  await scene.ask({
    ...aCall({ patient_id }, { tool: 'get_claims', purpose: 'HPAYMT' }),
    token: await as('Billing', { scope: 'ehr.read claims.read', ...claimed }),
  })

verifies('access:limits', 'calls of one tool in a minute', async () => {
  for (let i = 0; i < 3; i += 1) expect(reasonOf(await claims('p-1'))).toBeUndefined()
  clock += 20_000

  const refused = await claims('p-1')
  const other = await claims('p-1', { sub: 'clerk-9' })
  clock += 40_001
  const later = await claims('p-1')

  expect(refused.json['error']).toMatchObject({
    code: 164502,
    data: { reason: 'calls-over-limit', retryAfter: 40 },
  })
  expect([reasonOf(other), reasonOf(later)]).toEqual([undefined, undefined])
})

verifies('access:limits', 'different patients in an hour, those of results included', async () => {
  scene.upstream.answering = withValue({ conditions: [], subject: { reference: 'Patient/p-2' } })
  expect(reasonOf(await claims('p-1'))).toBeUndefined()

  const third = await claims('p-3')
  clock += 1_800_000
  const again = await claims('p-2')
  clock += 1_800_001
  scene.upstream.answering = withValue({
    conditions: [{ code: 'E11.9' }],
    subject: { reference: 'Patient/p-4' },
  })
  const fourth = await claims('p-2')

  expect(third.json['error']).toMatchObject({
    code: 164502,
    data: { reason: 'patients-over-limit', retryAfter: 3600 },
  })
  expect([reasonOf(again), reasonOf(fourth)]).toEqual([undefined, undefined])
  // p-2 and p-4 are in the window now: a result that brings in a third patient is withheld.
  clock += 61_000
  scene.upstream.answering = withValue({
    conditions: [{ code: 'E11.9' }],
    subject: { reference: 'Patient/p-5' },
  })
  const fifth = await claims('p-2')
  expect(reasonOf(fifth)).toBe('patients-over-limit')
  expect(fifth.text).not.toContain('E11.9')
})

test('limits forget what is stale and refuse what they cannot keep', () => {
  const one = limits()
  for (let i = 0; i < 100_000; i += 1) one.call(`person ${i}`, 1, 0)

  expect(() => one.call('one more', 1, 1)).toThrow(RangeError)
  expect(one.call('one more', 1, 61_000)).toBeUndefined()
})

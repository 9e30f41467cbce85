// Emergency access: one named person, named patients, a fresh login, an hour at most; everything else stays as it is.

import { afterEach, beforeEach, expect } from 'vitest'
import { valueAt } from '../../../core/pointer.ts'
import type { Policy } from '../../../core/policy.ts'
import type { GrantOrder } from '../../../core/wire.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aRole, aTool, issuerUrl, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const policy: Partial<Policy> = {
  patient: { claim: '/patient' },
  roles: [
    aRole({
      name: 'self',
      when: { role: 'Clinician', scopes: [], actor: 'Forbidden' },
      patients: 'Bound',
      purposes: ['TREAT'],
    }),
    aRole({
      name: 'billing',
      when: { role: 'Billing', scopes: ['claims.read'], actor: 'Forbidden' },
      purposes: ['HPAYMT'],
    }),
  ],
  tools: [
    aTool({
      arguments: { type: 'object', properties: { patient_id: {} }, required: ['patient_id'] },
      limits: someLimits({ callsPerMinute: 60, patientsPerHour: 1, resultBytes: 100_000 }),
    }),
    aTool({ name: 'get_everything' }),
  ],
}

let scene: Scene
let clock = Date.now()
beforeEach(async () => {
  clock = Date.now()
  scene = await aScene({ policy, clock: () => clock })
  scene.upstream.answering = withValue({
    subject: { reference: 'Patient/p-2' },
    conditions: [{ code: 'E11.9', name: 'Erika' }],
  })
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
})

const aGrant = (changes: Partial<GrantOrder> = {}): GrantOrder => ({
  name: 'night-1',
  uid: 'uid-night-1',
  iss: issuerUrl,
  sub: 'nurse-7',
  patients: ['p-2', 'p-3', 'p-4'],
  until: new Date(clock + 1_800_000).toISOString(),
  requestedBy: 'asker',
  approvedBy: 'approver',
  ...changes,
})

type Options = { claims?: object; purpose?: string; tool?: string }
async function call(patient: unknown = 'p-2', { claims = {}, purpose = 'BTG', tool }: Options = {}) {
  const token = await scene.token({ patient: 'p-1', auth_time: clock / 1000 - 60, ...claims })
  return await scene.ask({
    ...aCall({ patient_id: patient }, { purpose, ...(tool === undefined ? {} : { tool }) }),
    token,
  })
}
const reasonOf = ({ json }: { json: Record<string, unknown> }): unknown =>
  valueAt(json, ['error', 'data', 'reason']) ?? valueAt(json, ['result', '_meta', 'dev.hipaa-mcp/reason'])
const reaches = async (patient?: unknown, options?: Options) => {
  const reply = await call(patient, options)
  return reply.text.includes('E11.9') ? 'reached' : (scene.trail.of('refusal').at(-1)?.reason ?? reply.status)
}

verifies(
  'access:break-glass',
  'the named person reaches a named patient, recorded under the grant',
  async () => {
    expect(await reaches()).toBe('purpose-not-permitted')
    scene.orders.grants.set([aGrant()])

    for (const purpose of ['BTG', 'ETREAT'])
      for (const patient of ['p-2', 'Patient/p-2', ['p-2']])
        expect(await reaches(patient, { purpose })).toBe('reached')

    const intents = scene.trail.of('intent')
    expect(intents).toHaveLength(6)
    for (const { grant, patients, who, role } of intents) {
      expect(grant).toEqual({
        name: 'night-1',
        uid: 'uid-night-1',
        requestedBy: 'asker',
        approvedBy: 'approver',
      })
      expect([patients.length, who.sub, role]).toEqual([1, 'nurse-7', 'self'])
    }
  },
)

verifies('access:break-glass', 'fields and redaction stay as they are', async () => {
  scene.orders.grants.set([aGrant()])

  const reply = await call()

  expect(reply.json['result']).toMatchObject({ structuredContent: { conditions: [{ code: 'E11.9' }] } })
  expect(reply.text).not.toContain('Erika')
  expect(scene.log.slice(-3)).toEqual(['intent', 'upstream', 'result ok'])
})

verifies(
  'access:break-glass',
  'calls without the emergency’s purpose go on as before, unmarked',
  async () => {
    scene.orders.grants.set([aGrant()])
    scene.upstream.answering = withValue({ conditions: [{ code: 'E11.9' }] })

    expect(await reaches('p-1', { purpose: 'TREAT' })).toBe('reached')
    expect(await reaches('p-2', { purpose: 'TREAT' })).toBe('patient-not-permitted')
    expect(scene.trail.of('intent').map(({ grant }) => grant)).toEqual([undefined])
  },
)

verifies('access:break-glass', 'its patients do not count against patients per hour', async () => {
  scene.orders.grants.set([aGrant()])
  for (const patient of ['p-2', 'p-3', 'p-4']) {
    scene.upstream.answering = withValue({
      subject: { reference: `Patient/${patient}` },
      conditions: [{ code: 'E11.9' }],
    })
    expect(await reaches(patient)).toBe('reached')
  }
})

const outOfReach: {
  when: string
  grant?: Partial<GrantOrder>
  patient?: unknown
  options?: Options
  is: string
}[] = [
  { when: 'a patient who is not named', patient: 'p-9', is: 'purpose-not-permitted' },
  { when: 'one who is named and one who is not', patient: ['p-2', 'p-9'], is: 'purpose-not-permitted' },
  { when: 'no patient', patient: [], is: 'purpose-not-permitted' },
  {
    when: 'another patient in front of a named one',
    patient: 'Patient/p-9/Patient/p-2',
    is: 'purpose-not-permitted',
  },
  { when: 'another person', grant: { sub: 'nurse-8' }, is: 'purpose-not-permitted' },
  { when: 'a look-alike issuer', grant: { iss: `${issuerUrl}/` }, is: 'purpose-not-permitted' },
  { when: 'a purpose that is no emergency', options: { purpose: 'HOPERAT' }, is: 'purpose-not-permitted' },
  { when: 'a tool that no role of theirs has', options: { tool: 'get_everything' }, is: 'tool-unknown' },
  {
    when: 'a role whose scopes are missing',
    options: { claims: { realm_access: { roles: ['Billing'] } } },
    is: 'scopes-missing',
  },
  { when: 'a grant that ended', grant: { until: new Date(0).toISOString() }, is: 'purpose-not-permitted' },
  { when: 'an end that does not parse', grant: { until: 'soon' }, is: 'purpose-not-permitted' },
  { when: 'a login without a second factor', options: { claims: { acr: '1' } }, is: 'mfa-missing' },
  {
    when: 'a login of six minutes ago',
    options: { claims: { auth_time: Date.now() / 1000 - 360 } },
    is: 'break-glass-login',
  },
]
for (const { when, grant = {}, patient, options, is } of outOfReach)
  verifies('access:break-glass', `it does not help: ${when}`, async () => {
    scene.orders.grants.set([aGrant(grant)])

    expect(await reaches(patient ?? 'p-2', options)).toBe(is)

    expect(scene.upstream.asked).toEqual([])
    expect(scene.trail.of('intent')).toEqual([])
  })

verifies('access:break-glass', 'a login that is not fresh gets a challenge that says how fresh', async () => {
  scene.orders.grants.set([aGrant()])

  const reply = await call('p-2', { claims: { auth_time: clock / 1000 - 301 } })

  expect(reply.status).toBe(401)
  expect(reply.headers['www-authenticate']).toContain('error="insufficient_user_authentication"')
  expect(reply.headers['www-authenticate']).toContain('max_age="300"')
})

verifies(
  'access:break-glass',
  'it ends by itself at its moment, and a clock set back brings nothing back',
  async () => {
    scene.orders.grants.set([aGrant({ until: new Date(clock + 10_000).toISOString() })])
    expect(await reaches()).toBe('reached')

    clock += 10_000
    expect(await reaches()).toBe('purpose-not-permitted')
    clock -= 5_000
    expect(await reaches()).toBe('purpose-not-permitted')
  },
)

verifies('access:break-glass', 'a result that concerns a patient who is not named is withheld', async () => {
  scene.orders.grants.set([aGrant({ patients: ['p-2'] })])
  scene.upstream.answering = withValue({
    subject: { reference: 'Patient/p-2' },
    conditions: [{ code: 'E11.9', seenWith: { reference: 'Patient/p-1' } }],
  })

  const reply = await call()

  expect(reasonOf(reply)).toBe('patient-not-permitted')
  expect(reply.text).not.toContain('E11.9')
})

verifies('access:break-glass', 'it opens no list', async () => {
  scene.orders.grants.set([aGrant()])
  const token = await scene.token({ patient: 'p-1' })

  const reply = await scene.ask({ ...aMessage('tools/list'), token })

  expect((reply.json['result'] as { tools: { name: string }[] }).tools.map(({ name }) => name)).toEqual([
    'get_diagnosis',
  ])
})

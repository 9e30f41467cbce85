// A caller whose token lists their patients.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { valueAt } from '../../../core/pointer.ts'
import { mostOnPanel } from '../../../sidecar/controls/reach.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy, aRole, aTool } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const list = { type: 'object', properties: { patients: { type: 'array' } } }
const policy = {
  panel: { claim: '/panel' },
  patient: { claim: '/patient' },
  roles: [aRole({ patients: 'Panel', tools: ['get_diagnosis', 'search'] })],
  tools: [aTool(), aTool({ name: 'search', patient: '/patients', arguments: list, with: {} })],
}
let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy })
})
afterAll(async () => await scene.end())
beforeEach(() => {
  scene.forget()
  scene.use(aPolicy(policy))
  scene.upstream.answering = withValue({ conditions: [{ code: 'E11.9' }] })
})

const panel = ['p-1', 'p-2', 3, 'Patient/p-4']
const ask = async (args: object, claims: Record<string, unknown> = { panel }, tool = 'get_diagnosis') => {
  const reply = await scene.ask({ ...aCall({ ...args }, { tool }), token: await scene.token(claims) })
  return valueAt(reply.json, ['result', '_meta', 'dev.hipaa-mcp/reason']) ?? 'reached'
}

for (const patient_id of ['p-1', 'Patient/p-2', 'urn:uuid:p-1', '3', 'p-4'])
  verifies('access:panel', `${patient_id} is on it`, async () => {
    expect(await ask({ patient_id })).toBe('reached')
  })

verifies('access:panel', 'several of it at once', async () => {
  expect(await ask({ patients: ['p-1', 'Patient/p-2'] }, { panel }, 'search')).toBe('reached')
})

const beyond: { when: string; args: object; claims?: Record<string, unknown>; tool?: string }[] = [
  { when: 'another patient', args: { patient_id: 'p-9' } },
  { when: 'one of it among others', args: { patients: ['p-1', 'p-9'] }, tool: 'search' },
  { when: 'no patient', args: { patients: [] }, tool: 'search' },
  { when: 'one of it behind another', args: { patient_id: 'Patient/p-9/Patient/p-1' } },
  { when: 'a token without a panel', args: { patient_id: 'p-1' }, claims: {} },
  { when: 'an empty panel', args: { patient_id: 'p-1' }, claims: { panel: [] } },
  { when: 'a panel that is one text', args: { patient_id: 'p-1' }, claims: { panel: 'p-1' } },
  {
    when: 'a panel with something else in it',
    args: { patient_id: 'p-1' },
    claims: { panel: ['p-1', { id: 'p-2' }] },
  },
  {
    when: 'a panel that is too long',
    args: { patient_id: 'p-1' },
    claims: { panel: Array.from({ length: mostOnPanel + 1 }, (_, at) => `p-${at}`) },
  },
  { when: 'the claim of another kind of role', args: { patient_id: 'p-1' }, claims: { patient: 'p-1' } },
]
for (const { when, args, claims, tool } of beyond)
  verifies('access:panel', `${when} reaches nobody`, async () => {
    expect(await ask(args, claims, tool)).toBe('patient-not-permitted')
    expect(scene.upstream.asked).toEqual([])
    expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'patient-not-permitted', stage: 'authorize' }])
  })

verifies('access:panel', 'a panel of the longest length holds', async () => {
  const long = Array.from({ length: mostOnPanel }, (_, at) => `p${at}`)

  expect(await ask({ patient_id: `p${mostOnPanel - 1}` }, { panel: long })).toBe('reached')
})

verifies('access:panel', 'a result about others on the panel is shown', async () => {
  scene.upstream.answering = withValue({
    conditions: [{ code: 'E11.9', subject: { reference: 'Patient/p-2' } }],
  })

  expect(await ask({ patient_id: 'p-1' })).toBe('reached')
})

verifies('access:panel', 'a result about anybody beyond it is withheld whole', async () => {
  scene.upstream.answering = withValue({
    conditions: [{ code: 'E11.9' }, { code: 'F32.1', subject: { reference: 'Patient/p-9' } }],
  })

  expect(await ask({ patient_id: 'p-1' })).toBe('patient-not-permitted')
  expect(scene.trail.of('result')).toMatchObject([{ outcome: 'error' }])
})

test('of two roles the one that reaches further permits', async () => {
  const bound = aRole({ name: 'self', patients: 'Bound' })
  const [wide] = policy.roles
  scene.use(aPolicy({ ...policy, roles: wide === undefined ? [] : [bound, wide] }))
  const claims = { panel, patient: 'p-9' }

  expect(await ask({ patient_id: 'p-1' }, claims)).toBe('reached')
  expect(await ask({ patient_id: 'p-9' }, claims)).toBe('reached')
  expect(await ask({ patient_id: 'p-8' }, claims)).toBe('patient-not-permitted')
  expect(scene.trail.of('intent').map(({ role }) => role)).toEqual(['clinician', 'self'])
})

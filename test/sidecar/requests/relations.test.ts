// What the record of a call says of how its person stands to the patients in it.

import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { tokenOf } from '../../../core/patient-seal.ts'
import type { Policy } from '../../../core/policy.ts'
import { recordBytes, recordOf } from '../../../core/record.ts'
import { anInForce, testKeys } from '../../support/in-force.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const relations: NonNullable<Policy['relations']> = {
  own: { claim: '/own_patient_id' },
  surname: { claim: '/family_name' },
  vip: true,
}
const who = { own_patient_id: 'p-7', family_name: 'Flügel-Beispiel' }
const tokens = (...patients: string[]): Set<string> =>
  new Set(patients.map((patient) => tokenOf(patient, testKeys.patients, 'clinic/ehr')))

let scene: Scene
beforeAll(async () => {
  scene = await aScene()
})
afterAll(async () => await scene.end())
beforeEach(() => {
  scene.forget()
  inForce({ relations })
  scene.upstream.answering = withValue({ conditions: [{ code: 'E11.9' }] })
})

function inForce(changes: Partial<Policy>, vip: Set<string> | 'none' = tokens('p-9')): void {
  const policy = aPolicy({ tls: { minVersion: 'TLSv1.3', clientCa: scene.callersCa.cert }, ...changes })
  const jwks = { [scene.issuer.url]: scene.issuer.jwks }
  scene.orders.set({ inForce: { ...anInForce({ policy, jwks }), ...(vip === 'none' ? {} : { vip }) } })
}

/** What both records of a call say. */
async function asked(patient_id: string, claims: Record<string, unknown> = who) {
  const reply = await scene.ask({ ...aCall({ patient_id }), token: await scene.token(claims) })
  expect(reply.json).toHaveProperty('result.structuredContent')
  const [[intent], [result]] = [scene.trail.of('intent'), scene.trail.of('result')]
  for (const entry of [intent, result])
    if (entry !== undefined) recordBytes(recordOf(entry, new Date().toISOString()))
  return {
    intent: intent?.relations,
    result: result?.relations,
    unknown: intent?.relationsUnknown,
    said: JSON.stringify(scene.trail.entries),
  }
}

verifies('audit:relations', 'of a stranger’s record they say nothing', async () => {
  const { intent, result, unknown } = await asked('p-100')

  expect([intent, result, unknown]).toEqual([undefined, undefined, undefined])
})

verifies('audit:relations', 'the own record', async () => {
  expect(await asked('Patient/p-7')).toMatchObject({ intent: ['own'], result: ['own'] })
})

verifies('audit:relations', 'the own record among those that a search found', async () => {
  scene.upstream.answering = withValue({
    conditions: [{ code: 'E11.9', subject: { reference: 'Patient/p-7' } }],
  })

  expect(await asked('p-100')).toMatchObject({ intent: undefined, result: ['own'] })
})

verifies('audit:relations', 'a patient on the list', async () => {
  expect(await asked('p-9')).toMatchObject({ intent: ['vip'], result: ['vip'] })
})

const named: { when: string; value: object; same: boolean }[] = [
  {
    when: 'a FHIR patient’s',
    value: { resourceType: 'Patient', id: 'p-100', name: [{ family: 'FLUGEL' }] },
    same: true,
  },
  {
    when: 'that of a member called so',
    value: { patient: { last_name: 'Beispiel' }, conditions: [] },
    same: true,
  },
  { when: 'another', value: { patient: { last_name: 'Muster' }, conditions: [] }, same: false },
  { when: 'a word that is nobody’s name', value: { conditions: [{ code: 'Beispiel' }] }, same: false },
]
for (const { when, value, same } of named)
  verifies('audit:relations', `the same family name, and never by which: ${when}`, async () => {
    scene.upstream.answering = withValue(value)

    const { intent, result, said } = await asked('p-100')

    expect(intent).toBe(undefined)
    expect(result).toEqual(same ? ['surname'] : undefined)
    expect(said).not.toMatch(/fl[uü]gel|beispiel/i)
  })

verifies('audit:relations', 'the same where a result is built anew and not cut where it lies', async () => {
  const [tool] = aPolicy().tools
  if (tool === undefined) throw new Error('The policy has no tool')
  inForce({ relations, tools: [{ ...tool, returns: { ...tool.returns, at: '/record' } }] })
  scene.upstream.answering = withValue({ record: { patient: { last_name: 'Beispiel' } } })

  expect(await asked('p-100')).toMatchObject({ result: ['surname'] })
})

verifies('audit:relations', 'what the token or the orders do not tell is unknown, and not no', async () => {
  inForce({ relations }, 'none')

  expect(await asked('p-9', {})).toMatchObject({ intent: undefined, unknown: ['own', 'surname', 'vip'] })
})

verifies('audit:relations', 'a policy that asks for none has none recorded', async () => {
  inForce({})

  const { intent, result, unknown } = await asked('p-7')
  expect([intent, result, unknown]).toEqual([undefined, undefined, undefined])
})

// What the record of a call says besides its outcome: from where it came, and by which arguments.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { policyHash, policyText } from '../../../core/policy.ts'
import { recordBytes, recordOf } from '../../../core/record.ts'
import { argumentNames, toolTarget } from '../../../sidecar/targets.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aPolicy, aRole, aTool } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

/** Takes whatever it is asked, and tells of nobody in particular. */
const open = aTool({
  name: 'count_beds',
  from: 'count_beds',
  arguments: { type: 'object', properties: { ward: { type: 'string' } }, additionalProperties: true },
  with: {},
})
const { patient: _, ...ofNobody } = open

let scene: Scene
beforeAll(async () => {
  scene = await aScene({
    policy: { tools: [aTool(), ofNobody], roles: [aRole({ tools: ['get_diagnosis', 'count_beds'] })] },
  })
  scene.upstream.answering = withValue({})
})
afterAll(async () => await scene.end())
afterEach(() => scene.forget())

verifies('audit:who-and-what', 'the address it came from, and the names of its arguments', async () => {
  await scene.ask(aCall({ patient_id: 'p-100' }))

  const [intent] = scene.trail.of('intent')
  expect(intent).toMatchObject({
    peer: expect.stringMatching(/127\.0\.0\.1$/),
    argumentNames: ['patient_id'],
  })
  expect(intent).not.toHaveProperty('patientsUnknown')
})

verifies(
  'audit:who-and-what',
  'a name that the policy does not declare is not written down: it may be content',
  async () => {
    await scene.ask(aCall({ ward: 'B2', 'Ms Fluegel': 'x', other: 1 }, { tool: 'count_beds' }))

    const [intent] = scene.trail.of('intent')
    expect(intent?.argumentNames).toEqual(['*', 'ward'])
    expect(JSON.stringify(scene.trail.entries)).not.toContain('Fluegel')
  },
)

verifies(
  'audit:who-and-what',
  'where the policy says nowhere where patients stand, the record says that they are unknown',
  async () => {
    await scene.ask(aCall({ ward: 'B2' }, { tool: 'count_beds' }))

    const [intent] = scene.trail.of('intent')
    expect(intent).toMatchObject({ patients: [], patientsUnknown: true })
    // And such a record is one.
    if (intent !== undefined) recordBytes(recordOf(intent, new Date().toISOString()))
  },
)

verifies('audit:who-and-what', 'the policy that decided it, by the hash of the one in force', async () => {
  const hashes: string[] = []
  for (const dates of ['Year', 'Shift'] as const) {
    scene.use(aPolicy({ redaction: { dates } }))
    const { inForce } = scene.orders.standing()
    if (inForce === undefined) throw new Error('No policy is in force')
    hashes.push(policyHash(policyText(inForce.policy)))

    await scene.ask(aCall({ patient_id: 'p-100' }))
    // Refused at what it asks for, and before that.
    await scene.ask(aCall({ patient_id: ['p-100'] }))
    await scene.ask(aCall({ patient_id: 'p-100' }, { tool: 'no_such' }))
    await scene.ask(aMessage('ping'))
  }

  const [first, second] = hashes
  expect(first).not.toBe(second)
  const [intents, refusals] = (['intent', 'refusal'] as const).map((kind) =>
    scene.trail.of(kind).map(({ policy }) => policy),
  )
  expect(intents).toEqual([first, first, first, second, second, second])
  expect(refusals).toEqual([first, first, second, second])
})

test('a tool whose result says where patients stand is none of these', () => {
  const told = toolTarget({ ...ofNobody, returns: { ...ofNobody.returns, patients: ['/subject'] } })

  expect(told.patientsUnknown).toBe(undefined)
  expect(argumentNames(told, { ward: 1, constructor: 2 })).toEqual(['*', 'ward'])
})

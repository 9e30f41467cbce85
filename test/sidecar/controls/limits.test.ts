// How much one person may have in an hour: calls about one patient, and bytes.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { valueAt } from '../../../core/pointer.ts'
import { limits } from '../../../sidecar/limits.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy, aRole, aTool, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const minute = 60_000
const hour = 3_600_000

const policyWith = (changes: Parameters<typeof someLimits>[0]) => ({
  roles: [aRole({ tools: ['get_diagnosis', 'other'] })],
  tools: [aTool({ limits: someLimits(changes) }), aTool({ name: 'other', limits: someLimits() })],
})
let scene: Scene
let clock = Date.now()
beforeEach(async () => {
  clock = Math.ceil(Date.now() / minute) * minute
  scene = await aScene({ policy: policyWith({ callsPerPatientPerHour: 2 }), clock: () => clock })
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
})

let token: string
beforeEach(async () => {
  // Far from its end, whatever the clock of a test says.
  token = await scene.token({ exp: Math.floor(clock / 1000) + 4 * 3600, auth_time: Math.floor(clock / 1000) })
})
const ask = async (patient_id = 'p-1', tool = 'get_diagnosis') => {
  const { json } = await scene.ask({ ...aCall({ patient_id }, { tool }), token })
  return json['error'] as { code: number; data: { reason: string; retryAfter?: number } } | undefined
}

verifies('access:limits', 'calls about one patient in an hour', async () => {
  expect([await ask(), await ask()]).toEqual([undefined, undefined])
  clock += 10 * minute

  expect(await ask()).toMatchObject({
    code: 164502,
    data: { reason: 'patient-calls-over-limit', retryAfter: 51 * 60 },
  })
  expect(scene.upstream.asked).toHaveLength(2)
  expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'patient-calls-over-limit' }])
  // Another patient, and another tool.
  expect([await ask('p-2'), await ask('p-1', 'other')]).toEqual([undefined, undefined])
  clock += 51 * minute
  expect(await ask()).toBeUndefined()
})

verifies('access:limits', 'two names of one patient are counted as they are named', async () => {
  await ask('Patient/p-1')
  await ask('p-1')

  expect((await ask('urn:uuid:p-1'))?.data.reason).toBe('patient-calls-over-limit')
})

verifies('access:limits', 'a call about more patients than an hour has leaves no count of any', async () => {
  const many = { type: 'object', properties: { patient_id: { type: 'array' } } }
  const limit = someLimits({ callsPerPatientPerHour: 1, patientsPerHour: 1 })
  scene.use(aPolicy({ tools: [aTool({ arguments: many, limits: limit })] }))
  const about = async (...patient_id: string[]) => {
    const { json } = await scene.ask({ ...aCall({ patient_id }), token })
    return valueAt(json, ['error', 'data', 'reason'])
  }

  expect(await about('p-1', 'p-2')).toBe('patients-over-limit')
  expect(await about('p-1')).toBeUndefined()
  expect(await about('p-1')).toBe('patient-calls-over-limit')
})

verifies(
  'access:limits',
  'bytes of results in an hour: what would be too much is withheld, then nothing is asked',
  async () => {
    scene.use(aPolicy(policyWith({ resultBytes: 3000, resultBytesPerHour: 4000 })))
    scene.upstream.answering = withValue({ conditions: [{ code: 'code '.repeat(160) }] })
    expect(await ask()).toBeUndefined()

    expect(await ask()).toBeUndefined()
    const withheld = await ask()
    expect(withheld).toMatchObject({ code: 164502, data: { reason: 'volume-over-limit', retryAfter: 3660 } })
    expect(scene.trail.of('result').at(-1)).toMatchObject({ outcome: 'unknown', patients: [] })
    expect(scene.upstream.asked).toHaveLength(3)
    // A smaller one still fits.
    scene.upstream.answering = withValue({ conditions: [] })
    expect(await ask()).toBeUndefined()
    clock += 61 * minute
    scene.upstream.answering = withValue({ conditions: [{ code: 'code '.repeat(160) }] })
    expect(await ask()).toBeUndefined()
  },
)

verifies('access:limits', 'with nothing left the server is not asked', async () => {
  scene.upstream.answering = withValue({})
  const { text } = await scene.ask({ ...aCall({ patient_id: 'p-1' }), token })
  const bytes = text.length
  scene.use(aPolicy(policyWith({ resultBytes: bytes, resultBytesPerHour: 3 * bytes })))
  expect([await ask(), await ask()]).toEqual([undefined, undefined])
  scene.upstream.asked.length = 0

  expect((await ask())?.data.reason).toBe('volume-over-limit')
  expect(scene.upstream.asked).toEqual([])
  expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'volume-over-limit', stage: 'authorize' }])
})

test('an hour of amounts is kept in sixty-one numbers, and forgotten after it', () => {
  const counted = limits()
  const began = 1_000_000 * minute
  for (let second = 0; second < 3600; second += 1)
    expect(counted.amount('a', 1, 3600, began + second * 1000)).toBeUndefined()

  expect(counted.amount('a', 1, 3600, began + hour)).toBe(60)
  expect(counted.amount('a', 60, 3600, began + hour + minute)).toBeUndefined()
  expect(counted.amount('a', 3600, 3600, began + 3 * hour)).toBeUndefined()
})

test('more than may ever be is told to come back in an hour', () => {
  expect(limits().amount('a', 2, 1, 0)).toBe(3600)
})

test('a call about several patients is counted for all of them or for none', () => {
  const counted = limits()
  counted.callsOf('a', ['p-1'], 1, 0)

  expect(counted.callsOf('a', ['p-2', 'p-1'], 1, 0)).toBeGreaterThan(0)
  expect(counted.callsOf('a', ['p-2'], 1, 0)).toBeUndefined()
})

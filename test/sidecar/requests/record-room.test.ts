// What one record has room for, with the chain that a sidecar has: what does not fit is refused before anything is sent, in words
// that help, and is no reason to come again.

import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type AuditRecord, parseRecord, recordLimit } from '../../../core/record.ts'
import { fitOneRecord, mostPatients } from '../../../core/record-room.ts'
import { Chain } from '../../../sidecar/trail/chain.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy, aTool, someLimits } from '../../support/policy.ts'
import { type Asking, aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const { privateKey: key } = generateKeyPairSync('ed25519')
const many = aTool({
  arguments: {
    type: 'object',
    properties: { patient_id: { type: 'array', items: { type: 'string' } } },
    required: ['patient_id'],
  },
  limits: someLimits({ patientsPerHour: 10_000, records: 10_000 }),
})

let scene: Scene
let kept: Buffer[]
beforeEach(async () => {
  scene = await aScene({ policy: { tools: [many] } })
  scene.upstream.answering = withValue({ conditions: [{ code: 'E11.9' }] })
  kept = []
  const chain = new Chain({
    origin: 'hipaa-mcp.dev/clinic/ehr/pod/0',
    key,
    acknowledge: 'Stream',
    version: '1',
    onOver: ({ reason }) => expect.fail(reason),
    home: {
      commit: async (_, records) => await Promise.resolve(void kept.push(...records)),
      witness: async () => await Promise.resolve(),
      trouble: () => undefined,
      pressure: () => undefined,
      witnessed: () => 0,
      close: async () => await Promise.resolve(),
    },
  })
  scene.trail.intend = async (entry) => await chain.intend(entry)
  scene.trail.settle = async (entry) => await chain.settle(entry)
  scene.trail.refuse = async (entry) => await chain.refuse(entry)
  onTestFinished(async () => await chain.close())
})
afterEach(async () => await scene.end())

/** So many patients of one length of identifier. */
const patients = (count: number, length: number): string[] =>
  Array.from({ length: count }, (_, at) => `${at}-`.padEnd(length, 'x'))

const asking = async (ids: readonly string[], more: Asking = {}) =>
  await scene.ask({ ...aCall({ patient_id: ids }), ...more })

const reasonOf = (text: string): string | undefined =>
  /"(?:dev\.hipaa-mcp\/)?reason":"([a-z-]+)"/.exec(text)?.[1]

/** Of the call's own records. */
const recorded = (): AuditRecord[] =>
  kept.map((bytes) => parseRecord(bytes)).filter(({ kind }) => kind !== 'chain-started')

verifies(
  'audit:room',
  'as many patients as a record can name, for the longest token there may be',
  async () => {
    const sub = 'p'.repeat(8_600)
    const token = await scene.token({ sub })
    expect(token.length).toBeGreaterThan(12_000)

    const reply = await asking(patients(mostPatients, 64), { token })

    expect([reply.status, reasonOf(reply.text)]).toEqual([200, undefined])
    expect(recorded()).toMatchObject([
      { kind: 'intent', who: { sub } },
      { kind: 'result', outcome: 'ok' },
    ])
    for (const record of recorded())
      expect('patients' in record && record.patients).toHaveLength(mostPatients)
    expect(Math.max(...kept.map(({ length }) => length))).toBeLessThanOrEqual(recordLimit)
  },
)

for (const [when, count, length] of [
  ['one more', mostPatients + 1, 8],
  ['so many that their intent would be no record', 600, 64],
  ['as many as limits.records goes to', 10_000, 36],
  ['as many as fit otherwise, by the longest identifiers that are taken for one', mostPatients, 256],
] as const)
  verifies(
    'audit:room',
    `${when}: refused before anything is sent, and told how many may be asked for`,
    async () => {
      const ids = patients(count, length)

      const reply = await asking(ids)

      expect([reply.status, reasonOf(reply.text)]).toEqual([200, 'too-many-patients'])
      expect(reply.text).toMatch(/which is 250, or fewer .* Ask in several calls/)
      expect(reply.headers).not.toHaveProperty('retry-after')
      expect(scene.upstream.asked).toEqual([])
      expect(recorded()).toMatchObject([{ kind: 'refusal', reason: 'too-many-patients' }])

      // Asked in several calls, as it says.
      const some = ids.slice(0, length > 64 ? 100 : mostPatients)
      expect(reasonOf((await asking(some)).text)).toBe(undefined)
    },
  )

verifies(
  'audit:who-and-what',
  'where anybody may be asked for, patients beside what is no identifier are recorded and counted, and the record says that others may be meant',
  async () => {
    const bulk = {
      ...many,
      bulk: 'Allowed' as const,
      limits: someLimits({ patientsPerHour: 3, records: 10_000 }),
    }
    scene.use(aPolicy({ tools: [bulk] }))

    expect(reasonOf((await asking(['p-1', 'Practitioner/9', 'p-2'])).text)).toBe(undefined)
    expect(recorded()).toMatchObject([
      { kind: 'intent', patients: [{}, {}], patientsUnknown: true },
      { kind: 'result' },
    ])
    expect(reasonOf((await asking(['Practitioner/9', 'p-3', 'p-4'])).text)).toBe('patients-over-limit')
    expect(reasonOf((await asking(['p-3'])).text)).toBe(undefined)
    expect(recorded().at(-2)).not.toHaveProperty('patientsUnknown')
  },
)

test('what is refused so uses up no limit', async () => {
  scene.use(aPolicy({ tools: [{ ...many, limits: someLimits({ patientsPerHour: 250, records: 10_000 }) }] }))

  expect(reasonOf((await asking(patients(251, 8))).text)).toBe('too-many-patients')
  expect(reasonOf((await asking(patients(250, 8))).text)).toBe(undefined)
})

test('nor is a result shown whose patients one record cannot name by their long identifiers', async () => {
  scene.use(aPolicy({ tools: [{ ...many, returns: { ...many.returns, patients: ['/conditions/*/of'] } }] }))
  scene.upstream.answering = withValue({
    conditions: patients(200, 256).map((of) => ({ code: 'E11.9', of })),
  })

  const reply = await asking(['p-1'])

  expect(reasonOf(reply.text)).toBe('result-too-many-patients')
  expect(
    recorded()
      .map(({ kind }) => kind)
      .toSorted(),
  ).toEqual(['intent', 'refusal', 'result'])
})

// Names of the policy alone can make a record too large: whatever stands in it, nobody is told to come again.
const wide = Array.from({ length: 600 }, (_, at) => `${at}`.padEnd(120, 'n'))
verifies(
  'audit:room',
  'what no record holds for another reason is refused as well, before it is sent',
  async () => {
    const properties = Object.fromEntries(wide.map((name) => [name, { type: 'boolean' }]))
    const tool = {
      ...many,
      arguments: {
        type: 'object',
        properties: { ...(many.arguments['properties'] as object), ...properties },
      },
    }
    scene.use(aPolicy({ tools: [tool] }))

    const args = { patient_id: ['p-1'], ...Object.fromEntries(wide.map((name) => [name, true])) }
    const reply = await scene.ask(aCall(args))

    expect([reply.status, reasonOf(reply.text)]).toEqual([200, 'record-too-large'])
    expect(reply.headers).not.toHaveProperty('retry-after')
    expect(scene.upstream.asked).toEqual([])
    expect(recorded()).toMatchObject([{ kind: 'refusal', reason: 'record-too-large' }])
  },
)

verifies('audit:room', 'a result that no record holds is not returned, and its call ends', async () => {
  const { returns } = many
  scene.use(
    aPolicy({ tools: [{ ...many, returns: { ...returns, fields: wide.map((name) => `/${name}`) } }] }),
  )
  scene.upstream.answering = withValue(Object.fromEntries(wide.map((name) => [name, 'E11.9'])))

  const reply = await asking(['p-1'])

  expect([reply.status, reasonOf(reply.text)]).toEqual([200, 'record-too-large'])
  expect(reply.text).not.toContain('E11.9')
  const ended = recorded()
  expect(ended.map(({ kind }) => kind).toSorted()).toEqual(['intent', 'refusal', 'result'])
  expect(ended.find(({ kind }) => kind === 'result')).toMatchObject({ outcome: 'error', patients: [] })
})

test('room is counted as the record is written', () => {
  expect([fitOneRecord(patients(250, 64)), fitOneRecord(patients(251, 1))]).toEqual([true, false])
  expect([fitOneRecord(['ä'.repeat(256)]), fitOneRecord(patients(250, 70))]).toEqual([true, false])
})

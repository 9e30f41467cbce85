// A caller with a panel, or bound to a patient, and a server that returns more: what arrives, and what the record says.

import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import type { JsonObject } from '../../../core/canonical.ts'
import { valueAt } from '../../../core/pointer.ts'
import { withResult, withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aPolicy, aRole, aTool, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const returns = {
  fields: ['/total', '/entry/*/resource/code', '/results/*/code', '/count'],
  patients: ['/results/*/mrn'],
  text: 'Redact' as const,
  media: 'Drop' as const,
}
const everything = { fields: [''], patients: [], text: 'Keep' as const, media: 'Keep' as const }
const policy = {
  panel: { claim: '/panel' },
  roles: [
    aRole({ patients: 'Panel', tools: ['get_diagnosis', 'whole'], resources: ['labs'] }),
    aRole({
      name: 'wide',
      when: { role: 'Wide', scopes: [], actor: 'Forbidden' as const },
      tools: ['get_diagnosis'],
    }),
  ],
  tools: [
    aTool({ returns, limits: someLimits({ patientsPerHour: 2 }) }),
    aTool({ name: 'whole', returns: everything, with: {}, limits: someLimits() }),
  ],
  resources: [
    {
      name: 'labs',
      uri: 'ehr://{patient}/labs',
      description: 'Labs',
      patient: 'patient',
      subscribe: false,
      returns,
      limits: someLimits(),
    },
  ],
}
let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy })
})
afterAll(async () => await scene.end())
beforeEach(() => {
  scene.use(aPolicy(policy))
  scene.forget()
})

const condition = (patient: string, code: string): JsonObject => ({
  resource: { resourceType: 'Condition', subject: { reference: `Patient/${patient}` }, code },
})
const bundle = {
  resourceType: 'Bundle',
  total: 3,
  entry: ['p-1', 'p-9', 'p-2'].map((id) => condition(id, `of ${id}`)),
}
let persons = 0
const ask = async (sent = aCall({ patient_id: 'p-1' })) => {
  persons += 1
  const token = await scene.token({ panel: ['p-1', 'p-2'], sub: `person-${persons}` })
  return await scene.ask({ ...sent, token })
}

verifies(
  'access:reach-filter',
  'a Bundle arrives without the records of others, in structure and text alike',
  async () => {
    scene.upstream.answering = withValue(bundle)
    const reply = await ask()
    const shown = {
      total: 2,
      entry: [{ resource: { code: 'of p-1' } }, { resource: { code: 'of p-2' } }],
    }

    expect(valueAt(reply.json, ['result', 'structuredContent'])).toMatchObject({ total: 2 })
    expect(valueAt(reply.json, ['result', 'structuredContent', 'entry'])).toHaveLength(2)
    const text = valueAt(reply.json, ['result', 'content', '0', 'text']) as string
    expect(JSON.parse(text)).toEqual(valueAt(reply.json, ['result', 'structuredContent']))
    expect(Object.keys(shown)).toEqual(Object.keys(JSON.parse(text) as object))
    expect(reply.text).not.toContain('p-9')
  },
)

verifies(
  'access:reach-filter',
  'the record says how many were taken, and names those alone who were shown',
  async () => {
    scene.upstream.answering = withValue(bundle)
    await ask()

    const [result] = scene.trail.of('result')
    expect(result).toMatchObject({ outcome: 'ok', dropped: { 'out-of-reach': 1, 'out-of-reach-count': 1 } })
    expect(result?.patients).toHaveLength(2)
    expect(JSON.stringify(scene.trail.entries)).not.toContain('p-9')
  },
)

verifies('access:reach-filter', 'who was taken out counts for no limit', async () => {
  scene.upstream.answering = withValue(bundle)

  // Two patients an hour, of three that the server returned.
  expect((await ask()).json['error']).toBeUndefined()
})

verifies('access:reach-filter', 'a list of the policy’s own form', async () => {
  scene.upstream.answering = withValue({
    count: 2,
    results: [
      { mrn: 'p-9', code: 'F32' },
      { mrn: 'p-1', code: 'E11' },
    ],
  })
  const reply = await ask()

  expect(valueAt(reply.json, ['result', 'structuredContent'])).toEqual({
    count: 1,
    results: [{ code: 'E11' }],
  })
})

verifies('access:reach-filter', 'text that is JSON, without structure', async () => {
  scene.upstream.answering = withResult({
    content: [
      { type: 'text', text: JSON.stringify(bundle) },
      { type: 'text', text: 'The second one has F32' },
    ],
  })
  const reply = await ask()
  const content = valueAt(reply.json, ['result', 'content']) as { text: string }[]

  expect(content).toHaveLength(1)
  expect(JSON.parse(content[0]?.text ?? '')).toMatchObject({ total: 2 })
  expect(reply.text).not.toMatch(/p-9|F32/)
})

verifies('access:reach-filter', 'a resource', async () => {
  scene.upstream.answering = withResult({
    contents: [{ uri: 'ehr://p-1/labs', mimeType: 'application/json', text: JSON.stringify(bundle) }],
  })
  const reply = await ask(aMessage('resources/read', { uri: 'ehr://p-1/labs' }))

  const text = valueAt(reply.json, ['result', 'contents', '0', 'text']) as string
  expect(JSON.parse(text)).toMatchObject({ total: 2 })
  expect(reply.text).not.toContain('p-9')
})

verifies(
  'access:reach-filter',
  'a result that the policy keeps whole, and none of its own bytes',
  async () => {
    scene.upstream.answering = withResult({
      content: [{ type: 'text', text: JSON.stringify(bundle) }],
      structuredContent: bundle,
      _meta: { seen: 'Patient p-9' },
    })
    const reply = await ask(aCall({ patient_id: 'p-1' }, { tool: 'whole' }))

    expect(valueAt(reply.json, ['result', 'structuredContent'])).toEqual({
      ...bundle,
      total: 2,
      entry: [condition('p-1', 'of p-1'), condition('p-2', 'of p-2')],
    })
    expect(reply.text).not.toContain('p-9')
  },
)

verifies('access:reach-filter', 'an error that is kept whole and names another is withheld', async () => {
  scene.upstream.answering = withResult({
    content: [{ type: 'text', text: JSON.stringify(bundle) }],
    isError: true,
  })
  const reply = await ask(aCall({ patient_id: 'p-1' }, { tool: 'whole' }))

  expect(valueAt(reply.json, ['result', '_meta', 'dev.hipaa-mcp/reason'])).toBe('patient-not-permitted')
})

verifies('access:reach-filter', 'a result that cannot be told apart is withheld whole', async () => {
  scene.upstream.answering = withValue({ results: [{ mrn: 'p-1' }, { code: 'F32' }, { mrn: 'p-9' }] })
  const reply = await ask()

  expect(valueAt(reply.json, ['result', '_meta', 'dev.hipaa-mcp/reason'])).toBe('patient-not-permitted')
  expect(scene.trail.of('result')).toMatchObject([{ outcome: 'error', patients: [] }])
})

verifies('access:reach-filter', 'who may reach anybody gets all', async () => {
  scene.upstream.answering = withValue({ ...bundle, total: 2, entry: bundle.entry.slice(0, 2) })
  const token = await scene.token({ realm_access: { roles: ['Wide'] }, sub: 'wide' })
  const reply = await scene.ask({ ...aCall({ patient_id: 'p-1' }), token })

  expect(valueAt(reply.json, ['result', 'structuredContent', 'total'])).toBe(2)
})

verifies('access:reach-filter', 'others who are not named by Patient/id do not arrive either', async () => {
  const subjects: JsonObject[] = [
    { identifier: { system: 'urn:mrn', value: 'p-9' } },
    { display: 'Otto Other' },
    { reference: 'Patient?identifier=p-9' },
    { reference: 'p-9', type: 'Patient' },
  ]
  for (const subject of subjects) {
    const other = { resource: { resourceType: 'Condition', subject, code: 'OTHER' } }
    scene.upstream.answering = withValue({
      resourceType: 'Bundle',
      total: 2,
      entry: [condition('p-1', 'mine'), other],
    })

    expect((await ask()).text).not.toContain('OTHER')
  }
  scene.upstream.answering = withResult({
    content: [{ type: 'text', text: '{"mrn":"p-9","code":"F32"}' }],
    isError: true,
  })
  const reply = await ask(aCall({ patient_id: 'p-1' }, { tool: 'whole' }))
  expect(valueAt(reply.json, ['result', '_meta', 'dev.hipaa-mcp/reason'])).toBe('patient-not-permitted')
})

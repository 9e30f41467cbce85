// A pseudonym that was shown, passed back: by whom and for what, what the server gets, and what its caller learns by it.

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { purposeMeta } from '../../../core/identifiers.ts'
import { valueAt } from '../../../core/pointer.ts'
import type { Policy, Returns } from '../../../core/policy.ts'
import { withEvents, withResult, withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage, type Sent } from '../../support/message.ts'
import { aPolicy, aRole, aTool, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const returns: Returns = {
  fields: ['/note', '/echo'],
  pseudonyms: ['/patient'],
  patients: ['/patient'],
  text: 'Redact',
  media: 'Drop',
}
const limits = someLimits()
// What stands in the place of a pseudonym keeps to the schema, as if the caller had said it.
const one = {
  type: 'object',
  properties: { patient_id: { type: 'string', pattern: '^(Patient/|urn:uuid:)?p-[0-9]+$' } },
  required: ['patient_id'],
}
const several = { type: 'object', properties: { who: { type: 'array', items: { type: 'string' } } } }
const tools = [
  aTool({ name: 'visits', arguments: one, with: {}, returns, limits }),
  aTool({ name: 'search', arguments: several, patient: '/who', with: {}, returns, limits }),
  aTool({ name: 'plain', arguments: one, with: {}, returns: { ...returns, pseudonyms: [] }, limits }),
]
const names = tools.map(({ name }) => name)
const policyThat = (redaction: Policy['redaction'] = { dates: 'Year' }): Partial<Policy> => ({
  panel: { claim: '/panel' },
  patient: { claim: '/patient' },
  redaction,
  fromServer: { progress: { text: 'Redact' }, tasks: {} },
  roles: [
    aRole({ patients: 'Panel', purposes: ['TREAT', 'HPAYMT'], tools: names }),
    aRole({
      name: 'bound',
      when: { role: 'Patient', scopes: [], actor: 'Forbidden' },
      patients: 'Bound',
      tools: names,
    }),
    aRole({ name: 'wide', when: { role: 'Wide', scopes: [], actor: 'Forbidden' }, tools: names }),
  ],
  tools,
})

let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy: policyThat() })
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
  scene.use(aPolicy(policyThat()))
  expect(scene.faults.splice(0)).toEqual([])
})

const panel = ['p-1001', 'p-1002']
const asPanel = async () => await scene.token({ panel })
const asWide = async () => await scene.token({ realm_access: { roles: ['Wide'] } })
const about = (patient: string) => ({ patient, echo: patient, note: `${patient} came.` })

async function ask(
  sent: Sent,
  token: string,
  result: object,
): Promise<{ text: string; json: Record<string, unknown> }> {
  scene.upstream.answering = withValue(result)
  return await scene.ask({ ...sent, token })
}

/** The pseudonym of a patient, as somebody was shown it who named the patient. */
async function shown(patient: string, purpose = 'TREAT'): Promise<string> {
  const token = panel.includes(patient) ? await asPanel() : await asWide()
  const { json } = await ask(
    aCall({ patient_id: patient }, { tool: 'visits', purpose }),
    token,
    about(patient),
  )
  scene.forget()
  return valueAt(json, ['result', 'structuredContent', 'patient']) as string
}
const sentOf = () => valueAt(scene.upstream.asked[0]?.body, ['params', 'arguments'])

for (const before of ['', 'Patient/', 'urn:uuid:'])
  verifies(
    'access:pseudonyms',
    `${before || 'by itself'}: the server gets the identifier, and the caller does not`,
    async () => {
      const alias = await shown('p-1001')
      const sent = aCall({ patient_id: `${before}${alias}` }, { tool: 'visits' })

      const { text, json } = await ask(sent, await asPanel(), about('p-1001'))

      expect(sentOf()).toEqual({ patient_id: `${before}p-1001` })
      expect(valueAt(json, ['result', 'structuredContent'])).toEqual({
        patient: alias,
        echo: alias,
        note: `${alias} came.`,
      })
      expect(text).not.toContain('p-1001')
      const [intent] = scene.trail.of('intent')
      const [result] = scene.trail.of('result')
      expect(intent?.patients).toHaveLength(1)
      expect(result?.patients).toEqual(intent?.patients)
      // The record says whom it meant.
      await scene.ask({ ...aCall({ patient_id: 'p-1001' }, { tool: 'visits' }), token: await asPanel() })
      expect(scene.trail.of('intent')[1]?.patients).toEqual(intent?.patients)
    },
  )

verifies(
  'access:pseudonyms',
  'a server that echoes the identifier elsewhere alone does not give it away',
  async () => {
    const alias = await shown('p-1001')

    const { json, text } = await ask(aCall({ patient_id: alias }, { tool: 'visits' }), await asPanel(), {
      echo: 'p-1001',
      note: 'Chart of P-1001.',
    })

    expect(valueAt(json, ['result', 'structuredContent'])).toEqual({
      echo: alias,
      note: `Chart of ${alias}.`,
    })
    expect(text).not.toMatch(/p-1001/i)
  },
)

verifies('access:pseudonyms', 'in a list, beside identifiers', async () => {
  const alias = await shown('p-1001')

  await ask(aCall({ who: [alias, 'p-1002'] }, { tool: 'search' }), await asPanel(), about('p-1001'))

  expect(sentOf()).toEqual({ who: ['p-1001', 'p-1002'] })
  expect(scene.trail.of('intent')[0]?.patients).toHaveLength(2)
})

verifies('access:pseudonyms', 'a patient of whom the token speaks is named so by themselves', async () => {
  const alias = await shown('p-1001')
  const token = await scene.token({ realm_access: { roles: ['Patient'] }, patient: 'p-1001' })

  await ask(aCall({ patient_id: alias }, { tool: 'visits' }), token, about('p-1001'))

  expect(sentOf()).toEqual({ patient_id: 'p-1001' })
})

const refused: {
  when: string
  patient?: string
  shownFor?: string
  epoch?: string
  tool?: string
  as?: 'wide'
  reason: string
}[] = [
  { when: 'somebody beyond their reach', patient: 'p-9001', reason: 'patient-not-permitted' },
  { when: 'shown for another purpose', shownFor: 'HPAYMT', reason: 'patient-not-permitted' },
  { when: 'shown before the epoch changed', epoch: '2027', reason: 'patient-not-permitted' },
  { when: 'at a tool that shows none', tool: 'plain', reason: 'patient-not-permitted' },
  { when: 'by who may reach anybody: the schema judges it', as: 'wide', reason: 'argument-refused' },
]
for (const { when, patient = 'p-1001', shownFor, epoch, tool = 'visits', as, reason } of refused)
  verifies('access:pseudonyms', `${when}: it names nobody`, async () => {
    const alias = await shown(patient, shownFor)
    if (epoch !== undefined) scene.use(aPolicy(policyThat({ dates: 'Year', epoch })))
    const token = as === 'wide' ? await asWide() : await asPanel()

    const { text } = await ask(aCall({ patient_id: alias }, { tool }), token, about(patient))

    expect(text).toContain(`"${reason}"`)
    expect(text).not.toContain(patient)
    expect(scene.upstream.asked).toEqual([])
  })

verifies('access:pseudonyms', 'what the server says during the call does not give it away', async () => {
  const alias = await shown('p-1001')
  scene.upstream.answering = withEvents(
    {
      method: 'notifications/progress',
      params: { progressToken: 'x', progress: 1, message: 'Reading p-1001' },
    },
    { result: { content: [], structuredContent: about('p-1001') } },
  )
  const message = JSON.parse(String(aCall({ patient_id: alias }, { tool: 'visits' }).body)) as {
    params: object
  }
  const params = { ...message.params, _meta: { [purposeMeta]: 'TREAT', progressToken: 'theirs' } }
  const sent = { ...aCall(), body: JSON.stringify({ ...message, params }) }

  const { text } = await scene.ask({ ...sent, token: await asPanel() })

  expect(text).toContain('Reading [ID]')
  expect(text).toContain(alias)
  expect(text).not.toContain('p-1001')
})

verifies(
  'access:pseudonyms',
  'a call that answers later goes on by it, for as long as the patient is theirs',
  async () => {
    const alias = await shown('p-1001')
    const when = '2026-07-28T10:30:00Z'
    const state = {
      taskId: 'their-own',
      status: 'working',
      createdAt: when,
      lastUpdatedAt: when,
      ttl: 60_000,
    }
    const params = { name: 'visits', arguments: { patient_id: alias }, task: { ttl: 60_000 } }
    scene.upstream.answering = withResult({ task: { ...state, statusMessage: 'Reading p-1001' } })
    const made = await scene.ask({ ...aMessage('tools/call', params), token: await asPanel() })
    const taskId = valueAt(made.json, ['result', 'task', 'taskId'])
    const after = async (token: string) =>
      await ask(aMessage('tasks/result', { taskId }), token, { echo: 'p-1001', note: 'well' })

    const late = await after(await asPanel())
    const gone = await after(await scene.token({ panel: ['p-1002'] }))

    expect(made.text).toContain('Reading [ID]')
    expect(valueAt(late.json, ['result', 'structuredContent'])).toEqual({ echo: alias, note: 'well' })
    expect(gone.text).toContain('patient-not-permitted')
    for (const { text } of [made, late, gone]) expect(text).not.toContain('p-1001')
  },
)

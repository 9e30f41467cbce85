// Which messages exist, in which revision, and how the revision is decided.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { knownMethods, methods } from '../../../sidecar/methods.ts'
import { catalogue, handshake, notification, toolCall } from '../../../sidecar/pipeline.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { type Asking, aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const stages = (pipeline: typeof toolCall) => pipeline.stages.map(({ name, rule }) => `${name} ${rule}`)

let scene: Scene
beforeEach(async () => {
  scene = await aScene()
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
})

test('the table of methods is pinned', () => {
  const rows = methods.map(
    ({ method, direction, revisions }) => `${direction} ${method} ${revisions.join(' ')}`,
  )

  expect(rows).toEqual([
    'request initialize 2025-06-18 2025-11-25',
    'notification notifications/initialized 2025-06-18 2025-11-25',
    'request ping 2025-06-18 2025-11-25',
    'request server/discover 2026-07-28',
    'request logging/setLevel 2025-06-18 2025-11-25',
    'request tools/list 2025-06-18 2025-11-25 2026-07-28',
    'request tools/call 2025-06-18 2025-11-25 2026-07-28',
    'request resources/list 2025-06-18 2025-11-25 2026-07-28',
    'request resources/templates/list 2025-06-18 2025-11-25 2026-07-28',
    'request resources/read 2025-06-18 2025-11-25 2026-07-28',
    'request resources/subscribe 2025-06-18 2025-11-25',
    'request resources/unsubscribe 2025-06-18 2025-11-25',
    'request prompts/list 2025-06-18 2025-11-25 2026-07-28',
    'request prompts/get 2025-06-18 2025-11-25 2026-07-28',
    'request subscriptions/listen 2026-07-28',
    'notification notifications/cancelled 2025-06-18 2025-11-25',
    'notification notifications/roots/list_changed 2025-06-18 2025-11-25',
    'response sampling/createMessage 2025-06-18 2025-11-25',
    'response elicitation/create 2025-06-18 2025-11-25',
    'response roots/list 2025-06-18 2025-11-25',
    'http GET 2025-06-18 2025-11-25',
    'http DELETE 2025-06-18 2025-11-25',
    'request completion/complete 2025-06-18 2025-11-25 2026-07-28',
    'request tasks/get 2025-11-25 2026-07-28',
    'request tasks/result 2025-11-25',
    'request tasks/cancel 2025-11-25 2026-07-28',
    'request tasks/update 2026-07-28',
  ])
})

test('the stages, their order and the section each serves are pinned', () => {
  const whole = [
    'authenticate 164.312(d)',
    'authorize 164.312(a)(1)',
    'record intent 164.312(b)',
    'minimize 164.502(b)',
    'forward 164.312(e)(1)',
    'redact 164.514(d)(3)',
    'record result 164.312(c)(1)',
  ]

  expect(stages(toolCall)).toEqual(whole)
  expect(stages(handshake)).toEqual(whole)
  expect(stages(notification)).toEqual(whole)
  expect(stages(catalogue)).toEqual([0, 1, 2, 5, 6].map((at) => whole[at]))
})

const listed = new Set(methods.map(({ method }) => method))
const unlisted = [...knownMethods, 'patients/Fluegel'].filter((method) => !listed.has(method))

for (const revision of ['2025-11-25', '2026-07-28'] as const)
  verifies('access:unknown-method', `every other request of ${revision}`, async () => {
    for (const method of unlisted) {
      const reply = await scene.ask(aMessage(method, { uri: 'Fluegel' }, { revision, id: 'seven' }))

      expect([method, reply.status]).toEqual([method, revision === '2025-11-25' ? 200 : 404])
      expect(reply.json).toMatchObject({
        id: 'seven',
        error: { code: -32601, data: { reason: 'method-unknown' } },
      })
    }
    expect(scene.trail.of('refusal')).toHaveLength(unlisted.length)
    expect(JSON.stringify(scene.trail.entries)).not.toContain('Fluegel')
    expect(scene.upstream.asked).toEqual([])
  })

const others: { when: string; asking: Asking; status: number; reason: string; code: number }[] = [
  {
    when: 'a notification that is not listed',
    asking: aMessage('notifications/progress', {}, { id: null }),
    status: 400,
    reason: 'notification-unknown',
    code: -32601,
  },
  {
    when: 'a request’s method as a notification',
    asking: aMessage('tools/call', {}, { id: null }),
    status: 400,
    reason: 'notification-unknown',
    code: -32601,
  },
  {
    when: 'a notification’s method as a request',
    asking: aMessage('notifications/initialized'),
    status: 200,
    reason: 'method-unknown',
    code: -32601,
  },
  {
    when: 'a batch',
    asking: { ...aCall(), body: `[${aCall().body.toString()}]` },
    status: 400,
    reason: 'batch-refused',
    code: -32600,
  },
  {
    when: 'an empty batch',
    asking: { ...aCall(), body: '[]' },
    status: 400,
    reason: 'batch-refused',
    code: -32600,
  },
  {
    when: 'a handshake of the older revision in the newer one',
    asking: aMessage('initialize', {}, { revision: '2026-07-28' }),
    status: 400,
    reason: 'headers-disagree',
    code: -32020,
  },
  {
    when: 'a ping in the newer revision',
    asking: aMessage('ping', {}, { revision: '2026-07-28' }),
    status: 404,
    reason: 'method-unknown',
    code: -32601,
  },
]

for (const { when, asking, status, reason, code } of others)
  verifies('access:unknown-method', when, async () => {
    const reply = await scene.ask(asking)

    expect([reply.status, reply.json['error']]).toEqual([
      status,
      expect.objectContaining({ code, data: expect.objectContaining({ reason }) }),
    ])
    expect(scene.trail.entries).toMatchObject([{ kind: 'refusal', reason, stage: 'transport' }])
    expect(scene.upstream.asked).toEqual([])
  })

const modern = aCall({ patient_id: 'p-1' }, { revision: '2026-07-28' })
const without = (name: string): Asking => ({
  ...modern,
  headers: Object.fromEntries(Object.entries(modern.headers).filter(([header]) => header !== name)),
})
const withHeaders = (headers: Record<string, string>): Asking => ({
  ...modern,
  headers: { ...modern.headers, ...headers },
})

const disagreements: { when: string; asking: Asking; code: number }[] = [
  { when: 'no MCP-Protocol-Version', asking: without('mcp-protocol-version'), code: -32020 },
  {
    when: 'MCP-Protocol-Version of the other revision',
    asking: withHeaders({ 'mcp-protocol-version': '2025-11-25' }),
    code: -32020,
  },
  {
    when: 'the newer revision in the header alone',
    asking: { ...aCall(), headers: { 'mcp-protocol-version': '2026-07-28' } },
    code: -32602,
  },
  { when: 'no revision at all', asking: { ...aCall(), headers: {} }, code: -32020 },
  { when: 'no Mcp-Method', asking: without('mcp-method'), code: -32020 },
  { when: 'Mcp-Method of another method', asking: withHeaders({ 'mcp-method': 'tools/list' }), code: -32020 },
  { when: 'no Mcp-Name', asking: without('mcp-name'), code: -32020 },
  { when: 'Mcp-Name of another tool', asking: withHeaders({ 'mcp-name': 'get_everything' }), code: -32020 },
  {
    when: 'Mcp-Name in broken base64',
    asking: withHeaders({ 'mcp-name': '=?base64?Z2V0X2RpYWdub3Npcw?=' }),
    code: -32020,
  },
  {
    when: 'a revision that is not served',
    asking: { ...aCall(), headers: { 'mcp-protocol-version': '1984-03-02' } },
    code: -32022,
  },
]

for (const { when, asking, code } of disagreements)
  verifies('transmission:bad-input', when, async () => {
    const reply = await scene.ask(asking)

    expect([reply.status, reply.json['error']]).toEqual([400, expect.objectContaining({ code })])
    expect(reply.text).not.toContain('1984')
    expect(scene.upstream.asked).toEqual([])
    expect(scene.trail.entries).toMatchObject([{ kind: 'refusal', stage: 'transport' }])
  })

test('a revision that is not served is answered with those that are', async () => {
  const reply = await scene.ask({ ...aCall(), headers: { 'mcp-protocol-version': '2024-11-05' } })

  expect(reply.json['error']).toMatchObject({
    data: { supported: ['2025-11-25', '2025-06-18'], requested: '2024-11-05' },
  })
})

test('a tool name in base64 is read as what it stands for', async () => {
  const name = `=?base64?${Buffer.from('get_diagnosis').toString('base64')}?=`

  expect((await scene.ask(withHeaders({ 'mcp-name': name }))).status).toBe(200)
})

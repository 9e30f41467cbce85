// A server that is down, slow, broken or talkative.

import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withEvents, withResult, withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeEach(async () => {
  scene = await aScene({ upstream: { deadline: 150, limit: 100_000 } })
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
})

type Answering = Scene['upstream']['answering']
const raw =
  (body: string, type = 'application/json', status = 200): Answering =>
  (_, response) =>
    response.writeHead(status, { 'content-type': type }).end(body)
const stall = (_: unknown, response: ServerResponse): void =>
  void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': wait\n\n')

const ran = 'unknown'
const faults: { when: string; answering: Answering; reason: string; outcome: string }[] = [
  { when: 'it never answers', answering: () => undefined, reason: 'upstream-late', outcome: ran },
  { when: 'it begins and never ends', answering: stall, reason: 'upstream-late', outcome: ran },
  {
    when: 'it hangs up',
    answering: (_, response) => response.destroy(),
    reason: 'upstream-broken-off',
    outcome: ran,
  },
  {
    when: 'it hangs up in the middle',
    answering: (_, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': 500 })
        .write('{"Fluegel', () => response.destroy()),
    reason: 'upstream-broken-off',
    outcome: ran,
  },
  {
    when: 'its stream ends without an answer',
    answering: withEvents({ method: 'notifications/message', params: {} }),
    reason: 'upstream-broken-off',
    outcome: ran,
  },
  { when: 'it answers with nothing', answering: raw(''), reason: 'upstream-malformed', outcome: ran },
  {
    when: 'it answers with broken JSON',
    answering: raw('{"Fluegel'),
    reason: 'upstream-malformed',
    outcome: ran,
  },
  {
    when: 'it answers with a page',
    answering: raw('<p>Fluegel</p>', 'text/html'),
    reason: 'upstream-malformed',
    outcome: ran,
  },
  {
    when: 'it answers another id',
    answering: raw('{"jsonrpc":"2.0","id":"Fluegel","result":{"content":[]}}'),
    reason: 'upstream-malformed',
    outcome: ran,
  },
  {
    when: 'it answers with a batch',
    answering: raw('[{"jsonrpc":"2.0","id":1,"result":{"content":[]}}]'),
    reason: 'upstream-malformed',
    outcome: ran,
  },
  {
    when: 'its result is a text',
    answering: withResult('Fluegel'),
    reason: 'upstream-malformed',
    outcome: ran,
  },
  {
    when: 'its result has no content',
    answering: withResult({ name: 'Fluegel' }),
    reason: 'upstream-malformed',
    outcome: ran,
  },
  {
    when: 'an event of its stream is broken',
    answering: raw('data: {"Fluegel\n\n', 'text/event-stream'),
    reason: 'upstream-malformed',
    outcome: ran,
  },
  {
    when: 'its stream is no UTF-8',
    answering: (_, response) =>
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(Buffer.from([0x64, 0xff, 0xff, 0x0a])),
    reason: 'upstream-malformed',
    outcome: ran,
  },
  {
    when: 'its answer is compressed',
    answering: withResult({ content: [] }, { 'content-encoding': 'gzip' }),
    reason: 'upstream-malformed',
    outcome: ran,
  },
  {
    when: 'its answer is nested absurdly deep',
    answering: raw(`${'['.repeat(40_000)}${']'.repeat(40_000)}`),
    reason: 'upstream-malformed',
    outcome: ran,
  },
  {
    when: 'its answer is too large',
    answering: withValue({ conditions: ['x'.repeat(100_000)] }),
    reason: 'upstream-too-large',
    outcome: ran,
  },
  {
    when: 'it answers 500',
    answering: raw('Fluegel', 'text/plain', 500),
    reason: 'upstream-error',
    outcome: ran,
  },
  {
    when: 'it answers 400',
    answering: raw('{"error":"Fluegel"}', 'application/json', 400),
    reason: 'upstream-error',
    outcome: 'error',
  },
  {
    when: 'it redirects',
    answering: (_, response) => response.writeHead(302, { location: 'http://127.0.0.1/Fluegel' }).end(),
    reason: 'upstream-error',
    outcome: ran,
  },
]

for (const { when, answering, reason, outcome } of faults)
  verifies('transmission:upstream-faults', when, async () => {
    scene.upstream.answering = answering
    const began = performance.now()

    const reply = await scene.ask()

    expect(performance.now() - began).toBeLessThan(5000)
    expect([reply.status, reply.json['result']]).toMatchObject([
      200,
      { isError: true, _meta: { 'dev.hipaa-mcp/reason': reason } },
    ])
    expect(reply.text).not.toContain('Fluegel')
    expect(scene.trail.of('refusal')).toMatchObject([{ reason }])
    expect(scene.trail.of('result')).toMatchObject([{ outcome, patients: [] }])
  })

verifies('transmission:upstream-faults', 'a stream that stays open after its answer', async () => {
  let ended: Promise<unknown> | undefined
  scene.upstream.answering = ({ body }, response) => {
    ended = once(response, 'close')
    const answer = { jsonrpc: '2.0', id: body['id'], result: { content: [] } }
    response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .write(`data: ${JSON.stringify(answer)}\n\n`)
  }

  const reply = await scene.ask()

  expect(reply.json['result']).toMatchObject({ content: [] })
  // At the deadline: else a server that never ends its streams would hold every connection that we have for it.
  await ended
})

test('a stream may be silent longer than an answer may take, and each message gives it that time anew', async () => {
  scene.upstream.answering = async ({ body }, response) => {
    const say = (message: object) =>
      response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': wait\n\n')
    // Ten times 150 ms are more than each wait, and less than both.
    await sleep(1_000)
    say({ method: 'notifications/message', params: {} })
    await sleep(1_000)
    say({ id: body['id'], result: { content: [] } })
    response.end()
  }

  const reply = await scene.ask()

  expect(reply.json['result']).toMatchObject({ content: [] })
})

verifies('transmission:upstream-faults', 'it is down: nothing was sent, and the record says so', async () => {
  await scene.upstream.close()

  const reply = await scene.ask()

  expect(reply.json['result']).toMatchObject({
    isError: true,
    _meta: { 'dev.hipaa-mcp/reason': 'upstream-down' },
  })
  expect(scene.trail.of('result')).toMatchObject([{ outcome: 'error' }])
})

verifies('transmission:upstream-errors', 'a JSON-RPC error that quotes a patient', async () => {
  scene.upstream.answering = ({ body }, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        jsonrpc: '2.0',
        id: body['id'],
        error: { code: -32000, message: 'No Fluegel', data: { name: 'Fluegel' } },
      }),
    )

  const reply = await scene.ask()

  expect(reply.json['result']).toMatchObject({ isError: true })
  expect(reply.text + JSON.stringify(scene.trail.entries)).not.toContain('Fluegel')
  expect(scene.trail.of('result')).toMatchObject([{ outcome: 'error' }])
})

verifies('transmission:upstream-errors', 'a tool error that quotes a patient', async () => {
  scene.upstream.answering = withResult({
    content: [{ type: 'text', text: 'No patient Fluegel' }],
    structuredContent: { name: 'Fluegel' },
    isError: true,
  })

  const reply = await scene.ask()

  expect(reply.json['result']).toMatchObject({
    isError: true,
    content: [{ type: 'text', text: expect.stringContaining('withheld') }],
  })
  expect(reply.text).not.toContain('Fluegel')
  expect(scene.trail.of('result')).toMatchObject([{ outcome: 'tool-error', dropped: { 'error-text': 1 } }])
})

verifies('transmission:upstream-errors', 'a server that asks for what the policy does not name', async () => {
  scene.upstream.answering = withResult({
    resultType: 'input_required',
    inputRequests: { who: { method: 'elicitation/create', params: { message: 'Fluegel' } } },
    requestState: 'Fluegel',
  })

  const reply = await scene.ask(aCall({ patient_id: 'p' }, { revision: '2026-07-28' }))

  expect(reply.json['result']).toMatchObject({ isError: true, resultType: 'complete' })
  expect(reply.text).not.toContain('Fluegel')
})

test('the server gets the message and nothing else of the caller: no token, no cookie, no header, no name', async () => {
  const call = aCall({ patient_id: 'p-7' }, { revision: '2026-07-28', id: 'callers-own' })
  await scene.ask({
    ...call,
    headers: {
      ...call.headers,
      cookie: 'a=b',
      baggage: 'x=Fluegel',
      'x-patient-id': 'Fluegel',
      'mcp-param-patient': 'Fluegel',
    },
  })

  const [asked] = scene.upstream.asked
  expect(asked?.headers).toEqual({
    host: `127.0.0.1:${scene.upstream.port}`,
    connection: 'keep-alive',
    'content-type': 'application/json',
    'content-length': expect.any(String),
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'get_patient_record',
  })
  expect(asked?.body).toEqual({
    jsonrpc: '2.0',
    id: expect.any(Number),
    method: 'tools/call',
    params: {
      name: 'get_patient_record',
      arguments: { patient_id: 'p-7', sections: ['conditions'] },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'hipaa-mcp', version: expect.any(String) },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  })
})

test('a name that is no plain ASCII travels in base64', async () => {
  const [tool] = scene.orders.standing().inForce?.policy.tools ?? []
  const policy = scene.orders.standing().inForce?.policy
  if (tool === undefined || policy === undefined) throw new Error('no policy')
  scene.use({ ...policy, tools: [{ ...tool, from: 'größe ' }] })

  await scene.ask(aCall({ patient_id: 'p' }, { revision: '2026-07-28' }))

  expect(scene.upstream.asked[0]?.headers['mcp-name']).toBe(
    `=?base64?${Buffer.from('größe ').toString('base64')}?=`,
  )
})

const handshakes: { when: string; answering: Answering }[] = [
  { when: 'it refuses the revision', answering: raw('{}', 'application/json', 400) },
  {
    when: 'it answers with an older revision',
    answering: withResult({ protocolVersion: '2024-11-05', capabilities: {} }),
  },
]
for (const { when, answering } of handshakes)
  test(`a handshake with a server gets a plain 400 when ${when}, so that a client may fall back`, async () => {
    scene.upstream.answering = answering

    const reply = await scene.ask(aMessage('initialize', { protocolVersion: '2025-11-25' }))

    expect([reply.status, reply.json['error']]).toMatchObject([
      400,
      { data: { reason: 'upstream-no-handshake' } },
    ])
  })

verifies(
  'transmission:upstream-errors',
  'a handshake shows the policy’s name and a plain version, and no instructions or capabilities',
  async () => {
    scene.upstream.answering = withResult({
      protocolVersion: '2025-11-25',
      capabilities: { tools: { listChanged: true }, logging: {}, resources: {} },
      serverInfo: { name: 'Fluegel EHR', version: '1.2.3', title: 'Fluegel' },
      instructions: 'Ask Fluegel',
    })

    const reply = await scene.ask(
      aMessage('initialize', { protocolVersion: '2025-11-25', clientInfo: { name: 'x', version: '1' } }),
    )

    expect(reply.json['result']).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'ehr', version: '1.2.3' },
    })
    expect(scene.trail.of('intent')).toMatchObject([
      { method: 'initialize', purpose: 'TREAT', role: 'clinician' },
    ])
    expect(scene.trail.of('result')).toMatchObject([{ outcome: 'ok', dropped: { instructions: 1 } }])
  },
)

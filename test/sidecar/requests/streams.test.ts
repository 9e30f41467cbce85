// What a server says besides its answers: event by event, under policy, recorded before it leaves.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { purposeMeta } from '../../../core/identifiers.ts'
import type { FromServer } from '../../../core/policy.ts'
import { type McpServer, withResult } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aPolicy, aRole, aTool, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { open } from '../../support/stream.ts'
import { verifies } from '../../verifies.ts'

const all: FromServer = {
  progress: { text: 'Redact' },
  logging: { text: 'Redact' },
  sampling: { text: 'Redact' },
  elicitation: { text: 'Redact', modes: ['form'], hosts: [] },
  roots: {},
  listChanged: {},
}
const limits = someLimits({ callsPerMinute: 6000, patientsPerHour: 1000, resultBytes: 262_144 })
const policy = {
  fromServer: all,
  roles: [aRole({ resources: ['labs'] })],
  resources: [
    {
      name: 'labs',
      uri: 'ehr://patients/{patient}/labs',
      description: '',
      patient: 'patient',
      subscribe: true,
      returns: { fields: [], patients: [], text: 'Redact' as const, media: 'Drop' as const },
      limits,
    },
  ],
}

let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy })
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
  scene.trail.fail = {}
  scene.trail.delay = 0
  scene.use(aPolicy(policy))
  expect(scene.faults.splice(0)).toEqual([])
})

type Answering = McpServer['answering']
type Write = (message: Record<string, unknown>) => void

/** Streams what `say` writes, waits for what it awaits, and then the answer. */
const streaming =
  (say: (write: Write, id: unknown) => Promise<void> | void, result: unknown = { content: [] }): Answering =>
  async ({ body }, response) => {
    // What a caller posts in answer is taken, as the protocol says.
    if ('id' in body && body['method'] === undefined) {
      response.writeHead(202).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const write: Write = (message) =>
      void response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
    await say(write, body['id'])
    if (result !== undefined) write({ id: body['id'], result })
    response.end()
  }

const call = (meta: Record<string, unknown> = {}) => {
  const sent = aMessage('tools/call', { name: 'get_diagnosis', arguments: { patient_id: 'p-7' } })
  const message = JSON.parse(String(sent.body)) as { params: Record<string, unknown> }
  message.params = { ...message.params, _meta: { [purposeMeta]: 'TREAT', ...meta } }
  return { ...sent, body: JSON.stringify(message) }
}
const progress = (done: number, message?: string) => ({
  method: 'notifications/progress',
  params: { progressToken: 'not what we sent', progress: done, total: 3, message },
})

verifies('audit:event-before-it-leaves', 'progress reaches the caller while the call runs', async () => {
  const goOn = Promise.withResolvers<void>()
  scene.upstream.answering = streaming(async (write) => {
    write(progress(1, 'Reading 555-123-4567'))
    await goOn.promise
    write(progress(2))
  })

  const stream = await open(scene, call({ progressToken: 'theirs' }))

  expect(stream.type).toBe('text/event-stream')
  expect(await stream.next()).toEqual({
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: 'theirs', progress: 1, total: 3, message: 'Reading [PHONE]' },
  })
  expect(scene.trail.of('event')).toMatchObject([
    { method: 'notifications/progress', redacted: { phone: 1 } },
  ])
  expect(scene.trail.of('result')).toEqual([])
  goOn.resolve()
  expect(await stream.rest()).toMatchObject([{ params: { progress: 2 } }, { id: 1, result: { content: [] } }])
  const sent = scene.upstream.asked[0]?.body as {
    id: number
    params: Record<string, Record<string, unknown>>
  }
  expect(sent.params['_meta']).toEqual({ progressToken: sent.id })
})

verifies(
  'audit:event-before-it-leaves',
  'an event whose record fails does not leave, nor does the answer',
  async () => {
    scene.upstream.answering = streaming((write) => write(progress(1, 'Fluegel')))
    scene.trail.fail = { event: 'rejects' }

    const events = await (await open(scene, call({ progressToken: 1 }))).rest()

    expect(events).toMatchObject([{ error: { data: { reason: 'trail-unavailable' } } }])
    expect(JSON.stringify(events)).not.toContain('Fluegel')
  },
)

verifies(
  'audit:event-before-it-leaves',
  'a thousand events come in order, and none before its record',
  async () => {
    scene.upstream.answering = streaming((write) => {
      for (let at = 0; at < 1000; at += 1) write(progress(at))
    })
    scene.trail.delay = 1

    const events = await (await open(scene, call({ progressToken: 1 }))).rest()

    const done = events.slice(0, -1).map(({ params }) => (params as { progress: number }).progress)
    expect(done).toEqual(Array.from({ length: 1000 }, (_, at) => at))
    expect(scene.trail.of('event')).toHaveLength(1000)
  },
)

for (const [when, from] of [
  ['the policy names nothing', {}],
  [
    'the policy names other things',
    { ...all, logging: undefined, progress: undefined } as unknown as FromServer,
  ],
] as const)
  verifies('minimum:from-server', `what a server says stays here where ${when}`, async () => {
    scene.use(aPolicy({ ...policy, fromServer: JSON.parse(JSON.stringify(from)) as FromServer }))
    scene.upstream.answering = streaming((write) => {
      write(progress(1, 'Fluegel'))
      write({ method: 'notifications/message', params: { level: 'info', data: 'Fluegel' } })
      write({ method: 'notifications/Fluegel', params: {} })
    })

    const reply = await scene.ask(call({ progressToken: 1 }))

    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.text).not.toContain('Fluegel')
    expect(scene.trail.of('event')).toEqual([])
    expect(scene.trail.of('result')).toMatchObject([{ dropped: { 'server-message': 3 } }])
  })

verifies(
  'minimum:from-server',
  'a log message loses identifiers and whatever MCP does not name',
  async () => {
    scene.upstream.answering = streaming((write) =>
      write({
        method: 'notifications/message',
        params: {
          level: 'info',
          logger: 'Jane Fluegel, 555-123-4567',
          data: { subject: { reference: 'Patient/p-7', display: 'Jane Fluegel' }, note: 'Fluegel called' },
          _meta: { Fluegel: 1 },
          extra: 'Fluegel',
        },
      }),
    )

    const [log] = await (await open(scene, call())).rest()

    expect(log).toMatchObject({ params: { level: 'info', data: { note: '[NAME] called' } } })
    expect(JSON.stringify(log)).not.toContain('Fluegel')
    expect(scene.trail.of('event')).toMatchObject([{ patients: [{}] }])
  },
)

const question = {
  id: 'their-id',
  method: 'sampling/createMessage',
  params: {
    messages: [{ role: 'user', content: { type: 'text', text: 'Sum up 555-123-4567' } }],
    maxTokens: 100,
    metadata: { Fluegel: 1 },
  },
}
const answer = { role: 'assistant', content: { type: 'text', text: 'fine' }, model: 'm', Fluegel: 1 }
const reason = (one: { json: Record<string, unknown> }) =>
  (one.json['error'] as { data: { reason: string } } | undefined)?.data.reason
const reply = (id: unknown, result: unknown = answer) => ({
  body: JSON.stringify({ jsonrpc: '2.0', id, result }),
  headers: { 'mcp-protocol-version': '2025-11-25' },
})

verifies(
  'access:questions',
  'a question is redacted, and its answer goes to the server under its own id',
  async () => {
    const answered = Promise.withResolvers<void>()
    scene.upstream.answering = streaming(async (write) => {
      write(question)
      await answered.promise
    })
    const stream = await open(scene, call())
    const asked = (await stream.next()) as { id: number; params: unknown }
    expect(asked).toMatchObject({
      method: 'sampling/createMessage',
      params: { maxTokens: 100, messages: [{ content: { text: 'Sum up [PHONE]' } }] },
    })
    expect(JSON.stringify(asked)).not.toContain('Fluegel')
    expect(asked.id).not.toBe('their-id')

    const sent = await scene.ask(reply(asked.id))
    answered.resolve()

    expect(sent.status).toBe(202)
    const { Fluegel: _, ...own } = answer
    expect(scene.upstream.asked.at(-1)?.body).toEqual({ jsonrpc: '2.0', id: 'their-id', result: own })
    expect(await stream.rest()).toMatchObject([{ id: 1, result: {} }])
    expect(scene.trail.of('intent').map(({ method }) => method)).toEqual([
      'tools/call',
      'sampling/createMessage',
    ])
  },
)

verifies('access:questions', 'nobody else answers, nor anybody twice, nor what was not asked', async () => {
  const answered = Promise.withResolvers<void>()
  scene.upstream.answering = streaming(async (write) => {
    write(question)
    await answered.promise
  })
  const stream = await open(scene, call())
  const asked = (await stream.next()) as { id: number }
  const another = await scene.token({ sub: 'clinician-2' })

  expect(reason(await scene.ask({ ...reply(asked.id), token: another }))).toBe('question-unknown')
  expect(reason(await scene.ask(reply(asked.id + 1)))).toBe('question-unknown')
  expect(reason(await scene.ask(reply('their-id')))).toBe('question-unknown')
  expect((await scene.ask(reply(asked.id))).status).toBe(202)
  expect(reason(await scene.ask(reply(asked.id)))).toBe('question-unknown')
  answered.resolve()
  await stream.rest()

  const back = scene.upstream.asked.filter(({ body }) => body['method'] === undefined)
  expect(back).toHaveLength(1)
})

verifies('access:questions', 'a server that asks what the policy does not name is told so', async () => {
  const { sampling: _, ...others } = all
  scene.use(aPolicy({ ...policy, fromServer: others }))
  scene.upstream.answering = streaming((write) => write(question))

  const sent = await scene.ask(call())

  expect(sent.text).not.toContain('sampling')
  await expect
    .poll(() => scene.upstream.asked.map(({ body }) => body))
    .toContainEqual({ jsonrpc: '2.0', id: 'their-id', error: expect.objectContaining({ code: -32601 }) })
})

test('a server that asks whether its caller is there is answered in the caller’s place', async () => {
  scene.upstream.answering = streaming((write) =>
    write({ id: 'there?', method: 'ping', params: { Fluegel: 1 } }),
  )

  const sent = await scene.ask(call())

  expect(sent.text).not.toContain('ping')
  await expect
    .poll(() => scene.upstream.asked.map(({ body }) => body))
    .toContainEqual({ jsonrpc: '2.0', id: 'there?', result: {} })
})

verifies('access:questions', 'sampling stops with the agreement of its model', async () => {
  const sampling = { text: 'Redact' as const, agreement: 'openai' }
  scene.use(aPolicy({ ...policy, fromServer: { ...all, sampling } }))
  scene.upstream.answering = streaming((write) => write(question))

  expect((await scene.ask(call())).text).not.toContain('sampling')
})

const updated = (one: string) => ({ method: 'notifications/resources/updated', params: { uri: one } })

async function session(): Promise<Record<string, string>> {
  scene.upstream.answering = withResult(
    {
      protocolVersion: '2025-11-25',
      capabilities: { resources: {} },
      serverInfo: { name: 's', version: '1' },
    },
    { 'mcp-session-id': 'servers-own' },
  )
  const begun = await scene.ask(aMessage('initialize', { protocolVersion: '2025-11-25', capabilities: {} }))
  return {
    'mcp-session-id': String(begun.headers['mcp-session-id']),
    'mcp-protocol-version': '2025-11-25',
  }
}

verifies('access:streams', 'a session hears what it subscribed to, and nothing else', async () => {
  const headers = await session()
  const uri = 'ehr://patients/p-7/labs'
  scene.upstream.answering = withResult({})
  await scene.ask({ ...aMessage('resources/subscribe', { uri }), headers })
  scene.upstream.answering = streaming((write) => {
    write(updated('ehr://patients/Fluegel/labs'))
    write(updated(uri))
    write({ method: 'notifications/tools/list_changed' })
  }, undefined)

  const stream = await open(scene, { method: 'GET', headers })

  expect(await stream.rest()).toEqual([
    { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } },
    { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: {} },
  ])
  expect(scene.upstream.asked.at(-1)?.headers).toMatchObject({ 'mcp-session-id': 'servers-own' })
  expect(scene.trail.of('intent').at(-1)).toMatchObject({ method: 'GET' })
})

const clerk = aRole({ name: 'clerk', when: { role: 'Clerk', scopes: [], actor: 'Forbidden' } })
const watching = { ...policy, roles: [...policy.roles, clerk] }
const losses: { when: string; role?: string; lose?: () => void }[] = [
  { when: 'the role loses the resource', lose: () => scene.use(aPolicy({ ...policy, roles: [aRole()] })) },
  {
    when: 'the role loses the purpose',
    lose: () =>
      scene.use(aPolicy({ ...policy, roles: [aRole({ resources: ['labs'], purposes: ['HRESCH'] })] })),
  },
  { when: 'the caller has lost the role', role: 'Clerk' },
]
for (const { when, role = 'Clinician', lose } of losses)
  verifies('access:streams', `changes of a resource are told no longer when ${when}`, async () => {
    scene.use(aPolicy(watching))
    const headers = await session()
    const uri = 'ehr://patients/p-7/labs'
    scene.upstream.answering = withResult({})
    await scene.ask({ ...aMessage('resources/subscribe', { uri }), headers })
    scene.upstream.answering = streaming(async (write) => {
      write(updated(uri))
      write({ method: 'notifications/tools/list_changed' })
      await sleep(6_000, undefined, { ref: false })
    }, undefined)
    const before = await open(scene, { method: 'GET', headers })
    expect(await before.next()).toMatchObject({ method: 'notifications/resources/updated', params: { uri } })

    const since = performance.now()
    lose?.()
    if (lose !== undefined) await before.rest()
    before.leave()
    const token = await scene.token({ realm_access: { roles: [role] } })
    const after = await open(scene, { method: 'GET', headers, token })

    expect(await after.next()).toMatchObject({ method: 'notifications/tools/list_changed' })
    expect(performance.now() - since).toBeLessThan(5_000)
    after.leave()
  })

verifies('access:streams', 'a stream ends with a lockdown and with other orders', async () => {
  for (const change of [
    () => scene.orders.set({ locked: 'lockdown' }),
    () => scene.use(aPolicy({ ...policy, roles: [] })),
  ]) {
    const headers = await session()
    scene.upstream.answering = streaming(async (write) => {
      write({ method: 'notifications/tools/list_changed' })
      await sleep(3_000, undefined, { ref: false })
    }, undefined)
    const stream = await open(scene, { method: 'GET', headers })
    await stream.next()
    const since = performance.now()

    change()

    await stream.rest()
    expect(performance.now() - since).toBeLessThan(2_000)
    scene.use(aPolicy(policy))
  }
})

verifies('access:streams', 'one person opens no more than sixteen', async () => {
  const headers = await session()
  const goOn = Promise.withResolvers<void>()
  scene.upstream.answering = streaming(async (write) => {
    write({ method: 'notifications/tools/list_changed' })
    await goOn.promise
  }, undefined)
  const streams = await Promise.all(
    Array.from({ length: 16 }, async () => await open(scene, { method: 'GET', headers })),
  )
  for (const one of streams) await one.next()

  const over = await scene.ask({ method: 'GET', body: '', headers })

  expect(over.status).toBe(429)
  goOn.resolve()
  await Promise.all(streams.map(async (one) => await one.rest()))
  scene.upstream.answering = streaming(
    (write) => write({ method: 'notifications/tools/list_changed' }),
    undefined,
  )
  await expect.poll(async () => (await open(scene, { method: 'GET', headers })).status).toBe(200)
})

verifies('access:streams', 'DELETE ends the session here and at the server', async () => {
  const headers = await session()
  scene.upstream.answering = (_, response) => response.writeHead(204).end()

  expect((await scene.ask({ method: 'DELETE', body: '', headers })).status).toBe(202)
  expect(scene.upstream.asked.at(-1)?.headers['mcp-session-id']).toBe('servers-own')
  const after = await scene.ask({ ...aMessage('ping'), headers })
  expect(after.status).toBe(404)
})

test('a call that is cancelled is cancelled at the server by the id that it knows', async () => {
  const headers = await session()
  const cancelled = Promise.withResolvers<void>()
  scene.upstream.answering = async ({ body }, response) => {
    if (body['method'] === 'notifications/cancelled') {
      response.writeHead(202).end()
      cancelled.resolve()
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    await cancelled.promise
    response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id: body['id'], result: { content: [] } })}\n\n`)
  }
  const running = scene.ask({ ...aCall({ patient_id: 'p-7' }, { id: 'long' }), headers })
  await expect.poll(() => scene.upstream.asked.length).toBe(2)

  const cancel = aMessage('notifications/cancelled', { requestId: 'long', reason: 'Fluegel' }, { id: null })
  expect((await scene.ask({ ...cancel, headers })).status).toBe(202)
  await running

  const [, called, told] = scene.upstream.asked
  expect(told?.body['params']).toEqual({ requestId: called?.body['id'] })
  expect((await scene.ask({ ...cancel, headers })).status).toBe(400)
})

test('from 2026-07-28 on a caller who leaves cancels the call, and its result is unknown', async () => {
  const left = Promise.withResolvers<void>()
  scene.upstream.answering = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...progress(1) })}\n\n`)
    response.once('close', () => left.resolve())
  }
  const sent = aCall({ patient_id: 'p-7' }, { revision: '2026-07-28' })
  const message = JSON.parse(String(sent.body)) as { params: Record<string, Record<string, unknown>> }
  Object.assign(message.params['_meta'] ?? {}, { progressToken: 7 })
  const stream = await open(scene, { ...sent, body: JSON.stringify(message) })
  await stream.next()

  stream.leave()
  await left.promise

  await expect.poll(() => scene.trail.of('result')).toMatchObject([{ outcome: 'unknown' }])
  expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'caller-gone' }])
})

verifies('access:streams', 'subscriptions/listen is cut to what the caller may hear of', async () => {
  const uri = 'ehr://patients/p-7/labs'
  scene.upstream.answering = streaming((write, id) => {
    const meta = { _meta: { 'io.modelcontextprotocol/subscriptionId': id } }
    write({
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { Fluegel: 1 }, ...meta },
    })
    write({ method: 'notifications/tools/list_changed', params: meta })
    write({ method: 'notifications/resources/updated', params: { uri: 'ehr://Fluegel', ...meta } })
    write({ method: 'notifications/resources/updated', params: { uri, ...meta } })
  }, undefined)
  const wanted = {
    notifications: {
      toolsListChanged: true,
      Fluegel: true,
      resourceSubscriptions: [uri, 'ehr://Fluegel', 7],
    },
  }

  const stream = await open(
    scene,
    aMessage('subscriptions/listen', wanted, { revision: '2026-07-28', id: 'sub' }),
  )
  const events = await stream.rest()

  const meta = { 'io.modelcontextprotocol/subscriptionId': 'sub' }
  expect(events.slice(0, 3)).toEqual([
    {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true, resourceSubscriptions: [uri] }, _meta: meta },
    },
    { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: meta } },
    { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri, _meta: meta } },
  ])
  expect(scene.upstream.asked[0]?.body['params']).toMatchObject({
    notifications: { toolsListChanged: true, resourceSubscriptions: [uri] },
  })
})

verifies('access:limits', 'patients in log messages count like those in results', async () => {
  const few = someLimits({ callsPerMinute: 60, patientsPerHour: 3, resultBytes: 262_144 })
  scene.use(
    aPolicy({
      ...policy,
      tools: [aTool({ name: 'get_few', limits: few })],
      roles: [aRole({ tools: ['get_few'] })],
    }),
  )
  scene.upstream.answering = streaming((write) => {
    for (let at = 0; at < 10; at += 1)
      write({ method: 'notifications/message', params: { level: 'info', data: `Patient/other-${at}` } })
  })

  const events = await (
    await open(scene, aMessage('tools/call', { name: 'get_few', arguments: { patient_id: 'p-7' } }))
  ).rest()

  expect(events.filter(({ method }) => method === 'notifications/message')).toHaveLength(2)
  expect(scene.trail.of('result')).toMatchObject([{ dropped: { 'server-message': 8 } }])
})

verifies('access:limits', 'bytes of log messages count like those of results', async () => {
  const few = someLimits({ resultBytes: 1024, resultBytesPerHour: 1024 })
  scene.use(
    aPolicy({
      ...policy,
      tools: [aTool({ name: 'get_little', limits: few })],
      roles: [aRole({ tools: ['get_little'] })],
    }),
  )
  const data = 'words of a log '.repeat(10)
  scene.upstream.answering = streaming((write) => {
    for (let at = 0; at < 10; at += 1)
      write({ method: 'notifications/message', params: { level: 'info', data } })
  })

  const events = await (
    await open(scene, aMessage('tools/call', { name: 'get_little', arguments: { patient_id: 'p-8' } }))
  ).rest()

  const shown = events.filter(({ method }) => method === 'notifications/message')
  expect(shown.length).toBeGreaterThan(1)
  expect(shown.length).toBeLessThan(5)
})

test('a process that stops ends its streams, and does not wait for them', async () => {
  const stopping = await aScene({ policy })
  try {
    stopping.upstream.answering = withResult(
      { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } },
      { 'mcp-session-id': 'servers-own' },
    )
    const begun = await stopping.ask(
      aMessage('initialize', { protocolVersion: '2025-11-25', capabilities: {} }),
    )
    stopping.upstream.answering = streaming(async (write) => {
      write({ method: 'notifications/tools/list_changed' })
      await sleep(10_000, undefined, { ref: false })
    }, undefined)
    const headers = {
      'mcp-session-id': String(begun.headers['mcp-session-id']),
      'mcp-protocol-version': '2025-11-25',
    }
    const stream = await open(stopping, { method: 'GET', headers })
    await stream.next()
    const since = performance.now()

    await stopping.calls.drain()

    expect(performance.now() - since).toBeLessThan(2_000)
    expect(stopping.trail.of('result').at(-1)).toMatchObject({ outcome: 'ok' })
  } finally {
    await stopping.end()
  }
})

test('what was said before a call failed comes first, and nothing after its end', async () => {
  for (let round = 0; round < 5; round += 1) {
    scene.upstream.answering = streaming((write, id) => {
      for (let at = 0; at < 8; at += 1) write(progress(at))
      write({ id, error: { code: -32000, message: 'Fluegel' } })
    }, undefined)

    const events = await (await open(scene, call({ progressToken: 1 }))).rest()

    expect(events.slice(0, 8).map(({ method }) => method)).toEqual(
      Array.from({ length: 8 }, () => 'notifications/progress'),
    )
    expect(events.slice(8)).toMatchObject([{ id: 1, result: { isError: true } }])
  }
})

test('a caller who leaves while the intent is recorded leaves nothing behind', async () => {
  scene.trail.delay = 200
  const headers = await session()
  scene.upstream.answering = streaming(async (write) => {
    write({ method: 'notifications/tools/list_changed' })
    await sleep(5_000, undefined, { ref: false })
  }, undefined)
  const before = scene.trail.of('result').length
  for (let at = 0; at < 20; at += 1) {
    const leaving = open(scene, { method: 'GET', headers }).catch(() => undefined)
    await sleep(20)
    scene.calls.server.closeAllConnections()
    await leaving
  }

  scene.trail.delay = 0
  await expect
    .poll(() => scene.trail.of('result').length, { timeout: 4_000 })
    .toBeGreaterThanOrEqual(before + 16)
  scene.upstream.answering = streaming(
    (write) => write({ method: 'notifications/tools/list_changed' }),
    undefined,
  )
  expect((await open(scene, { method: 'GET', headers })).status).toBe(200)
})

verifies(
  'access:limits',
  'one person keeps no more than sixty-four calls running, and others are served',
  async () => {
    const goOn = Promise.withResolvers<void>()
    const many = someLimits({ callsPerMinute: 6000, patientsPerHour: 6000, resultBytes: 262_144 })
    scene.use(aPolicy({ ...policy, tools: [aTool({ limits: many })] }))
    scene.upstream.answering = async ({ body }, response) => {
      await goOn.promise
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id: body['id'], result: { content: [] } }))
    }
    const running: ReturnType<Scene['ask']>[] = []
    // A few at a time: each has a connection of its own, and handshakes in progress are bounded.
    for (let asked = 8; asked <= 64; asked += 8) {
      running.push(...Array.from({ length: 8 }, async () => await scene.ask(aCall())))
      await expect.poll(() => scene.upstream.asked.length, { timeout: 10_000 }).toBe(asked)
    }

    const agent = await scene.agent()
    expect(reason(await scene.ask({ ...aCall(), agent }))).toBe('calls-over-limit')
    const another = scene.ask({ ...aCall(), agent, token: await scene.token({ sub: 'clinician-2' }) })
    await expect.poll(() => scene.upstream.asked.length, { timeout: 10_000 }).toBe(65)
    goOn.resolve()

    expect((await Promise.all([...running, another])).every(({ status }) => status === 200)).toBe(true)
    expect(reason(await scene.ask(aCall()))).toBeUndefined()
  },
)

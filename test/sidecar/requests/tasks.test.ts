// Calls that answer later: whose task it is, what of it is shown, and by which rules.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { FromServer, Policy } from '../../../core/policy.ts'
import type { Revision } from '../../../sidecar/exchange.ts'
import { withResult } from '../../support/mcp-server.ts'
import { aMessage } from '../../support/message.ts'
import { aPolicy, aRole, aTool, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { open } from '../../support/stream.ts'
import { verifies } from '../../verifies.ts'

const fromServer: FromServer = {
  tasks: {},
  elicitation: { text: 'Redact', modes: ['form'], hosts: [] },
  logging: { text: 'Redact' },
}
const limits = someLimits({ callsPerMinute: 1000, patientsPerHour: 1000, resultBytes: 262_144 })
const tool = aTool({
  returns: { fields: ['/code'], patients: ['/patient'], text: 'Redact', media: 'Drop' },
  limits,
})
const policy: Partial<Policy> = {
  fromServer,
  tools: [tool],
  patient: { claim: '/patient' },
  roles: [
    aRole(),
    aRole({ name: 'patient', when: { role: 'Patient', scopes: [], actor: 'Forbidden' }, patients: 'Bound' }),
  ],
}

let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy })
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
  scene.use(aPolicy(policy))
  expect(scene.faults.splice(0)).toEqual([])
})

type Json = Record<string, unknown>
const servers = 'their-own-task-id'
const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
const both = ['2025-11-25', '2026-07-28'] as const
const flat = (revision: Revision) => revision === '2026-07-28'
const when = '2026-07-28T10:30:00Z'

/** A task as the server says it. */
function state(revision: Revision, more: Json = {}): Json {
  return {
    taskId: servers,
    status: 'working',
    createdAt: when,
    lastUpdatedAt: when,
    ...(flat(revision) ? { ttlMs: 60_000, pollIntervalMs: 500 } : { ttl: 60_000, pollInterval: 500 }),
    ...more,
  }
}
const created = (revision: Revision, more: Json = {}) =>
  flat(revision)
    ? { resultType: 'task', ...state(revision, more) }
    : { task: state(revision, more), _meta: { Fluegel: 1 } }

const message = (method: string, params: Json, revision: Revision, purpose: string | null = 'TREAT') =>
  aMessage(method, params, { revision, purpose, capabilities })
const call = (revision: Revision, patient = 'p-7') =>
  message(
    'tools/call',
    {
      name: 'get_diagnosis',
      arguments: { patient_id: patient },
      ...(flat(revision) ? {} : { task: { ttl: 60_000, Fluegel: 1 } }),
    },
    revision,
  )
const resultOf = (reply: { json: Json }) => reply.json['result'] as Json
const refusal = (reply: { json: Json }) =>
  (reply.json['error'] as { code: number; data: { reason: string } } | undefined)?.data.reason

/** Makes a task, and returns the caller's handle of it. */
async function begin(revision: Revision, token?: string): Promise<string> {
  scene.upstream.answering = withResult(created(revision))
  const reply = await scene.ask({ ...call(revision), ...(token === undefined ? {} : { token }) })
  const result = resultOf(reply)
  return String((flat(revision) ? result : (result['task'] as Json))['taskId'])
}
/** Asks after it. */
async function after(method: string, taskId: string, revision: Revision, result: unknown, token?: string) {
  scene.upstream.answering = withResult(result)
  return await scene.ask({
    ...message(method, { taskId }, revision),
    ...(token === undefined ? {} : { token }),
  })
}
const bound = async () => await scene.token({ realm_access: { roles: ['Patient'] }, patient: 'p-7' })

for (const revision of both) {
  verifies(
    'access:tasks',
    `a task of ${revision} goes by a handle, and the server gets its own id`,
    async () => {
      scene.upstream.answering = withResult(
        created(revision, { statusMessage: 'Reading Jane, 555-123-4567', Fluegel: 1 }),
      )
      const reply = await scene.ask(call(revision))
      const result = resultOf(reply)
      const task = (flat(revision) ? result : result['task']) as Json

      expect(reply.text).not.toContain('Fluegel')
      expect(reply.text).not.toContain(servers)
      expect(task).toMatchObject({
        ...state(revision),
        taskId: expect.stringMatching(/^[A-Za-z0-9_-]{60,}$/),
        statusMessage: 'Reading [NAME], [PHONE]',
      })
      const sent = scene.upstream.asked[0]?.body['params'] as Json
      expect(sent['task']).toEqual(flat(revision) ? undefined : { ttl: 60_000 })

      const taskId = String(task['taskId'])
      const got = await after('tasks/get', taskId, revision, state(revision, { Fluegel: 1 }))

      expect(resultOf(got)).toEqual({
        ...state(revision),
        taskId,
        ...(flat(revision) ? { resultType: 'complete' } : {}),
      })
      expect(scene.upstream.asked[1]?.body['params']).toMatchObject({ taskId: servers })
      expect(scene.upstream.asked[1]?.headers['mcp-name']).toBe(flat(revision) ? servers : undefined)
      expect(scene.trail.of('intent')).toMatchObject([
        { method: 'tools/call', tool: 'get_diagnosis', patients: [{}] },
        { method: 'tasks/get', tool: 'get_diagnosis', patients: [{}] },
      ])
      expect(scene.trail.of('result')).toMatchObject([
        { outcome: 'ok', redacted: { phone: 1 }, patients: [{}] },
        { outcome: 'ok', patients: [{}] },
      ])
    },
  )

  verifies(
    'access:tasks',
    `nobody else asks after a task of ${revision}, nor anybody by another handle`,
    async () => {
      const handle = await begin(revision)
      const changed = `${handle.slice(0, -2)}${handle.endsWith('AA') ? 'BB' : 'AA'}`
      const another = await scene.token({ sub: 'clinician-2' })
      const asked = scene.upstream.asked.length

      for (const [taskId, token] of [
        [handle, another],
        [changed, undefined],
        [servers, undefined],
      ] as const) {
        const reply = await after('tasks/get', taskId, revision, state(revision), token)
        expect(reply.json['error']).toMatchObject({ code: -32602, data: { reason: 'task-unknown' } })
      }
      expect(scene.upstream.asked).toHaveLength(asked)
      expect(scene.trail.of('refusal').map(({ reason }) => reason)).toEqual(Array(3).fill('task-unknown'))
    },
  )

  verifies('access:tasks', `a task of ${revision} is over with the role that made it`, async () => {
    const handle = await begin(revision)
    scene.use(aPolicy({ ...policy, roles: [aRole({ tools: [], prompts: [] })] }))

    expect(refusal(await after('tasks/get', handle, revision, state(revision)))).toBe('task-unknown')
  })

  verifies('access:tasks', `without tasks in the policy there are none in ${revision}`, async () => {
    const handle = await begin(revision)
    const { tasks: _, ...others } = fromServer
    scene.use(aPolicy({ ...policy, fromServer: others }))

    expect(refusal(await after('tasks/get', handle, revision, state(revision)))).toBe('method-unknown')
    scene.upstream.answering = withResult(created(revision))
    const reply = await scene.ask(call(revision))
    expect(reply.text).not.toContain(servers)
    expect(reply.text).toContain('upstream-malformed')
    const sent = JSON.stringify(scene.upstream.asked.at(-1)?.body)
    expect(sent).not.toContain('"task"')
    expect(sent).not.toContain('modelcontextprotocol/tasks')
  })

  test(`another server's state of a task of ${revision} is none`, async () => {
    const handle = await begin(revision)
    for (const wrong of [{ status: 'Fluegel' }, { createdAt: 'Fluegel' }, { lastUpdatedAt: 7 }]) {
      const reply = await after('tasks/get', handle, revision, state(revision, wrong))
      expect(refusal(reply)).toBe('upstream-malformed')
      expect(reply.text).not.toContain('Fluegel')
    }
  })

  test(`a task of ${revision} is asked after without a purpose: its call had one`, async () => {
    const handle = await begin(revision)
    scene.upstream.answering = withResult(state(revision))

    const reply = await scene.ask(message('tasks/get', { taskId: handle }, revision, null))

    expect(resultOf(reply)).toMatchObject({ status: 'working' })
    expect(scene.trail.of('intent').at(-1)).toMatchObject({ purpose: 'TREAT' })
  })

  test(`polling a task of ${revision} uses up no calls`, async () => {
    scene.use(aPolicy({ ...policy, tools: [aTool({ ...tool, limits: { ...limits, callsPerMinute: 1 } })] }))
    const token = await scene.token({ sub: `clinician-${revision}` })
    const handle = await begin(revision, token)

    for (let at = 0; at < 5; at += 1)
      expect(refusal(await after('tasks/get', handle, revision, state(revision), token))).toBeUndefined()
    expect(refusal(await scene.ask({ ...call(revision), token }))).toBe('calls-over-limit')
  })
}

/** How each revision brings a result: a message, and what is around the result. */
const ways = {
  '2025-11-25': { method: 'tasks/result', around: (result: Json): Json => result },
  '2026-07-28': {
    method: 'tasks/get',
    around: (result: Json): Json => state('2026-07-28', { status: 'completed', result }),
  },
} as const
const document = (patient = 'p-7') => ({
  content: [{ type: 'text', text: JSON.stringify({ code: 'E11', patient, name: 'Fluegel' }) }],
  structuredContent: { code: 'E11', patient, name: 'Fluegel' },
  _meta: { Fluegel: 1 },
})

for (const revision of both) {
  const { method, around } = ways[revision]
  const inner = (reply: { json: Json }) =>
    flat(revision) ? (resultOf(reply)['result'] as Json) : resultOf(reply)

  verifies('minimum:tasks', `the result of a task of ${revision} is cut by its tool's rules`, async () => {
    const handle = await begin(revision)

    const reply = await after(method, handle, revision, around(document()))

    expect(inner(reply)).toMatchObject({ structuredContent: { code: 'E11' } })
    expect(reply.text).not.toContain('Fluegel')
    if (!flat(revision))
      expect(inner(reply)['_meta']).toEqual({ 'io.modelcontextprotocol/related-task': { taskId: handle } })
    const [, entry] = scene.trail.of('result')
    expect(entry).toMatchObject({ outcome: 'ok', patients: [{}], kept: { '/code': 1 } })
    expect(JSON.stringify(scene.trail.entries)).not.toContain('p-7')
  })

  verifies('minimum:tasks', `a result of ${revision} about another patient is refused`, async () => {
    const token = await bound()
    const handle = await begin(revision, token)

    const own = await after(method, handle, revision, around(document()), token)
    const others = await after(method, handle, revision, around(document('p-8')), token)

    expect(refusal(own)).toBeUndefined()
    expect(refusal(others)).toBe('patient-not-permitted')
    expect(others.text).not.toContain('E11')
  })

  verifies('access:tasks', `the patient of a task of ${revision} must be within reach by now`, async () => {
    const handle = await begin(revision)
    const token = await scene.token({ realm_access: { roles: ['Patient'] }, patient: 'p-8' })

    const reply = await after(method, handle, revision, around(document()), token)

    expect(refusal(reply)).toBe('patient-not-permitted')
  })

  test(`an error of a tool in a task of ${revision} is worded by us`, async () => {
    const handle = await begin(revision)
    const failed = { content: [{ type: 'text', text: 'Fluegel' }], isError: true }

    const reply = await after(method, handle, revision, around(failed))

    expect(inner(reply)).toMatchObject({ isError: true })
    expect(reply.text).not.toContain('Fluegel')
    expect(scene.trail.of('result').at(-1)).toMatchObject({ outcome: 'tool-error' })
  })
}

const now = '2026-07-28'

verifies('minimum:tasks', 'the error of a task is worded by us', async () => {
  const handle = await begin(now)
  const failed = state(now, {
    status: 'failed',
    error: { code: -32603, message: 'Fluegel', data: 'Fluegel' },
  })

  const reply = await after('tasks/get', handle, now, failed)

  expect(resultOf(reply)).toMatchObject({ status: 'failed', error: { code: -32603 } })
  expect(reply.text).not.toContain('Fluegel')
})

const asking = (method: string, params: Json): Json =>
  state(now, { status: 'input_required', inputRequests: { first: { method, params } } })

verifies('access:input-rounds', 'a task asks under policy, and is answered by tasks/update', async () => {
  const handle = await begin(now)
  const form = { message: 'Call 555-123-4567?', requestedSchema: { type: 'object' }, _meta: { Fluegel: 1 } }

  const reply = await after('tasks/get', handle, now, asking('elicitation/create', form))

  expect(resultOf(reply)['inputRequests']).toEqual({
    first: {
      method: 'elicitation/create',
      params: { message: 'Call [PHONE]?', requestedSchema: { type: 'object' } },
    },
  })
  const inputResponses = { first: { action: 'accept', content: { name: 'Ann' } } }
  scene.upstream.answering = withResult({ Fluegel: 1 })
  const updated = await scene.ask(message('tasks/update', { taskId: handle, inputResponses }, now))
  expect(resultOf(updated)).toEqual({ resultType: 'complete' })
  expect(scene.upstream.asked.at(-1)?.body['params']).toMatchObject({ taskId: servers, inputResponses })
  expect(scene.upstream.asked.at(-1)?.headers['mcp-name']).toBe(servers)

  const forbidden = await after('tasks/get', handle, now, asking('sampling/createMessage', { messages: [] }))
  expect(refusal(forbidden)).toBe('upstream-asks')
  const nothing = await scene.ask(message('tasks/update', { taskId: handle }, now))
  expect(refusal(nothing)).toBe('input-malformed')
})

for (const revision of both)
  verifies(
    'access:limits',
    `the patients that a task of ${revision} tells of count like those of a result`,
    async () => {
      scene.use(
        aPolicy({ ...policy, tools: [aTool({ ...tool, limits: { ...limits, patientsPerHour: 2 } })] }),
      )
      const token = await scene.token({ sub: `clinician of ${revision}` })
      const handle = await begin(revision, token)
      const about = (patient: string) => state(revision, { statusMessage: `Reading Patient/${patient}` })

      expect(refusal(await after('tasks/get', handle, revision, about('p-8'), token))).toBeUndefined()
      expect(refusal(await after('tasks/get', handle, revision, about('p-9'), token))).toBe(
        'patients-over-limit',
      )
    },
  )

verifies('access:tasks', 'who does not say that they know tasks is refused with the capability', async () => {
  const handle = await begin(now)
  const plain = { revision: now, purpose: 'TREAT' } as const

  for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
    const reply = await scene.ask(aMessage(method, { taskId: handle, inputResponses: {} }, plain))
    expect(reply.json['error']).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } },
    })
  }
  scene.upstream.answering = withResult(created(now))
  const unasked = await scene.ask(
    aMessage('tools/call', { name: 'get_diagnosis', arguments: { patient_id: 'p-7' } }, plain),
  )
  expect(unasked.text).toContain('upstream-malformed')
})

verifies('access:tasks', 'a wrong Mcp-Name is refused', async () => {
  const handle = await begin(now)
  const sent = message('tasks/get', { taskId: handle }, now)

  const reply = await scene.ask({ ...sent, headers: { ...sent.headers, 'mcp-name': servers } })

  expect(refusal(reply)).toBe('headers-disagree')
})

verifies('access:tasks', 'a task is cancelled by its handle', async () => {
  const old = await begin('2025-11-25')
  const cancelled = state('2025-11-25', { status: 'cancelled' })
  expect(resultOf(await after('tasks/cancel', old, '2025-11-25', cancelled))).toEqual({
    ...cancelled,
    taskId: old,
  })
  const young = await begin(now)
  expect(resultOf(await after('tasks/cancel', young, now, { Fluegel: 1 }))).toEqual({
    resultType: 'complete',
  })
})

verifies('access:tasks', 'nobody lists tasks, and no capability says so', async () => {
  expect(refusal(await scene.ask(message('tasks/list', {}, '2025-11-25')))).toBe('method-unknown')
  expect(refusal(await scene.ask(message('tasks/list', {}, now)))).toBe('method-unknown')
  const info = { protocolVersion: '2025-11-25', serverInfo: { name: 's', version: '1' } }
  const tasks = { list: {}, cancel: {}, requests: { tools: { call: {} }, Fluegel: {} } }
  scene.upstream.answering = withResult({ ...info, capabilities: { tools: {}, tasks } })
  const mine = { protocolVersion: '2025-11-25', capabilities: { tasks } }
  const reply = await scene.ask(aMessage('initialize', mine))

  expect((resultOf(reply)['capabilities'] as Json)['tasks']).toEqual({
    cancel: {},
    requests: { tools: { call: {} } },
  })
  expect(JSON.stringify(scene.upstream.asked.at(-1)?.body)).not.toContain('tasks')

  scene.upstream.answering = withResult({
    supportedVersions: [now],
    capabilities: { extensions: { 'io.modelcontextprotocol/tasks': { Fluegel: 1 }, 'x/Fluegel': {} } },
  })
  const discovered = await scene.ask(message('server/discover', {}, now))
  expect((resultOf(discovered)['capabilities'] as Json)['extensions']).toEqual(capabilities.extensions)

  const listed = await scene.ask(message('tools/list', {}, '2025-11-25'))
  expect(resultOf(listed)['tools']).toMatchObject([{ execution: { taskSupport: 'optional' } }])
})

async function session(): Promise<Record<string, string>> {
  scene.upstream.answering = withResult(
    { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } },
    { 'mcp-session-id': 'servers-own' },
  )
  const begun = await scene.ask(aMessage('initialize', { protocolVersion: '2025-11-25', capabilities: {} }))
  return {
    'mcp-session-id': String(begun.headers['mcp-session-id']),
    'mcp-protocol-version': '2025-11-25',
  }
}
const events =
  (...messages: Json[]) =>
  (_: unknown, response: import('node:http').ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const one of messages) response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...one })}\n\n`)
    response.end()
  }

verifies('minimum:tasks', 'a session hears how its own tasks stand, under their handles', async () => {
  const headers = await session()
  scene.upstream.answering = withResult(created('2025-11-25'))
  const reply = await scene.ask({ ...call('2025-11-25'), headers })
  const { taskId } = resultOf(reply)['task'] as { taskId: string }
  const method = 'notifications/tasks/status'
  scene.upstream.answering = events(
    { method, params: state('2025-11-25', { taskId: 'another' }) },
    { method, params: state('2025-11-25', { status: 'Fluegel' }) },
    { method, params: state('2025-11-25', { statusMessage: 'Call 555-123-4567', Fluegel: 1 }) },
  )

  const heard = await (await open(scene, { method: 'GET', headers })).rest()

  expect(heard).toEqual([
    {
      jsonrpc: '2.0',
      method,
      params: { ...state('2025-11-25'), taskId, statusMessage: 'Call [PHONE]' },
    },
  ])
  expect(scene.trail.of('event')).toMatchObject([{ method, redacted: { phone: 1 }, patients: [{}] }])
})

verifies('access:tasks', `another's session is nothing to a message of ${now}`, async () => {
  const headers = await session()
  scene.upstream.answering = withResult(created('2025-11-25'))
  const made = await scene.ask({ ...call('2025-11-25'), headers })
  const { taskId } = resultOf(made)['task'] as { taskId: string }
  const token = await scene.token({ sub: 'nurse-8' })
  const theirs = { 'mcp-session-id': String(headers['mcp-session-id']) }
  const asking = call(now)

  // A task of another person, under the id of the first.
  scene.upstream.answering = withResult(created(now))
  const other = await scene.ask({ ...asking, headers: { ...asking.headers, ...theirs }, token })
  const again = message('tasks/get', { taskId: String(resultOf(other)['taskId']) }, now)
  scene.upstream.answering = withResult(state(now))
  await scene.ask({ ...again, headers: { ...again.headers, ...theirs }, token })
  const method = 'notifications/tasks/status'
  scene.upstream.answering = events({ method, params: state('2025-11-25') })
  const heard = await (await open(scene, { method: 'GET', headers })).rest()

  expect(heard).toMatchObject([{ method, params: { taskId } }])
})

verifies('access:questions', 'a question of a task names it by the caller’s handle', async () => {
  const headers = await session()
  scene.upstream.answering = withResult(created('2025-11-25'))
  const made = await scene.ask({ ...call('2025-11-25'), headers })
  const { taskId } = resultOf(made)['task'] as { taskId: string }
  const related = { 'io.modelcontextprotocol/related-task': { taskId: servers }, Fluegel: 1 }
  scene.upstream.answering = ({ body }, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const write = (one: Json) => response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...one })}\n\n`)
    const form = { message: 'Go on?', requestedSchema: { type: 'object' }, _meta: related }
    write({ id: 'q', method: 'elicitation/create', params: form })
    write({ id: body['id'], result: document() })
    response.end()
  }

  const stream = await open(scene, { ...message('tasks/result', { taskId }, '2025-11-25'), headers })
  const [asked, answer] = await stream.rest()

  expect(asked).toMatchObject({
    params: { _meta: { 'io.modelcontextprotocol/related-task': { taskId } } },
  })
  expect(answer).toMatchObject({ result: { structuredContent: { code: 'E11' } } })
  expect(JSON.stringify([asked, answer])).not.toContain('Fluegel')
})

verifies('access:tasks', 'a server gets no answer to tasks/* of its own', async () => {
  const headers = await session()
  scene.upstream.answering = ({ body }, response) => {
    if (body['method'] === undefined && 'error' in body) return response.writeHead(202).end()
    return events({ id: 'mine', method: 'tasks/get', params: { taskId: 'Fluegel' } })(body, response)
  }

  expect(await (await open(scene, { method: 'GET', headers })).rest()).toEqual([])
  await expect
    .poll(() => scene.upstream.asked.map(({ body }) => body))
    .toContainEqual(expect.objectContaining({ id: 'mine', error: expect.objectContaining({ code: -32601 }) }))
})

verifies('minimum:tasks', 'a subscription hears of the tasks that are its caller’s', async () => {
  const handle = await begin(now)
  const others = await begin(now, await scene.token({ sub: 'clinician-2' }))
  const method = 'notifications/tasks'
  scene.upstream.answering = ({ body }, response) => {
    const meta = { _meta: { 'io.modelcontextprotocol/subscriptionId': body['id'] } }
    const say = (params: Json) => ({ method, params: { ...params, ...meta } })
    return events(
      { method: 'notifications/subscriptions/acknowledged', params: { notifications: {}, ...meta } },
      say(state(now, { taskId: 'another' })),
      say(state(now, { status: 'completed', result: document() })),
    )(body, response)
  }
  const notifications = { taskIds: [handle, others, 'Fluegel'] }

  const listened = aMessage(
    'subscriptions/listen',
    { notifications },
    { revision: now, id: 's', capabilities },
  )
  const heard = await (await open(scene, listened)).rest()

  const meta = { _meta: { 'io.modelcontextprotocol/subscriptionId': 's' } }
  expect(heard.slice(0, 2)).toMatchObject([
    { params: { notifications: { taskIds: [handle] }, ...meta } },
    {
      method,
      params: {
        taskId: handle,
        status: 'completed',
        result: { structuredContent: { code: 'E11' } },
        ...meta,
      },
    },
  ])
  expect(JSON.stringify(heard)).not.toContain('Fluegel')
  expect(scene.upstream.asked.at(-1)?.body['params']).toMatchObject({ notifications: { taskIds: [servers] } })
  expect(scene.trail.of('event').at(-1)).toMatchObject({ method, patients: [{}] })

  const unable = aMessage('subscriptions/listen', { notifications }, { revision: now })
  expect((await scene.ask(unable)).json['error']).toMatchObject({ code: -32021 })
})

verifies('access:tasks', 'who may not ask after a task is not told of it', async () => {
  const handle = await begin(now)
  const token = await scene.token({ realm_access: { roles: ['Patient'] }, patient: 'p-8' })
  scene.upstream.answering = events({ method: 'notifications/tasks', params: state(now) })
  const wanted = { notifications: { taskIds: [handle] } }

  const listened = aMessage('subscriptions/listen', wanted, { revision: now, capabilities })
  const heard = await (await open(scene, { ...listened, token })).rest()

  expect(JSON.stringify(heard)).not.toContain('working')
  expect(scene.upstream.asked.at(-1)?.body['params']).toMatchObject({ notifications: {} })
  expect(JSON.stringify(scene.upstream.asked.at(-1)?.body)).not.toContain(servers)
})

verifies('minimum:tasks', 'a message about another patient does not pass', async () => {
  const token = await bound()
  const handle = await begin(now, token)
  const about = (patient: string) => state(now, { statusMessage: `Reading Patient/${patient}` })

  expect(refusal(await after('tasks/get', handle, now, about('p-8'), token))).toBe('patient-not-permitted')
  expect(refusal(await after('tasks/get', handle, now, about('p-7'), token))).toBeUndefined()
})

verifies('access:tasks', 'any replica takes the handle of another', async () => {
  const handle = await begin(now)
  const replica = await aScene({ policy })
  replica.upstream.answering = withResult(state(now))

  const reply = await replica.ask(message('tasks/get', { taskId: handle }, now))
  await replica.end()

  expect(resultOf(reply)).toMatchObject({ status: 'working', taskId: handle })
  expect(replica.upstream.asked[0]?.body['params']).toMatchObject({ taskId: servers })
})

verifies('access:tasks', 'an id that no header can carry makes no task', async () => {
  for (const taskId of ['x'.repeat(4_000), '', 7]) {
    scene.upstream.answering = withResult(created(now, { taskId }))
    const reply = await scene.ask(call(now))
    expect(reply.json['result']).toMatchObject({ isError: true })
  }
})

verifies('access:tasks', 'a task that reaches further than its caller by now is not told of', async () => {
  const token = await bound()
  const handle = await begin(now, token)
  scene.upstream.answering = events({
    method: 'notifications/tasks',
    params: state(now, { status: 'completed', result: document('p-8') }),
  })
  const wanted = { notifications: { taskIds: [handle] } }

  const listened = aMessage('subscriptions/listen', wanted, { revision: now, capabilities })
  const heard = await (await open(scene, { ...listened, token })).rest()

  expect(JSON.stringify(heard)).not.toContain('E11')
})

test('a tool that is kept whole is kept whole in its task, but for the handle', async () => {
  const returns = { fields: [''], patients: [], text: 'Keep' as const, media: 'Keep' as const }
  scene.use(aPolicy({ ...policy, tools: [aTool({ ...tool, returns })] }))
  const handle = await begin(now)
  const whole = { content: [{ type: 'text', text: 'any' }], _meta: { any: 1 } }

  const reply = await after(
    'tasks/get',
    handle,
    now,
    state(now, { status: 'completed', result: whole, more: 1 }),
  )

  expect(resultOf(reply)).toEqual({
    ...state(now, { status: 'completed', more: 1 }),
    resultType: 'complete',
    taskId: handle,
    result: whole,
  })
})

test('a task that is made without being asked for is none', async () => {
  scene.upstream.answering = withResult(created('2025-11-25'))
  const plain = aMessage('tools/call', { name: 'get_diagnosis', arguments: { patient_id: 'p-7' } })

  const reply = await scene.ask(plain)

  expect(reply.text).toContain('upstream-malformed')
})

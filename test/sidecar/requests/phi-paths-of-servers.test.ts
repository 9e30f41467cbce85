// Every place of a server's messages, and beside them, that can hold patient data: it does not come out.

import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Revision } from '../../../sidecar/exchange.ts'
import { everything, identifiers, kept, mark, marksIn, word } from '../../support/markers.ts'
import type { McpServer } from '../../support/mcp-server.ts'
import { aMessage, type Sent } from '../../support/message.ts'
import { aPolicy } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy: everything('Drop') })
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
  expect(scene.faults.splice(0)).toEqual([])
})

type Answering = McpServer['answering']
type Members = Record<string, unknown>

const old = '2025-11-25'
const now = '2026-07-28'
const both = [old, now] as const
const meta = { [word]: mark, 'dev.example/x': { [word]: mark } }
const icons = [{ src: `data:text/plain,${mark}`, mimeType: word, sizes: [mark] }]
const annotations = { audience: [mark], lastModified: mark, [word]: mark }

const result =
  (value: unknown, headers: Record<string, string> = {}, status = 200): Answering =>
  ({ body }, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify({ jsonrpc: '2.0', id: body['id'], result: value }))
const failure =
  (error: Members, status = 200): Answering =>
  ({ body }, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id: body['id'], error }))
/** A stream of messages, then an empty result. */
const said =
  (...messages: Members[]): Answering =>
  ({ body }, response) => {
    // What the sidecar says to a question is taken.
    if (body['method'] === undefined) return response.writeHead(202).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const one of messages) response.write(event({ jsonrpc: '2.0', ...one }))
    return response.end(event({ jsonrpc: '2.0', id: body['id'], result: { content: [] } }))
  }
const event = (message: unknown): string => `data: ${JSON.stringify(message)}\n\n`
const raw =
  (write: (response: ServerResponse, id: unknown) => void): Answering =>
  ({ body }, response) =>
    write(response, body['id'])

const messages = {
  call: (revision: Revision) =>
    aMessage('tools/call', { name: 'get_diagnosis', arguments: { patient_id: 'p-7' } }, { revision }),
  read: (revision: Revision) => aMessage('resources/read', { uri: 'ehr://patients/p-7/labs' }, { revision }),
  prompt: (revision: Revision) =>
    aMessage('prompts/get', { name: 'summary', arguments: { patient_id: 'p-7' } }, { revision }),
  complete: (revision: Revision) =>
    aMessage(
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'summary' }, argument: { name: 'topic', value: 'p' } },
      { revision },
    ),
  initialize: (revision: Revision) =>
    aMessage('initialize', { protocolVersion: revision, capabilities: {} }, { revision }),
  discover: (revision: Revision) => aMessage('server/discover', {}, { revision }),
  level: (revision: Revision) => aMessage('logging/setLevel', { level: 'info' }, { revision }),
  subscribe: (revision: Revision) =>
    aMessage('resources/subscribe', { uri: 'ehr://patients/p-7/labs' }, { revision }),
  listen: (revision: Revision) =>
    aMessage('subscriptions/listen', { notifications: { toolsListChanged: true } }, { revision }),
} as const

const content = (...blocks: Members[]): Members => ({ content: blocks })
const request = (method: string, params: Members): Members => ({ id: word, method, params })
const notification = (method: string, params: Members): Members => ({ method, params })
const asks = (inputRequests: Members, more: Members = {}): Members => ({
  resultType: 'input_required',
  inputRequests,
  ...more,
})
const capability = { listChanged: true, subscribe: true, [word]: mark }
const capabilities = {
  tools: capability,
  resources: capability,
  prompts: capability,
  logging: { [word]: mark },
  completions: { [word]: mark },
  experimental: { [word]: { [word]: mark } },
  tasks: { [word]: mark },
  extensions: { [word]: { [word]: mark } },
}
const info = {
  name: word,
  version: word,
  title: mark,
  websiteUrl: `https://${word}.example`,
  icons,
  description: mark,
}
const sampling = {
  messages: [
    { role: 'user', content: { type: 'text', text: mark, annotations, _meta: meta } },
    { role: 'user', content: { type: 'image', data: word, mimeType: word } },
    { role: 'user', content: [{ type: 'tool_use', id: word, name: word, input: { [word]: mark } }] },
    { role: mark, content: { type: 'text', text: mark } },
  ],
  systemPrompt: mark,
  maxTokens: 9,
  includeContext: word,
  stopSequences: [mark],
  metadata: { [word]: mark },
  modelPreferences: { hints: [{ name: word }, { name: mark }], [word]: mark },
  tools: [{ name: word, description: mark, inputSchema: { type: 'object', title: mark } }],
  toolChoice: { mode: word },
  _meta: meta,
}
const schema = {
  type: 'object',
  properties: {
    [word]: {
      type: 'string',
      title: mark,
      description: mark,
      default: mark,
      enum: [mark],
      enumNames: [mark],
    },
  },
  required: [word],
}

// biome-ignore format: a table reads best as a table
const paths: { row: string; message: keyof typeof messages; revisions: readonly Revision[]; answering: Answering; plainWord?: true }[] = [
  { row: 'a text block', message: 'call', revisions: both, answering: result(content({ type: 'text', text: mark, annotations, _meta: meta })) },
  { row: 'an image', message: 'call', revisions: both, answering: result(content({ type: 'image', data: Buffer.from(mark).toString('base64'), mimeType: word, annotations, _meta: meta })) },
  { row: 'audio', message: 'call', revisions: both, answering: result(content({ type: 'audio', data: Buffer.from(mark).toString('base64'), mimeType: word, annotations, _meta: meta })) },
  { row: 'a resource link', message: 'call', revisions: both, answering: result(content({ type: 'resource_link', uri: `ehr://${word}`, name: mark, title: mark, description: mark, mimeType: word, icons, annotations, _meta: meta })) },
  { row: 'an embedded text', message: 'call', revisions: both, answering: result(content({ type: 'resource', annotations, _meta: meta, resource: { uri: `ehr://${word}`, text: mark, mimeType: word, _meta: meta } })) },
  { row: 'an embedded blob', message: 'call', revisions: both, answering: result(content({ type: 'resource', resource: { uri: `ehr://${word}`, blob: Buffer.from(mark).toString('base64') } })) },
  { row: 'an embedded page (ui://)', message: 'call', revisions: both, answering: result(content({ type: 'resource', resource: { uri: `ui://${word}`, mimeType: 'text/html;profile=mcp-app', text: `<p>${mark}</p>`, _meta: { ui: { csp: { connectDomains: [`https://${word}.example`] } } } } })) },
  { row: 'a block of another type', message: 'call', revisions: both, answering: result(content({ type: word, text: mark }, { type: 'tool_use', name: word, input: { [word]: mark } })) },
  { row: 'a tool result inside of content', message: 'call', revisions: both, answering: result(content({ type: 'tool_result', toolUseId: word, content: [{ type: 'text', text: mark }] })) },
  { row: 'structuredContent', message: 'call', revisions: both, answering: result({ content: [], structuredContent: { name: mark, [word]: mark, conditions: [{ [word]: mark, code: { [word]: identifiers } }] } }) },
  { row: 'the text twin of structuredContent', message: 'call', revisions: both, answering: result({ content: [{ type: 'text', text: JSON.stringify({ [word]: mark }) }], structuredContent: { [word]: mark } }) },
  { row: 'an error text', message: 'call', revisions: both, answering: result({ ...content({ type: 'text', text: mark }), structuredContent: { [word]: mark }, isError: true }) },
  { row: '_meta and other members of a result', message: 'call', revisions: both, answering: result({ content: [], _meta: meta, [word]: mark, task: { taskId: word }, nextCursor: mark }) },
  { row: 'caching fields', message: 'call', revisions: both, answering: result({ content: [], ttlMs: mark, cacheScope: mark }) },
  { row: 'a result of another type', message: 'call', revisions: both, answering: result({ content: [], resultType: word, task: { taskId: word, statusMessage: mark } }) },
  { row: 'a task in place of a result', message: 'call', revisions: both, answering: result({ task: { taskId: word, status: word, statusMessage: mark, createdAt: mark, ttl: 1, pollInterval: mark }, _meta: meta }) },

  { row: 'contents of a resource', message: 'read', revisions: both, answering: result({ contents: [{ uri: 'ehr://patients/p-7/labs', text: mark, mimeType: word, _meta: meta }], _meta: meta, cacheScope: 'public', ttlMs: 9 }) },
  { row: 'the URI of a resource', message: 'read', revisions: both, answering: result({ contents: [{ uri: `ehr://${word}`, text: '' }] }) },
  { row: 'bytes of a resource', message: 'read', revisions: both, answering: result({ contents: [{ uri: 'ehr://patients/p-7/labs', blob: Buffer.from(mark).toString('base64') }] }) },
  { row: 'a prompt', message: 'prompt', revisions: both, answering: result({ description: mark, messages: [{ role: 'user', content: { type: 'text', text: mark } }, { role: mark, content: { type: 'text', text: mark } }], _meta: meta }) },
  { row: 'media of a prompt', message: 'prompt', revisions: both, answering: result({ messages: [{ role: 'user', content: { type: 'image', data: word, mimeType: word } }, { role: 'user', content: { type: 'resource_link', uri: `ehr://${word}`, name: mark } }, { role: 'user', content: { type: 'resource', resource: { uri: `ehr://${word}`, text: mark } } }] }) },
  { row: 'completions', message: 'complete', revisions: both, answering: result({ completion: { values: [mark, word], total: 2, hasMore: mark, [word]: mark }, _meta: meta }) },
  { row: 'a handshake', message: 'initialize', revisions: [old], answering: result({ protocolVersion: old, capabilities, serverInfo: info, instructions: mark, _meta: meta, [word]: mark }, { 'mcp-session-id': word }) },
  { row: 'a handshake of another revision', message: 'initialize', revisions: [old], answering: result({ protocolVersion: mark, capabilities, serverInfo: info }) },
  { row: 'discovery', message: 'discover', revisions: [now], answering: result({ resultType: 'complete', supportedVersions: [now, word], capabilities, instructions: mark, _meta: { ...meta, 'io.modelcontextprotocol/serverInfo': info }, cacheScope: mark }) },
  { row: 'the answer to a level', message: 'level', revisions: [old], answering: result({ [word]: mark, _meta: meta }) },
  { row: 'the answer to a subscription', message: 'subscribe', revisions: [old], answering: result({ [word]: mark, _meta: meta }) },

  { row: 'a question inside of an answer: elicitation', message: 'call', revisions: [now], answering: result(asks({ who: { method: 'elicitation/create', params: { message: mark, requestedSchema: schema, _meta: meta, [word]: mark } } })) },
  { row: 'a question inside of an answer: elicitation at an address', message: 'call', revisions: [now], answering: result(asks({ who: { method: 'elicitation/create', params: { mode: 'url', message: mark, url: 'https://forms.example.org/', elicitationId: word } } })) },
  { row: 'a question inside of an answer: sampling', message: 'call', revisions: [now], answering: result(asks({ who: { method: 'sampling/createMessage', params: sampling } })) },
  { row: 'a question inside of an answer: roots', message: 'call', revisions: [now], answering: result(asks({ who: { method: 'roots/list', params: { _meta: meta, [word]: mark } } })) },
  { row: 'the name of a question', message: 'call', revisions: [now], answering: result(asks({ [word]: { method: 'roots/list', params: {} } })), plainWord: true },
  { row: 'requestState', message: 'call', revisions: [now], answering: result(asks({}, { requestState: mark, _meta: meta, [word]: mark })) },

  { row: 'a JSON-RPC error', message: 'call', revisions: both, answering: failure({ code: -32000, message: mark, data: { [word]: mark, stack: mark } }) },
  { row: 'a code that is none', message: 'call', revisions: both, answering: failure({ code: mark, message: mark }) },
  { row: 'an error about parameters', message: 'read', revisions: both, answering: failure({ code: -32602, message: mark, data: mark }) },
  { row: 'an error about capabilities', message: 'call', revisions: both, answering: failure({ code: -32021, message: mark, data: { requiredCapabilities: { [word]: { [word]: mark }, elicitation: { [word]: mark } } } }, 400) },
  { row: 'an error that wants an address opened', message: 'call', revisions: both, answering: failure({ code: -32042, message: mark, data: { elicitations: [{ mode: 'url', elicitationId: word, url: `https://${word}.example`, message: mark }] } }) },
  { row: 'an error about the revision', message: 'discover', revisions: [now], answering: failure({ code: -32022, message: mark, data: { supported: [mark], requested: mark } }, 400) },
  { row: 'an error of HTTP', message: 'call', revisions: both, answering: raw((response) => response.writeHead(500, mark, { 'content-type': 'text/plain', 'x-patient': mark }).end(mark)) },

  { row: 'progress', message: 'call', revisions: both, answering: said(notification('notifications/progress', { progressToken: word, progress: 1, total: mark, message: mark, _meta: meta, [word]: mark })) },
  { row: 'a log message', message: 'call', revisions: both, answering: said(notification('notifications/message', { level: 'info', logger: word, data: mark, _meta: meta }), notification('notifications/message', { level: mark, data: mark }), notification('notifications/message', { level: 'info', logger: mark, data: { [word]: [mark] } })) },
  { row: 'a changed resource', message: 'call', revisions: both, answering: said(notification('notifications/resources/updated', { uri: `ehr://${word}`, title: mark, _meta: meta })) },
  { row: 'changed lists', message: 'call', revisions: both, answering: said(...['tools', 'prompts', 'resources'].map((kind) => notification(`notifications/${kind}/list_changed`, { [word]: mark, _meta: meta }))) },
  { row: 'an elicitation that ended', message: 'call', revisions: both, answering: said(notification('notifications/elicitation/complete', { elicitationId: word, _meta: meta })) },
  { row: 'a question that is withdrawn', message: 'call', revisions: both, answering: said(notification('notifications/cancelled', { requestId: word, reason: mark })) },
  { row: 'the state of a task', message: 'call', revisions: both, answering: said(notification('notifications/tasks/status', { taskId: word, statusMessage: mark }), notification('notifications/tasks', { result: mark })) },
  { row: 'a notification that nobody knows', message: 'call', revisions: both, answering: said(notification(`notifications/${word}`, { [word]: mark })) },
  { row: 'an acknowledged subscription', message: 'listen', revisions: [now], answering: said(notification('notifications/subscriptions/acknowledged', { notifications: { toolsListChanged: true, resourceSubscriptions: [`ehr://${word}`] }, _meta: { ...meta, 'io.modelcontextprotocol/subscriptionId': word } })) },
  { row: 'a question: sampling', message: 'call', revisions: both, answering: said(request('sampling/createMessage', sampling)) },
  { row: 'a question: elicitation', message: 'call', revisions: both, answering: said(request('elicitation/create', { message: mark, requestedSchema: schema, _meta: meta })) },
  { row: 'a question: elicitation at an address', message: 'call', revisions: both, answering: said(request('elicitation/create', { mode: 'url', message: mark, elicitationId: word, url: 'https://forms.example.org/' })) },
  { row: 'the path of an address', message: 'call', revisions: both, plainWord: true, answering: said(...[word, encodeURIComponent(mark), `x/219%2D09%2D9999`].map((path) => request('elicitation/create', { mode: 'url', message: mark, elicitationId: 'x', url: `https://forms.example.org/${path}` }))) },
  { row: 'the port, user, query and fragment of an address', message: 'call', revisions: both, answering: said(...[`https://${word}@forms.example.org/`, `https://forms.example.org/?${word}`, `https://forms.example.org/#${word}`, `https://forms.example.org.${word}.example/`, `https://forms.example.org:4815/?MRN-00481516`].map((url) => request('elicitation/create', { mode: 'url', message: mark, elicitationId: 'x', url }))) },
  { row: 'a question: roots', message: 'call', revisions: both, answering: said(request('roots/list', { [word]: mark, _meta: meta })) },
  { row: 'a question: ping', message: 'call', revisions: both, answering: said(request('ping', { [word]: mark, _meta: meta })) },
  { row: 'a question: tasks', message: 'call', revisions: both, answering: said(request('tasks/get', { taskId: word }), request('tasks/result', { taskId: word })) },
  { row: 'a question that nobody knows', message: 'call', revisions: both, answering: said(request(word, { [word]: mark })) },

  { row: 'ids, names, comments and retry of events', message: 'call', revisions: both, answering: raw((response, id) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`: ${mark}\nid: ${word}\nevent: ${word}\nretry: ${word}\n${word}: ${mark}\ndata: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })}\n\nid: ${word}\ndata:\n\n`)
    response.end(`id: ${word}\nevent: ${word}\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } })}\n\n`)
  }) },
  { row: 'headers of a response', message: 'call', revisions: both, answering: result({ content: [] }, { 'www-authenticate': `Bearer error_description="${mark}"`, 'set-cookie': `p=${word}`, location: `https://${word}.example`, 'mcp-session-id': word, 'x-patient-id': mark, etag: `"${word}"`, 'cache-control': `private="${word}"`, 'content-disposition': `attachment; filename="${mark}"`, traceparent: word, tracestate: `p=${word}`, baggage: `patient=${word}`, 'mcp-name': mark, 'mcp-param-patient': word, 'x-fhir-server-url': `https://${word}.example`, 'last-event-id': word, 'retry-after': word, 'mcp-protocol-version': word, server: mark, link: `<https://${word}.example>`, vary: word }) },
  { row: 'a challenge of the server', message: 'call', revisions: both, answering: raw((response) => response.writeHead(401, { 'www-authenticate': `Bearer realm="${mark}"`, 'content-type': 'application/json' }).end(JSON.stringify({ error: mark }))) },
  { row: 'a redirect', message: 'call', revisions: both, answering: raw((response) => response.writeHead(307, { location: `http://127.0.0.1/${word}` }).end(mark)) },
  { row: 'trailers', message: 'call', revisions: both, answering: raw((response, id) => {
    response.writeHead(200, { 'content-type': 'application/json', trailer: 'x-patient' })
    response.write(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } }))
    response.addTrailers({ 'x-patient': mark })
    response.end()
  }) },
  { row: 'a content type', message: 'call', revisions: both, answering: raw((response) => response.writeHead(200, { 'content-type': `text/${word}; charset="${mark}"` }).end(mark)) },
  { row: 'members beside the result', message: 'call', revisions: both, answering: raw((response, id) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] }, [word]: mark }))) },
]

/** With what a caller of these can do, and wants to hear of. */
function eager(sent: Sent): Sent {
  const message = JSON.parse(String(sent.body)) as { params: Members }
  const { params } = message
  const own = params['_meta'] as Members
  const can = { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} }
  const capable =
    'io.modelcontextprotocol/clientCapabilities' in own
      ? { 'io.modelcontextprotocol/clientCapabilities': can }
      : {}
  params['_meta'] = { ...own, progressToken: 'theirs', ...capable }
  return { ...sent, body: JSON.stringify(message) }
}

for (const { row, message, revisions, answering, plainWord } of paths)
  for (const revision of revisions)
    verifies('minimum:every-path', `of servers, ${revision}: ${row}`, async () => {
      scene.upstream.answering = answering
      for (const rule of ['Drop', 'Redact'] as const) {
        scene.use(aPolicy(everything(rule)))
        const sent = eager(messages[message](revision))

        const reply = await scene.ask(sent)

        const out = `${JSON.stringify(reply.headers)}${reply.text}`
        // A name that nobody knows is what the rule Redact says it lets through, and Drop does not; but the name of a
        // question comes back to the server, and so passes where no detector finds anything in it.
        const known = rule === 'Redact' || plainWord === true ? 'known' : 'all'
        expect([rule, marksIn(out, known)]).toEqual([rule, []])
      }
      expect(scene.upstream.asked.length).toBeGreaterThan(1)
      expect(marksIn(kept(scene))).toEqual([])
      // Each is recorded with its end.
      expect(scene.trail.of('result')).toHaveLength(scene.trail.of('intent').length)
    })

verifies(
  'minimum:every-path',
  'of servers: the streams of a session, and the ids of their events',
  async () => {
    scene.use(aPolicy(everything('Drop')))
    scene.upstream.answering = result(
      { protocolVersion: old, capabilities, serverInfo: info },
      { 'mcp-session-id': word },
    )
    const begun = await scene.ask(messages.initialize(old))
    const headers = { 'mcp-session-id': String(begun.headers['mcp-session-id']), 'mcp-protocol-version': old }
    const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: meta } }
    scene.upstream.answering = raw((response, id) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-patient': mark })
      response.write(`: ${mark}\nretry: 5\nid: ${word}\n${event(changed)}`)
      if (id !== undefined)
        response.write(`id: ${word}\n${event({ jsonrpc: '2.0', id, result: { content: [] } })}`)
      else response.write(event({ jsonrpc: '2.0', id: word, result: { [word]: mark } }))
      response.end()
    })

    const call = messages.call(old)
    const called = await scene.ask({ ...call, headers: { ...call.headers, ...headers } })
    const heard = await scene.ask({ method: 'GET', body: '', headers })

    // They come with ids, and those are not the server's.
    expect([called.text, heard.text]).toEqual([
      expect.stringMatching(/^id: [A-Za-z0-9_-]{38,}$/m),
      expect.stringMatching(/^id: [A-Za-z0-9_-]{38,}$/m),
    ])
    expect(marksIn(`${JSON.stringify([called.headers, heard.headers])}${called.text}${heard.text}`)).toEqual(
      [],
    )
    expect(marksIn(kept(scene))).toEqual([])
  },
)

const tasks = { capabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } }
/** How a task stands, as the server says it. */
const stands = (more: Members = {}): Members => ({
  taskId: word,
  status: 'working',
  statusMessage: mark,
  createdAt: '2026-07-28T10:30:00Z',
  lastUpdatedAt: '2026-07-28T10:30:00Z',
  ttl: 60_000,
  ttlMs: 60_000,
  pollInterval: 500,
  pollIntervalMs: 500,
  _meta: meta,
  [word]: mark,
  ...more,
})
const done = { content: [{ type: 'text', text: mark }], structuredContent: { [word]: mark }, _meta: meta }

for (const revision of both)
  verifies('minimum:every-path', `of servers, ${revision}: tasks and what becomes of them`, async () => {
    scene.use(aPolicy(everything('Drop')))
    const call = { name: 'get_diagnosis', arguments: { patient_id: 'p-7' }, task: { ttl: 60_000 } }
    scene.upstream.answering = result(
      revision === now ? { resultType: 'task', ...stands() } : { task: stands(), _meta: meta },
    )
    const begun = await scene.ask(aMessage('tools/call', call, { revision, ...tasks }))
    const shown = begun.json['result'] as Members
    const taskId = String((revision === now ? shown : (shown['task'] as Members))['taskId'])
    expect(taskId).toMatch(/^[A-Za-z0-9_-]{38,}$/)
    const out = [begun]
    const questions = {
      who: { method: 'elicitation/create', params: { message: mark, requestedSchema: schema } },
    }
    for (const [method, answering] of [
      ['tasks/get', result(stands())],
      ['tasks/get', result(stands({ status: mark }))],
      ['tasks/get', result(stands({ createdAt: mark }))],
      ['tasks/get', result(stands({ ttl: mark, ttlMs: mark, pollInterval: mark, pollIntervalMs: mark }))],
      ['tasks/get', result(stands({ status: 'completed', result: done }))],
      ['tasks/get', result(stands({ status: 'failed', error: { code: 1, message: mark, data: mark } }))],
      ['tasks/get', result(stands({ status: 'input_required', inputRequests: questions }))],
      ['tasks/get', failure({ code: -32602, message: mark, data: { [word]: mark } })],
      ['tasks/result', result(done)],
      ['tasks/update', result({ [word]: mark, _meta: meta })],
      ['tasks/cancel', result(stands({ status: 'cancelled' }))],
    ] as const) {
      scene.upstream.answering = answering
      const more = method === 'tasks/update' ? { inputResponses: {} } : {}
      out.push(await scene.ask(aMessage(method, { taskId, ...more }, { revision, ...tasks })))
    }

    expect(marksIn(JSON.stringify(out.map(({ headers, text }) => [headers, text])))).toEqual([])
    expect(marksIn(kept(scene))).toEqual([])
    // And the other way: the server's own id goes to the server alone.
    expect(scene.upstream.asked.length).toBeGreaterThan(6)
  })

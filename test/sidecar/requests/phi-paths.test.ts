// Every place of a caller's messages, and beside them, that can hold patient data: it reaches the server where the
// policy has a place for it, and nothing but the server.

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { purposeMeta } from '../../../core/identifiers.ts'
import { everything, kept, mark, marksIn, word } from '../../support/markers.ts'
import { type McpServer, withResult } from '../../support/mcp-server.ts'
import { aMessage, type Sent } from '../../support/message.ts'
import { aPolicy } from '../../support/policy.ts'
import { type Asking, aScene, type Scene } from '../../support/scene.ts'
import { open } from '../../support/stream.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy: everything('Drop'), hosts: () => ['127.0.0.1', 'localhost'] })
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.use(aPolicy(everything('Drop')))
  scene.forget()
  expect(scene.faults.splice(0)).toEqual([])
})

type Members = Record<string, unknown>
const old = '2025-11-25'
const now = '2026-07-28'
type Revision = typeof old | typeof now

const both = [old, now] as const
const meta = { [word]: mark, traceparent: word, tracestate: word, baggage: `p=${word}`, progressToken: word }

/** A message with more in `_meta` than the usual. */
function withMeta(sent: Sent, more: Members): Sent {
  const message = JSON.parse(String(sent.body)) as { params: Members }
  message.params['_meta'] = { ...(message.params['_meta'] as Members), ...more }
  return { ...sent, body: JSON.stringify(message) }
}
const withMember = (sent: Sent, more: Members): Sent => ({
  ...sent,
  body: JSON.stringify({ ...(JSON.parse(String(sent.body)) as Members), ...more }),
})
const withHeaders = (sent: Sent, headers: Record<string, string>): Sent => ({
  ...sent,
  headers: { ...sent.headers, ...headers },
})
const call = (revision: Revision, params: Members = {}): Sent =>
  aMessage('tools/call', { name: 'get_diagnosis', arguments: { patient_id: 'p-7' }, ...params }, { revision })
const answer: McpServer['answering'] = withResult({
  content: [],
  contents: [],
  messages: [],
  completion: { values: [] },
})

/** It does not get past the sidecar. */
// biome-ignore format: a table reads best as a table
const stopped: { row: string; revisions: readonly Revision[]; asking: (revision: Revision) => Asking; echoes?: true }[] = [
  { row: 'params._meta', revisions: both, asking: (revision) => withMeta(call(revision), meta) },
  { row: 'a purpose in _meta', revisions: both, asking: (revision) => withMeta(call(revision), { [purposeMeta]: mark }) },
  { row: 'what a client says of itself, in _meta', revisions: [now], asking: () => withMeta(call(now), { 'io.modelcontextprotocol/clientInfo': { name: mark, version: word, title: mark, websiteUrl: `https://${word}.example`, icons: [{ src: `data:,${mark}` }] }, 'io.modelcontextprotocol/clientCapabilities': { experimental: { [word]: mark }, extensions: { [word]: mark }, sampling: { [word]: mark }, elicitation: { [word]: mark }, roots: { [word]: mark } }, 'io.modelcontextprotocol/logLevel': word }) },
  { row: 'what a client says of itself', revisions: [old], asking: () => aMessage('initialize', { protocolVersion: old, clientInfo: { name: mark, version: word, title: mark, icons: [{ src: `data:,${mark}` }] }, capabilities: { experimental: { [word]: { [word]: mark } }, sampling: { [word]: mark }, elicitation: { [word]: mark }, roots: { [word]: mark }, tasks: { [word]: mark } }, [word]: mark }) },
  { row: 'a revision', revisions: [old], asking: () => aMessage('initialize', { protocolVersion: mark, capabilities: {} }) },
  { row: 'other parameters', revisions: both, asking: (revision) => call(revision, { [word]: mark, task: { ttl: 1, [word]: mark } }) },
  { row: 'members beside the parameters', revisions: both, asking: (revision) => withMember(call(revision), { [word]: mark, auth: mark }) },
  { row: 'the id of a request', revisions: both, asking: (revision) => withMember(call(revision), { id: mark }), echoes: true },
  { row: 'a tool', revisions: both, asking: (revision) => aMessage('tools/call', { name: word }, { revision }) },
  { row: 'an argument that no schema names', revisions: both, asking: (revision) => call(revision, { arguments: { patient_id: 'p-7', [word]: mark } }) },
  { row: 'an argument that breaks its rule', revisions: both, asking: (revision) => call(revision, { arguments: { patient_id: { [word]: mark } } }) },
  { row: 'an argument of the policy', revisions: both, asking: (revision) => call(revision, { arguments: { patient_id: 'p-7', sections: [mark] } }) },
  { row: 'a resource that does not exist', revisions: both, asking: (revision) => aMessage('resources/read', { uri: `file:///${word}` }, { revision }) },
  { row: 'a prompt that does not exist', revisions: both, asking: (revision) => aMessage('prompts/get', { name: word }, { revision }) },
  { row: 'a cursor', revisions: both, asking: (revision) => aMessage('tools/list', { cursor: mark }, { revision }) },
  { row: 'a reference to complete', revisions: both, asking: (revision) => aMessage('completion/complete', { ref: { type: 'ref/resource', uri: `ehr://${word}` }, argument: { name: 'a', value: 'b' } }, { revision }) },
  { row: 'other members of a completion', revisions: both, asking: (revision) => aMessage('completion/complete', { ref: { type: 'ref/prompt', name: 'summary', title: mark }, argument: { name: 'topic', value: 'p', [word]: mark }, context: { [word]: mark }, [word]: mark }, { revision }) },
  { row: 'a log level', revisions: [old], asking: () => aMessage('logging/setLevel', { level: mark, [word]: mark }) },
  { row: 'a ping', revisions: [old], asking: () => withMeta(aMessage('ping', { [word]: mark }), meta) },
  { row: 'a list', revisions: both, asking: (revision) => withMeta(aMessage('resources/templates/list', { [word]: mark }, { revision }), meta) },
  { row: 'discovery', revisions: [now], asking: () => withMeta(aMessage('server/discover', { [word]: mark }, { revision: now }), meta) },
  { row: 'a subscription to what is not there', revisions: [old], asking: () => aMessage('resources/subscribe', { uri: `file:///${word}` }) },
  { row: 'flags of a subscription', revisions: [now], asking: () => aMessage('subscriptions/listen', { notifications: { [word]: true, toolsListChanged: mark, resourceSubscriptions: [`file:///${word}`, mark] }, [word]: mark }, { revision: now }) },
  { row: 'answers that are none', revisions: [now], asking: () => call(now, { inputResponses: [mark] }) },
  { row: 'a state that nobody gave', revisions: [now], asking: () => call(now, { requestState: mark }) },
  { row: 'a method', revisions: both, asking: (revision) => aMessage(`${word}/list`, { [word]: mark }, { revision }) },
  { row: 'a task', revisions: both, asking: (revision) => aMessage('tasks/get', { taskId: word }, { revision }) },
  { row: 'a notification', revisions: both, asking: (revision) => aMessage(`notifications/${word}`, { [word]: mark }, { revision, id: null }) },
  { row: 'notifications/initialized', revisions: [old], asking: () => withMeta(aMessage('notifications/initialized', { [word]: mark }, { id: null }), meta) },
  { row: 'notifications/roots/list_changed', revisions: [old], asking: () => withMeta(aMessage('notifications/roots/list_changed', { [word]: mark }, { id: null }), meta) },
  { row: 'notifications/cancelled', revisions: both, asking: (revision) => aMessage('notifications/cancelled', { requestId: word, reason: mark }, { revision, id: null }) },
  { row: 'notifications/progress', revisions: both, asking: (revision) => aMessage('notifications/progress', { progressToken: word, progress: 1, message: mark }, { revision, id: null }) },
  { row: 'notifications/tasks/status', revisions: both, asking: (revision) => aMessage('notifications/tasks/status', { taskId: word, statusMessage: mark }, { revision, id: null }) },
  { row: 'an answer to what nobody asked', revisions: [old], asking: () => ({ body: JSON.stringify({ jsonrpc: '2.0', id: word, result: { [word]: mark } }), headers: { 'mcp-protocol-version': old } }) },
  { row: 'an error about what nobody asked', revisions: [old], asking: () => ({ body: JSON.stringify({ jsonrpc: '2.0', id: 7, error: { code: 1, message: mark, data: mark } }), headers: { 'mcp-protocol-version': old } }) },
  { row: 'a batch', revisions: both, asking: (revision) => ({ ...call(revision), body: `[${JSON.stringify({ [word]: mark })}]` }) },

  { row: 'the path', revisions: both, asking: (revision) => ({ ...call(revision), path: `/mcp/${word}` }) },
  { row: 'the query', revisions: both, asking: (revision) => ({ ...call(revision), path: `/mcp?patient=${word}` }) },
  { row: 'a fragment', revisions: both, asking: (revision) => ({ ...call(revision), path: `/mcp#${word}` }) },
  { row: 'a token in the query', revisions: both, asking: (revision) => ({ ...call(revision), path: `/mcp?access_token=${word}` }) },
  { row: 'Mcp-Method', revisions: [now], asking: () => withHeaders(call(now), { 'mcp-method': word }) },
  { row: 'Mcp-Name', revisions: [now], asking: () => withHeaders(call(now), { 'mcp-name': mark }) },
  { row: 'Mcp-Name in base64', revisions: [now], asking: () => withHeaders(call(now), { 'mcp-name': `=?base64?${Buffer.from(mark).toString('base64')}?=` }) },
  { row: 'Mcp-Param-*', revisions: both, asking: (revision) => withHeaders(call(revision), { 'mcp-param-patient': mark, [`mcp-param-${word}`]: mark }) },
  { row: 'MCP-Protocol-Version', revisions: [old], asking: () => withHeaders(call(old), { 'mcp-protocol-version': word }) },
  { row: 'Mcp-Session-Id', revisions: both, asking: (revision) => withHeaders(call(revision), { 'mcp-session-id': word }) },
  { row: 'Last-Event-ID', revisions: both, asking: (revision) => withHeaders(call(revision), { 'last-event-id': word }) },
  { row: 'headers of traces', revisions: both, asking: (revision) => withHeaders(call(revision), { traceparent: word, tracestate: `p=${word}`, baggage: `patient=${word}`, b3: word, 'x-request-id': word, 'x-b3-traceid': word, 'x-amzn-trace-id': word }) },
  { row: 'headers about patients (SHARP)', revisions: both, asking: (revision) => withHeaders(call(revision), { 'x-patient-id': mark, 'x-fhir-server-url': `https://${word}.example`, 'x-fhir-access-token': word, 'x-user': mark }) },
  { row: 'other headers', revisions: both, asking: (revision) => withHeaders(call(revision), { cookie: `p=${word}`, referer: `https://${word}.example`, 'user-agent': mark, from: mark, forwarded: `for="${word}"`, 'x-forwarded-for': word, 'x-original-url': `/${word}`, 'accept-language': word, 'if-none-match': `"${word}"`, dpop: word, 'proxy-authorization': word, via: word }) },
  { row: 'Origin', revisions: both, asking: (revision) => withHeaders(call(revision), { origin: `https://${word}.example` }) },
  { row: 'Host', revisions: both, asking: (revision) => withHeaders(call(revision), { host: `${word}.example` }) },
  { row: 'a token', revisions: both, asking: (revision) => ({ ...call(revision), token: word }) },
  { row: 'an access token of another make', revisions: both, asking: (revision) => ({ ...call(revision), token: `${Buffer.from(JSON.stringify({ alg: word, kid: mark })).toString('base64url')}.${Buffer.from(JSON.stringify({ iss: mark, sub: mark })).toString('base64url')}.AAAA` }) },
  { row: 'Content-Type', revisions: both, asking: (revision) => withHeaders(call(revision), { 'content-type': `application/${word}; charset=${word}` }) },
  { row: 'Accept', revisions: both, asking: (revision) => withHeaders(call(revision), { accept: `text/${word}` }) },
  { row: 'Content-Encoding', revisions: both, asking: (revision) => withHeaders(call(revision), { 'content-encoding': word }) },
]

for (const { row, revisions, asking, echoes } of stopped)
  for (const revision of revisions)
    verifies('minimum:every-path', `of callers, ${revision}: ${row}`, async () => {
      scene.upstream.answering = answer

      const reply = await scene.ask(asking(revision))

      // Their own id comes back to them, as JSON-RPC says, and to nobody else.
      if (echoes !== true) expect(marksIn(`${JSON.stringify(reply.headers)}${reply.text}`)).toEqual([])
      expect(marksIn(JSON.stringify(scene.upstream.asked))).toEqual([])
      expect(marksIn(kept(scene))).toEqual([])
      expect(scene.trail.entries.length).toBeGreaterThan(0)
    })

/** It reaches the server, because the policy has a place for it, and nobody else. */
const passed: { row: string; revisions: readonly Revision[]; asking: (revision: Revision) => Asking }[] = [
  {
    row: 'arguments',
    revisions: both,
    asking: (revision) => call(revision, { arguments: { patient_id: word } }),
  },
  {
    row: 'a URI',
    revisions: both,
    asking: (revision) => aMessage('resources/read', { uri: `ehr://patients/${word}/labs` }, { revision }),
  },
  {
    row: 'a URI that is watched',
    revisions: [old],
    asking: () => aMessage('resources/subscribe', { uri: `ehr://patients/${word}/labs` }),
  },
  {
    row: 'arguments of a prompt',
    revisions: both,
    asking: (revision) =>
      aMessage('prompts/get', { name: 'summary', arguments: { patient_id: word } }, { revision }),
  },
  {
    row: 'an argument to complete',
    revisions: both,
    asking: (revision) =>
      aMessage(
        'completion/complete',
        { ref: { type: 'ref/prompt', name: 'summary' }, argument: { name: 'topic', value: mark } },
        { revision },
      ),
  },
  {
    row: 'answers to what a server asked',
    revisions: [now],
    asking: () => call(now, { inputResponses: { who: { action: 'accept', content: { name: mark } } } }),
  },
]

for (const { row, revisions, asking } of passed)
  for (const revision of revisions)
    verifies('minimum:every-path', `to the server alone, ${revision}: ${row}`, async () => {
      scene.upstream.answering = answer

      const reply = await scene.ask(asking(revision))

      expect(marksIn(JSON.stringify(scene.upstream.asked.map(({ body }) => body))).length).toBeGreaterThan(0)
      expect(marksIn(`${JSON.stringify(reply.headers)}${reply.text}`)).toEqual([])
      expect(marksIn(kept(scene))).toEqual([])
    })

verifies('minimum:every-path', 'of callers: claims of a token besides those that are needed', async () => {
  scene.upstream.answering = answer
  const token = await scene.token({ name: mark, given_name: word, email: `${word}@x.example`, [word]: mark })

  expect((await scene.ask({ ...call(now), token })).status).toBe(200)

  expect(marksIn(JSON.stringify(scene.upstream.asked))).toEqual([])
  expect(marksIn(kept(scene))).toEqual([])
})

const questions = {
  'sampling/createMessage': {
    messages: [{ role: 'user', content: { type: 'text', text: 'Sum up' } }],
    maxTokens: 9,
  },
  'elicitation/create': { message: 'Who?', requestedSchema: { type: 'object', properties: {} } },
  'roots/list': {},
}
const answers: Record<keyof typeof questions, Members> = {
  'sampling/createMessage': { role: 'assistant', model: 'm', content: { type: 'text', text: mark } },
  'elicitation/create': { action: 'accept', content: { name: mark } },
  'roots/list': { roots: [{ uri: `file:///${word}`, name: mark }] },
}

for (const method of ['sampling/createMessage', 'elicitation/create', 'roots/list'] as const)
  verifies('minimum:every-path', `of callers: an answer and a refusal of ${method}`, async () => {
    scene.use(aPolicy(everything('Redact')))
    const goOn = Promise.withResolvers<void>()
    scene.upstream.answering = async ({ body }, response) => {
      if (body['method'] === undefined) {
        response.writeHead(202).end()
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const id of [1, 2])
        response.write(
          `data: ${JSON.stringify({ jsonrpc: '2.0', id, method, params: questions[method] })}\n\n`,
        )
      await goOn.promise
      response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id: body['id'], result: { content: [] } })}\n\n`)
    }
    const stream = await open(scene, call(old))
    const [first, second] = [await stream.next(), await stream.next()]
    const answered = async (more: Members) =>
      await scene.ask({
        body: JSON.stringify({ jsonrpc: '2.0', ...more }),
        headers: { 'mcp-protocol-version': old },
      })

    const good = await answered({
      id: first?.['id'],
      result: { ...answers[method], _meta: meta, [word]: 1 },
      [word]: 1,
    })
    const bad = await answered({
      id: second?.['id'],
      error: { code: 1, message: mark, data: { [word]: mark } },
    })
    goOn.resolve()
    await stream.rest()

    expect([good.status, bad.status]).toEqual([202, 202])
    const back = scene.upstream.asked.map(({ body }) => body).filter((body) => body['method'] === undefined)
    expect(back).toEqual([
      { jsonrpc: '2.0', id: 1, result: answers[method] },
      { jsonrpc: '2.0', id: 2, error: { code: -1, message: 'The caller declined' } },
    ])
    expect(marksIn(kept(scene))).toEqual([])
  })

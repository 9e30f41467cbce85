// Calls that answer later, between the official client and the official server of the first generation, unchanged: tasks,
// and streams that their server ends before the answer.

import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { fetch as undiciFetch } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { purposeMeta } from '../../../core/identifiers.ts'
import { eventStore } from '../../conformance/fixtures/stateful/events.ts'
import { dispatcherOf } from '../../sample/sign-in.ts'
import { aRole, aTool } from '../../support/policy.ts'
import { aScene, caller, type Scene } from '../../support/scene.ts'

const value = { code: 'E11.9', subject: { reference: 'Patient/p-1', display: 'Jane Fluegel' } }
const result = { content: [{ type: 'text' as const, text: JSON.stringify(value) }], structuredContent: value }

/** One tool that is a task, and one whose stream ends before its answer. */
function laterServer(): Server {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const taskStore = new InMemoryTaskStore()
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void transports.set(id, transport),
      eventStore: eventStore(),
      retryInterval: 50,
    })
    const server = new McpServer(
      { name: 'later', version: '1.0.0' },
      { capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } }, taskStore },
    )
    server.experimental.tasks.registerToolTask(
      'as_task',
      { execution: { taskSupport: 'optional' } },
      {
        async createTask({ taskStore: tasks, taskRequestedTtl: ttl }) {
          const task = await tasks.createTask({ ttl: ttl ?? null, pollInterval: 50 })
          setTimeout(() => void tasks.storeTaskResult(task.taskId, 'completed', result), 100)
          return { task }
        },
        getTask: async ({ taskId, taskStore: tasks }) => await tasks.getTask(taskId),
        getTaskResult: async ({ taskId, taskStore: tasks }) =>
          (await tasks.getTaskResult(taskId)) as typeof result,
      },
    )
    server.registerTool('polled', {}, async ({ closeSSEStream }) => {
      closeSSEStream?.()
      await sleep(100)
      return result
    })
    await server.connect(transport)
    return transport
  }
  return createServer((request, response) => {
    const known = transports.get(String(request.headers['mcp-session-id']))
    void (known === undefined ? open() : Promise.resolve(known)).then(
      async (transport) => await transport.handleRequest(request, response),
    )
  })
}

const server = laterServer()
let scene: Scene
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const tools = ['as_task', 'polled'].map((name) => {
    const { patient: _, ...tool } = aTool({
      name,
      from: name,
      arguments: { type: 'object', properties: {} },
      with: {},
      returns: { fields: ['/code'], patients: [], text: 'Redact', media: 'Drop' },
    })
    return tool
  })
  scene = await aScene({
    upstream: { port: (server.address() as AddressInfo).port },
    policy: {
      tools,
      roles: [aRole({ tools: ['as_task', 'polled'] })],
      fromServer: { tasks: {} },
    },
  })
})
afterAll(async () => {
  await scene.end()
  server.closeAllConnections()
  server.close()
})

async function connected() {
  const dispatcher = dispatcherOf({ ...(await caller()), ca: scene.serversCa.cert })
  const token = await scene.token()
  const client = new Client({ name: 'old', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(`https://127.0.0.1:${scene.port}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
    fetch: (async (url: string, init: object) =>
      await undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch,
  })
  await client.connect(transport)
  return {
    client,
    close: async () => {
      await client.close()
      await dispatcher.close()
    },
  }
}
const meta = { _meta: { [purposeMeta]: 'TREAT' } }

test('the official client calls a tool as a task, polls it, and gets the result cut', async () => {
  const { client, close } = await connected()
  const listed = await client.listTools()
  const seen: string[] = []
  let last: unknown
  for await (const message of client.experimental.tasks.callToolStream(
    { name: 'as_task', arguments: {}, ...meta },
    undefined,
    { task: { ttl: 60_000 } },
  )) {
    seen.push(message.type)
    if (message.type === 'result') last = message.result
    if (message.type === 'error') throw message.error
  }
  await close()

  expect(listed.tools.map(({ execution }) => execution?.taskSupport)).toEqual(['optional', 'optional'])
  expect(seen[0]).toBe('taskCreated')
  expect(seen.at(-1)).toBe('result')
  expect(last).toMatchObject({ structuredContent: { code: 'E11.9' } })
  expect(JSON.stringify(last)).not.toContain('Fluegel')
  expect(scene.trail.of('intent').map(({ method }) => method)).toContain('tasks/result')
  expect(scene.faults).toEqual([])
})

test('the official client comes back for an answer whose stream was ended', async () => {
  scene.trail.entries.length = 0
  const { client, close } = await connected()

  const outcome = await client.callTool({ name: 'polled', arguments: {}, ...meta })
  await close()

  expect(outcome).toMatchObject({ structuredContent: { code: 'E11.9' } })
  expect(JSON.stringify(outcome)).not.toContain('Fluegel')
  const call = scene.trail.of('intent').find(({ method }) => method === 'tools/call')?.call
  expect(scene.trail.of('result').find((one) => one.call === call)).toMatchObject({ outcome: 'unknown' })
  expect(scene.trail.of('event')).toMatchObject([{ call, method: 'tools/call', patients: [{}] }])
  expect(scene.faults).toEqual([])
})

// The official client and the official server, unchanged, with the request path between them.

import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import { fetch as undiciFetch } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { agent } from '../../sample/agent.ts'
import { dispatcherOf } from '../../sample/sign-in.ts'
import { aRole, aTool } from '../../support/policy.ts'
import { aScene, caller, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const value = {
  conditions: [{ code: 'E11.9', text: 'seen by Fluegel' }],
  subject: { reference: 'Patient/p-1' },
}
const result = { content: [{ type: 'text' as const, text: JSON.stringify(value) }], structuredContent: value }

const region = { type: 'string', 'x-mcp-header': 'Region' }

/** Serves both revisions, a server for each request. */
function modernServer(): Server {
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'sample', version: '1.0.0' }, { instructions: 'Ask Fluegel' })
      server.registerTool(
        'get_patient_record',
        { description: 'for Fluegel', inputSchema: fromJsonSchema<object>({ type: 'object' }) },
        async () => result,
      )
      const schema = { type: 'object', properties: { region } }
      server.registerTool('by_region', { inputSchema: fromJsonSchema<object>(schema) }, async () => result)
      return server
    },
    { onerror: () => undefined },
  )
  return createServer((request, response) => {
    const headers = Object.entries(request.headers).map(([name, one]): [string, string] => [
      name,
      String(one),
    ])
    const body =
      request.method === 'POST'
        ? { body: Readable.toWeb(request) as ReadableStream, duplex: 'half' as const }
        : {}
    void handler
      .fetch(new Request('http://localhost/mcp', { method: request.method ?? 'GET', headers, ...body }))
      .then(async (answer) => {
        response.writeHead(answer.status, Object.fromEntries(answer.headers))
        response.end(Buffer.from(await answer.arrayBuffer()))
      })
  })
}

/** The server's own session identifiers. */
const begun: string[] = []

/** Serves 2025-11-25 with sessions, as most servers of today do. */
function sessionServer(): Server {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        begun.push(id)
        transports.set(id, transport)
      },
    })
    const server = new OldServer({ name: 'sessions', version: '1.0.0' })
    server.registerTool('get_patient_record', {}, async () => result)
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

const servers: { modern: Server; sessions: Server } = { modern: modernServer(), sessions: sessionServer() }
const scenes = {} as { modern: Scene; sessions: Scene }

beforeAll(async () => {
  for (const name of ['modern', 'sessions'] as const) {
    await new Promise<void>((resolve) => servers[name].listen(0, '127.0.0.1', resolve))
    scenes[name] = await aScene({ upstream: { port: (servers[name].address() as AddressInfo).port } })
  }
})
afterAll(async () => {
  for (const name of ['modern', 'sessions'] as const) {
    await scenes[name].end()
    servers[name].closeAllConnections()
    servers[name].close()
  }
})

for (const [server, revision] of [
  ['modern', '2025-11-25'],
  ['modern', '2026-07-28'],
  ['sessions', '2025-11-25'],
] as const)
  test(`the official client lists and calls tools of a ${server} server in ${revision}`, async () => {
    const scene = scenes[server]
    const tls = { ...(await caller()), ca: scene.serversCa.cert }
    const one = agent({
      url: `https://127.0.0.1:${scene.port}/mcp`,
      tls,
      token: await scene.token(),
      revision,
      purpose: 'TREAT',
    })

    const tools = await one.list()
    const outcome = await one.call('get_diagnosis', { patient_id: 'p-1' })
    await one.close()

    expect(tools.map(({ name }) => name)).toEqual(['get_diagnosis'])
    expect(outcome).toMatchObject({
      ok: true,
      result: { structuredContent: { conditions: [{ code: 'E11.9' }] } },
    })
    expect(JSON.stringify([tools, outcome])).not.toContain('Fluegel')
    expect(scene.faults).toEqual([])
  })

verifies('transmission:param-headers', 'between the official client and the official server', async () => {
  const { port } = servers.modern.address() as AddressInfo
  const properties = { region }
  const { patient: _, ...tool } = aTool({ name: 'by_region', from: 'by_region', with: {} })
  const scene = await aScene({
    upstream: { port },
    policy: {
      roles: [aRole({ tools: ['by_region'] })],
      tools: [{ ...tool, arguments: { type: 'object', properties } }],
    },
  })
  const one = agent({
    url: `https://127.0.0.1:${scene.port}/mcp`,
    tls: { ...(await caller()), ca: scene.serversCa.cert },
    token: await scene.token(),
    revision: '2026-07-28',
    purpose: 'TREAT',
  })

  await one.list()
  const outcomes = [
    await one.call('by_region', { region: 'us-east1' }),
    await one.call('by_region', { region: 'größe\n' }),
    await one.call('by_region', {}),
  ]
  await one.close()
  await scene.end()

  expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true])
})

test('the official client of the first generation calls a tool over a session', async () => {
  const scene = scenes.sessions
  const dispatcher = dispatcherOf({ ...(await caller()), ca: scene.serversCa.cert })
  const token = await scene.token()
  const client = new OldClient({ name: 'old', version: '1.0.0' })
  const transport = new OldTransport(new URL(`https://127.0.0.1:${scene.port}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
    fetch: (async (url: string, init: object) =>
      await undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch,
  })
  await client.connect(transport)
  await client.ping()
  const outcome = await client.callTool({
    name: 'get_diagnosis',
    arguments: { patient_id: 'p-1' },
    _meta: { 'dev.hipaa-mcp/purpose': 'TREAT' },
  })
  const session = transport.sessionId
  await client.close()
  await dispatcher.close()

  expect(session).toMatch(/^[0-9a-f-]{36}$/)
  expect(begun).not.toContain(session)
  expect(outcome['structuredContent']).toEqual({ conditions: [{ code: 'E11.9' }] })
})

test('a client that tries the new revision first falls back before a server that does not speak it', async () => {
  const scene = scenes.sessions
  const dispatcher = dispatcherOf({ ...(await caller()), ca: scene.serversCa.cert })
  const token = await scene.token()
  const client = new Client({ name: 'both', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  const fetch = (async (url: URL, init: RequestInit) =>
    await undiciFetch(url, {
      ...init,
      headers: [...new Headers(init.headers), ['authorization', `Bearer ${token}`]],
      dispatcher,
    } as Parameters<typeof undiciFetch>[1])) as unknown as typeof globalThis.fetch
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`https://127.0.0.1:${scene.port}/mcp`), { fetch }),
  )

  const tools = await client.listTools()
  await client.close()
  await dispatcher.close()

  expect(tools.tools).toHaveLength(1)
})

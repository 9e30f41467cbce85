// The official clients of both generations, over stdio, as any host uses them: they know of no certificate and no token.

import { statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { Client as Client2 } from '@modelcontextprotocol/client'
import { StdioClientTransport as Stdio2 } from '@modelcontextprotocol/client/stdio'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as Stdio1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { CreateMessageRequestSchema, ProgressNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { filesIn } from '../../support/machine.ts'
import { verifies } from '../../verifies.ts'
import { simple } from './host.ts'
import { aConnectScene, type ConnectScene } from './scene.ts'

let scene: ConnectScene
let state: string
beforeAll(async () => {
  scene = await aConnectScene()
  state = scene.folder()
}, 60_000)
afterAll(async () => await scene.end())

async function before(
  folder = state,
  capabilities = {},
): Promise<{ client: Client1; transport: Stdio1; heard: { text(): string } }> {
  const transport = new Stdio1({ ...scene.command(folder, '--purpose', 'TREAT'), stderr: 'pipe' })
  const heard = scene.watch(transport.stderr as Readable)
  const client = new Client1({ name: 'test', version: '1' }, { capabilities })
  await client.connect(transport)
  return { client, transport, heard }
}

verifies(
  'authentication:connect',
  'a client of before calls a tool after one login in the browser',
  async () => {
    const { client, heard } = await before()

    const { content } = await client.callTool({ name: 'test_simple_text', arguments: {} })

    expect(content).toEqual(simple)
    expect(scene.browser.logins).toBe(1)
    expect(heard.text()).toContain('Purpose of use in force: TREAT (treatment), stated by --purpose')
    await client.close()
  },
)

verifies('authentication:connect', 'the next host on this machine finds the login there', async () => {
  const logins = scene.browser.logins
  const { client, heard } = await before()

  expect((await client.listTools()).tools.length).toBeGreaterThan(5)
  expect([scene.browser.logins, heard.text()]).toEqual([logins, expect.not.stringContaining('Log in')])
  await client.close()
})

verifies('authentication:connect', 'a client of 2026-07-28 calls a tool', async () => {
  const transport = new Stdio2({ ...scene.command(state, '--purpose', 'TREAT'), stderr: 'ignore' })
  const mode = { pin: '2026-07-28' as const }
  const client = new Client2({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  await client.connect(transport)

  expect((await client.callTool({ name: 'test_simple_text', arguments: {} })).content).toEqual(simple)
  expect((await client.listTools()).tools.length).toBeGreaterThan(5)
  const { contents } = await client.readResource({ uri: 'test://static-text' })
  expect(contents).toHaveLength(1)
  await client.close()
})

verifies('authentication:connect', 'events come one by one while a call runs', async () => {
  const { client } = await before()
  // A handler of our own: the client's forgets whom to tell once the answer is read, and drops what came in one piece with it.
  let seen: { progress: number; at: number }[] = []
  client.setNotificationHandler(ProgressNotificationSchema, ({ params }) => {
    seen.push({ progress: params.progress, at: performance.now() })
  })

  // The tool takes a while between them: held back to the end they would always come together, and not only where the
  // machine has no time to read them.
  let apart = 0
  for (let looks = 0; looks < 5 && apart <= 40; looks++) {
    seen = []
    await client.callTool({ name: 'test_tool_with_progress', arguments: {} }, undefined, {
      onprogress: () => {},
    })
    expect(seen.map(({ progress }) => progress)).toEqual([0, 50, 100])
    apart = (seen[2]?.at ?? 0) - (seen[0]?.at ?? 0)
  }
  expect(apart).toBeGreaterThan(40)
  await client.close()
})

verifies(
  'authentication:connect',
  'a question of the server comes to the host, and its answer back',
  async () => {
    const { client } = await before(state, { sampling: {} })
    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({
      role: 'assistant',
      model: 'test',
      content: { type: 'text', text: `heard ${JSON.stringify(params.messages[0]?.content)}` },
    }))

    const { content } = await client.callTool({
      name: 'test_sampling',
      arguments: { prompt: 'Say something' },
    })

    expect(JSON.stringify(content)).toContain('LLM response: heard')
    await client.close()
  },
)

verifies('authentication:connect', 'a stream that breaks is taken up where it broke', async () => {
  const { client } = await before()

  const { content } = await client.callTool({ name: 'test_reconnection', arguments: {} })

  expect(JSON.stringify(content)).toContain('You came back for this')
  await client.close()
})

verifies('authentication:connect', 'what is said stands in no file and in no note', async () => {
  const { client, heard } = await before()
  const patient = 'Zebedee Marker 1931-02-03'

  await client
    .callTool({ name: 'json_schema_2020_12_tool', arguments: { name: patient } })
    .catch(() => undefined)
  await client.callTool({ name: patient, arguments: {} }).catch(() => undefined)
  await client
    .readResource({ uri: `test://template/${encodeURIComponent(patient)}/data` })
    .catch(() => undefined)
  const answer = await client.callTool({ name: 'test_simple_text', arguments: {} })

  expect(answer.content).toEqual(simple)
  const written = [...filesIn(state).map(({ text }) => text), heard.text()].join('\n')
  for (const said of ['Zebedee', 'Marker', '1931-02-03', 'This is a simple text'])
    expect(written).not.toContain(said)
  await client.close()
})

verifies(
  'authentication:connect',
  'key, certificate and tokens are one file for their owner alone',
  async () => {
    const [file, ...others] = filesIn(state)

    expect(others).toEqual([])
    expect(statSync(`${state}/${file?.name}`).mode & 0o777).toBe(0o600)
    expect(statSync(state).mode & 0o777).toBe(0o700)
    expect(await scene.ran(state, null, '--logout')).toMatchObject({ code: 0, out: '' })
    expect(filesIn(state)).toEqual([])
  },
)

test('it ends with its host, and ends the session', async () => {
  await scene.ran(state, scene.browser, '--login')
  const { client, transport } = await before()
  const { pid } = transport

  await client.close()

  expect(() => process.kill(pid as number, 0)).toThrow('ESRCH')
  const methods = (await scene.records()).flatMap((record) =>
    record.kind === 'intent' ? [record.method] : [],
  )
  expect(methods.at(-1)).toBe('DELETE')
})

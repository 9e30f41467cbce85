// Callers over HTTP on one side, a stdio server on the other, and all of the request path between.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type StdioUpstream, stdioUpstream } from '../../../sidecar/stdio/upstream.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { type StdioServer, stdioServer, ways } from '../../support/stdio-server.ts'
import { open } from '../../support/stream.ts'
import { verifies } from '../../verifies.ts'

let folder: string
let upstream: StdioUpstream
let scene: Scene
let server: StdioServer
let said: string[]
/** Words of one test: an upstream that is closed may still have some. */
function log() {
  const own: string[] = []
  said = own
  const tell = (message: string): void => void own.push(message)
  return { info: tell, warn: tell, error: tell }
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stdio-'))
  upstream = stdioUpstream({ socket: join(folder, 'server.sock'), log: log() })
  await upstream.open
  server = await stdioServer(join(folder, 'server.sock'), ways.initialize)
  scene = await aScene({
    upstream,
    policy: { fromServer: { progress: { text: 'Keep' }, logging: { text: 'Keep' } } },
  })
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
  await server.end()
  rmSync(folder, { recursive: true, force: true })
})

const found = (code: string) => ({
  content: [{ type: 'text', text: JSON.stringify({ conditions: [{ code }], name: 'Fluegel' }) }],
  structuredContent: { conditions: [{ code }], name: 'Fluegel' },
})
const withToken = (progressToken: string) => {
  const { body, headers } = aCall()
  const message = JSON.parse(String(body)) as { params: { _meta: object } }
  Object.assign(message.params['_meta'], { progressToken })
  return { body: JSON.stringify(message), headers }
}

test('a result is cut and recorded as any server’s is', async () => {
  const asking = scene.ask()
  server.answer(await server.request(0), found('E11.9'))
  const { json } = await asking

  expect(json['result']).toMatchObject({ structuredContent: { conditions: [{ code: 'E11.9' }] } })
  expect(JSON.stringify(json)).not.toContain('Fluegel')
  expect(scene.log).toEqual(['intent', 'result ok'])
})

test('a handshake shows what the policy has, and neither logging nor instructions', async () => {
  const { json, headers } = await scene.ask(
    aMessage('initialize', { protocolVersion: '2025-11-25', capabilities: { sampling: {} }, clientInfo: {} }),
  )

  const { protocolVersion, capabilities, instructions } = json['result'] as Record<string, unknown>
  expect({ protocolVersion, capabilities, instructions }).toEqual({
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    instructions: undefined,
  })
  expect(headers['mcp-session-id']).toBeTypeOf('string')
})

verifies(
  'stdio:attribution',
  'two persons stream at once, and each hears of their own call alone',
  async () => {
    const streams = [
      open(scene, withToken('same')),
      open(scene, { ...withToken('same'), token: await scene.token({ sub: 'another' }) }),
    ]
    const [one, two] = [await server.request(0), await server.request(1)]
    const progress = (of: typeof one, message: string) =>
      server.say({ method: 'notifications/progress', params: { progressToken: of.id, progress: 1, message } })
    progress(two, 'of the second')
    progress(one, 'of the first')
    server.say({ method: 'notifications/message', params: { level: 'info', data: 'Fluegel' } })
    server.say({ id: 1, method: 'sampling/createMessage', params: { messages: ['Fluegel'] } })
    server.answer(two, found('I10'))
    server.answer(one, found('E11.9'))

    const heard = await Promise.all(
      streams.map(async (stream) => JSON.stringify(await (await stream).rest())),
    )

    // Which request came first at the server is not said: each stream holds one call's words, and those are of one call.
    const [first, second] = heard.toSorted(
      (a, b) => Number(b.includes('E11.9')) - Number(a.includes('E11.9')),
    )
    expect(first).toMatch(/"progressToken":"same".*of the first.*E11\.9/)
    expect(first).not.toMatch(/of the second|I10|Fluegel/)
    expect(second).toMatch(/"progressToken":"same".*of the second.*I10/)
    expect(second).not.toMatch(/of the first|E11\.9|Fluegel/)
  },
)

verifies(
  'stdio:process',
  'a session that was begun with a process that is gone is over for its caller',
  async () => {
    const hello = await scene.ask(
      aMessage('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} }),
    )
    const session = { 'mcp-session-id': String(hello.headers['mcp-session-id']) }
    const sent = aCall()
    const before = scene.ask({ ...sent, headers: { ...sent.headers, ...session } })
    server.answer(await server.request(0), found('E11.9'))
    expect((await before).status).toBe(200)
    await server.end()
    await expect.poll(() => said).toContain('The server’s process is gone')
    server = await stdioServer(join(folder, 'server.sock'), ways.initialize)

    const after = await scene.ask({ ...sent, headers: { ...sent.headers, ...session } })

    expect(after.status).toBe(404)
    expect(server.asked).toEqual([])
  },
)

test('a caller of 2026-07-28 hears that a server of before does not speak it, and may try another', async () => {
  const { status, json } = await scene.ask(aMessage('server/discover', {}, { revision: '2026-07-28' }))

  expect(status).toBe(400)
  expect(JSON.stringify(json)).toContain('does not speak this revision')
})

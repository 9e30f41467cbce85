// Being told to stop, and sessions.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { withResult, withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aScene, caller, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const nothing = (): void => undefined

let scene: Scene
let ended = false
beforeEach(async () => {
  ended = false
  scene = await aScene()
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  if (!ended) await scene.end()
})

verifies(
  'transmission:drain',
  'calls in flight are finished and recorded, and no new ones begin',
  async () => {
    let release = nothing
    scene.upstream.answering = (asked, response) =>
      (release = () => withValue({ conditions: [] })(asked, response))
    const idle = await scene.agent()
    await scene.ask({ ...aMessage('ping'), agent: idle })
    const running = scene.ask()
    while (scene.upstream.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))

    ended = true
    let drained = false
    const draining = scene.calls.drain().then(() => (drained = true))
    await new Promise((resolve) => setTimeout(resolve, 30))

    expect([drained, scene.calls.inFlight()]).toEqual([false, 1])
    await expect(scene.ask({ agent: await scene.agent() })).rejects.toThrow('ECONNREFUSED')
    await expect(scene.ask({ agent: idle })).rejects.toThrow(/ECONNREFUSED|hang up|ECONNRESET/)
    release()
    const reply = await running
    expect([reply.status, reply.headers['connection']]).toEqual([200, 'close'])
    await draining
    expect(scene.log.slice(-3)).toEqual(['intent', 'upstream', 'result ok'])
    await scene.upstream.close()
  },
)

const initialized = withResult(
  { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'ehr', version: '1' } },
  { 'mcp-session-id': 'upstream-secret-Fluegel' },
)

async function begin(): Promise<string> {
  scene.upstream.answering = initialized
  const reply = await scene.ask(aMessage('initialize', { protocolVersion: '2025-11-25' }))
  expect(reply.text + JSON.stringify(reply.headers)).not.toContain('Fluegel')
  return String(reply.headers['mcp-session-id'])
}
const inSession = (session: string) => {
  const call = aCall()
  return { ...call, headers: { ...call.headers, 'mcp-session-id': session } }
}

test('a session of ours stands for the server’s, which no caller sees', async () => {
  const session = await begin()
  scene.upstream.answering = (_, response) => response.writeHead(202).end()
  const note = aMessage('notifications/initialized', {}, { id: null })
  const reply = await scene.ask({ ...note, headers: { ...note.headers, 'mcp-session-id': session } })

  expect([reply.status, reply.text]).toEqual([202, ''])
  expect(scene.upstream.asked.at(-1)).toMatchObject({
    headers: { 'mcp-session-id': 'upstream-secret-Fluegel' },
    body: { method: 'notifications/initialized' },
  })
  expect(scene.upstream.asked.at(-1)?.body).not.toHaveProperty('id')
  expect(scene.trail.of('result').at(-1)).toMatchObject({ outcome: 'ok', bytes: 0 })
  expect(scene.trail.of('result').at(-1)).not.toHaveProperty('result')
})

for (const [when, stranger] of [
  ['another person', async () => ({ token: await scene.token({ sub: 'nurse-8' }) })],
  [
    'the same person over another certificate',
    async () => {
      const pair = await caller('laptop')
      return { token: await scene.token({}, pair), agent: await scene.agent(pair) }
    },
  ],
] as const)
  test(`a session is unknown to ${when}`, async () => {
    const session = await begin()
    const before = scene.upstream.asked.length

    const reply = await scene.ask({ ...inSession(session), ...(await stranger()) })

    expect([reply.status, reply.json['error']]).toMatchObject([404, { data: { reason: 'session-unknown' } }])
    expect(scene.upstream.asked).toHaveLength(before)
  })

test('a session that nobody began is unknown', async () => {
  expect((await scene.ask(inSession('Fluegel'))).status).toBe(404)
})

test('a session that the server has forgotten ends, and the caller is told to begin anew', async () => {
  const session = await begin()
  scene.upstream.answering = (_, response) => response.writeHead(404).end()

  const reply = await scene.ask(inSession(session))
  const again = await scene.ask(inSession(session))

  expect([reply.status, again.status]).toEqual([404, 404])
  expect(scene.trail.of('refusal').map(({ reason, stage }) => `${stage} ${reason}`)).toEqual([
    'forward session-unknown',
    'authorize session-unknown',
  ])
})

// Open streams end with what they were opened by: access that was ended, and a session that is over.

import { afterEach, expect } from 'vitest'
import type { Policy } from '../../../core/policy.ts'
import { takesLess } from '../../support/best-of.ts'
import { withResult } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { issuerUrl } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { open, type Stream } from '../../support/stream.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
const scenes: Scene[] = []
afterEach(async () => {
  for (const one of scenes.splice(0)) {
    expect(one.faults).toEqual([])
    await one.end()
  }
})

const seconds = () => Date.now() / 1000

/** A session's stream, over a login of `age` seconds ago. Its server says one thing and then nothing. */
async function aStream(policy: Partial<Policy>, age = 0): Promise<{ stream: Stream; token: string }> {
  scene = await aScene({ policy: { fromServer: { listChanged: {} }, ...policy } })
  scenes.push(scene)
  const token = await scene.token({ auth_time: Math.floor(seconds() - age) })
  scene.upstream.answering = withResult(
    {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'ehr', version: '1' },
    },
    { 'mcp-session-id': 'upstream-1' },
  )
  const about = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const begun = await scene.ask({ ...aMessage('initialize', about), token })
  scene.upstream.answering = ({ body }, response) => {
    if ('id' in body) {
      withResult({ content: [] })({ body, headers: {} }, response)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const said = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }
    response.write(`data: ${JSON.stringify(said)}\n\n`)
  }
  const { headers } = aMessage('ping')
  const session = begun.headers['mcp-session-id'] as string
  const stream = await open(scene, {
    method: 'GET',
    headers: { ...headers, 'mcp-session-id': session },
    token,
  })
  expect(await stream.next()).toMatchObject({ method: 'notifications/tools/list_changed' })
  return { stream, token }
}

/** Seconds until the stream has ended. */
async function endsAfter(stream: Stream): Promise<number> {
  const began = performance.now()
  await stream.rest()
  return (performance.now() - began) / 1000
}

verifies('access:revocation', 'an open stream ends at once', async () => {
  await takesLess(1, async () => {
    const { stream } = await aStream({})
    setTimeout(() => {
      scene.orders.revocations.set([{ kind: 'person', value: `${issuerUrl} nurse-7` }])
      scene.orders.set(scene.orders.standing())
    }, 100)
    return await endsAfter(stream)
  })
})

verifies('authentication:logoff', 'an open stream ends when nobody is at work', async () => {
  await takesLess(3, async () => {
    const { stream } = await aStream({ sessions: { idleSeconds: 2, absoluteSeconds: 3600 } })
    return await endsAfter(stream)
  })
})

verifies('authentication:logoff', 'a call puts the end of an open stream off', async () => {
  await takesLess(6, async () => {
    const { stream, token } = await aStream({ sessions: { idleSeconds: 3, absoluteSeconds: 3600 } })
    setTimeout(() => void scene.ask({ ...aCall(), token }), 1_500)
    const after = await endsAfter(stream)
    expect(after).toBeGreaterThan(3.5)
    return after
  })
})

verifies('authentication:logoff', 'an open stream ends some time after the login', async () => {
  await takesLess(3, async () => {
    const { stream } = await aStream({ sessions: { idleSeconds: 3600, absoluteSeconds: 62 } }, 60)
    return await endsAfter(stream)
  })
})

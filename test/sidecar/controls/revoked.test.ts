// Access that was ended: of a person, a token, a certificate or a client, whatever was remembered before.

import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { IncomingMessage } from 'node:http'
import type { Agent } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect } from 'vitest'
import type { RevocationOrder } from '../../../core/wire.ts'
import { endedAccess } from '../../../sidecar/ended-access.ts'
import { type Open, openConnections } from '../../../sidecar/open-connections.ts'
import { withResult, withValue } from '../../support/mcp-server.ts'
import { aMessage } from '../../support/message.ts'
import { issuerUrl } from '../../support/policy.ts'
import { aScene, caller, type Scene, thumbprint } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
let token: string
let clock = Date.now()
beforeEach(async () => {
  clock = Date.now()
  scene = await aScene({ clock: () => clock })
  scene.upstream.answering = withValue({ conditions: [{ code: 'E11.9' }] })
  token = await scene.token({ jti: 'token-9', azp: 'agent-9' })
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
})

const own = async () => thumbprint(await caller())
const cases: { when: string; revoked: () => Promise<RevocationOrder>; status: number; reason: string }[] = [
  {
    when: 'the person',
    revoked: async () => ({ kind: 'person', value: `${issuerUrl} nurse-7` }),
    status: 403,
    reason: 'person-revoked',
  },
  {
    when: 'the token, by its identifier',
    revoked: async () => ({ kind: 'token', value: 'token-9' }),
    status: 401,
    reason: 'token-revoked',
  },
  {
    when: 'the token, by its hash',
    revoked: async () => ({ kind: 'token-hash', value: createHash('sha256').update(token).digest('hex') }),
    status: 401,
    reason: 'token-revoked',
  },
  {
    when: 'the certificate',
    revoked: async () => ({ kind: 'certificate', value: await own() }),
    status: 403,
    reason: 'certificate-revoked',
  },
  {
    when: 'the client',
    revoked: async () => ({ kind: 'client', value: 'agent-9' }),
    status: 403,
    reason: 'client-revoked',
  },
]
for (const { when, revoked, status, reason } of cases)
  verifies(
    'access:revocation',
    `${when}, though it was let in before; recorded with the person`,
    async () => {
      // Known to the cache of verified tokens.
      expect((await scene.ask({ token })).status).toBe(200)
      scene.upstream.asked.length = 0
      scene.orders.revocations.set([await revoked()])

      const reply = await scene.ask({ token })

      expect(reply.status).toBe(status)
      expect(reply.text).not.toContain('E11.9')
      expect(scene.upstream.asked).toEqual([])
      expect(scene.trail.of('refusal')).toMatchObject([{ reason, who: { sub: 'nurse-7', token: 'token-9' } }])
      // Nor does anything else pass.
      expect((await scene.ask({ ...aMessage('tools/list'), token })).status).toBe(status)
      // Lifted, it counts no more.
      scene.orders.revocations.set([])
      expect((await scene.ask({ token })).status).toBe(200)
    },
  )

for (const { when, revoked } of cases.filter(({ status }) => status === 403))
  verifies('access:revocation', `connections are closed, idle ones at once: ${when}`, async () => {
    const [idle, busy, another] = await Promise.all([
      scene.agent(),
      scene.agent(),
      scene.agent(await caller('another')),
    ])
    const closed: string[] = []
    const watched = async (name: string, agent: Agent, good: string): Promise<void> => {
      agent.once('free', (socket: Socket) => socket.once('close', () => closed.push(name)))
      expect((await scene.ask({ agent, token: good })).status).toBe(200)
    }
    const others = await scene.token(
      { sub: 'nurse-8', jti: 'token-8', azp: 'agent-8' },
      await caller('another'),
    )
    await watched('idle', idle, token)
    await watched('busy', busy, token)
    await watched('another', another, others)
    const goOn = Promise.withResolvers<void>()
    scene.upstream.answering = async (asked, response) => {
      await goOn.promise
      await withValue({ conditions: [{ code: 'E11.9' }] })(asked, response)
    }
    const running = scene.ask({ agent: busy, token })
    await expect.poll(() => scene.upstream.asked.length).toBe(4)

    const since = performance.now()
    scene.orders.revocations.set([await revoked()])
    scene.orders.set(scene.orders.standing())
    await expect.poll(() => closed).toEqual(['idle'])
    expect(performance.now() - since).toBeLessThan(5_000)
    goOn.resolve()

    expect((await running).text).not.toContain('E11.9')
    await expect.poll(() => closed).toEqual(['idle', 'busy'])
    expect((await scene.ask({ agent: another, token: others })).status).toBe(200)
    // One that begins later ends with its refusal, and says so.
    expect((await scene.ask({ agent: await scene.agent(), token })).headers['connection']).toBe('close')
  })

verifies('access:revocation', 'a connection over which a stream ran is closed behind it', async () => {
  let ended = 0
  const socket = Object.assign(new EventEmitter(), {
    destroySoon: () => (ended += 1),
  }) as unknown as TLSSocket
  const connection = { peer: '127.0.0.1', certificate: await own(), expires: clock + 60_000, generation: 0 }
  const open = openConnections()
  const access = endedAccess(open, scene.orders)
  open.keep(socket, connection)
  const kept = open.of(socket) as Open
  const [over, alsoOver] = [new IncomingMessage(socket), new IncomingMessage(socket)].map((request) =>
    open.begin(kept, request),
  ) as [() => void, () => void]
  scene.orders.revocations.set([{ kind: 'certificate', value: connection.certificate }])
  scene.orders.set(scene.orders.standing())
  over()
  expect(ended).toBe(0)

  alsoOver()
  access.stop()

  expect(ended).toBe(1)
})

verifies('access:revocation', 'others are not concerned', async () => {
  scene.orders.revocations.set([
    { kind: 'person', value: `${issuerUrl} nurse-8` },
    { kind: 'person', value: `https://other.example.org nurse-7` },
    { kind: 'token', value: 'token-1' },
    { kind: 'token-hash', value: 'ab'.repeat(32) },
    { kind: 'certificate', value: 'A'.repeat(43) },
    { kind: 'client', value: 'nurse-7' },
  ])

  expect((await scene.ask({ token })).status).toBe(200)
})

verifies(
  'access:revocation',
  'it ends at its moment, and one whose end does not parse never does',
  async () => {
    const until = new Date(clock + 60_000).toISOString()
    const value = `${issuerUrl} nurse-7`
    scene.orders.revocations.set([{ kind: 'person', value, until }])
    expect((await scene.ask({ token })).status).toBe(403)
    clock += 60_000
    expect((await scene.ask({ token })).status).toBe(200)

    scene.orders.revocations.set([{ kind: 'person', value, until: 'soon' }])
    expect((await scene.ask({ token })).status).toBe(403)
    // Of two for one person the longer counts, in whatever order they stand.
    for (const order of [
      [{ until: new Date(0).toISOString() }, {}],
      [{}, { until: new Date(0).toISOString() }],
    ]) {
      scene.orders.revocations.set(order.map((one) => ({ kind: 'person', value, ...one })))
      expect((await scene.ask({ token })).status).toBe(403)
    }
  },
)

verifies('access:revocation', 'a call in flight gets no further: its answer is withheld', async () => {
  const answering = scene.upstream.answering
  scene.upstream.answering = (asked, response) => {
    scene.orders.revocations.set([{ kind: 'person', value: `${issuerUrl} nurse-7` }])
    answering(asked, response)
  }

  const reply = await scene.ask({ token })

  expect(reply.status).toBe(403)
  expect(reply.text).not.toContain('E11.9')
  expect(scene.trail.of('result')).toMatchObject([{ outcome: 'unknown' }])
  expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'person-revoked' }])
})

verifies('access:revocation', 'a session that was begun before serves nothing any more', async () => {
  scene.upstream.answering = withResult(
    {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'ehr', version: '1' },
    },
    { 'mcp-session-id': 'upstream-1' },
  )
  const begun = await scene.ask({
    ...aMessage('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'c', version: '1' },
    }),
    token,
  })
  const session = begun.headers['mcp-session-id'] as string
  expect(session).toBeDefined()
  scene.orders.revocations.set([{ kind: 'certificate', value: await own() }])

  const message = aMessage('tools/list')
  const reply = await scene.ask({
    ...message,
    headers: { ...message.headers, 'mcp-session-id': session },
    token,
  })

  expect(reply.status).toBe(403)
})

// When the trail cannot keep a record, there is no service; when orders say lock, there is none either.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { recordDeadline } from '../../../sidecar/recorded.ts'
import { anInForce } from '../../support/in-force.ts'
import { withResult, withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aPolicy } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { memoryTrail } from '../../support/trail.ts'
import { verifies } from '../../verifies.ts'

const nothing = (): void => undefined

let scene: Scene
beforeEach(async () => {
  scene = await aScene()
  scene.upstream.answering = withValue({ conditions: [{ code: 'E11.9' }] })
})
afterEach(async () => {
  vi.useRealTimers()
  scene.trail.fail = {}
  await scene.end()
})

const unavailable = { status: 503, reason: 'trail-unavailable' }
const told = ({ status, json }: { status: number; json: Record<string, unknown> }) => ({
  status,
  reason: (json['error'] as { data?: { reason?: string } } | undefined)?.data?.reason,
})

// (fails, not persisted) and (fails, but persisted): the caller learns the same, since we cannot know which it was.
const outages = [
  {
    when: 'the intent cannot be written',
    fail: { intend: 'rejects' },
    log: ['intent rejects', 'refusal trail-unavailable'],
  },
  {
    when: 'the intent’s acknowledgement is lost',
    fail: { intend: 'keeps and rejects' },
    log: ['intent keeps and rejects', 'refusal trail-unavailable'],
  },
  {
    when: 'the result cannot be written',
    fail: { settle: 'rejects' },
    log: ['intent', 'upstream', 'result ok rejects', 'refusal trail-unavailable'],
  },
  {
    when: 'the result’s acknowledgement is lost',
    fail: { settle: 'keeps and rejects' },
    log: ['intent', 'upstream', 'result ok keeps and rejects', 'refusal trail-unavailable'],
  },
  {
    when: 'nothing can be written',
    fail: { intend: 'rejects', refuse: 'rejects' },
    log: ['intent rejects', 'refusal trail-unavailable rejects'],
  },
] as const

for (const { when, fail, log } of outages)
  verifies('audit:no-record-no-service', when, async () => {
    scene.trail.fail = { ...fail }

    const reply = await scene.ask()

    expect(told(reply)).toEqual(unavailable)
    expect(reply.headers['retry-after']).toBe('5')
    expect(reply.text).not.toContain('E11.9')
    expect(scene.log).toEqual(log)
  })

for (const verb of ['intend', 'settle'] as const)
  verifies('audit:no-record-no-service', `${verb} hangs`, async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    scene.trail.fail = { [verb]: 'hangs' }

    const asking = scene.ask()
    await vi.waitFor(() => expect(scene.log.some((event) => event.endsWith('hangs'))).toBe(true), {
      timeout: 2000,
    })
    await vi.advanceTimersByTimeAsync(recordDeadline)

    expect(told(await asking)).toEqual(unavailable)
  })

verifies(
  'audit:no-record-no-service',
  'a refusal that cannot be recorded says nothing of why it was one',
  async () => {
    scene.trail.fail = { refuse: 'rejects' }

    const refused = await scene.ask(aCall({ patient_id: 'p' }, { tool: 'unknown' }))
    const broken = await scene.ask({ body: '{', headers: {} })

    expect([told(refused), told(broken)]).toEqual([unavailable, unavailable])
  },
)

verifies('audit:no-record-no-service', 'service returns by itself', async () => {
  scene.trail.fail = { intend: 'rejects' }
  await scene.ask()
  scene.trail.fail = {}

  expect((await scene.ask()).status).toBe(200)
})

verifies('audit:no-record-no-service', 'lists and pings are recorded like calls', async () => {
  scene.trail.fail = { settle: 'rejects' }

  for (const method of ['tools/list', 'ping'])
    expect(told(await scene.ask(aMessage(method)))).toEqual(unavailable)
})

verifies('audit:result-before-answer', 'no byte leaves while the result is not acknowledged', async () => {
  let release = nothing
  const kept = memoryTrail(scene.log)
  scene.trail.settle = async (entry) => {
    await new Promise<void>((resolve) => (release = resolve))
    await kept.settle(entry)
  }
  let answered = false
  const asking = scene.ask().then((reply) => {
    answered = true
    return reply
  })
  await vi.waitFor(() => expect(scene.log).toContain('upstream'))
  await new Promise((resolve) => setTimeout(resolve, 50))

  expect(answered).toBe(false)
  release()
  expect((await asking).status).toBe(200)
})

verifies(
  'audit:refusals',
  'a refusal after the intent closes it with a result over the bytes of the refusal',
  async () => {
    const reply = await scene.ask(aCall({ patient_id: 'p', extra: 'Fluegel' }))

    expect(scene.log).toEqual(['intent', 'refusal argument-refused', 'result error'])
    const [intent] = scene.trail.of('intent')
    expect(scene.trail.of('result')).toMatchObject([
      { call: intent?.call, bytes: Buffer.byteLength(reply.text) },
    ])
    expect(scene.trail.of('refusal')).toMatchObject([
      {
        call: intent?.call,
        stage: 'minimize',
        tool: 'get_diagnosis',
        purpose: 'TREAT',
        who: { sub: 'nurse-7' },
      },
    ])
  },
)

verifies(
  'audit:no-content',
  'arguments, results, unknown tools and purposes leave no trace in any record',
  async () => {
    scene.upstream.answering = withValue({ conditions: [{ code: 'Fluegel' }], id: 'Fluegel' })
    await scene.ask(aCall({ patient_id: 'Fluegel' }))
    await scene.ask(aCall({ patient_id: 'Fluegel', Fluegel: 'Fluegel' }))
    await scene.ask(aCall({ patient_id: 'Fluegel' }, { tool: 'Fluegel' }))
    await scene.ask(aCall({ patient_id: 'Fluegel' }, { purpose: 'Fluegel' }))
    await scene.ask(aMessage('tools/list', {}, { purpose: 'Fluegel' }))
    await scene.ask(aMessage('Fluegel'))
    scene.upstream.answering = withResult({ content: [{ type: 'text', text: 'Fluegel' }], isError: true })
    await scene.ask()

    expect(scene.trail.entries.length).toBeGreaterThan(8)
    expect(JSON.stringify(scene.trail.entries)).not.toMatch(/fluegel/i)
  },
)

verifies('access:lockdown', 'every call is refused and recorded', async () => {
  scene.orders.set({ locked: 'lockdown', inForce: anInForce() })

  const replies = [
    await scene.ask(),
    await scene.ask(aMessage('tools/list')),
    await scene.ask(aMessage('initialize')),
  ]

  expect(replies.map(told)).toEqual(Array.from({ length: 3 }, () => ({ status: 503, reason: 'locked' })))
  expect(scene.log).toEqual(['refusal locked', 'refusal locked', 'refusal locked'])
})

verifies('access:lockdown', 'without any orders nothing is served', async () => {
  scene.orders.set({ locked: 'no-orders' })

  expect(told(await scene.ask({ path: '/anything' }))).toEqual({ status: 503, reason: 'locked' })
})

verifies('access:lockdown', 'a call in flight is cut, and its result is withheld', async () => {
  scene.upstream.answering = (asked, response) => {
    scene.orders.set({ locked: 'lockdown', inForce: anInForce() })
    withValue({ conditions: [{ code: 'E11.9' }] })(asked, response)
  }

  const reply = await scene.ask()

  expect(told(reply)).toEqual({ status: 503, reason: 'locked' })
  expect(reply.text).not.toContain('E11.9')
  expect(scene.log).toEqual(['intent', 'upstream', 'refusal locked', 'result unknown'])
})

test('a fault of ours is an internal error that says nothing, and is recorded', async () => {
  const broken = aPolicy()
  scene.use({
    ...broken,
    tools: broken.tools.map((tool) => ({ ...tool, arguments: { type: 'no such type' } })),
  })

  const reply = await scene.ask()

  expect(told(reply)).toEqual({ status: 500, reason: 'internal' })
  expect(scene.log).toEqual(['refusal internal'])
  expect(scene.faults).toEqual(['transport: TypeError'])
})

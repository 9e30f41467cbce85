// A tool call through the whole request path.

import { createHmac } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { testKeys } from '../../support/in-force.ts'
import { withEvents, withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeAll(async () => {
  scene = await aScene()
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
  scene.trail.fail = {}
  expect(scene.faults.splice(0)).toEqual([])
})

const record = {
  subject: { reference: 'Patient/p-100' },
  conditions: [{ code: 'E11.9', onset: '2019-04-01', note: 'Ms Fluegel said so', secret: 7 }],
  billing: { card: '4111' },
}

for (const revision of ['2025-11-25', '2026-07-28'] as const)
  verifies('audit:intent-before-upstream', `a permitted call in ${revision}`, async () => {
    scene.upstream.answering = withValue(record)

    const reply = await scene.ask(aCall({ patient_id: 'p-100' }, { revision }))

    expect(reply.status).toBe(200)
    expect(scene.log).toEqual(['intent', 'upstream', 'result ok'])
    expect(reply.json['result']).toEqual({
      ...(revision === '2026-07-28' ? { resultType: 'complete' } : {}),
      content: [{ type: 'text', text: '{"conditions":[{"code":"E11.9","onset":"2019"}]}' }],
      structuredContent: { conditions: [{ code: 'E11.9', onset: '2019' }] },
    })
  })

verifies(
  'audit:result-before-answer',
  'the recorded hash is that of exactly the bytes returned',
  async () => {
    scene.upstream.answering = withValue(record)

    const reply = await scene.ask()

    const [result] = scene.trail.of('result')
    const hash = createHmac('sha256', testKeys.hashes).update(reply.text).digest('hex')
    expect(result).toMatchObject({
      outcome: 'ok',
      result: `hmac-sha256:${hash}`,
      bytes: Buffer.byteLength(reply.text),
    })
  },
)

verifies(
  'transmission:upstream-faults',
  'an answer in a stream of events becomes one JSON answer',
  async () => {
    scene.upstream.answering = withEvents(
      { method: 'notifications/message', params: { level: 'info', data: 'Fluegel' } },
      { result: { content: [{ type: 'text', text: '{"conditions":[]}' }] } },
    )

    const reply = await scene.ask()

    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.text).not.toContain('Fluegel')
    expect(scene.trail.of('result')[0]?.dropped).toMatchObject({ 'server-message': 1 })
  },
)

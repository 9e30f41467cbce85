// Short texts that name somebody, in a server's question: they are no prose, and are searched all the same.

import { afterAll, beforeAll, expect } from 'vitest'
import { withResult } from '../../support/mcp-server.ts'
import { aMessage } from '../../support/message.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeAll(async () => {
  scene = await aScene({
    policy: { fromServer: { elicitation: { text: 'Redact', modes: ['form'], hosts: [] } } },
  })
})
afterAll(async () => await scene.end())

verifies('minimum:text', 'the message and the titles of a question name nobody', async () => {
  const requestedSchema = {
    type: 'object',
    properties: { a: { type: 'string', title: 'Mary Smith', description: 'Smith, John' } },
  }
  const params = { message: 'Confirm: Mary Smith?', requestedSchema }
  scene.upstream.answering = withResult({
    resultType: 'input_required',
    inputRequests: { q: { method: 'elicitation/create', params } },
  })

  const { text } = await scene.ask(
    aMessage(
      'tools/call',
      { name: 'get_diagnosis', arguments: { patient_id: 'p-1' } },
      { revision: '2026-07-28', capabilities: { elicitation: { form: {} } } },
    ),
  )

  expect(text).toContain('Confirm: [NAME]?')
  expect(text).not.toMatch(/Smith|John/)
})

verifies(
  'minimum:text',
  'a question demands nothing that is called after somebody and is not shown',
  async () => {
    const field = { type: 'string' }
    const requestedSchema = {
      type: 'object',
      properties: { 'Mary Smith': field, reason: field },
      required: ['reason', 'Mary Smith'],
    }
    scene.upstream.answering = withResult({
      resultType: 'input_required',
      inputRequests: {
        q: { method: 'elicitation/create', params: { message: 'Which of them?', requestedSchema } },
      },
    })

    const { json } = await scene.ask(
      aMessage(
        'tools/call',
        { name: 'get_diagnosis', arguments: { patient_id: 'p-1' } },
        { revision: '2026-07-28', capabilities: { elicitation: { form: {} } } },
      ),
    )

    expect(json['result']).toMatchObject({
      inputRequests: {
        q: {
          params: {
            requestedSchema: { type: 'object', properties: { reason: field }, required: ['reason'] },
          },
        },
      },
    })
  },
)

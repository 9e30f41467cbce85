// Results that are cut where they lie, through the whole request path.

import { afterAll, beforeAll, expect } from 'vitest'
import { aTool } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeAll(async () => {
  const fields = ['/conditions', '/age']
  scene = await aScene({
    policy: { tools: [aTool({ returns: { fields, patients: [], text: 'Redact', media: 'Drop' } })] },
  })
})
afterAll(async () => await scene.end())

/** The server writes its answer so, letter by letter; `{id}` stands for the request's. */
const writing = (message: string, type = 'application/json'): void => {
  scene.upstream.answering = ({ body }, response) =>
    response.writeHead(200, { 'content-type': type }).end(message.replace('{id}', String(body['id'])))
}
const answer = (structured: string, besides = ''): string =>
  `{"jsonrpc":"2.0","id":{id},"result":{"content":[],"structuredContent":${structured}${besides}}}`

verifies(
  'minimum:fields',
  'what is kept leaves in the server’s own spelling, and nothing else does',
  async () => {
    writing(
      answer(
        String.raw`{ "name":"Anna Fluegel", "conditions":[ {"code":"\u0045 11","value":1.50} ] , "x":1e2}`,
      ),
    )

    const { text } = await scene.ask()

    expect(text).toContain(String.raw`"structuredContent":{"conditions":[{"code":"\u0045 11","value":1.50} ]`)
    expect(text).not.toMatch(/Anna|"x"/)
    expect(scene.trail.of('result').at(-1)).toMatchObject({
      kept: { '/conditions': 2 },
      dropped: { 'not-allowed': 2 },
    })
  },
)

verifies('minimum:fields', 'the same in a stream of events', async () => {
  writing(`event: message\ndata: ${answer('{"conditions":[1.50],"name":"Anna"}')}\n\n`, 'text/event-stream')

  const { text } = await scene.ask()

  expect(text).toContain('"structuredContent":{"conditions":[1.50]}')
})

const unusual: { when: string; structured: string; besides?: string; shown: unknown }[] = [
  {
    when: 'a member that stands twice counts as its last one',
    structured: '{"name":"Anna","conditions":["Anna"],"conditions":["I10"],"patient":{"name":"Anna"}}',
    shown: { conditions: ['I10'] },
  },
  {
    when: 'a name with an escape is the name that it spells',
    structured: String.raw`{"\u0063onditions":["Anna Fluegel","I10"],"patient":{"\u006eame":"Anna Fluegel"}}`,
    shown: { conditions: ['[NAME]', 'I10'] },
  },
  {
    when: 'an age over 89 is shown as one group',
    structured: '{"age":93,"conditions":["I10"]}',
    shown: { age: 90, conditions: ['I10'] },
  },
  {
    when: 'a carriage return between members leaves as no line’s end',
    structured: '{"conditions":\r\n["I10",\r"I11"]}',
    shown: { conditions: ['I10', 'I11'] },
  },
]
for (const { when, structured, besides, shown } of unusual)
  verifies('minimum:text', when, async () => {
    writing(answer(structured, besides))

    const reply = await scene.ask()

    expect(reply.text).not.toContain('\r')
    expect((reply.json['result'] as { structuredContent: unknown }).structuredContent).toEqual(shown)
  })

verifies(
  'minimum:text',
  'a word that nobody was called by is a patient’s name in the next result',
  async () => {
    writing(answer('{"conditions":["Thistle"]}'))
    expect((await scene.ask()).text).toContain('Thistle')
    writing(answer('{"conditions":["Thistle"],"patient":{"name":"Emil Thistle"}}'))
    expect((await scene.ask()).text).not.toContain('Thistle')
  },
)

verifies(
  'transmission:upstream-faults',
  'what is no answer to this call is none where it lies, too',
  async () => {
    for (const message of [
      '{"jsonrpc":"2.0","id":{id}1,"result":{"content":[]}}',
      '{"jsonrpc":"1.0","id":{id},"result":{"content":[]}}',
      '{"jsonrpc":"2.0","id":"{id}","result":{"content":[]}}',
      '{"jsonrpc":"2.0","id":{id},"result":{"content":[]},"error":{"code":1,"message":"Anna"}}',
      '{"jsonrpc":"2.0","id":{id},"result":{"content":[]}',
      '{"jsonrpc":"2.0","id":{id},"result":[]}',
    ]) {
      writing(message)
      const { text } = await scene.ask()

      expect(text).not.toContain('"content":[]')
      expect(text).not.toContain('Anna')
    }
  },
)

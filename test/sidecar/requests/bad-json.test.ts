// JSON that two readers may take differently, or that costs more to look at than to send: refused. What is passed on
// arrives as it was sent.

import { afterEach, beforeEach, expect } from 'vitest'
import { withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aTool } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeEach(async () => {
  // A tool that takes anything.
  scene = await aScene({
    policy: {
      tools: [aTool({ arguments: { type: 'object', additionalProperties: true }, identifiers: 'Keep' })],
    },
  })
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
})

/** Stands where a careless caller puts PHI. */
const phi = 'Fluegel-1984-03-02'
const call = aCall({ patient_id: phi })
/** The call with other text in place of the patient. */
const withArguments = (text: string) => ({ ...call, body: String(call.body).replace(`"${phi}"`, text) })
const message = (members: string) => ({ ...call, body: `{"jsonrpc":"2.0",${members}}` })
const many = (length: number, member: (at: number) => string) =>
  Array.from({ length }, (_, at) => member(at)).join(',')

const prototypes = [
  '{"__proto__":{"a":1}}',
  '{"\\u005f_proto__":1}',
  '{"constructor":{"prototype":{"a":1}}}',
  '[{"a":{"__proto__":null}}]',
]
const numbers = [
  '1e400',
  '-1e400',
  '18446744073709551616',
  '9007199254740993',
  '-9007199254740993',
  '123456789012345678901',
]

const cases: { when: string; asking: { body: string }; reason: string }[] = [
  ...numbers.map((number) => ({
    when: `the number ${number}`,
    asking: withArguments(`"${phi}","n":${number}`),
    reason: 'json-number',
  })),
  { when: 'the number 1e400 in a list', asking: withArguments(`[ 1e400]`), reason: 'json-number' },
  ...prototypes.map((value) => ({
    when: `what may be taken for a prototype: ${value}`,
    asking: withArguments(`"${phi}","n":${value}`),
    reason: 'json-prototype',
  })),
  {
    when: '__proto__ beside the parameters',
    asking: message('"id":1,"method":"ping","__proto__":{"x":1}'),
    reason: 'json-prototype',
  },
  {
    when: '20,000 elements',
    asking: withArguments(`[${many(20_000, () => '0')}]`),
    reason: 'json-too-many',
  },
  {
    when: '20,000 members',
    asking: withArguments(`{${many(20_000, (at) => `"a${at}":0`)}}`),
    reason: 'json-too-many',
  },
  {
    when: '20,000 empty lists',
    asking: withArguments(`[${many(20_000, () => '[]')}]`),
    reason: 'json-too-many',
  },
  {
    when: 'half a surrogate pair in the name of a member',
    asking: withArguments('{"\\udc00":1}'),
    reason: 'json-broken',
  },
  {
    when: 'a surrogate pair the wrong way round',
    asking: withArguments('"\\ude00\\ud83d"'),
    reason: 'json-broken',
  },
  {
    when: '65 levels',
    asking: withArguments(`${'['.repeat(62)}1${']'.repeat(62)}`),
    reason: 'json-too-deep',
  },
  {
    when: 'a byte order mark',
    asking: { ...call, body: `\ufeff${String(call.body)}` },
    reason: 'json-broken',
  },
  { when: 'NaN', asking: withArguments('NaN'), reason: 'json-broken' },
  { when: 'a comment', asking: withArguments(`"${phi}" /* x */`), reason: 'json-broken' },
  ...['true', '[1]', '{"a":1}', '-1.5', '9007199254740992'].map((id) => ({
    when: `the id ${id}`,
    asking: message(`"method":"ping","id":${id}`),
    reason: 'message-malformed',
  })),
  ...['"error":{"code":1},"result":{}', '"result":["x"]', '"result":"x"', '"result":null'].map((answer) => ({
    when: `an answer that is none: ${answer}`,
    asking: message(`"id":1,${answer}`),
    reason: 'message-malformed',
  })),
  ...['1', '0', '-1', `"${phi}"`, 'null', '[1]', '{"a":1}', '1.5'].map((id) => ({
    when: `an answer to what was never asked: ${id.replace(phi, 'text')}`,
    asking: message(`"id":${id},"error":{"code":1,"message":"${phi}"}`),
    reason: 'question-unknown',
  })),
]

for (const { when, asking, reason } of cases)
  verifies('transmission:bad-input', when, async () => {
    const reply = await scene.ask({ ...asking, headers: call.headers })

    expect([reply.status, reply.json['error']]).toEqual([
      400,
      expect.objectContaining({ data: { reason, call_id: expect.any(String) } }),
    ])
    expect(reply.text).not.toContain('Fluegel')
    expect(scene.upstream.asked).toEqual([])
    expect(scene.trail.entries).toMatchObject([{ kind: 'refusal', reason, stage: 'transport' }])
    expect(JSON.stringify(scene.trail.entries)).not.toContain('Fluegel')
  })

const arriving: { when: string; sent: string; arrives: Record<string, unknown> }[] = [
  {
    when: 'of a member that comes twice the last one, here and there',
    sent: '"first","patient_id":"p-7"',
    arrives: { patient_id: 'p-7' },
  },
  {
    when: 'fractions',
    sent: '"p","n":0.1,"m":1.50,"k":-2.5e-3,"l":0.1000000000000000055,"z":1e-400,"h":1e22',
    arrives: { patient_id: 'p', n: 0.1, m: 1.5, k: -0.0025, l: 0.1, z: 0, h: 1e22 },
  },
  {
    when: 'the largest integers',
    sent: '"p","n":9007199254740991,"m":-9007199254740991',
    arrives: { patient_id: 'p', n: Number.MAX_SAFE_INTEGER, m: Number.MIN_SAFE_INTEGER },
  },
  {
    when: 'long numbers in texts',
    sent: '"12345678901234567890","n":" 1e400","m":":9007199254740993"',
    arrives: { patient_id: '12345678901234567890', n: ' 1e400', m: ':9007199254740993' },
  },
  {
    when: 'members named like those of every object',
    sent: '"p","constructor":1,"toString":2,"hasOwnProperty":{},"prototype":{}',
    arrives: { patient_id: 'p', constructor: 1, toString: 2, hasOwnProperty: {}, prototype: {} },
  },
  {
    when: 'a whole surrogate pair',
    sent: '"p","n":"\\ud83d\\ude00"',
    arrives: { patient_id: 'p', n: '\u{1f600}' },
  },
  { when: 'an escaped zero', sent: '"p","n":"\\u0000"', arrives: { patient_id: 'p', n: '\0' } },
]

for (const { when, sent, arrives } of arriving)
  verifies('transmission:bad-input', `arrives at the server as it was sent: ${when}`, async () => {
    expect((await scene.ask(withArguments(sent))).status).toBe(200)

    const params = scene.upstream.asked[0]?.body['params'] as { arguments: object }
    // As text: what toEqual takes for the same is not always the same.
    expect(JSON.stringify(params.arguments)).toBe(JSON.stringify({ ...arrives, sections: ['conditions'] }))
  })

verifies(
  'transmission:bad-input',
  'patients of a member that comes twice are those that are sent',
  async () => {
    await scene.ask(withArguments('"p-7"'))
    await scene.ask(withArguments('"p-8","patient_id":"p-7"'))

    const [once, twice] = scene.trail.of('intent')
    expect([twice?.arguments, twice?.patients.length]).toEqual([once?.arguments, 1])
    expect(scene.upstream.asked[1]?.body['params']).toEqual(scene.upstream.asked[0]?.body['params'])
  },
)

for (const number of ['1e400', '18446744073709551616'])
  verifies('transmission:upstream-faults', `a server’s ${number} is not turned into another`, async () => {
    const result = `{"content":[],"structuredContent":{"conditions":[{"code":${number}}]}}`
    scene.upstream.answering = ({ body }, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(`{"jsonrpc":"2.0","id":${String(body['id'])},"result":${result}}`)

    const reply = await scene.ask(aCall())
    scene.upstream.answering = withValue({})

    expect(reply.json['result']).toMatchObject({
      isError: true,
      _meta: { 'dev.hipaa-mcp/reason': 'upstream-malformed' },
    })
    expect((await scene.ask(aCall())).json['result']).not.toHaveProperty('isError')
  })

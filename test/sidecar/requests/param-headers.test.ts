// Arguments that stand in headers as well (MCP 2026-07-28, x-mcp-header): the same in both, made anew for the server, and
// nobody's identifier.

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy, aRole, aTool, someLimits } from '../../support/policy.ts'
import { type Asking, aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const policy = {
  roles: [aRole({ tools: ['get_diagnosis', 'get_plain'] })],
  tools: [
    aTool({
      limits: someLimits({ callsPerMinute: 6000, patientsPerHour: 1000, resultBytes: 262_144 }),
      arguments: {
        type: 'object',
        properties: {
          patient_id: { type: 'string' },
          region: { type: 'string', 'x-mcp-header': 'Region' },
          count: { type: 'integer', 'x-mcp-header': 'Count' },
          where: {
            type: 'object',
            properties: { deep: { type: 'boolean', 'x-mcp-header': 'Deep-Flag' } },
          },
          free: { type: ['string', 'null'] },
        },
        required: ['patient_id'],
      },
    }),
    aTool({ name: 'get_plain' }),
  ],
}

let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy })
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.use(aPolicy(policy))
  scene.forget()
  scene.upstream.answering = withValue({})
  expect(scene.faults.splice(0)).toEqual([])
})

type Args = Record<string, unknown>
const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`

function asking(args: Args, headers: Record<string, string>, tool = 'get_diagnosis'): Asking {
  const call = aCall({ patient_id: 'p-100', ...args }, { tool, revision: '2026-07-28' })
  return { ...call, headers: { ...call.headers, ...headers } }
}

const good: { when: string; args: Args; headers: Record<string, string>; sent: Record<string, string> }[] = [
  {
    when: 'a text',
    args: { region: 'us-east1' },
    headers: { 'Mcp-Param-Region': 'us-east1' },
    sent: { 'mcp-param-region': 'us-east1' },
  },
  {
    when: 'a text in base64 that needs none: made anew without it',
    args: { region: 'us-east1' },
    headers: { 'mcp-param-region': base64('us-east1') },
    sent: { 'mcp-param-region': 'us-east1' },
  },
  {
    when: 'a text that needs base64',
    args: { region: 'größe ' },
    headers: { 'mcp-param-region': base64('größe ') },
    sent: { 'mcp-param-region': base64('größe ') },
  },
  {
    when: 'a text of several lines',
    args: { region: 'a\r\nx-b: c' },
    headers: { 'mcp-param-region': base64('a\r\nx-b: c') },
    sent: { 'mcp-param-region': base64('a\r\nx-b: c') },
  },
  {
    when: 'a text that looks like the beginning of base64',
    args: { region: '=?base64?eA==' },
    headers: { 'mcp-param-region': '=?base64?eA==' },
    sent: { 'mcp-param-region': base64('=?base64?eA==') },
  },
  {
    when: 'a text that looks like the end of base64',
    args: { region: 'eA==?=' },
    headers: { 'mcp-param-region': 'eA==?=' },
    sent: { 'mcp-param-region': 'eA==?=' },
  },
  {
    when: 'an integer',
    args: { count: 42 },
    headers: { 'mcp-param-count': '42' },
    sent: { 'mcp-param-count': '42' },
  },
  {
    when: 'an integer with a fraction of nothing',
    args: { count: 42 },
    headers: { 'mcp-param-count': '42.0' },
    sent: { 'mcp-param-count': '42' },
  },
  {
    when: 'a truth value deep inside',
    args: { where: { deep: false } },
    headers: { 'mcp-param-deep-flag': 'false' },
    sent: { 'mcp-param-deep-flag': 'false' },
  },
  { when: 'nothing', args: {}, headers: {}, sent: {} },
  {
    when: 'a header that the schema does not name: not passed on',
    args: {},
    headers: { 'mcp-param-other': 'x' },
    sent: {},
  },
]
for (const { when, args, headers, sent } of good)
  verifies('transmission:param-headers', `served: ${when}`, async () => {
    const reply = await scene.ask(asking(args, headers))

    expect([reply.status, reply.json['error']]).toEqual([200, undefined])
    const got = Object.entries(scene.upstream.asked[0]?.headers ?? {}).filter(([name]) =>
      name.startsWith('mcp-param-'),
    )
    expect(Object.fromEntries(got)).toEqual(sent)
    expect(scene.upstream.asked[0]?.body['params']).toMatchObject({ arguments: args })
  })

const bad: { when: string; args: Args; headers: Record<string, string> }[] = [
  { when: 'the header is absent', args: { region: 'us' }, headers: {} },
  { when: 'the argument is absent', args: {}, headers: { 'mcp-param-region': 'us' } },
  { when: 'the header is another', args: { region: 'us' }, headers: { 'mcp-param-region': 'eu' } },
  { when: 'it differs in case', args: { region: 'us' }, headers: { 'mcp-param-region': 'US' } },
  { when: 'it is empty', args: { region: 'us' }, headers: { 'mcp-param-region': '' } },
  {
    when: 'its base64 lacks padding',
    args: { region: 'us' },
    headers: { 'mcp-param-region': '=?base64?dXM?=' },
  },
  {
    when: 'its base64 has a foreign character',
    args: { region: 'us' },
    headers: { 'mcp-param-region': '=?base64?dX!M=?=' },
  },
  {
    when: 'its base64 is of another alphabet',
    args: { region: '???' },
    headers: { 'mcp-param-region': '=?base64?Pz8_?=' },
  },
  {
    when: 'its base64 has bits too many',
    args: { region: 'us' },
    headers: { 'mcp-param-region': '=?base64?dXN=?=' },
  },
  {
    when: 'its base64 is no UTF-8',
    args: { region: '\ufffd' },
    headers: { 'mcp-param-region': '=?base64?/w==?=' },
  },
  { when: 'it is another number', args: { count: 42 }, headers: { 'mcp-param-count': '43' } },
  { when: 'it is a number written otherwise', args: { count: 42 }, headers: { 'mcp-param-count': '0x2a' } },
  {
    when: 'the value deep inside is absent',
    args: { where: {} },
    headers: { 'mcp-param-deep-flag': 'false' },
  },
]
for (const { when, args, headers } of bad)
  verifies('transmission:param-headers', `refused: ${when}`, async () => {
    const reply = await scene.ask(asking(args, headers))

    expect([reply.status, reply.json['error']]).toMatchObject([
      400,
      { code: -32020, data: { reason: 'headers-disagree' } },
    ])
    expect(scene.upstream.asked).toEqual([])
    expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'headers-disagree' }])
    expect(scene.trail.of('result')).toMatchObject([{ outcome: 'error' }])
  })

for (const value of ['MRN 00481516', '219-09-9999', 'a@b.example.org', '1984-03-02', 'p-100'])
  verifies('transmission:param-headers', `an identifier stands in no header: ${value}`, async () => {
    const reply = await scene.ask(asking({ region: value }, { 'mcp-param-region': value }))

    expect(reply.json['error']).toMatchObject({
      code: -32602,
      data: { reason: 'argument-refused', argument: 'region' },
    })
    expect(reply.text).not.toContain(value)
    expect(scene.upstream.asked).toEqual([])
    expect(JSON.stringify(scene.trail.entries)).not.toContain(value)
  })

verifies(
  'transmission:param-headers',
  'a tool without any, and one that is not theirs, look as before',
  async () => {
    expect((await scene.ask(asking({}, { 'mcp-param-region': 'x' }, 'get_plain'))).status).toBe(200)
    scene.use(aPolicy({ ...policy, roles: [aRole({ tools: ['get_plain'] })] }))

    // Without the header: whether a tool wants one tells that it exists.
    const reply = await scene.ask(asking({ region: 'us' }, {}))

    expect(reply.json['error']).toMatchObject({ data: { reason: 'tool-unknown' } })
  },
)

verifies('transmission:param-headers', 'revisions before know none', async () => {
  const call = aCall({ patient_id: 'p-100', region: 'us' })

  expect((await scene.ask(call)).status).toBe(200)
  expect(Object.keys(scene.upstream.asked[0]?.headers ?? {})).not.toContain('mcp-param-region')
})

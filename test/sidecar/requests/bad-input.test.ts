// What is refused before the caller is known: broken, oversized, mistyped, misdirected.

import { connect } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { aCall, aMessage, type Sent } from '../../support/message.ts'
import { type Asking, aScene, caller, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeAll(async () => {
  scene = await aScene({ hosts: () => ['ehr.clinic.svc', '127.0.0.1'] })
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
  expect(scene.faults.splice(0)).toEqual([])
})

/** Stands where a careless caller puts PHI. */
const phi = 'Fluegel-1984-03-02'
const call = aCall({ patient_id: phi })
const of = (body: Sent['body'], headers = {}): Asking => ({ body, headers: { ...call.headers, ...headers } })
const nested = (depth: number) => `${'['.repeat(depth)}"${phi}"${']'.repeat(depth)}`
const rpc = (members: object) => JSON.stringify({ jsonrpc: '2.0', ...members })

const cases: { when: string; asking: Asking; status: number; code: number; reason: string }[] = [
  {
    when: 'a body over the limit',
    asking: of(`"${phi}${'x'.repeat(1024 * 1024)}"`),
    status: 413,
    code: -32600,
    reason: 'body-too-large',
  },
  { when: 'broken JSON', asking: of(`{"${phi}`), status: 400, code: -32700, reason: 'json-broken' },
  { when: 'an empty body', asking: of(''), status: 400, code: -32700, reason: 'json-broken' },
  {
    when: 'bytes that are no UTF-8',
    asking: of(Buffer.concat([Buffer.from(`"${phi}`), Buffer.from([0xff, 0x22])])),
    status: 400,
    code: -32700,
    reason: 'json-broken',
  },
  {
    when: 'a lone surrogate',
    asking: of(rpc({ id: 1, method: 'tools/call', params: { name: `${phi}\ud800` } })),
    status: 400,
    code: -32700,
    reason: 'json-broken',
  },
  {
    when: 'JSON nested too deep',
    asking: of(rpc({ id: 1, method: 'ping' }).replace('}', `,"params":${nested(70)}}`)),
    status: 400,
    code: -32600,
    reason: 'json-too-deep',
  },
  {
    when: 'JSON nested absurdly deep',
    asking: of(nested(400_000)),
    status: 400,
    code: -32600,
    reason: 'json-too-deep',
  },
  { when: 'a number', asking: of('19840302'), status: 400, code: -32600, reason: 'message-malformed' },
  {
    when: 'no jsonrpc member',
    asking: of(JSON.stringify({ id: 1, method: 'ping', params: { phi } })),
    status: 400,
    code: -32600,
    reason: 'message-malformed',
  },
  {
    when: 'a method that is no text',
    asking: of(rpc({ id: 1, method: { phi } })),
    status: 400,
    code: -32600,
    reason: 'message-malformed',
  },
  {
    when: 'parameters that are a list',
    asking: of(rpc({ id: 1, method: 'ping', params: [phi] })),
    status: 400,
    code: -32600,
    reason: 'message-malformed',
  },
  {
    when: 'an id that is an object',
    asking: of(rpc({ id: { phi }, method: 'ping' })),
    status: 400,
    code: -32600,
    reason: 'message-malformed',
  },
  {
    when: 'an id that is null',
    asking: of(rpc({ id: null, method: 'ping' })),
    status: 400,
    code: -32600,
    reason: 'message-malformed',
  },
  {
    when: 'an id longer than 256 characters',
    asking: of(rpc({ id: phi.repeat(20), method: 'ping' })),
    status: 400,
    code: -32600,
    reason: 'message-malformed',
  },
  {
    when: 'an id that is a fraction',
    asking: of(rpc({ id: 1.5, method: 'ping' })),
    status: 400,
    code: -32600,
    reason: 'message-malformed',
  },
  {
    when: 'a JSON-RPC response',
    asking: of(rpc({ id: 1, result: { phi } })),
    status: 400,
    code: -32600,
    reason: 'question-unknown',
  },
  {
    when: 'plain text',
    asking: { ...call, headers: { ...call.headers, 'content-type': 'text/plain' } },
    status: 415,
    code: -32600,
    reason: 'content-type-refused',
  },
  {
    when: 'JSON in Latin-1',
    asking: { ...call, headers: { ...call.headers, 'content-type': 'application/json; charset=latin1' } },
    status: 415,
    code: -32600,
    reason: 'content-type-refused',
  },
  {
    when: 'a compressed body',
    asking: { ...call, headers: { ...call.headers, 'content-encoding': 'gzip' } },
    status: 415,
    code: -32600,
    reason: 'content-type-refused',
  },
  {
    when: 'a caller who takes no JSON',
    asking: { ...call, headers: { ...call.headers, accept: 'text/html' } },
    status: 406,
    code: -32600,
    reason: 'accept-refused',
  },
  {
    when: 'a page’s Origin',
    asking: { ...call, headers: { ...call.headers, origin: `https://${phi}.example` } },
    status: 403,
    code: -32600,
    reason: 'origin-refused',
  },
  {
    when: 'a Host that is not ours',
    asking: { ...call, headers: { ...call.headers, host: `${phi}.example` } },
    status: 421,
    code: -32600,
    reason: 'host-unknown',
  },
  {
    when: 'another path',
    asking: { ...call, path: `/${phi}` },
    status: 404,
    code: -32600,
    reason: 'path-unknown',
  },
  {
    when: 'a path that only means the same',
    asking: { ...call, path: '/x/../mcp' },
    status: 404,
    code: -32600,
    reason: 'path-unknown',
  },
  {
    when: 'GET',
    asking: { method: 'GET', body: '' },
    status: 405,
    code: -32600,
    reason: 'method-not-allowed',
  },
  {
    when: 'DELETE',
    asking: { method: 'DELETE', body: '' },
    status: 405,
    code: -32600,
    reason: 'method-not-allowed',
  },
  {
    when: 'headers over the limit',
    asking: { ...call, headers: { ...call.headers, 'x-patient': phi.repeat(1000) } },
    status: 431,
    code: -32600,
    reason: 'headers-too-large',
  },
]

for (const { when, asking, status, code, reason } of cases)
  verifies('transmission:bad-input', when, async () => {
    const reply = await scene.ask(asking)

    expect([reply.status, reply.json['error']]).toEqual([
      status,
      expect.objectContaining({ code, data: { reason, call_id: expect.any(String) } }),
    ])
    expect(reply.text).not.toContain('Fluegel')
    expect(scene.upstream.asked).toEqual([])
    expect(scene.trail.entries).toMatchObject([{ kind: 'refusal', reason, stage: 'transport' }])
    expect(JSON.stringify(scene.trail.entries)).not.toContain('Fluegel')
  })

for (const path of ['/mcp?patient=Fluegel', '/mcp?', '/?q=Fluegel', '/mcp#Fluegel'])
  verifies('transmission:no-phi-in-url', path, async () => {
    const reply = await scene.ask({ ...call, path })

    expect(reply.status).toBe(400)
    expect(reply.json['error']).toMatchObject({ data: { reason: 'query-in-url' } })
    expect(reply.text + JSON.stringify(scene.trail.entries)).not.toContain('Fluegel')
    expect(scene.trail.entries).toMatchObject([{ kind: 'refusal', reason: 'query-in-url' }])
    expect(scene.upstream.asked).toEqual([])
  })

/** Sends bytes over mutual TLS and reads until the connection ends. */
async function raw(text: string): Promise<string> {
  const socket = connect({
    host: '127.0.0.1',
    port: scene.port,
    ca: scene.serversCa.cert,
    ...(await caller()),
  })
  socket.write(text)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

for (const [when, text, status, reason] of [
  ['bytes that are no HTTP', `${phi}\r\n\r\n`, 400, 'http-malformed'],
  [
    'two lengths that disagree',
    `POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`,
    400,
    'http-malformed',
  ],
  [
    'an HTTP/1.1 request without Host',
    `POST /mcp HTTP/1.1\r\nconnection: close\r\n\r\n`,
    421,
    'host-unknown',
  ],
  [
    'an expectation that nobody can meet',
    `POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nexpect: ${phi}\r\nconnection: close\r\n\r\n`,
    415,
    'content-type-refused',
  ],
  ['CONNECT', `CONNECT ${phi}:443 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`, 405, 'method-not-allowed'],
  ...(
    [
      // What two readers of HTTP take differently, by which a second request hides in the first one.
      ['chunked, and then another coding', 'transfer-encoding: chunked, identity\r\n'],
      ['a coding that only ends like chunked', 'transfer-encoding: xchunked\r\n'],
      ['a length that comes twice', 'content-length: 1\r\ncontent-length: 2\r\n'],
      ['a length with a sign', 'content-length: +1\r\n'],
      ['a space before a colon', 'content-length : 1\r\n'],
      ['a folded line', `x-a: b\r\n ${phi}\r\n`],
      ['a bare line feed between lines', 'x-a: b\ncontent-length: 1\r\n'],
      ['a bare carriage return in a value', 'x-a: b\rcontent-length: 1\r\n'],
      ['a zero byte in a value', `x-a: ${phi}\0\r\n`],
    ] as const
  ).map(
    ([when, line]) =>
      [
        when,
        `POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\n${line}\r\nPOST /mcp?${phi} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
        400,
        'http-malformed',
      ] as const,
  ),
] as const)
  verifies('transmission:bad-input', when, async () => {
    const answer = await raw(text)

    expect(answer).toContain(`HTTP/1.1 ${status} `)
    expect(answer).not.toContain('Fluegel')
    expect(scene.trail.entries).toMatchObject([
      { kind: 'refusal', reason, stage: 'transport', peer: '127.0.0.1' },
    ])
  })

const head = (more: string): string =>
  `POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\naccept: */*\r\n${more}`

verifies(
  'transmission:bad-input',
  'two requests at once over one connection are two: neither has the other’s token, headers or trailers',
  async () => {
    const token = await scene.token()
    const message = aMessage('tools/list')
    const lines = Object.entries(message.headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    const body = message.body.toString()
    const inChunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\nauthorization: Bearer ${token}\r\n\r\n`

    const answer = await raw(
      [
        head(`${lines}authorization: Bearer ${token}\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
        head(`${lines}transfer-encoding: chunked\r\n\r\n${inChunks}`),
        head(
          `${lines}connection: upgrade, close\r\nupgrade: h2c\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        ),
      ].join(''),
    )

    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 401'])
    expect(scene.trail.of('refusal').map(({ reason }) => reason)).toEqual(['token-missing', 'token-missing'])
    expect(scene.trail.of('intent')).toHaveLength(1)
  },
)

verifies('transmission:bad-input', 'a body over the limit that does not say how long it is', async () => {
  const headers = { ...call.headers, 'transfer-encoding': 'chunked' }

  const reply = await scene.ask({ body: ' '.repeat(1024 * 1024 + 1), headers })

  expect([reply.status, reply.headers['connection']]).toEqual([413, 'close'])
})

verifies('transmission:bad-input', 'input at the limits is served', async () => {
  const body = aMessage('tools/list').body.toString()
  const padded = `${' '.repeat(1024 * 1024 - body.length)}${body}`

  const reply = await scene.ask({ body: padded, headers: { ...call.headers, host: 'EHR.clinic.svc:8080' } })

  expect(reply.status).toBe(200)
})

verifies(
  'transmission:bad-input',
  'a caller who breaks off in the middle of a body leaves nothing behind',
  async () => {
    const token = await scene.token()
    const socket = connect({
      host: '127.0.0.1',
      port: scene.port,
      ca: scene.serversCa.cert,
      ...(await caller()),
    })
    socket.write(
      `POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\naccept: */*\r\ncontent-length: 100\r\n\r\n{"a`,
    )
    while (scene.calls.inFlight() === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    socket.destroy()
    while (scene.calls.inFlight() > 0) await new Promise((resolve) => setTimeout(resolve, 2))

    expect(scene.trail.entries).toEqual([])
  },
)

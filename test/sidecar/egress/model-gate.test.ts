// A server in a vendor's shape behind the gate, and a client that knows nothing of it in front.

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { connect as tlsConnect, createServer as tlsServer } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { verifies } from '../../verifies.ts'
import {
  agreementEntry,
  appTls,
  aScene,
  aVendor,
  listening,
  type Scene,
  storesCa,
  vendorAddress,
  vendorHost,
} from './scene.ts'

const name = '127.64.0.1'
const call = { model: 'gpt-5', input: 'Robin Testcase, 47', store: false }
type Heard = { url: string; headers: IncomingMessage['headers']; body: string }
let scene: Scene
let heard: Heard[]
/** How the vendor answers. */
let answers: (response: import('node:http').ServerResponse) => void
/** When what arrives on the way to the vendor goes on to it. */
let way: Promise<void>
/** Connections to the vendor that are open. */
let open: Set<Socket>
let closeVendor: () => void

beforeEach(async () => {
  heard = []
  way = Promise.resolve()
  open = new Set()
  answers = (response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'session=1' })
      .end('{"output":"well"}')
  const ca = await storesCa()
  const server = createServer(await ca.issue('vendor', [vendorHost]), (asked, response) => {
    void text(asked).then((body) => {
      heard.push({ url: asked.url ?? '', headers: asked.headers, body })
      answers(response)
    })
  })
  await listening(server)
  const front = createTcpServer((came) => {
    open.add(came)
    // Read at once: what nobody reads is not seen to end.
    const held = came.on('error', () => undefined).pipe(new PassThrough())
    const on = new Socket().on('error', () => undefined)
    came.once('close', () => {
      open.delete(came)
      on.destroy()
    })
    void way.then(() => {
      if (came.destroyed) return
      on.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
      on.once('close', () => came.destroy()).pipe(came)
      held.pipe(on)
    })
  })
  closeVendor = () => server.close()
  scene = await aScene({
    egress: [{ ...agreementEntry, ca: ca.cert, model: { vendor: 'OpenAI' } }],
    servers: { [vendorAddress]: await listening(front) },
  })
  scene.credentials['speech'] = 'sk-of-the-clinic'
})
afterEach(async () => {
  await scene.close()
  closeVendor()
})

/** Over plain HTTP on loopback, or over TLS that trusts this pod's authority alone. */
async function asked(
  body: unknown,
  options: { tls?: boolean; path?: string; headers?: object; socket?: Socket } = {},
) {
  const plain = options.socket ?? (await scene.app(name))
  const socket = options.tls === true ? await secured(plain) : plain
  const begun: ClientRequest = request({
    createConnection: () => socket,
    method: 'POST',
    path: options.path ?? '/v1/responses',
    headers: {
      host: vendorHost,
      'content-type': 'application/json',
      authorization: 'Bearer of-the-app',
      ...options.headers,
    },
  })
  begun.end(typeof body === 'string' ? body : JSON.stringify(body))
  const [response] = (await once(begun, 'response')) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}
async function podCa(): Promise<string> {
  const socket = await scene.app(name)
  const begun = request({
    createConnection: () => socket,
    path: '/.well-known/hipaa-mcp-ca.pem',
    headers: { host: vendorHost },
  })
  begun.end()
  const [response] = (await once(begun, 'response')) as [IncomingMessage]
  return await text(response)
}
async function secured(socket: Socket, servername = vendorHost) {
  const secure = tlsConnect({ socket, servername, ca: await podCa(), ALPNProtocols: ['h2', 'http/1.1'] })
  secure.on('error', () => undefined)
  await once(secure, 'secureConnect')
  return secure
}
const records = () =>
  scene.trail.of('counted').map(({ what, source, reason }) => `${what} ${source} ${reason}`)

for (const tls of [true, false])
  verifies(
    'agreement:model-calls',
    `over ${tls ? 'TLS' : 'plain HTTP on loopback'} a call reaches the vendor with the clinic’s credential, recorded before`,
    async () => {
      const { status, body, headers } = await asked(call, { tls })

      expect([status, body, headers['set-cookie']]).toEqual([200, '{"output":"well"}', undefined])
      expect(heard).toHaveLength(1)
      expect(heard[0]).toMatchObject({ url: '/v1/responses', body: JSON.stringify(call) })
      expect(heard[0]?.headers).toMatchObject({ host: vendorHost, authorization: 'Bearer sk-of-the-clinic' })
      expect(JSON.stringify(heard)).not.toContain('of-the-app')
      expect(scene.log).toEqual(['counted', 'dial'])
      expect(records()).toEqual([`egress-opened ${vendorHost} rules-met`])
    },
  )

test('the pod’s authority is a CA for the declared host alone, and the app’s client checks it', async () => {
  const secure = await secured(await scene.app(name))

  const leaf = secure.getPeerX509Certificate()
  const ca = new X509Certificate(await podCa())
  expect(ca.ca).toBe(true)
  expect(ca.verify(ca.publicKey)).toBe(true)
  expect([leaf?.ca, leaf?.subjectAltName, leaf?.verify(ca.publicKey)]).toEqual([
    false,
    `DNS:${vendorHost}`,
    true,
  ])
  expect(secure.alpnProtocol).toBe('http/1.1')
  // Nobody else's client takes it.
  await expect(appTls(await scene.app(name))).rejects.toMatchObject({
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  })
})

for (const [what, body, options, code] of [
  ['a forbidden member', { ...call, mcp_servers: [] }, {}, 'model-member'],
  ['a call that the vendor would keep', { ...call, store: true }, {}, 'model-member'],
  ['another endpoint', call, { path: '/v1/files' }, 'model-endpoint'],
  ['another Host', call, { headers: { host: 'evil.example' } }, 'model-host'],
  ['more than a body may hold', { ...call, input: 'x'.repeat(17 * 1024 * 1024) }, {}, 'model-body'],
  ['another organization', call, { headers: { 'openai-organization': 'org-of-the-app' } }, 'model-header'],
] as const)
  verifies('agreement:model-calls', `${what} is refused, said, recorded and never dialled`, async () => {
    const { status, body: answer } = await asked(body, options)

    expect(status).toBe(403)
    expect(JSON.parse(answer)).toMatchObject({ error: { code } })
    expect(answer).not.toContain('Robin')
    await expect.poll(records).toEqual([`egress-refused ${vendorHost} ${code}`])
    expect(scene.dialled).toEqual([])
  })

verifies(
  'agreement:model-calls',
  'without a credential, a record or an agreement there is no call',
  async () => {
    const socket = await scene.app(name)
    scene.active.clear()
    socket.resume()
    socket.write('POST')
    await once(socket, 'close')

    scene.active.add('speech')
    delete scene.credentials['speech']
    expect(JSON.parse((await asked(call)).body)).toMatchObject({ error: { code: 'model-credential' } })

    scene.credentials['speech'] = 'sk-of-the-clinic'
    scene.trail.fail.note = 'rejects'
    expect(JSON.parse((await asked(call)).body)).toMatchObject({ error: { code: 'trail-unavailable' } })
    scene.trail.fail = {}
    expect(scene.dialled).toEqual([])
  },
)

verifies('agreement:egress', 'an answer that streams is cut when the agreement ends', async () => {
  answers = (response) =>
    void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  const socket = await scene.app(name)
  const begun = request({
    createConnection: () => socket,
    method: 'POST',
    path: '/v1/responses',
    headers: { host: vendorHost, 'content-type': 'application/json' },
  })
  begun.on('error', () => undefined)
  begun.end(JSON.stringify({ ...call, stream: true }))
  const [response] = (await once(begun, 'response')) as [IncomingMessage]
  response.on('error', () => undefined)
  const [event] = (await once(response, 'data')) as [Buffer]
  expect(event.toString()).toBe('data: 1\n\n')

  const closed = new Promise<void>((resolve) => response.once('close', resolve))
  scene.active.clear()
  await closed

  expect(response.complete).toBe(false)
  await expect.poll(() => scene.refusals()).toEqual(['agreement-over'])
})

/** A call by hand: nothing waits for its answer. */
function post(socket: Socket, body: object): void {
  const content = JSON.stringify(body)
  socket.write(
    `POST /v1/responses HTTP/1.1\r\nhost: ${vendorHost}\r\ncontent-type: application/json\r\ncontent-length: ${content.length}\r\n\r\n${content}`,
  )
}
/** More than every buffer between the vendor and the app holds. */
const long = Buffer.alloc(16 * 2 ** 20, 'A')

for (const tls of [true, false])
  verifies(
    'agreement:model-calls',
    `over ${tls ? 'TLS' : 'plain HTTP'} the call of an app that hangs up while the vendor is dialled is not sent`,
    async () => {
      const arrive = Promise.withResolvers<void>()
      way = arrive.promise
      const plain = await scene.app(name)
      post(tls ? await secured(plain) : plain, call)
      await expect.poll(() => open.size).toBe(1)

      plain.destroy()

      await expect.poll(() => scene.refusals()).toEqual(['hung-up'])
      await expect.poll(() => open.size).toBe(0)
      arrive.resolve()
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(heard).toEqual([])
    },
  )

verifies(
  'agreement:model-calls',
  'the call of an agreement that ends while the vendor is dialled is not sent, and its connection is closed',
  async () => {
    await scene.close()
    const ca = await storesCa()
    const vendor = await listening(tlsServer(await ca.issue('vendor', [vendorHost])))
    vendor.on('tlsClientError', () => undefined)
    vendor.once('connection', (socket: Socket) => {
      scene.active.clear()
      open.add(socket.once('close', () => open.delete(socket)))
    })
    scene = await aScene({
      egress: [{ ...agreementEntry, ca: ca.cert, model: { vendor: 'OpenAI' } }],
      servers: { [vendorAddress]: vendor },
      // Nobody else looks.
      periods: { reviewMs: 60_000 },
    })
    scene.credentials['speech'] = 'sk-of-the-clinic'

    expect(await asked(call)).toMatchObject({ status: 403 })

    expect(scene.refusals()).toEqual(['agreement-over'])
    await expect.poll(() => open.size).toBe(0)
  },
)

verifies(
  'agreement:model-calls',
  'the call of an app that hangs up while it is recorded is not dialled',
  async () => {
    const recorded = Promise.withResolvers<void>()
    const note = scene.trail.note.bind(scene.trail)
    const noting: unknown[] = []
    scene.trail.note = async (event) => {
      noting.push(event)
      await recorded.promise
      return await note(event)
    }
    const app = await scene.app(name)
    post(app, call)
    await expect.poll(() => noting).toHaveLength(1)

    app.destroy()

    await expect.poll(() => noting).toMatchObject([{ what: 'egress-opened' }, { reason: 'hung-up' }])
    recorded.resolve()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([scene.dialled, heard]).toEqual([[], []])
  },
)

test('an app that hangs up in the middle of answers ends the vendor’s work on each of its calls', async () => {
  answers = (response) => void response.writeHead(200).end(long)
  const app = await scene.app(name)
  post(app, call)
  // The second answer waits behind the first one, which nobody reads.
  post(app, call)
  await expect.poll(() => heard).toHaveLength(2)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(open.size).toBe(2)

  app.destroy()

  await expect.poll(() => open.size).toBe(0)
  expect(new Set(scene.refusals())).toEqual(new Set(['hung-up']))
})

test('a vendor that changes the protocol is one that does not answer', async () => {
  answers = (response) => void response.writeHead(101, { connection: 'upgrade', upgrade: 'x' }).end()

  expect((await asked(call)).status).toBe(502)
  await expect.poll(() => open.size).toBe(0)
})

test('a second call on the same connection is judged and recorded by itself', async () => {
  const socket = await scene.app(name)
  let got = ''
  socket.on('data', (chunk: Buffer) => (got += chunk.toString()))

  post(socket, call)
  await expect.poll(() => got).toContain('HTTP/1.1 200')
  post(socket, { ...call, background: true })
  await expect.poll(() => got).toContain('HTTP/1.1 403')

  expect(heard).toHaveLength(1)
  await expect
    .poll(records)
    .toEqual([`egress-opened ${vendorHost} rules-met`, `egress-refused ${vendorHost} model-member`])
})

verifies(
  'agreement:model-calls',
  'a request with two lengths, a tunnel and what is no HTTP reach nobody',
  async () => {
    const head = `POST /v1/responses HTTP/1.1\r\nhost: ${vendorHost}\r\ncontent-type: application/json\r\n`
    for (const bytes of [
      `${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${head}content-length: 4\r\ncontent-length: 5\r\n\r\n{}{}`,
      `CONNECT ${vendorHost}:443 HTTP/1.1\r\nhost: ${vendorHost}\r\n\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x00\x01\x02\x03',
    ]) {
      const socket = await scene.app(name)
      socket.resume()
      socket.write(bytes)
      await once(socket, 'close')
    }
    expect(scene.dialled).toEqual([])
  },
)

verifies(
  'agreement:model-calls',
  'where the app speaks TLS itself to a vendor’s host, the rules count as unproved',
  async () => {
    await scene.close()
    const host = 'api.openai.com'
    scene = await aScene({
      egress: [{ ...agreementEntry, host }],
      servers: { [vendorAddress]: await aVendor() },
      dns: { [host]: [vendorAddress] },
    })

    await expect(appTls(await scene.app(name), host)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })

    expect(records()).toEqual([`egress-opened ${host} rules-unproved`])
  },
)

for (const [protocol, first] of [
  ['Tcp', 'GET / HTTP/1.1\r\n\r\n'],
  ['Mllp', '\x0bMSH|'],
  ['Postgres', '\x00\x00\x00\x08\x00\x03\x00\x00'],
] as const)
  verifies(
    'agreement:model-calls',
    `${protocol} to a vendor’s host: the rules count as unproved`,
    async () => {
      await scene.close()
      const host = 'api.openai.com'
      scene = await aScene({
        egress: [{ ...agreementEntry, host, protocol, ca: (await storesCa()).cert }],
        servers: { [vendorAddress]: await aVendor() },
        dns: { [host]: [vendorAddress] },
      })
      const app = await scene.app(name)

      app.resume().write(first)
      await once(app, 'close')

      expect(records()).toContain(`egress-opened ${host} rules-unproved`)
    },
  )

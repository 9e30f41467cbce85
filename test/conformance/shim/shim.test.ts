import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { authority } from '../../sample/certificates.ts'
import { startShim } from './shim.ts'

type Answering = (request: IncomingMessage, response: ServerResponse) => void

/** A server that demands a client certificate, as a sidecar does, and the shim in front of it. */
async function aShim(
  answering: Answering,
  options: { known?: boolean; maxVersion?: 'TLSv1.2' } = {},
): Promise<URL> {
  const [ca, foreign] = await Promise.all([authority('callers'), authority('somebody else')])
  const [own, client] = await Promise.all([
    ca.issue('sidecar', ['localhost']),
    ((options.known ?? true) ? ca : foreign).issue('caller'),
  ])
  const server = createServer(
    {
      ...own,
      ca: ca.cert,
      requestCert: true,
      maxVersion: options.maxVersion ?? 'TLSv1.3',
      rejectUnauthorized: true,
    },
    answering,
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const shim = await startShim({
    target: new URL(`https://127.0.0.1:${port}/mcp`),
    tls: { ...client, ca: ca.cert, servername: 'localhost' },
    identify: async ({ method, path }) =>
      await Promise.resolve({ authorization: `Bearer for ${method} ${path}` }),
  })
  onTestFinished(async () => {
    await shim.close()
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return new URL('/mcp', shim.origin)
}

/** One request, as raw as Node sends it. */
async function ask(
  url: URL,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  const asked = request(url, { method: options.method ?? 'POST', headers: options.headers ?? {} })
  asked.end(options.body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return answer
}
const textOf = async (answer: IncomingMessage): Promise<string> =>
  (await answer.setEncoding('utf8').toArray()).join('')

test('it speaks TLS 1.3 with the client’s certificate and adds the token', async () => {
  let seen: object = {}
  const url = await aShim((asked, response) => {
    const socket = asked.socket as TLSSocket
    seen = {
      protocol: socket.getProtocol(),
      subject: socket.getPeerCertificate().subject.CN,
      token: asked.headers.authorization,
    }
    response.end()
  })

  await textOf(await ask(url))

  expect(seen).toEqual({ protocol: 'TLSv1.3', subject: 'caller', token: 'Bearer for POST /mcp' })
})

test('method, path, body and all other headers go on as they came, Host and Origin too', async () => {
  let seen:
    | { method: string | undefined; url: string | undefined; headers: IncomingHttpHeaders; body: string }
    | undefined
  const url = await aShim((asked, response) => {
    void textOf(asked).then((body) => {
      seen = { method: asked.method, url: asked.url, headers: asked.headers, body }
      response.end()
    })
  })
  const headers = { host: 'evil.example.com', origin: 'http://evil.example.com', 'mcp-name': ' padded ' }

  await textOf(await ask(new URL('/mcp?q=1', url), { method: 'PUT', headers, body: '{"id":1}' }))

  expect(seen).toMatchObject({
    method: 'PUT',
    url: '/mcp?q=1',
    body: '{"id":1}',
    headers: { host: 'evil.example.com', origin: 'http://evil.example.com', 'mcp-name': 'padded' },
  })
})

test('status, headers and body come back as they were sent', async () => {
  const url = await aShim((_, response) => {
    response.writeHead(421, 'Elsewhere', ['x-one', '1', 'set-cookie', 'a=1', 'set-cookie', 'b=2'])
    response.end('not here')
  })

  const answer = await ask(url)

  expect([answer.statusCode, answer.statusMessage]).toEqual([421, 'Elsewhere'])
  expect(answer.headers).toMatchObject({ 'x-one': '1', 'set-cookie': ['a=1', 'b=2'] })
  expect(await textOf(answer)).toBe('not here')
})

test('an event arrives before the stream that it is in has ended', async () => {
  const held = Promise.withResolvers<void>()
  const url = await aShim((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: one\n\n')
    void held.promise.then(() => response.end('data: two\n\n'))
  })

  const answer = (await ask(url)).setEncoding('utf8')
  const [first] = (await once(answer, 'data')) as [string]
  expect(first).toBe('data: one\n\n')

  held.resolve()
  expect(await textOf(answer)).toBe('data: two\n\n')
})

test('the head of an answer arrives before any of its body', async () => {
  const held = Promise.withResolvers<void>()
  const url = await aShim((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    void held.promise.then(() => response.end())
  })

  const answer = await ask(url)

  expect(answer.statusCode).toBe(200)
  held.resolve()
  expect(await textOf(answer)).toBe('')
})

test('a piece of a request arrives before the request has ended', async () => {
  const arrived = Promise.withResolvers<string>()
  const url = await aShim((asked, response) => {
    asked.once('data', (chunk: Buffer) => arrived.resolve(chunk.toString()))
    asked.once('end', () => response.end('done'))
  })

  const asked = request(url, { method: 'POST' })
  asked.write('first ')
  expect(await arrived.promise).toBe('first ')

  asked.end('second')
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  expect(await textOf(answer)).toBe('done')
})

test('a stream that its reader leaves ends at the sidecar too', async () => {
  const closed = Promise.withResolvers<void>()
  const url = await aShim((_, response) => {
    response.once('close', closed.resolve)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: one\n\n')
  })

  const answer = await ask(url)
  answer.destroy()

  await closed.promise
})

test('a stream that the sidecar breaks off is broken off, and does not look finished', async () => {
  const url = await aShim((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: one\n\n', () => response.destroy())
  })

  await expect(textOf(await ask(url))).rejects.toThrow(/aborted/)
})

test.each<[string, { known?: boolean; maxVersion?: 'TLSv1.2' }]>([
  ['a sidecar that does not know its certificate', { known: false }],
  ['a server that speaks no TLS 1.3', { maxVersion: 'TLSv1.2' }],
])('%s is not reached: 502 in the shim’s own words', async (_, options) => {
  const url = await aShim((_asked, response) => response.end('reached'), options)

  const answer = await ask(url)

  expect(answer.statusCode).toBe(502)
  expect(await textOf(answer)).toMatch(/^The shim did not reach the sidecar/)
})

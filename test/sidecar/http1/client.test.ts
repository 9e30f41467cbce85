// Connections to a server that keeps them, closes them, and speaks out of turn. A request is never sent twice.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Client, http1Client } from '../../../sidecar/http1/client.ts'

type Answering = (socket: Socket, body: string) => void

let server: Server
let client: Client
/** Bodies of the requests that reached the server, and the connections that it saw. */
let asked: string[]
let sockets: Socket[]
let answering: Answering

const response = (body: string, fields = ''): string =>
  `HTTP/1.1 200 OK\r\n${fields}content-length: ${body.length}\r\n\r\n${body}`
const echo: Answering = (socket, body) => void socket.write(response(body))

beforeEach(async () => {
  asked = []
  sockets = []
  answering = echo
  server = createServer((socket) => {
    sockets.push(socket)
    let held = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      held += chunk.toString('latin1')
      const [, length, body = ''] = /content-length: (\d+)\r\n\r\n(.*)$/s.exec(held) ?? []
      if (length === undefined || body.length < Number(length)) return
      held = ''
      asked.push(body)
      answering(socket, body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  client = http1Client((server.address() as AddressInfo).port)
})
afterEach(async () => {
  client.close()
  for (const socket of sockets) socket.destroy()
  await new Promise<void>((resolve) => server.close(() => resolve()))
})

type Options = { wanted?: () => boolean; sent?: (abort: () => void) => void }

async function post(
  body: string,
  { wanted = () => true, sent = () => undefined }: Options = {},
): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    let text = ''
    client.post(
      { path: '/mcp', lines: 'x: y\r\n', body },
      {
        sends(held) {
          if (!wanted()) return false
          sent(() => held.abort())
          return true
        },
        begun: () => undefined,
        data: (chunk) => void (text += chunk.toString()),
        ended: () => resolve(text),
        failed: reject,
      },
    )
  })
}

test('one connection serves calls that come one after the other', async () => {
  for (const body of ['a', 'b', 'c']) expect(await post(body)).toBe(body)

  expect(sockets).toHaveLength(1)
})

test('calls at one time have a connection each, and never each other’s answer', async () => {
  const bodies = Array.from({ length: 50 }, (_, i) => `call ${i}`)

  expect(await Promise.all(bodies.map(async (body) => await post(body)))).toEqual(bodies)
  expect(sockets).toHaveLength(50)
})

test('calls beyond the largest number of connections wait for one, and all are answered', async () => {
  const bodies = Array.from({ length: 400 }, (_, i) => `call ${i}`)

  expect(await Promise.all(bodies.map(async (body) => await post(body)))).toEqual(bodies)
  expect(sockets.length).toBeLessThanOrEqual(256)
})

test('an idle connection that the server closed is not used again', async () => {
  await post('a')
  sockets[0]?.end()
  await sleep(30)

  expect(await post('b')).toBe('b')
  expect(sockets).toHaveLength(2)
})

test('a connection that the server closes as a request comes fails the call, which is not sent again', async () => {
  await post('a')
  answering = (socket) => socket.destroy()

  await expect(post('b')).rejects.toThrow()
  await sleep(30)

  expect(asked).toEqual(['a', 'b'])
})

test('an answer that breaks off fails the call, which is not sent again', async () => {
  answering = (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhalf')

  await expect(post('a')).rejects.toThrow('breaks off')
  await sleep(30)

  expect(asked).toEqual(['a'])
})

test('garbage fails the call and ends the connection', async () => {
  answering = (socket) => void socket.write('Fluegel\r\n\r\n')
  await expect(post('a')).rejects.toThrow('broken')
  answering = echo

  expect(await post('b')).toBe('b')
  expect(sockets).toHaveLength(2)
})

test('what the server says unasked ends the connection, and is nobody’s answer', async () => {
  await post('a')
  sockets[0]?.write(response('forged'))
  await sleep(30)

  expect(await post('b')).toBe('b')
  expect(sockets).toHaveLength(2)
})

test('a second answer behind the first is nobody’s answer', async () => {
  answering = (socket, body) => void socket.write(response(body) + response('forged'))

  expect(await post('a')).toBe('a')
  expect(await post('b')).toBe('b')
  expect(sockets).toHaveLength(2)
})

test('an answer without a length ends with the connection', async () => {
  answering = (socket, body) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${body}`)

  expect(await post('a')).toBe('a')
})

test('a connection is used no longer than the server says that it keeps it', async () => {
  answering = (socket, body) => void socket.write(response(body, 'keep-alive: timeout=1\r\n'))

  await post('a')
  await post('b')
  answering = (socket, body) => void socket.write(response(body, 'keep-alive: timeout=2\r\n'))
  await post('c')
  await post('d')
  await sleep(1_050)
  await post('e')

  // a | b | c and d | e, a second too late for theirs.
  expect(sockets).toHaveLength(4)
})

test('a call that is given up while it waits never leaves', async () => {
  let wanted = true
  const refused = post('a', { wanted: () => wanted })
  wanted = false

  await expect(Promise.race([refused, sleep(50, 'nothing came')])).resolves.toBe('nothing came')
  expect(asked).toEqual([])
  expect(await post('b')).toBe('b')
})

test('giving up a call that was sent ends its connection', async () => {
  answering = () => undefined

  await expect(post('a', { sent: (abort) => void setTimeout(abort, 20) })).rejects.toThrow()
  answering = echo

  expect(await post('b')).toBe('b')
  expect(sockets).toHaveLength(2)
})

test('a server that is not there fails the call before anything is sent', async () => {
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  client = http1Client(port)
  let sent = false

  await expect(post('a', { sent: () => (sent = true) })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  expect(sent).toBe(false)
  server.listen(port, '127.0.0.1')
})

test('closing fails what runs and what waits', async () => {
  answering = () => undefined
  const calls = Array.from({ length: 300 }, async (_, i) => await post(String(i)).catch(() => 'failed'))
  await sleep(50)

  client.close()

  expect(new Set(await Promise.all(calls))).toEqual(new Set(['failed']))
  await expect(post('late')).rejects.toThrow('closed')
})

test('a large body arrives whole, and text outside ASCII has its length in bytes', async () => {
  const body = 'ü'.repeat(500_000)
  answering = (socket, seen) => void socket.write(response(String(seen.length)))

  expect(await post(body)).toBe('1000000')
})

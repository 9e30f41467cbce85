// One connection to a program of ours, which is silent, breaks off, and sees certificates change.

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Link, type Reply } from '../../../sidecar/channel/link.ts'
import type { Lookup } from '../../../sidecar/channel/lookup.ts'
import { authority } from '../../sample/certificates.ts'
import { loopback } from '../loopback.ts'

type Answering = (request: IncomingMessage, response: ServerResponse) => void

const own = await authority('programs')
const other = await authority('others')
const [program, first, second] = await Promise.all([
  own.issue('program', ['localhost']),
  own.issue('first'),
  own.issue('second'),
])

let server: Server
let link: Link
let answering: Answering
/** Connections that the server saw, by the name in their certificate. */
let seen: string[]
let ended: string[]

beforeEach(async () => {
  seen = []
  ended = []
  answering = (request, response) => {
    request.resume()
    request.on('end', () => response.end('{"well":true}'))
  }
  const trusts = { ...program, ca: own.cert, requestCert: true, minVersion: 'TLSv1.3' as const }
  server = createServer(trusts, (request, response) => answering(request, response))
  server.on('secureConnection', (socket: TLSSocket) => {
    const name = String(socket.getPeerCertificate().subject.CN)
    seen.push(name)
    socket.once('close', () => ended.push(name))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  link = linkTo(own.cert)
})
afterEach(async () => {
  await link.close()
  server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
})

const linkTo = (ca: string, host = 'localhost'): Link =>
  new Link({
    base: new URL(`https://${host}:${(server.address() as AddressInfo).port}`),
    ca,
    lookup: loopback,
    credentials: first,
  })
const ask = async (more: object = {}) => await link.request({ method: 'GET', path: '/', ...more })

test('one connection serves what is asked one after the other', async () => {
  for (let i = 0; i < 3; i += 1) expect(await (await ask()).body.json()).toEqual({ well: true })

  expect(seen).toEqual(['first'])
})

test('a connection that does not open in time is given up, and one that opened is not', async () => {
  const never = new Link({ base: new URL('https://localhost:1'), ca: own.cert, lookup: () => undefined })
  await expect(
    never.request({ method: 'GET', path: '/', connectTimeout: 50, headersTimeout: 60_000 }),
  ).rejects.toMatchObject({ code: 'LINK_UNOPENED' })
  await never.close()

  answering = (_, response) => setTimeout(() => response.end('{"well":true}'), 400)
  // One right after the other: the kernel opens it, and this process is too busy to hear of it.
  const asked = new Promise<Reply>((resolve) => setImmediate(() => resolve(ask({ connectTimeout: 200 }))))
  setImmediate(() => {
    for (const until = performance.now() + 300; performance.now() < until; );
  })
  expect(await (await asked).body.json()).toEqual({ well: true })
})

/** `loopback`, 150 ms later. */
const slow: Lookup = (...question) => void setTimeout(loopback, 150, ...question)

test('what a connection waits to open is counted from when its address is known', async () => {
  // Nobody accepts: two connections fill its queue, and the kernel drops what comes for a third.
  const full = new Worker(
    `const { parentPort } = require('node:worker_threads')
    const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`,
    { eval: true },
  )
  const [port] = (await once(full, 'message')) as [number]
  const before = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
  await Promise.all(before.map(async (socket) => await once(socket, 'connect')))
  const far = new Link({ base: new URL(`https://localhost:${port}`), ca: own.cert, lookup: slow })
  const began = performance.now()

  await expect(far.request({ method: 'GET', path: '/', connectTimeout: 200 })).rejects.toMatchObject({
    code: 'LINK_UNOPENED',
  })
  expect(performance.now() - began).toBeGreaterThan(340)
  for (const socket of before) socket.destroy()
  await far.close()
  await full.terminate()
})

test('an address that comes after whoever asked for it gave up serves the next one', async () => {
  const questions: Parameters<Lookup>[] = []
  const late = new Link({
    base: new URL(`https://localhost:${(server.address() as AddressInfo).port}`),
    ca: own.cert,
    credentials: first,
    // The first is answered when the second is asked, and the second never.
    lookup: (...question) => {
      questions.push(question)
      if (questions.length === 2) loopback(...(questions[0] as Parameters<Lookup>))
    },
  })
  const asked = { method: 'GET', path: '/' } as const

  await expect(late.request({ ...asked, connectTimeout: 20 })).rejects.toMatchObject({
    code: 'LINK_UNOPENED',
  })
  expect((await late.request(asked)).statusCode).toBe(200)
  expect(questions).toHaveLength(2)
  await late.close()
})

test('a program whose certificate another authority signed is not asked', async () => {
  const wrong = linkTo(other.cert)

  await expect(wrong.request({ method: 'GET', path: '/' })).rejects.toThrow()
  await wrong.close()
})

test('a program whose certificate bears another name is not asked', async () => {
  const wrong = linkTo(own.cert, 'elsewhere')

  await expect(wrong.request({ method: 'GET', path: '/' })).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  })
  await wrong.close()
})

test('what is sent arrives whole', async () => {
  answering = (request, response) => void request.pipe(response)
  const body = 'ü'.repeat(100_000)

  expect(await (await ask({ method: 'POST', body })).body.text()).toBe(body)
})

test('a program that does not answer is given up', async () => {
  answering = () => undefined

  await expect(ask({ headersTimeout: 60 })).rejects.toMatchObject({ code: 'LINK_LATE' })
})

test('an answer that changes the protocol is none, and keeps nobody waiting', async () => {
  answering = (_, response) => void response.writeHead(101, { connection: 'upgrade', upgrade: 'x' }).end()

  await expect(ask({ headersTimeout: 60_000 })).rejects.toMatchObject({ code: 'LINK_BROKEN' })
})

test('an answer that falls silent is given up, however it is read', async () => {
  answering = (_, response) => void response.writeHead(200).write('begun')
  const reading = async () => {
    for await (const chunk of (await ask({ bodyTimeout: 60 })).body) expect(chunk.length).toBe(5)
  }

  await expect((await ask({ bodyTimeout: 60 })).body.text()).rejects.toMatchObject({ code: 'LINK_LATE' })
  await expect(reading()).rejects.toMatchObject({ code: 'LINK_LATE' })
})

test('an answer that speaks now and then is not given up', async () => {
  answering = (_, response) => {
    response.writeHead(200)
    let left = 6
    const timer = setInterval(() => {
      left -= 1
      if (left > 0) response.write('.')
      else {
        clearInterval(timer)
        response.end()
      }
    }, 150)
  }

  expect(await (await ask({ bodyTimeout: 600 })).body.text()).toBe('.....')
})

test('what is not whole in its time is given up, before its answer and within one that goes on speaking', async () => {
  answering = () => undefined
  await expect(ask({ timeout: 60 })).rejects.toMatchObject({ code: 'LINK_LATE' })
  answering = (_, response) => {
    const speaking = setInterval(() => response.write('.'), 20)
    response.writeHead(200).once('close', () => clearInterval(speaking))
  }

  // Where a busy machine needs all of it for the handshake, it is the answer that is late.
  const reading = async (): Promise<string> => await (await ask({ timeout: 1_000 })).body.text()
  await expect(reading()).rejects.toMatchObject({ code: 'LINK_LATE' })
})

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('what was whole in its time leaves no timer behind', async () => {
  const before = timers()

  for (let i = 0; i < 20; i += 1) await (await ask({ timeout: 60_000 })).body.text()

  expect(timers()).toBeLessThan(before + 10)
})

test('an answer that breaks off fails', async () => {
  answering = (_, response) =>
    void response.writeHead(200, { 'content-length': 9 }).write('begun', () => response.destroy())

  await expect((await ask()).body.text()).rejects.toThrow()
})

test('what is asked can be given up, before and within the answer', async () => {
  const [before, within] = [new AbortController(), new AbortController()]
  answering = () => before.abort()
  await expect(ask({ signal: before.signal })).rejects.toMatchObject({ name: 'AbortError' })
  answering = (_, response) => void response.writeHead(200).write('begun')

  const { body } = await ask({ signal: within.signal })
  within.abort()
  await expect(body.text()).rejects.toThrow()
})

test('a new certificate is for new connections; what runs on the old one ends well, and its connection with it', async () => {
  let finish: (() => void) | undefined
  answering = (_, response) => {
    response.writeHead(200).write('be')
    finish = () => response.end('gun')
  }
  const running = (await ask()).body.text()

  link.use(second)
  answering = (_, response) => response.end('new')
  expect(await (await ask()).body.text()).toBe('new')
  finish?.()

  expect(await running).toBe('begun')
  await expect.poll(() => ended).toEqual(['first'])
  expect(seen).toEqual(['first', 'second'])
})

/** The server changes to this protocol, whatever was asked for. */
const changing = (protocol: string): void =>
  void server.on('upgrade', (_, socket: TLSSocket) =>
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\nhead`,
    ),
  )
const upgraded = async (timeout = 5_000) => {
  const answer = await link.upgrade('/there', 'ours/1', timeout)
  if (!('socket' in answer)) throw new Error(`answered ${answer.statusCode}`)
  return answer
}

test('a connection that leaves HTTP is whoever asked’s, and ends with the link', async () => {
  changing('ours/1')
  const { socket, head, renewed } = await upgraded()
  const [chunk] = head.length > 0 ? [head] : ((await once(socket, 'data')) as [Buffer])
  expect(String(chunk)).toBe('head')
  expect(renewed.aborted).toBe(false)
  // It is none of those that requests have.
  server.removeAllListeners('upgrade')
  expect(await (await ask()).body.json()).toEqual({ well: true })
  expect(seen).toEqual(['first', 'first'])

  await link.close()
  await expect.poll(() => socket.destroyed).toBe(true)
})

test('whoever has a connection that left HTTP is told that another certificate is used, and a new one shows it', async () => {
  changing('ours/1')
  const { socket, renewed } = await upgraded()

  link.use(second)

  expect(renewed.aborted).toBe(true)
  expect(socket.destroyed).toBe(false)
  const after = await upgraded()
  expect(after.renewed.aborted).toBe(false)
  expect(seen).toEqual(['first', 'second'])
})

test('a program that stays with HTTP is heard, and one that changes to something else or is silent is none', async () => {
  answering = (_, response) => void response.writeHead(404).end('{"error":"no-such-path"}')
  expect(await link.upgrade('/there', 'ours/1', 5_000)).toEqual({
    statusCode: 404,
    text: '{"error":"no-such-path"}',
  })
  answering = () => undefined
  await expect(link.upgrade('/there', 'ours/1', 60)).rejects.toMatchObject({ code: 'LINK_LATE' })
  changing('theirs/1')
  await expect(link.upgrade('/there', 'ours/1', 5_000)).rejects.toMatchObject({ code: 'LINK_BROKEN' })
})

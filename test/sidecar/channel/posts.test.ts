// What is posted as frames: answers belong to their posts, and whatever is in doubt ends the connection, so that it is posted again.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Frame, Frames, frameOf } from '../../../core/post-frames.ts'
import { answerLimit } from '../../../core/wire.ts'
import type { Asked, Link, Upgraded } from '../../../sidecar/channel/link.ts'
import { type Answered, Posts } from '../../../sidecar/channel/posts.ts'

let server: Server
/** Connections as the collector has them. */
let there: Socket[]
/** What came, as `connection id target body`. */
let came: string[]
let answering: (socket: Socket, frame: Frame) => void
/** What the link is asked in place of frames. */
let requested: string[]
let refusal: Answered | undefined
let renewed: AbortController
let posts: Posts

const well = (socket: Socket, { id }: Frame): void =>
  void socket.write(frameOf(id, 200, [Buffer.from(`done ${id}`)]))

const link: Pick<Link, 'request' | 'upgrade'> = {
  async upgrade(): Promise<Upgraded> {
    if (refusal !== undefined) return refusal
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    return { socket, head: Buffer.alloc(0), renewed: renewed.signal }
  },
  async request({ path, body }: Asked) {
    requested.push(`${path} ${String(body)}`)
    return await Promise.resolve({
      statusCode: 200,
      body: { text: async () => await Promise.resolve('by request') },
    } as never)
  },
}

beforeEach(async () => {
  there = []
  came = []
  requested = []
  answering = well
  refusal = undefined
  renewed = new AbortController()
  posts = new Posts(link)
  server = createServer((socket) => {
    const at = there.push(socket)
    const frames = new Frames(1_000_000)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      frames.take(chunk)
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        const { id, number, payload } = frame
        const [target, body] = [String(payload.subarray(0, number)), String(payload.subarray(number))]
        came.push(`${at} ${id} ${target} ${body}`)
        answering(socket, frame)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  vi.useRealTimers()
  for (const socket of there) socket.destroy()
  server.close()
})

const post = async (body: string, timeout = 5_000): Promise<Answered> =>
  await posts.post({
    path: '/v1/records?from=0',
    type: 'text/plain',
    body: [Buffer.from(body.slice(0, 1)), Buffer.from(body.slice(1))],
    timeout,
  })

test('posts go one after the other and together on one connection, and each gets its own answer', async () => {
  expect(await Promise.all([post('one'), post('two')])).toEqual([
    { statusCode: 200, text: 'done 1' },
    { statusCode: 200, text: 'done 2' },
  ])
  expect((await post('three')).text).toBe('done 3')

  expect(came).toEqual(['one', 'two', 'three'].map((body, i) => `1 ${i + 1} /v1/records?from=0 ${body}`))
})

test('an answer that comes in pieces is one, and one with another status is no error of the connection', async () => {
  answering = (socket, { id }) => {
    const bytes = frameOf(id, 503, [Buffer.from('{"error":"busy"}')])
    socket.write(bytes.subarray(0, 7))
    setTimeout(() => socket.write(bytes.subarray(7)), 20)
  }

  expect(await post('one')).toEqual({ statusCode: 503, text: '{"error":"busy"}' })
  expect((await post('two')).statusCode).toBe(503)
  expect(there).toHaveLength(1)
})

test.each<[string, typeof answering]>([
  ['closed', (socket) => void socket.end()],
  ['reset', (socket) => void socket.resetAndDestroy()],
  ['answered for another', (socket, { id }) => void socket.write(frameOf(id + 1, 200, []))],
  [
    'answered with more than an answer holds',
    (socket, { id }) => void socket.write(frameOf(id, 200, [Buffer.alloc(answerLimit + 1)])),
  ],
])('what is %s between post and answer is posted again on another connection', async (_, wrong) => {
  answering = wrong
  await expect(Promise.all([post('one'), post('two')])).rejects.toThrow()
  await expect(post('three')).rejects.toThrow()
  answering = well

  expect((await post('four')).statusCode).toBe(200)
  expect(new Set(came.map((one) => one.slice(0, 1))).size).toBe(3)
})

test('an answer that comes twice is nobody else’s', async () => {
  answering = (socket, frame) => {
    well(socket, frame)
    well(socket, frame)
  }
  expect((await post('one')).text).toBe('done 1')
  const second = post('two').catch(() => undefined)
  await second
  answering = well

  expect((await post('three')).text).toBe('done 1')
  expect(there.length).toBeGreaterThan(1)
})

test('what the collector could not read is answered for what it did not answer yet, and nothing follows', async () => {
  answering = (socket) => void socket.write(frameOf(0, 413, [Buffer.from('{"error":"too-large"}')]))
  const [first, second] = [post('one'), post('two')]

  expect(await first).toEqual({ statusCode: 413, text: '{"error":"too-large"}' })
  await expect(second).rejects.toMatchObject({ code: 'LINK_BROKEN' })
})

test('what is not answered in its time is given up with its connection', async () => {
  answering = () => undefined
  await expect(post('one', 60)).rejects.toMatchObject({ code: 'LINK_LATE' })
  await expect.poll(() => there[0]?.destroyed).toBe(true)
  answering = well

  expect((await post('two')).text).toBe('done 1')
})

test('a collector that does not know of frames gets requests, and is asked again after a minute', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  refusal = { statusCode: 404, text: '{"error":"no-such-path"}' }

  expect(await post('one')).toEqual({ statusCode: 200, text: 'by request' })
  refusal = undefined
  vi.advanceTimersByTime(59_000)
  expect((await post('two')).text).toBe('by request')
  expect(requested).toEqual(['/v1/records?from=0 one', '/v1/records?from=0 two'])
  vi.advanceTimersByTime(2_000)
  expect((await post('three')).text).toBe('done 1')
})

test('a collector that refuses the connection is heard, and asked again', async () => {
  refusal = { statusCode: 503, text: '{"error":"starting"}' }
  expect(await post('one')).toEqual(refusal)
  refusal = undefined

  expect((await post('two')).text).toBe('done 1')
  expect(requested).toEqual([])
})

test('with a new certificate what runs is answered, its connection ends, and the next post goes on a new one', async () => {
  let finish: (() => void) | undefined
  answering = (socket, frame) => void (finish = () => well(socket, frame))
  const running = post('one')
  await expect.poll(() => came).toHaveLength(1)

  renewed.abort()
  renewed = new AbortController()
  answering = well
  expect((await post('two')).text).toBe('done 1')
  expect(there[0]?.readableEnded).toBe(false)
  finish?.()

  expect((await running).text).toBe('done 1')
  await expect.poll(() => there[0]?.readableEnded).toBe(true)
  // One that says nothing ends at once.
  renewed.abort()
  await expect.poll(() => there[1]?.readableEnded).toBe(true)
  expect(came.map((one) => one.slice(0, 1))).toEqual(['1', '2'])
})

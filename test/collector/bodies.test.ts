// What is held of requests: a share of each caller, and no more of all than there is.

import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { Bodies } from '../../collector/bodies.ts'
import type { Identity } from '../../core/identifiers.ts'
import { verifies } from '../verifies.ts'
import { reasonOf } from './a-trail.ts'

const pod = (podUid: string, server = 'ehr'): Identity => ({
  role: 'sidecar',
  namespace: 'clinic',
  server,
  podUid,
})

const mebibyte = 1024 * 1024

function sent(chunks: Iterable<string> | AsyncIterable<string>, headers = {}): IncomingMessage {
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) yield Buffer.from(chunk)
  }
  return Object.assign(Readable.from(bytes(), { objectMode: false }), {
    headers,
    httpVersion: '1.1',
  }) as unknown as IncomingMessage
}

const read = (bodies: Bodies, of: Identity, request: IncomingMessage, limit = 1000) => {
  const held = bodies.of(of)
  return { held, body: held.body(request, limit) }
}

test('a body that does not say its length is refused as soon as it is too large', async () => {
  const bodies = new Bodies()
  expect(String(await read(bodies, pod('a'), sent(['ab', 'cd']), 4).body)).toBe('abcd')
  const longer = sent(['ab', 'cde', 'never'])
  expect(await reasonOf(read(bodies, pod('a'), longer, 4).body)).toBe('too-large')
  // Our answer goes out on the same socket.
  expect(longer.destroyed).toBe(false)
})

test('a caller who holds its share gets no more, and keeps nobody else from theirs', async () => {
  const bodies = new Bodies({ each: 10, group: 25, all: 25 })
  const first = read(bodies, pod('a'), sent(['1234567']))
  await first.body

  expect(await reasonOf(read(bodies, pod('a'), sent(['1234'])).body)).toBe('too-much-at-once')
  expect(String(await read(bodies, pod('b'), sent(['12345678'])).body)).toBe('12345678')
  // Who recovers a volume is another caller than the pod was.
  const recovery = { ...pod('a'), role: 'recovery' } as Identity
  expect(String(await read(bodies, recovery, sent(['123'])).body)).toBe('123')
})

test('all together hold no more than there is, and what is let go is there for others', async () => {
  const bodies = new Bodies({ each: 10, group: 15, all: 15 })
  const first = read(bodies, pod('a'), sent(['12345678']))
  await first.body
  await read(bodies, pod('b'), sent(['123456'])).body
  expect(bodies.bytes).toBe(14)
  const refused = read(bodies, pod('c'), sent(['12']))
  expect(await reasonOf(refused.body)).toBe('too-much-at-once')

  first.held.letGo()
  first.held.letGo()
  refused.held.letGo()

  expect(bodies.bytes).toBe(6)
  await read(bodies, pod('c'), sent(['123456789'])).body
  expect(bodies.bytes).toBe(15)
})

async function* slow(): AsyncGenerator<string> {
  yield '12345678'
  await new Promise(() => undefined)
}

test('what is announced and never sent takes no room, what is sent of a body that never ends does', async () => {
  const bodies = new Bodies({ each: 10, group: 20, all: 20 })
  read(bodies, pod('a'), sent(slow(), { 'content-length': '900' })).body.catch(() => undefined)
  await expect.poll(() => bodies.bytes).toBe(8)
  expect(await reasonOf(read(bodies, pod('a'), sent(['123'])).body)).toBe('too-much-at-once')
  expect(String(await read(bodies, pod('b'), sent(['123'])).body)).toBe('123')
})

const full = (bytes: number): IncomingMessage => sent(['x'.repeat(bytes)])

/** Bodies of 2 MiB from so many pods of one server, as many as each gets in. */
async function flood(bodies: Bodies, server: string, pods: number): Promise<void> {
  for (let i = 0; i < pods; i += 1)
    for (let more = true; more; ) {
      const body = read(bodies, pod(`${server}-${i}`, server), full(2 * mebibyte), 2 * mebibyte).body
      more = (await reasonOf(body)) !== 'too-much-at-once'
    }
}

verifies(
  'audit:collector-bounds',
  'pods of one server, however many, leave room for every other server',
  async () => {
    const bodies = new Bodies()
    await flood(bodies, 'evil', 20)
    expect(bodies.bytes).toBe(24 * mebibyte)
    expect(await reasonOf(read(bodies, pod('new', 'evil'), full(300)).body)).toBe('too-much-at-once')
    expect((await read(bodies, pod('a'), full(2 * mebibyte), 2 * mebibyte).body).length).toBe(2 * mebibyte)
  },
)

verifies(
  'audit:collector-bounds',
  'the operator, auditors and recovery are heard while sidecars hold all that they may, and neither takes the others’ room',
  async () => {
    const bodies = new Bodies()
    for (const server of ['a', 'b', 'c', 'd', 'e']) await flood(bodies, server, 5)
    expect(await reasonOf(read(bodies, pod('x', 'other'), full(300)).body)).toBe('too-much-at-once')

    const recovering = (podUid: string): Identity => ({ ...pod(podUid), role: 'recovery' }) as Identity
    const jobs = Array.from({ length: 5 }, async (_, i) => {
      const { body } = read(bodies, recovering(String(i)), full(2 * mebibyte), 2 * mebibyte)
      return await reasonOf(body)
    })
    expect((await Promise.all(jobs)).filter((one) => one === 'too-much-at-once')).toHaveLength(1)
    const all: Identity[] = [{ role: 'operator' }, { role: 'auditor', person: 'ann' }]
    for (const one of all) expect((await read(bodies, one, full(300)).body).length).toBe(300)
  },
)

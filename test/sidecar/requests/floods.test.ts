// A scanner cannot fill the trail: beyond a quota only counts are recorded.

import { connect as plain } from 'node:net'
import { connect } from 'node:tls'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { quota, refusalsPerMinute, refusalsPerNetwork } from '../../../sidecar/quota.ts'
import { aCall } from '../../support/message.ts'
import { aScene, caller, type Scene } from '../../support/scene.ts'
import { memoryTrail } from '../../support/trail.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
let ended = false
beforeEach(async () => {
  ended = false
  scene = await aScene()
})
afterEach(async () => {
  if (!ended) await scene.end()
})
/** Counts are recorded once a minute, and when the server drains. */
const drained = async (): Promise<void> => {
  ended = true
  await scene.end()
}

async function handshake(options: object): Promise<void> {
  const socket = connect({
    host: '127.0.0.1',
    port: scene.port,
    ca: scene.serversCa.cert,
    servername: 'localhost',
    ...options,
  })
  socket.on('error', () => undefined)
  socket.on('secureConnect', () => socket.write('x'))
  await new Promise((resolve) => socket.on('close', resolve))
}

verifies('audit:floods', 'handshakes that fail are counted by source and reason', async () => {
  await handshake({})
  await handshake({})
  await handshake(await caller('agent', 'strangers'))
  await handshake({ ...(await caller()), maxVersion: 'TLSv1.2' })
  const scan = plain(scene.port, '127.0.0.1', () => scan.end('GET / HTTP/1.1\r\n\r\n'))
  scan.on('error', () => undefined).resume()
  await new Promise((resolve) => scan.on('close', resolve))

  await drained()

  const counted = scene.trail
    .of('counted')
    .map(({ what, source, reason, count }) => `${what} ${source} ${reason} ${count}`)
  expect(counted.toSorted()).toEqual([
    'handshake-failed 127.0.0.1 certificate-not-trusted 1',
    'handshake-failed 127.0.0.1 no-certificate 2',
    'handshake-failed 127.0.0.1 not-tls 1',
    'handshake-failed 127.0.0.1 version-too-low 1',
  ])
  expect(scene.trail.entries).toHaveLength(4)
})

for (const [when, asking] of [
  ['broken input', { body: '{', headers: {} }],
  ['calls without a token', { ...aCall(), token: null }],
] as const)
  verifies('audit:floods', `${when}: so many are recorded one by one, the rest is counted`, async () => {
    const replies = await Promise.all(
      Array.from({ length: refusalsPerMinute + 25 }, async () => await scene.ask(asking)),
    )

    expect(new Set(replies.map(({ status }) => status)).size).toBe(1)
    expect(scene.trail.of('refusal')).toHaveLength(refusalsPerMinute)
    await drained()
    expect(scene.trail.of('counted')).toMatchObject([
      { what: 'refusals-over-quota', source: '127.0.0.1', count: 25 },
    ])
  })

verifies('audit:floods', 'a flood without tokens hides no broken message of a known person', async () => {
  const nobody = { ...aCall(), token: null }
  await Promise.all(Array.from({ length: refusalsPerMinute + 5 }, async () => await scene.ask(nobody)))
  await scene.ask({ body: '{', headers: {} })

  expect(scene.trail.of('refusal').at(-1)).toMatchObject({ reason: 'json-broken', who: { sub: 'nurse-7' } })
})

verifies('audit:floods', 'refusals of a known caller are always recorded', async () => {
  const call = aCall({ patient_id: 'p' }, { tool: 'unknown' })
  await Promise.all(Array.from({ length: refusalsPerMinute + 5 }, async () => await scene.ask(call)))

  expect(scene.trail.of('refusal')).toHaveLength(refusalsPerMinute + 5)
})

test('the quota begins anew each minute, counts are recorded then, and none is lost when the trail fails', async () => {
  vi.useFakeTimers()
  const trail = memoryTrail()
  const faults: unknown[] = []
  const one = quota(trail, (cause) => faults.push(cause))
  for (let i = 0; i < refusalsPerMinute + 2; i += 1) one.admits('10.0.0.1', 'json-broken')
  one.count('handshake-failed', '10.0.0.2', 'no-certificate')
  trail.fail = { note: 'rejects' }
  await vi.advanceTimersByTimeAsync(60_000)
  expect([trail.entries, faults.length]).toEqual([[], 1])

  trail.fail = {}
  one.count('handshake-failed', '10.0.0.2', 'no-certificate')
  expect(one.admits('10.0.0.1', 'json-broken')).toBe(true)
  await vi.advanceTimersByTimeAsync(60_000)
  one.stop()
  vi.useRealTimers()

  expect(trail.of('counted').map(({ source, count }) => [source, count])).toEqual([
    ['10.0.0.1', 2],
    ['10.0.0.2', 2],
  ])
})

test('sources beyond a thousand in a minute are counted together', async () => {
  const trail = memoryTrail()
  const one = quota(trail, () => undefined)
  for (let i = 0; i < 5000; i += 1)
    one.count('handshake-failed', `10.1.${i >> 8}.${i & 255}`, 'no-certificate')
  one.stop()
  await one.flush()

  const counted = trail.of('counted')
  expect(counted).toHaveLength(1001)
  expect(counted.find(({ source }) => source === 'others')?.count).toBe(4000)
})

verifies('audit:floods', 'who has a /64 of IPv6 fills no trail with its addresses', async () => {
  const trail = memoryTrail()
  const one = quota(trail, () => undefined)
  const addresses = Array.from({ length: 5000 }, (_, i) => `2001:db8:0:7::${(i + 1).toString(16)}`)
  const admitted = addresses.map((address) => one.admits(address, 'json-broken'))
  for (const address of addresses) one.count('handshake-failed', address, 'no-certificate')

  expect(admitted.filter(Boolean)).toHaveLength(refusalsPerNetwork)
  // Others have what they always had, a known person at one of these addresses as well.
  expect(one.admits('2001:db8:0:8::1', 'json-broken')).toBe(true)
  expect(one.admits('2001:db8:0:7::1', 'json-broken', '2001:db8:0:7::/64 certificate')).toBe(true)
  one.count('handshake-failed', '10.1.0.1', 'no-certificate')
  one.stop()
  await one.flush()

  const failed = trail.of('counted').filter(({ what }) => what === 'handshake-failed')
  expect(failed).toHaveLength(66)
  expect(failed.find(({ source }) => source === '2001:db8:0:7::/64')?.count).toBe(4936)
  expect(failed.find(({ source }) => source === '10.1.0.1')?.count).toBe(1)
})

verifies('audit:floods', 'a peer over a socket of IPv6 is recorded with its plain address', async () => {
  await new Promise<void>((resolve) => scene.calls.server.close(() => resolve()))
  await new Promise<void>((resolve) => scene.calls.server.listen(scene.port, '::', resolve))
  await scene.ask({ body: '{', headers: {} })
  expect(scene.trail.of('refusal').at(-1)).toMatchObject({ reason: 'json-broken', peer: '127.0.0.1' })
})

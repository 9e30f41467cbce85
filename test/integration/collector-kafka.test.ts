// The Kafka store against a real broker (KRaft) over real TLS and SCRAM.

import { once } from 'node:events'
import { Admin, type Connection } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Corrupt, type Store, type StoreFailed } from '../../collector/commit/commit.ts'
import { openKafka } from '../../collector/commit/kafka/kafka.ts'
import { connectionOf, outliving } from '../../collector/commit/kafka/options.ts'
import { makeTopics, topicsOf } from '../../collector/commit/kafka/topics.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { aTrail, Process, reasonOf, recordsIn, registryIn } from '../collector/a-trail.ts'
import { fencesOut, takesOverInFlight } from '../collector/fencing.ts'
import { aBroker, type Broker } from '../collector/kafka/broker.ts'
import { listening, producersIn } from '../collector/kafka/produced.ts'
import { anAuthority, certify } from '../collector/peers.ts'
import { sealsOver } from '../collector/sealing/over-engine.ts'
import { aClose, anIntent, aResult } from '../core/records.ts'
import { verifies } from '../verifies.ts'

let authority: Authority
let broker: Broker
const stores: Store[] = []
let poisoned: StoreFailed[] = []
let prefixes = 0
const newPrefix = (): string => `trail-${++prefixes}`

beforeAll(async () => {
  authority = await anAuthority()
  broker = await aBroker(await certify(authority, undefined, { names: ['localhost'] }), authority.pem)
}, 120_000)
afterAll(async () => {
  await broker.remove()
})
afterEach(async () => {
  await Promise.all(stores.splice(0).map(async (store) => await store.close()))
  poisoned = []
})

async function open(
  prefix: string,
  said: { url?: string; ca?: string; timeoutMs?: number } = {},
): Promise<Store> {
  const store = await openKafka({
    url: broker.url(prefix),
    ca: authority.pem,
    timeoutMs: 5000,
    onPoisoned: (reason) => poisoned.push(reason),
    ...said,
  })
  stores.push(store)
  return store
}

const some = (from: number, count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => Buffer.from(JSON.stringify({ n: from + i })))

const all = async (store: Store, origin: string, from = 0, to?: number): Promise<string[]> => {
  const found: string[] = []
  for await (const piece of store.read(origin, from, to)) found.push(...piece.map(String))
  return found
}

verifies(
  'audit:acknowledged-is-kept',
  'records, checkpoints, notes and keys are in Kafka, and a new collector finds them',
  async () => {
    const prefix = newPrefix()
    const store = await open(prefix)
    const process = await Process.started(await aTrail(store))
    await process.write(anIntent('c1'), aResult('c1'), anIntent('lost'))
    await process.checkpoint()
    expect(await process.send(0)).toBe(4)
    const witness = process.chain.witness
    await store.saveNote('a', 'first')
    await store.saveNote('a', 'second')
    await store.close()
    stores.length = 0

    const anew = await open(prefix)
    process.trail = await aTrail(anew)
    expect(await recordsIn(anew, process.origin)).toEqual(process.records.map(String))
    expect(process.trail.witnessVkey).toBe(witness)
    expect([await anew.note('a'), await anew.note('b')]).toEqual(['second', undefined])
    expect(process.trail.summaries()).toContainEqual(
      expect.objectContaining({ origin: process.origin, size: 4, witnessed: 4 }),
    )
    expect(await reasonOf(process.checkpoint(3))).toBe('truncates')
    await process.write(aClose())
    await process.checkpoint()
    await expect
      .poll(async () => (await registryIn(anew)).at(-1))
      .toMatchObject({ kind: 'ended', how: 'closed', unknown: ['lost'], size: 5 })
  },
  60_000,
)

test('all replicas in sync acknowledge, and a broker tells what it is sent twice', async () => {
  const prefix = newPrefix()
  const produced = listening()
  const store = await open(prefix)
  const origins = ['a', 'b', 'c'].map((pod) => `hipaa-mcp.dev/clinic/ehr/pod-${pod}/0`)
  for (const origin of origins) await store.begin({ origin, vkey: origin })
  for (const origin of origins) for (const from of [0, 5]) await store.append(origin, from, some(from, 5))
  await store.saveNote('a', 'first')

  const asked = produced()
  expect(asked.length).toBeGreaterThan(2 * origins.length)
  expect(new Set(asked.map(({ acks }) => acks))).toEqual(new Set([-1]))
  expect(Math.min(...asked.map(({ sequence }) => sequence))).toBe(0)
  // One producer, which the broker named, and by which it tells repetitions: it stands in all that the broker has.
  const producers = new Set(asked.map(({ producer }) => producer))
  expect([...producers].map((producer) => producer >= 0n)).toEqual([true])
  expect(new Set(producersIn(broker.data, prefix))).toEqual(producers)
}, 60_000)

test('any stretch of a chain reads as it was written, whatever lies between and however large', async () => {
  const prefix = newPrefix()
  const store = await open(prefix)
  const origins = Array.from({ length: 70 }, (_, i) => `hipaa-mcp.dev/clinic/ehr/pod-${i}/0`)
  await Promise.all(origins.map(async (origin) => await store.begin({ origin, vkey: origin })))
  for (let round = 0; round < 6; round++)
    await Promise.all(
      origins.map(async (origin) => await store.append(origin, round * 100, some(round * 100, 100))),
    )
  const large = origins[3] as string
  await store.append(
    large,
    600,
    Array.from({ length: 40 }, () => Buffer.alloc(60_000, 'x')),
  )

  const anew = await (await store.close(), open(prefix))
  const expected = some(0, 600).map(String)

  expect((await anew.chains()).map(({ origin }) => origin).toSorted()).toEqual(origins.toSorted())
  for (const origin of [origins[0], origins[69]] as string[])
    expect(await all(anew, origin)).toEqual(expected)
  expect((await all(anew, large)).length).toBe(640)
  for (const [from, to] of [
    [0, 1],
    [299, 301],
    [555, 600],
    [600, 600],
  ] as const)
    expect(await all(anew, origins[5] as string, from, to)).toEqual(expected.slice(from, to))
  await expect(all(anew, origins[5] as string, 0, 601)).rejects.toThrow(Corrupt)
}, 60_000)

verifies(
  'audit:handed-over',
  'who had a chain before commits nothing more to it, and is told so',
  async () => {
    const prefix = newPrefix()
    await fencesOut(await open(prefix), await open(prefix), 'hipaa-mcp.dev/clinic/ehr/fenced/0')
  },
  60_000,
)

verifies(
  'audit:handed-over',
  'what is on its way when a chain is taken counts before that or never',
  async () => {
    const prefix = newPrefix()
    const both = [await open(prefix), await open(prefix)] as const
    await takesOverInFlight(both, 'hipaa-mcp.dev/clinic/ehr/in-flight/0', 60)
  },
  60_000,
)

test('a collector that only looks finds that a broker lost what it acknowledged, and ends', async () => {
  const prefix = newPrefix()
  const store = await open(prefix)
  const origin = 'hipaa-mcp.dev/clinic/ehr/lost/0'
  await store.begin({ origin, vkey: 'k' })
  await store.append(origin, 0, some(0, 3))
  const admin = new Admin(connectionOf({ url: broker.url(prefix), ca: authority.pem }))
  await admin.deleteTopics({ topics: [`${prefix}-records`] })
  await makeTopics(admin, topicsOf(prefix))
  await admin.close()
  const look = async (): Promise<number> => {
    for await (const _ of store.follow(new Map())) expect.unreachable()
    return poisoned.length
  }

  await expect
    .poll(async () => await look().catch(() => poisoned.length), { timeout: 30_000 })
    .toBeGreaterThan(0)
  expect(poisoned[0]).toMatchObject({ reason: 'store-not-durable', poisoned: true })
}, 60_000)

test('a client outlives every error of its connections', async () => {
  const admin = outliving(new Admin(connectionOf({ url: broker.url(newPrefix()), ca: authority.pem })))
  const connected = once(admin, 'client:broker:connect') as Promise<[{ connection: Connection }]>
  await admin.listTopics()
  const [{ connection }] = await connected

  for (let errors = 0; errors < 3; errors++) expect(connection.emit('error', new Error('reset'))).toBe(true)
  await expect(admin.listTopics()).resolves.toBeInstanceOf(Array)
  await admin.close()
  await connection.close()
}, 60_000)

test('topics that would forget are no store, and the refusal says what to set', async () => {
  const prefix = newPrefix()
  await (await open(prefix)).close()
  stores.length = 0
  const admin = new Admin(connectionOf({ url: broker.url(prefix), ca: authority.pem }))
  const set = async (topic: string, name: string, value: string): Promise<void> =>
    await admin.incrementalAlterConfigs({
      validateOnly: false,
      resources: [
        {
          resourceType: 2,
          resourceName: `${prefix}-${topic}`,
          configs: [{ name, configOperation: 0, value }],
        },
      ],
    })
  for (const [topic, name, bad, good] of [
    ['records', 'retention.ms', '604800000', '-1'],
    ['records', 'flush.messages', '1000', '1'],
    ['chains', 'cleanup.policy', 'delete', 'compact'],
  ] as const) {
    await set(topic, name, bad)
    await expect(open(prefix), name).rejects.toMatchObject({
      reason: 'store-not-durable',
      message: expect.stringContaining(`${prefix}-${topic}: `) as string,
    })
    await set(topic, name, good)
  }
  await admin.close()
  await open(prefix)
}, 60_000)

test('a broker that does not prove its name or authority gets no password, and a wrong one is refused', async () => {
  const prefix = newPrefix()
  for (const said of [
    { ca: (await anAuthority()).pem },
    { url: broker.url(prefix).replace('localhost', '127.0.0.1') },
    { url: broker.url(prefix).replace('correct', 'wrong') },
  ])
    await expect(open(prefix, said)).rejects.toMatchObject({ reason: 'store-away' })
}, 60_000)

verifies(
  'rest:sealed-trail',
  'over Kafka each collector seals what it has: every record is in one segment, whoever has the chain',
  async () => {
    const prefix = newPrefix()
    await sealsOver(async () => await open(prefix))
  },
  60_000,
)

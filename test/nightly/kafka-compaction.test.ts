// Kafka takes older messages of a name out of what it has: batches lose their last messages, at the end of a segment as well, and
// what stands behind them is read all the same.

import { Admin } from '@platformatic/kafka'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Store } from '../../collector/commit/commit.ts'
import { openKafka } from '../../collector/commit/kafka/kafka.ts'
import { Logs } from '../../collector/commit/kafka/log.ts'
import { connectionOf } from '../../collector/commit/kafka/options.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { aBroker, type Broker } from '../collector/kafka/broker.ts'
import { anAuthority, certify } from '../collector/peers.ts'
import { verifies } from '../verifies.ts'

let authority: Authority
let broker: Broker
beforeAll(async () => {
  authority = await anAuthority()
  broker = await aBroker(await certify(authority, undefined, { names: ['localhost'] }), authority.pem)
}, 120_000)
afterAll(async () => {
  await broker.remove()
})

/** As the store makes its topics, but that one is compacted within seconds, a segment a megabyte. */
const lasting = {
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'unclean.leader.election.enable': 'false',
  'max.message.bytes': '1048588',
  'flush.messages': '1',
}
const soon = {
  'cleanup.policy': 'compact',
  'segment.ms': '500',
  'segment.bytes': '1048576',
  'min.cleanable.dirty.ratio': '0.01',
  'max.compaction.lag.ms': '1000',
}

verifies(
  'audit:acknowledged-is-kept',
  'names and keys are found in Kafka after what was superseded is gone',
  async () => {
    const url = broker.url('c')
    const connection = connectionOf({ url, ca: authority.pem })
    const admin = new Admin(connection)
    const make = async (topic: string, settings: { [name: string]: string }): Promise<unknown> =>
      await admin.createTopics({
        topics: [topic],
        partitions: 1,
        replicas: 1,
        configs: Object.entries({ ...lasting, ...settings }).map(([name, value]) => ({ name, value })),
      })
    await make('c-records', { 'cleanup.policy': 'delete' })
    await make('c-chains', soon)
    await expect.poll(async () => await admin.listTopics(), { timeout: 30_000 }).toHaveLength(2)
    const open = async (): Promise<Store> =>
      await openKafka({
        url,
        ca: authority.pem,
        onPoisoned: (reason) => {
          throw reason
        },
      })
    const store = await open()
    const kept = Array.from({ length: 24 }, (_, i) => `kept-${i}`)
    for (const name of kept)
      await Promise.all([
        store.saveNote('first', ''),
        store.saveNote(name, 'k'.repeat(120_000)),
        store.saveNote('superseded', 's'.repeat(60_000)),
      ])
    const key = await store.key('witness', () => 'made first')

    const place = { topic: 'c-chains', partition: 0 }
    const logs = new Logs(
      connection,
      [place.topic],
      () => undefined,
      (reason) => expect.unreachable(reason.message),
    )
    const superseded = async (): Promise<number> => {
      // A segment that is written to is not compacted.
      await store.saveNote('last', '')
      let found = 0
      for await (const piece of logs.read(place, 0n, await logs.end(place)))
        found += piece.filter(({ key: name }) => name === 'note superseded').length
      return found
    }
    await expect.poll(superseded, { timeout: 90_000, interval: 1000 }).toBeLessThan(5)
    await logs.close()
    await store.close()

    const anew = await open()
    expect(await anew.key('witness', () => 'made anew')).toBe(key)
    const found = await Promise.all([...kept, 'last'].map(async (name) => (await anew.note(name))?.length))
    expect(found).toEqual([...kept.map(() => 120_000), 0])
    await anew.close()
    await admin.close()
  },
  180_000,
)

// Kafka under a running collector: killed, hung, and back again. Nothing acknowledged is lost, and nothing is acknowledged meanwhile.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect } from 'vitest'
import { openKafka } from '../../collector/commit/kafka/kafka.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { recordsIn } from '../collector/a-trail.ts'
import { aBroker, type Broker } from '../collector/kafka/broker.ts'
import { anAuthority, certify } from '../collector/peers.ts'
import { aCollector, anOperator, endCollectors, type Operator, Writer } from '../collector/running.ts'
import { verifies } from '../verifies.ts'

let authority: Authority
let broker: Broker
let operator: Operator

beforeAll(async () => {
  authority = await anAuthority()
  broker = await aBroker(await certify(authority, undefined, { names: ['localhost'] }), authority.pem)
  operator = await anOperator()
}, 120_000)
afterAll(async () => {
  endCollectors()
  operator.end()
  await broker.remove()
})

verifies(
  'audit:acknowledged-is-kept',
  'Kafka crashes, hangs and comes back under load',
  async () => {
    const url = broker.url('trail')
    const collector = await aCollector(operator, { HIPAA_MCP_STORE: url, HIPAA_MCP_STORE_CA: authority.pem })
    await collector.until('ok', 60_000)
    const writers = Array.from({ length: 3 }, () => new Writer(operator))
    for (const writer of writers) await writer.follow(collector.port)
    /** Each of them gets some more acknowledged from now on. */
    const goesOn = async (): Promise<void> => {
      const before = writers.map(({ acknowledged }) => acknowledged)
      const more = (): number => Math.min(...writers.map((one, i) => one.acknowledged - (before[i] ?? 0)))
      await expect.poll(more, { timeout: 30_000 }).toBeGreaterThan(5)
    }
    const running = Promise.all(writers.map(async (writer) => await writer.run()))
    for (const [bad, good] of [
      [async () => await broker.signal('SIGKILL'), async () => await broker.start()],
      [async () => await broker.signal('SIGSTOP'), async () => await broker.signal('SIGCONT')],
    ] as const) {
      await goesOn()
      await bad()
      await collector.until('store-away', 60_000)
      const away = writers.map(({ acknowledged }) => acknowledged)
      await sleep(300)
      expect(writers.map(({ acknowledged }) => acknowledged)).toEqual(away)
      await good()
      await collector.until('ok', 60_000)
      await goesOn()
    }
    for (const writer of writers) writer.stopped = true
    await running
    expect(await collector.kill('SIGTERM')).toBe(0)

    const store = await openKafka({
      url,
      ca: authority.pem,
      onPoisoned: (reason) => {
        throw reason
      },
    })
    for (const writer of writers) {
      const kept = await recordsIn(store, writer.origin)
      expect(kept.slice(0, writer.acknowledged)).toEqual(writer.sent.slice(0, writer.acknowledged))
      expect(writer.sent.slice(0, kept.length)).toEqual(kept)
    }
  },
  240_000,
)

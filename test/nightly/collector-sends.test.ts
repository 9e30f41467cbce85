// Three collectors on one PostgreSQL: one of them sends copies and asks the witness, whichever is killed, hangs or stops. Everything
// that was acknowledged reaches the target, and while nobody fails it comes once.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { openPostgres } from '../../collector/commit/postgres.ts'
import { loadKeys } from '../../collector/keys.ts'
import { originFor } from '../../collector/witnesses/witnesses.ts'
import { rawPublicKey } from '../../core/checkpoint.ts'
import { aFolder } from '../collector/a-trail.ts'
import { aReceiver, logsIn } from '../collector/copies/a-receiver.ts'
import { onAStore } from '../collector/on-a-store.ts'
import { aPostgres } from '../collector/postgres-server.ts'
import { aCollector, type Collector, Writer } from '../collector/running.ts'
import { aSigsumWitness, type SigsumWitness } from '../support/sigsum-witness.ts'
import { verifies } from '../verifies.ts'

const sigsumOrigin = 'sigsum.org/v1/tree/{key}'

const on = onAStore(aPostgres)

/** A witness that knows the log of this store. */
async function aWitness(): Promise<SigsumWitness> {
  const store = await openPostgres({ url: on.server.url, ca: on.operator.authority.pem })
  const { registry } = await loadKeys(store)
  await store.close()
  const name = originFor(sigsumOrigin, { publicKey: rawPublicKey(registry.key) })
  const witness = await aSigsumWitness(aFolder(), { ...registry, name })
  onTestFinished(async () => await witness.stop())
  return witness
}

/** Records of the log that the witness signed last, as all collectors know it. */
const signed = (): number =>
  Number(on.server.sql("SELECT note FROM hipaa_mcp_notes WHERE name = 'witnessed'").split('\n')[1])

const began = /this collector sends/g
/** How often it began to send. */
const begins = ({ said }: Collector): number => said().match(began)?.length ?? 0

verifies(
  'audit:one-sends',
  'collectors are killed, hang and come back, and stop: another sends, and every acknowledged record reaches the target',
  async () => {
    const receiver = await aReceiver()
    const witness = await aWitness()
    const targets = join(aFolder(), 'targets.yaml')
    writeFileSync(targets, `- { name: siem, as: otlp, url: ${receiver.url}, ca: ${receiver.ca} }\n`)
    const policy = join(aFolder(), 'policy')
    writeFileSync(policy, `${witness.line}quorum sigsum\n`)
    const started = async (): Promise<Collector> => {
      const collector = await aCollector(on.operator, {
        HIPAA_MCP_STORE: on.server.url,
        HIPAA_MCP_STORE_CA: on.operator.authority.pem,
        HIPAA_MCP_COPIES: targets,
        HIPAA_MCP_WITNESSES: policy,
        HIPAA_MCP_WITNESS_ORIGIN: sigsumOrigin,
        HIPAA_MCP_WITNESS_SECONDS: '1',
      })
      await collector.until('ok', 60_000)
      return collector
    }
    const first = await started()
    await expect.poll(() => begins(first), { timeout: 30_000 }).toBe(1)
    let alive = [first, await started(), await started()]
    const writers = alive.map(() => new Writer(on.operator))
    /** Each writes to one of those that are there. */
    const spread = async (): Promise<void> => {
      for (const [i, writer] of writers.entries())
        await writer.follow((alive[i % alive.length] as Collector).port)
    }
    await spread()
    const running = Promise.all(writers.map(async (writer) => await writer.run()))
    const uids = (): string[] => logsIn(receiver.bodies).map(({ uid }) => uid)
    /** What was acknowledged by now arrives, of every chain. */
    const allArrive = async (): Promise<void> => {
      const due = writers.map(({ origin, acknowledged }) => `${origin}#${acknowledged - 1}`)
      await expect
        .poll(
          () => {
            const there = new Set(uids())
            return due.filter((uid) => !there.has(uid))
          },
          { timeout: 60_000, interval: 500 },
        )
        .toEqual([])
    }
    /** The witness signs more than it has, and each collector knows it. */
    const allAreSigned = async (): Promise<void> => {
      const before = signed()
      await expect.poll(signed, { timeout: 60_000, interval: 500 }).toBeGreaterThan(before)
      for (const collector of alive)
        await expect
          .poll(async () => (await collector.witnesses()).each, { timeout: 20_000, interval: 500 })
          .toMatch(/^sigsum cosigns/m)
    }
    await sleep(3_000)
    await allArrive()
    await allAreSigned()
    // Three collectors, each with a chain, and nothing came twice: one sends.
    expect(alive.map(begins)).toEqual([1, 0, 0])
    expect(uids().length).toBe(new Set(uids()).size)

    await first.kill('SIGKILL')
    alive = alive.slice(1)
    await spread()
    await expect.poll(() => alive.map(begins).toSorted((a, b) => a - b), { timeout: 40_000 }).toEqual([0, 1])
    await allArrive()
    await allAreSigned()

    const hung = alive.find((one) => begins(one) === 1) as Collector
    const other = alive.find((one) => one !== hung) as Collector
    hung.child.kill('SIGSTOP')
    alive = [other]
    await spread()
    await expect.poll(() => begins(other), { timeout: 40_000 }).toBe(1)
    hung.child.kill('SIGCONT')
    await allArrive()
    await allAreSigned()
    expect(begins(hung)).toBe(1)

    // Told to stop, it lets the other begin at once.
    alive = [hung]
    await spread()
    const stopped = performance.now()
    expect(await other.kill('SIGTERM')).toBe(0)
    await expect.poll(() => begins(hung), { timeout: 20_000, interval: 50 }).toBe(2)
    console.log(`    the next one sent ${((performance.now() - stopped) / 1000).toFixed(1)} s after the stop`)
    for (const writer of writers) writer.stopped = true
    await running
    await allArrive()

    const arrived = Map.groupBy(uids(), (uid) => uid)
    for (const { origin, acknowledged } of writers) {
      expect(acknowledged).toBeGreaterThan(50)
      const missing = Array.from({ length: acknowledged }, (_, i) => `${origin}#${i}`).filter(
        (uid) => !arrived.has(uid),
      )
      expect(missing).toEqual([])
    }
    const twice = [...arrived.values()].filter(({ length }) => length > 1).length
    console.log(`    ${arrived.size} records arrived, ${twice} of them more than once, over three handovers`)
    expect(await hung.kill('SIGTERM')).toBe(0)
  },
  400_000,
)

// Stream: the real collector over real TLS acknowledges, behind a proxy that fails.

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { cosign, parseNote, signCheckpoint, vkey } from '../../../core/checkpoint.ts'
import { leafHash, rootOf } from '../../../core/merkle.ts'
import { type AuditRecord, recordBytes } from '../../../core/record.ts'
import { posts } from '../../../core/wire.ts'
import { beginTrail, type RunningTrail } from '../../../sidecar/trail/begin.ts'
import { CollectorClient } from '../../../sidecar/trail/collector-client.ts'
import { Contact } from '../../../sidecar/trail/contact.ts'
import type { ChainOver } from '../../../sidecar/trail/home.ts'
import { verifies } from '../../verifies.ts'
import { aLog, anInstallation, type Installation, until } from '../installation.ts'
import { anIntent, aResult, theOrders } from './entries.ts'

let installation: Installation
beforeAll(async () => {
  installation = await anInstallation()
})
afterAll(async () => await installation.end())

const running: RunningTrail[] = []
afterEach(async () => {
  installation.collector.faults.set('well')
  await Promise.allSettled(running.splice(0).map(async (trail) => await trail.close()))
})

async function begun(
  over: ChainOver[] = [],
  timeout = 400,
  link?: ConstructorParameters<typeof CollectorClient>[0],
): Promise<RunningTrail> {
  const trail = await beginTrail({
    acknowledge: 'Stream',
    folder: '',
    collector: new CollectorClient(link ?? (await installation.link()), timeout),
    version: '1',
    onOver: (why) => over.push(why),
    log: aLog(),
  })
  running.push(trail)
  trail.chain.start('Development')
  await trail.chain.note(theOrders())
  return trail
}

const kinds = (records: AuditRecord[]) => records.map(({ kind }) => kind)

verifies(
  'integrity:chain',
  'what the collector holds has the root that the chain signed and the witness cosigned',
  async () => {
    const { chain, home, checkpoints } = await begun()
    await chain.intend(anIntent('a'))
    await chain.settle(aResult('a'))

    await chain.close()
    await checkpoints.close()

    const held = await installation.records(chain.origin)
    expect(kinds(held)).toEqual(['chain-started', 'orders', 'intent', 'result', 'chain-closed'])
    const { size, root } = parseNote(chain.checkpoint()).checkpoint
    expect(size).toBe(5)
    expect(rootOf(held.map((record) => leafHash(recordBytes(record))))).toEqual(root)
    expect(home.witnessed()).toBe(5)
  },
)

verifies(
  'audit:no-record-no-service',
  'acknowledged means that the collector holds it at that moment',
  async () => {
    const { chain } = await begun()

    await chain.intend(anIntent('now'))

    expect(kinds(await installation.records(chain.origin))).toContain('intent')
  },
)

for (const state of ['away', 'deaf'] as const)
  verifies(
    'audit:no-record-no-service',
    `with the collector ${state} nothing is acknowledged, and service returns by itself`,
    async () => {
      const { chain } = await begun()
      installation.collector.faults.set(state)
      let told = 'nothing'
      const early = chain.intend(anIntent(`early-${state}`)).then(
        () => (told = 'acknowledged'),
        () => (told = 'refused'),
      )
      await until('it says why', () => chain.trouble() === 'collector-unreachable', 4_000)
      expect(told).toBe('nothing')

      installation.collector.faults.set('well')
      await early
      expect(told).toBe('acknowledged')
      expect(chain.trouble()).toBeUndefined()
      // Sent more than once, and held once.
      const held = await installation.records(chain.origin)
      expect(held.filter((record) => record.kind === 'intent')).toHaveLength(1)
    },
    10_000,
  )

test('a collector that was stopped and started again goes on with the same chain', async () => {
  const { chain } = await begun()
  await chain.intend(anIntent('before'))
  await installation.collector.stop()
  const between = chain.intend(anIntent('between'))
  await sleep(100)
  await installation.collector.start()

  await between

  const calls = (await installation.records(chain.origin)).flatMap((one) =>
    one.kind === 'intent' ? [one.call] : [],
  )
  expect(calls).toEqual(['before', 'between'])
})

test('another record at a place that is taken ends the chain', async () => {
  const over: ChainOver[] = []
  const { chain } = await begun(over)
  // Somebody with this pod's certificate writes into its chain.
  const other = new CollectorClient(await installation.link())
  await other.records(chain.origin, 2, [
    recordBytes({
      schema: 'phi-access/1',
      at: new Date(0).toISOString(),
      kind: 'counted',
      what: 'handshake-failed',
      source: 'x',
      count: 1,
    }),
  ])

  await expect(chain.intend(anIntent('a'))).rejects.toMatchObject({ reason: 'chain-forked' })

  expect(over.map(({ reason }) => reason)).toEqual(['chain-forked'])
  expect(chain.trouble()).toBe('chain-forked')
})

/** Both records of a call, and the chain’s end. */
async function whole(trail: RunningTrail, call: string): Promise<void> {
  await trail.chain.intend(anIntent(call))
  await trail.chain.settle(aResult(call))
  await trail.close()
  expect(trail.home.witnessed()).toBe(5)
}

test('all that a chain says goes on one connection that left HTTP, and by requests to a collector that does not know of that', async () => {
  const link = await installation.link()
  const asked: string[] = []
  const watched = (path: string): Parameters<typeof begun>[2] => ({
    request: async (one) => {
      asked.push(`request ${one.path.split('?')[0]}`)
      return await link.request(one)
    },
    upgrade: async (_, protocol, timeout) => {
      asked.push('connection')
      return await link.upgrade(path, protocol, timeout)
    },
  })
  await whole(await begun([], 4_000, watched(posts.path)), 'frames')
  expect(asked).toEqual(['connection'])
  asked.length = 0
  // What a collector of before answers to the path: it has none.
  await whole(await begun([], 4_000, watched('/v1/none')), 'requests')
  expect(asked[0]).toBe('connection')
  expect(new Set(asked.slice(1))).toEqual(
    new Set(['request /v1/chains', 'request /v1/records', 'request /v1/checkpoints']),
  )
})

test('each process has a chain of its own, and the former one is succeeded', async () => {
  const first = await begun()
  const second = await begun()

  expect(second.chain.origin).not.toBe(first.chain.origin)
  expect(Number(second.chain.origin.split('/').at(-1))).toBeGreaterThan(
    Number(first.chain.origin.split('/').at(-1)),
  )
})

/** A client of a collector that says this size. */
const answering = (size: unknown) =>
  new CollectorClient({
    upgrade: async () => await Promise.resolve({ statusCode: 404, text: '' }),
    request: async () =>
      await Promise.resolve({
        statusCode: 200,
        body: { text: async () => await Promise.resolve(JSON.stringify({ size })) },
      } as never),
  })

test('an answer that claims less than was sent acknowledges nothing', async () => {
  await expect(answering(5).records('o', 3, [Buffer.from('a'), Buffer.from('b')])).resolves.toBeUndefined()
  await expect(answering(4).records('o', 3, [Buffer.from('a'), Buffer.from('b')])).rejects.toMatchObject({
    code: 'short',
  })
  await expect(answering(undefined).records('o', 0, [Buffer.from('a')])).rejects.toMatchObject({
    code: 'short',
  })
})

verifies('integrity:witness', 'a cosignature that is not the witness’s ends the chain', async () => {
  const witness = generateKeyPairSync('ed25519').privateKey
  const chainKey = generateKeyPairSync('ed25519').privateKey
  const origin = 'hipaa-mcp.dev/clinic/ehr/pod-uid-1/0'
  const head = { origin, size: 1, root: leafHash(Buffer.from('{}')) }
  const note = signCheckpoint(head, { name: origin, kind: 'ed25519', key: chainKey })
  const name = 'hipaa-mcp.dev/witness'
  const contactWith = (key: KeyObject) => {
    const checkpoint = async () =>
      await Promise.resolve(cosign(head, { name, kind: 'cosignature', key }, 1_790_000_000))
    const known = vkey({ name, kind: 'cosignature', key: witness })
    return new Contact({ records: async () => await Promise.resolve(), checkpoint }, origin, known)
  }

  const good = contactWith(witness)
  await good.checkpoint(note)
  expect(good.witnessed()).toBe(1)
  const forged = contactWith(generateKeyPairSync('ed25519').privateKey)
  await expect(forged.checkpoint(note)).rejects.toMatchObject({ reason: 'witness-wrong' })
  expect(forged.witnessed()).toBe(0)
})

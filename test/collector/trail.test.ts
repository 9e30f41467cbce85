import { cpSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Store } from '../../collector/commit/commit.ts'
import { parseVkey, verifyNote } from '../../core/checkpoint.ts'
import { recordBytes } from '../../core/record.ts'
import { registryOrigin } from '../../core/wire.ts'
import { aClose, anIntent, anOrders, aRefusal, aResult, aStart } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import {
  aFolder,
  anEmbeddedStore,
  aPod,
  aTrail,
  type Clock,
  Process,
  reasonOf,
  recordsIn,
  registryIn,
} from './a-trail.ts'

const settled = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 30))
const clockAt = (now = 1_790_000_000_000): Clock => ({ now })

verifies('audit:acknowledged-is-kept', 'the collector starts anew from its disk', async () => {
  const store = await anEmbeddedStore()
  const process = await Process.started(await aTrail(store))
  await process.write(anOrders(), anIntent('c1'))
  await process.write(aResult('c1'))

  const anew = await aTrail(store)

  expect(await recordsIn(store, process.origin)).toEqual(process.records.map(String))
  expect(anew.summaries()).toMatchObject([{ origin: process.origin, size: 4, state: 'live', generation: 7 }])
  process.trail = anew
  expect(await process.write(aRefusal('c2'))).toBe(5)
})

test('the same records are acknowledged again, in whatever groups they come', async () => {
  const process = await Process.started(await aTrail(await anEmbeddedStore()))
  await process.write(anIntent('c1'), aResult('c1'))

  expect(await process.send(0)).toBe(3)
  expect(await process.send(1)).toBe(3)
  process.records.push(recordBytes(aRefusal('c2')), recordBytes(aRefusal('c3')))
  expect(await process.send(2)).toBe(5)
})

test('records that arrive while a commit runs go with the next one, each answered once it is kept', async () => {
  const store = await anEmbeddedStore()
  const process = await Process.started(await aTrail(store))
  const sizes = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => await process.write(aRefusal(`c${i}`))),
  )

  sizes.forEach((size, i) => expect(size).toBeGreaterThanOrEqual(i + 2))
  expect(await recordsIn(store, process.origin)).toEqual(process.records.map(String))
})

verifies(
  'integrity:witness',
  'other records at a place that is taken are a fork, and raise a signal',
  async () => {
    const store = await anEmbeddedStore()
    const trail = await aTrail(store)
    const process = await Process.started(trail)
    await process.write(anIntent('c1'), aResult('c1'))
    const other = [recordBytes(anIntent('c9'))]

    expect(await reasonOf(trail.append(process.pod, process.origin, 1, other))).toBe('fork')
    expect(await reasonOf(trail.append(process.pod, process.origin, 2, [...other, ...other]))).toBe('fork')

    expect(await recordsIn(store, process.origin)).toEqual(process.records.map(String))
    expect(trail.signals()).toMatchObject([{ rule: 'chain-fork', person: `pod|${process.pod.podUid}` }])
    await settled()
    expect(await registryIn(store)).toMatchObject([
      { kind: 'registered' },
      { kind: 'signal', rule: 'chain-fork' },
    ])
  },
)

test('records behind a gap are refused, and the refusal says where to go on', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const process = await Process.started(trail)
  const gap = trail.append(process.pod, process.origin, 5, [recordBytes(aRefusal('c'))])

  await expect(gap).rejects.toMatchObject({ reason: 'gap', size: 1, status: 409 })
})

/** The reason that an older copy of the store gives a process that goes on, and the signals that came of it. `began`: its chain, before or after that copy. */
const signalled = async (
  then: (process: Process) => Promise<unknown>,
  began: 'before' | 'after' = 'before',
): Promise<unknown> => {
  const [folder, older] = [aFolder(), aFolder()]
  const store = await anEmbeddedStore(folder)
  const trail = await aTrail(store)
  const process = new Process(trail)
  const begin = async (): Promise<void> => {
    await process.begin()
    await process.write(aStart(process.origin), aRefusal('c1'))
  }
  if (began === 'before') await begin()
  cpSync(folder, older, { recursive: true })
  if (began === 'after') await begin()
  await process.write(aRefusal('c2'))
  await store.close()

  process.trail = await aTrail(await anEmbeddedStore(older))
  expect(process.trail.signals()).toEqual([])
  const reason = await reasonOf(then(process))
  await process.trail.sweep()
  return [
    reason,
    process.trail.signals().map(({ rule, person }) => [rule, person === `pod|${process.pod.podUid}`]),
  ]
}

verifies(
  'integrity:witness',
  'a store in whose place an older copy was put is told of by the chains that it had acknowledged more of',
  async () => {
    const told = [['chain-fork', true]]

    expect(await signalled(async (process) => await process.write(aRefusal('c3')))).toEqual(['gap', told])
    expect(await signalled(async (process) => await process.checkpoint())).toEqual(['records-missing', told])
    expect(await signalled(async (process) => await process.write(aRefusal('c3')), 'after')).toEqual([
      'no-such-chain',
      told,
    ])
    expect(await signalled(async (process) => await process.checkpoint(), 'after')).toEqual([
      'no-such-chain',
      told,
    ])
  },
)

test('a pod writes its own chains only', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const process = await Process.started(trail)
  const record = [recordBytes(aRefusal('c'))]

  for (const pod of [
    aPod(),
    { ...process.pod, namespace: 'other' },
    { ...process.pod, server: 'other' },
    { ...process.pod, podUid: 'other' },
  ]) {
    expect(await reasonOf(trail.append(pod, process.origin, 1, record))).toBe('not-yours')
    expect(await reasonOf(trail.checkpoint(pod, process.note()))).toBe('not-yours')
  }
  expect(await reasonOf(trail.append(process.pod, 'hipaa-mcp.dev/registry', 0, record))).toBe('no-such-chain')
  expect(await reasonOf(trail.append(process.pod, process.origin.replace(/0$/, '7'), 0, record))).toBe(
    'no-such-chain',
  )
})

test('a chain begins with its own start, closes once, and holds no record of the registry log', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const process = new Process(trail)
  await process.begin()
  const send = async (from: number, ...records: Parameters<typeof recordBytes>[0][]): Promise<unknown> =>
    await reasonOf(trail.append(process.pod, process.origin, from, records.map(recordBytes)))

  expect(await send(0, anIntent('c1'))).toBe('bad-order')
  expect(await send(0, aStart(`${process.origin}1`))).toBe('bad-order')
  expect(await send(0, aStart(process.origin), aStart(process.origin))).toBe('bad-order')
  expect(await send(0, aStart(process.origin), aClose(), anIntent('c1'))).toBe('chain-over')
  await process.write(aStart(process.origin))
  expect(
    await send(1, {
      schema: 'phi-access/1',
      at: aClose().at,
      kind: 'resumed',
      origin: process.origin,
      size: 1,
    }),
  ).toBe('bad-order')
  await process.write(aClose())
  expect(await send(2, anIntent('c1'))).toBe('chain-over')
  expect(await reasonOf(trail.append(process.pod, process.origin, 2, [Buffer.from('{}')]))).toBe('bad-record')
})

test('a restart gets the next number; the same key again gets the same chain', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const first = await Process.started(trail)
  const second = await Process.started(trail, first.pod)

  expect([first.chain.restart, second.chain.restart]).toEqual([0, 1])
  expect(await second.begin()).toMatchObject({ restart: 1 })
  expect(await reasonOf(first.begin())).toBe('chain-over')
  expect(await reasonOf(trail.begin(first.pod, Buffer.alloc(31)))).toBe('bad-request')
})

test('a pod that starts again reads none of its chains that ended long ago', async () => {
  const real = await anEmbeddedStore()
  const read: string[] = []
  const store: Store = {
    ...real,
    read: (origin, from, to) => {
      read.push(origin)
      return real.read(origin, from, to)
    },
  }
  const clock = clockAt()
  const first = await Process.started(await aTrail(store, clock))
  const second = await Process.started(first.trail, first.pod)
  clock.now += 700_000
  await first.trail.sweep()
  read.length = 0

  await Process.started(first.trail, first.pod)

  expect(read).not.toContain(first.origin)
  expect((await registryIn(store)).filter(({ kind }) => kind === 'ended')).toMatchObject([
    { origin: first.origin, how: 'succeeded' },
    { origin: second.origin, how: 'silent' },
    { origin: second.origin, how: 'succeeded' },
  ])
})

test('restarts that begin side by side get different numbers', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const pod = aPod()
  const all = await Promise.all(Array.from({ length: 5 }, async () => await new Process(trail, pod).begin()))

  expect(all.map(({ restart }) => restart)).toEqual([0, 1, 2, 3, 4])
})

verifies('audit:unknown', 'a process died between intent and result and its pod starts another', async () => {
  const store = await anEmbeddedStore()
  const first = await Process.started(await aTrail(store))
  await first.write(anIntent('settled'), aResult('settled'), anIntent('lost'))

  const second = await Process.started(first.trail, first.pod)

  expect(await registryIn(store)).toMatchObject([
    { kind: 'registered', origin: first.origin },
    { kind: 'registered', origin: second.origin },
    { kind: 'ended', origin: first.origin, how: 'succeeded', size: 4, unknown: ['lost'] },
  ])
})

verifies('audit:unknown', 'a process died and its pod never comes back', async () => {
  const store = await anEmbeddedStore()
  const clock = clockAt()
  const process = await Process.started(await aTrail(store, clock))
  await process.write(anIntent('lost'))
  clock.now += 89_000
  await process.trail.sweep()
  expect(await registryIn(store)).toHaveLength(1)

  clock.now += 2_000
  await process.trail.sweep()
  await process.trail.sweep()

  expect(await registryIn(store)).toMatchObject([
    { kind: 'registered' },
    { kind: 'ended', how: 'silent', size: 2, unknown: ['lost'] },
  ])
  expect(process.trail.summaries()).toMatchObject([{ state: 'silent' }])
})

verifies('audit:unknown', 'a chain that was only silent speaks again and settles the call', async () => {
  const store = await anEmbeddedStore()
  const clock = clockAt()
  const process = await Process.started(await aTrail(store, clock))
  await process.write(anIntent('late'))
  clock.now += 91_000
  await process.trail.sweep()

  await process.write(aResult('late'))
  expect(process.trail.summaries()).toMatchObject([{ state: 'live', size: 3 }])
  await process.write(aClose())
  await process.checkpoint()
  await settled()

  expect(await registryIn(store)).toMatchObject([
    { kind: 'registered' },
    { kind: 'ended', how: 'silent', unknown: ['late'] },
    { kind: 'resumed', size: 2 },
    { kind: 'ended', how: 'closed', size: 4, unknown: [] },
  ])
})

verifies(
  'audit:unknown',
  'a clock that jumps ahead makes no chain silent, and one set back none heard',
  async () => {
    const store = await anEmbeddedStore()
    const clock = clockAt()
    let since = 0
    const trail = await aTrail(store, clock, [], { steady: () => since })
    const process = await Process.started(trail)
    await process.write(anIntent('runs'))
    clock.now += 10 * 365 * 86_400_000
    await trail.sweep()
    expect(trail.summaries()).toMatchObject([{ state: 'live' }])

    clock.now -= 20 * 365 * 86_400_000
    since += 91_000
    await trail.sweep()
    expect(trail.summaries()).toMatchObject([{ state: 'silent' }])
  },
)

test('a checkpoint alone is a word: its chain is not silent, and one that was lives again', async () => {
  const store = await anEmbeddedStore()
  const clock = clockAt()
  const process = await Process.started(await aTrail(store, clock))
  clock.now += 80_000
  await process.checkpoint()
  clock.now += 80_000
  await process.trail.sweep()
  expect(process.trail.summaries()).toMatchObject([{ state: 'live' }])

  clock.now += 20_000
  await process.trail.sweep()
  expect(process.trail.summaries()).toMatchObject([{ state: 'silent' }])
  await process.checkpoint()
  expect(process.trail.summaries()).toMatchObject([{ state: 'live' }])
})

test('a shipper that comes late still gets the records of a succeeded process kept', async () => {
  const store = await anEmbeddedStore()
  const clock = clockAt()
  const first = await Process.started(await aTrail(store, clock))
  await first.write(anIntent('c1'))
  await Process.started(first.trail, first.pod)

  await first.write(aResult('c1'))
  clock.now += 91_000
  await first.trail.sweep()

  expect(
    (await registryIn(store)).filter((record) => 'origin' in record && record.origin === first.origin),
  ).toMatchObject([
    { kind: 'registered' },
    { kind: 'ended', how: 'succeeded', unknown: ['c1'] },
    { kind: 'resumed' },
    { kind: 'ended', how: 'succeeded', unknown: [], size: 3 },
  ])
})

test('many open calls are all named, in records that are not too large', async () => {
  const store = await anEmbeddedStore()
  const clock = clockAt()
  const process = await Process.started(await aTrail(store, clock))
  const calls = Array.from({ length: 1300 }, (_, i) => `call-${'x'.repeat(90)}${String(i).padStart(4, '0')}`)
  await process.write(...calls.map((call) => anIntent(call)))
  clock.now += 91_000
  await process.trail.sweep()

  const ended = (await registryIn(store)).filter((record) => record.kind === 'ended')
  expect(ended).toHaveLength(3)
  expect(ended.flatMap(({ unknown }) => unknown)).toEqual(calls)
})

verifies('integrity:witness', 'it cosigns what it recomputed, and nothing else', async () => {
  const process = await Process.started(await aTrail(await anEmbeddedStore()))
  await process.write(anIntent('c1'), aResult('c1'), anIntent('c2'))
  const witness = parseVkey(process.chain.witness)

  const line = await process.checkpoint(2)
  expect(verifyNote(process.note(2) + line, witness)).toEqual({ time: 1_790_000_000 })
  expect(verifyNote(process.note(4) + (await process.checkpoint(4)), witness)).toBeDefined()
  // The same again, as an idle process does.
  expect(verifyNote(process.note(4) + (await process.checkpoint(4)), witness)).toBeDefined()

  const forked = process.records.with(1, recordBytes(anIntent('other')))
  expect(await reasonOf(process.checkpoint(3))).toBe('truncates')
  expect(await reasonOf(process.trail.checkpoint(process.pod, process.note(4, forked)))).toBe('fork-root')
  process.records.push(recordBytes(aResult('c2')))
  expect(await reasonOf(process.checkpoint(5))).toBe('records-missing')
  await process.send(4)
  expect(verifyNote(process.note(5) + (await process.checkpoint(5)), witness)).toBeDefined()
})

verifies('integrity:witness', 'it remembers what it cosigned when it starts anew', async () => {
  const store = await anEmbeddedStore()
  const process = await Process.started(await aTrail(store))
  await process.write(anIntent('c1'), aResult('c1'))
  await process.checkpoint(3)

  process.trail = await aTrail(store)

  expect(await reasonOf(process.checkpoint(2))).toBe('truncates')
  expect(await process.checkpoint(3)).toContain('hipaa-mcp.dev/witness')
})

verifies('integrity:witness', 'a checkpoint of another key, chain or form is refused', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const process = await Process.started(trail)
  const stranger = new Process(trail, process.pod)
  stranger.chain = process.chain
  stranger.records.push(...process.records)

  expect(await reasonOf(trail.checkpoint(process.pod, stranger.note()))).toBe('bad-signature')
  expect(await reasonOf(trail.checkpoint(process.pod, `${process.origin}\n1\nAAAA\n\n`))).toBe('bad-note')
  expect(await reasonOf(trail.checkpoint(process.pod, 'text'))).toBe('no-such-chain')
  expect(await reasonOf(trail.checkpoint(process.pod, ''))).toBe('no-such-chain')
})

test('what is counted is what was newly committed', async () => {
  const counted: { kind: string }[] = []
  const store = await anEmbeddedStore()
  const process = await Process.started(await aTrail(store, clockAt(), counted))
  await process.write(anIntent('c1'), aResult('c1'))
  await process.send(0)
  process.trail = await aTrail(store, clockAt(), counted)
  await process.send(0)

  expect(counted.map(({ kind }) => kind)).toEqual(['chain-started', 'intent', 'result'])
})

test.each([
  ['was signed since it was asked for', 1],
  ['is missing for good', Number.POSITIVE_INFINITY],
])('a log of chains whose checkpoint %s', async (_, lacking) => {
  const store = await anEmbeddedStore()
  await Process.started(await aTrail(store))
  let asked = 0
  // As another collector sees it that begins at the same time.
  const beside: Store = {
    ...store,
    shared: true,
    find: async (origin) => {
      const found = await store.find(origin)
      if (origin !== registryOrigin || found === undefined || ++asked > lacking) return found
      return { origin, vkey: found.vkey }
    },
  }
  const opened = aTrail(beside)
  if (lacking === 1) expect((await opened).registry.size).toBe(1)
  else await expect(opened).rejects.toThrow('The checkpoint of the registry log is missing')
})

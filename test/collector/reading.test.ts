// What records cost the collector's only thread: a flood of them holds up no other server's.

import { setImmediate as immediate } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { recordBytes } from '../../core/record.ts'
import { anIntent, aRefusal, aResult } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { anEmbeddedStore, aPod, aTrail, Process, reasonOf } from './a-trail.ts'

/** As large as a record may be, and of what takes longest to read. */
function slowest(call: number): Buffer {
  const kept = Object.fromEntries(Array.from({ length: 6_000 }, (_, i) => [`${call}_${i.toString(36)}`, 0]))
  return recordBytes(aResult(`c${call}`, { kept }))
}

/** Read whole, and refused for its last record: it costs its sender nothing. */
const slowBody = (bytes = 2 * 1024 * 1024): Buffer[] => {
  const lines = [slowest(0)]
  for (let sum = lines[0]?.length ?? 0; sum < bytes - 65_535; sum += lines.at(-1)?.length ?? 0)
    lines.push(slowest(lines.length))
  return [...lines, Buffer.from('{}')]
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await task()
  return performance.now() - began
}

const median = (all: number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1] as number

verifies(
  'audit:collector-bounds',
  'a record is acknowledged long before one body of a flood of another server is read',
  async () => {
    const trail = await aTrail(await anEmbeddedStore())
    const victim = await Process.started(trail)
    const evil = await Promise.all(
      [1, 2, 3].map(async () => await Process.started(trail, aPod({ server: 'evil' }))),
    )
    const body = slowBody()
    const send = async ({ pod, origin }: Process): Promise<unknown> =>
      await reasonOf(trail.append(pod, origin, 1, body))
    const alone = await timed(async () => expect(await send(evil[0] as Process)).toBe('bad-record'))

    const over = new AbortController()
    onTestFinished(() => over.abort())
    const flood = evil.flatMap((process) =>
      [1, 2].map(async () => {
        for (; !over.signal.aborted; await immediate()) expect(await send(process)).toBe('bad-record')
      }),
    )
    const beside: number[] = []
    for (let i = 0; i < 3; i += 1) beside.push(await timed(async () => await victim.write(aRefusal(`v${i}`))))
    over.abort()
    await Promise.all(flood)

    // By the thread's share and not by a clock: one body alone, on the same machine at the same time.
    expect(median(beside) / alone).toBeLessThan(1 / 2)
  },
  30_000,
)

verifies(
  'audit:collector-bounds',
  'what leaves a gap, and what has no room, is refused and not read',
  async () => {
    const trail = await aTrail(await anEmbeddedStore(), undefined, [], { waitingBytes: 80_000 })
    const { pod, origin } = await Process.started(trail)
    const none = Buffer.from('{}')

    expect(await reasonOf(trail.append(pod, origin, 2, [none]))).toBe('gap')
    expect(await reasonOf(trail.append(pod, origin, 1, [Buffer.alloc(10_001, 'x')]))).toBe('busy')
    expect(await reasonOf(trail.append(pod, origin, 1, [none]))).toBe('bad-record')
  },
)

verifies(
  'audit:collector-bounds',
  'of one server’s pods no more waits than its share, and other servers have theirs',
  async () => {
    const trail = await aTrail(await anEmbeddedStore(), undefined, [], { waitingBytes: 80_000 })
    const [one, two, three] = await Promise.all(
      [1, 2, 3].map(async () => await Process.started(trail, aPod({ server: 'evil' }))),
    )
    const other = await Process.started(trail)
    const send = async ({ pod, origin }: Process): Promise<unknown> =>
      await reasonOf(trail.append(pod, origin, 1, [Buffer.alloc(9_000, 'x')]))
    const all = [one, two, three, other].map(async (process) => await send(process as Process))

    expect(await Promise.all(all)).toEqual(['bad-record', 'bad-record', 'busy', 'bad-record'])
    expect(await send(three as Process)).toBe('bad-record')
  },
)

verifies(
  'audit:collector-bounds',
  'records of a chain that are sent before those before them are read come in the same order',
  async () => {
    const trail = await aTrail(await anEmbeddedStore())
    const process = await Process.started(trail)
    const many = Array.from({ length: 400 }, (_, i) => anIntent(`c${i}`))
    const sizes = [
      process.write(...many),
      process.write(...many.map(({ call }) => aResult(call))),
      process.write(aRefusal('last')),
    ]

    const [first, , last] = await Promise.all(sizes)
    expect(first).toBeGreaterThanOrEqual(401)
    expect(last).toBe(802)
  },
)

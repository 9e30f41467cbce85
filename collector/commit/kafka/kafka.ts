// The Kafka store. Records of a chain stand in one partition, in their order, with those of other chains between them;
// heads, checkpoints, notes and keys stand by their names in a compacted topic, and in memory.
//
// Of two messages for one index the first counts: the log decides which is first, for whoever reads it.

import { createHash } from 'node:crypto'
import { Admin } from '@platformatic/kafka'
import { Corrupt, type Head, type Store, type StoreFailed } from '../commit.ts'
import { encodeFrame, frameAt } from '../frame.ts'
import { failure, Logs, type Message, type Place } from './log.ts'
import { connectionOf, type KafkaOptions, kafkaPlace } from './options.ts'
import { makeTopics, messageBytes, proveDurable, topicsOf } from './topics.ts'

/** `from`: the offset in the chain's partition before which it has no records. */
type Chain = { vkey: string; partition: number; from: string }
type Mark = { index: number; offset: bigint }
type Waiting = Message & { resolve: (offset: bigint) => void; reject: (reason: unknown) => void }

/** A mark each so many records: reading from the middle starts near there. */
const marksApart = 256

/**
 * Connects, makes the topics where they are missing, proves that they keep what they acknowledge, and reads who is there.
 * `onPoisoned`: another writer was seen, this process has to end.
 */
export async function openKafka(
  options: KafkaOptions & { onPoisoned: (reason: StoreFailed) => void },
): Promise<Store> {
  const connection = connectionOf(options)
  const topics = topicsOf(kafkaPlace(options.url).prefix)
  const named: Place = { topic: topics.chains, partition: 0 }
  await prepared(new Admin(connection), topics)
  const logs = new Logs(connection, Object.values(topics))
  const names = new Map<string, string>()
  let partitions: number
  try {
    partitions = await logs.partitions(topics.records)
    for await (const piece of logs.read(named, 0n, await logs.end(named)))
      for (const { key, value } of piece) names.set(key, value.toString())
  } catch (error) {
    await logs.close()
    throw failure(error)
  }
  const marks = new Map<string, Mark[]>()

  // Group commit: one request takes whatever arrived while the one before it ran.
  let waiting: Waiting[] = []
  let committing: Promise<void> | undefined
  const commit = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = firstOf(waiting)
      waiting = waiting.slice(batch.length)
      try {
        const offsets = await logs.write(batch)
        batch.forEach(({ resolve }, i) => resolve(offsets[i] as bigint))
      } catch (error) {
        for (const { reject } of batch) reject(error)
        if ((error as StoreFailed).poisoned) options.onPoisoned(error as StoreFailed)
      }
    }
    committing = undefined
  }
  const write = async (message: Message): Promise<bigint> => {
    const done = Promise.withResolvers<bigint>()
    waiting.push({ ...message, ...done })
    committing ??= commit()
    return await done.promise
  }
  const say = async (name: string, value: string): Promise<void> => {
    await write({ ...named, key: Buffer.from(name), value: Buffer.from(value) })
    names.set(name, value)
  }
  // Read once: each commit asks for the chain's partition.
  const heads = new Map<string, Chain>()
  for (const [name, text] of names)
    if (name.startsWith('chain ')) heads.set(name.slice('chain '.length), JSON.parse(text) as Chain)
  const chainOf = (origin: string): Chain => {
    const chain = heads.get(origin)
    if (chain === undefined) throw new Corrupt(origin, 'The chain is not in the store')
    return chain
  }
  const mark = (origin: string, index: number, offset: bigint): void => {
    const known = marks.get(origin) ?? []
    if (index - (known.at(-1)?.index ?? -marksApart) < marksApart) return
    known.push({ index, offset })
    marks.set(origin, known)
  }

  return {
    async chains() {
      return [...heads].map(([origin, { vkey }]) => {
        const checkpoint = names.get(`checkpoint ${origin}`)
        return { origin, vkey, ...(checkpoint === undefined ? {} : { checkpoint }) }
      })
    },
    async begin({ origin, vkey }: Head) {
      if (heads.has(origin)) throw new Error('There is a chain of this origin')
      const partition = createHash('sha256').update(origin).digest().readUInt32BE(0) % partitions
      const from = String(await logs.end({ topic: topics.records, partition }))
      const chain: Chain = { vkey, partition, from }
      await say(`chain ${origin}`, JSON.stringify(chain))
      heads.set(origin, chain)
    },
    async append(origin, from, records) {
      const { partition } = chainOf(origin)
      let index = from
      for (const some of portions(records)) {
        const value = encodeFrame(index, some)
        const offset = await write({ topic: topics.records, partition, key: Buffer.from(origin), value })
        mark(origin, index, offset)
        index += some.length
      }
    },
    async *read(origin, from, to = Number.MAX_SAFE_INTEGER) {
      const { partition, from: began } = chainOf(origin)
      const place = { topic: topics.records, partition }
      const near = marks.get(origin)?.findLast(({ index }) => index <= from)
      let next = near?.index ?? 0
      for await (const piece of logs.read(place, near?.offset ?? BigInt(began), await logs.end(place))) {
        const found: Buffer[] = []
        for (const { key, value, offset } of piece) {
          if (key !== origin || next >= to) continue
          const frame = frameAt(value, 0)
          if (typeof frame === 'string' || frame.from > next)
            throw new Corrupt(origin, `Record ${next} is missing, or broken`)
          mark(origin, frame.from, offset)
          const fresh = frame.records.slice(next - frame.from)
          found.push(...fresh.slice(Math.max(0, from - next), to - next))
          next += fresh.length
        }
        if (found.length > 0) yield found
        if (next >= to) return
      }
      if (to !== Number.MAX_SAFE_INTEGER && next < to)
        throw new Corrupt(origin, `Records before ${to} are missing`)
    },
    async saveCheckpoint(origin, note) {
      chainOf(origin)
      await say(`checkpoint ${origin}`, note)
    },
    async saveNote(name, text) {
      await say(`note ${name}`, text)
    },
    async note(name) {
      return names.get(`note ${name}`)
    },
    async key(name, make) {
      const known = names.get(`key ${name}`)
      if (known !== undefined) return known
      await say(`key ${name}`, make())
      return names.get(`key ${name}`) as string
    },
    async release(origin) {
      marks.delete(origin)
    },
    async probe() {
      await say('probe', '')
    },
    async close() {
      await committing
      await logs.close()
    },
  }
}

async function prepared(admin: Admin, topics: ReturnType<typeof topicsOf>): Promise<void> {
  try {
    await makeTopics(admin, topics)
    await proveDurable(admin, topics)
  } catch (error) {
    throw failure(error)
  } finally {
    await admin.close().catch(() => undefined)
  }
}

/** Bytes that go with each message at most: its writer's name, and Kafka's own lengths and offsets. */
const beside = 64

/** As many of the first as one request takes. */
function firstOf(waiting: readonly Waiting[]): Waiting[] {
  let bytes = 0
  const end = waiting.findIndex(
    ({ key, value }, i) => (bytes += key.length + value.length + beside) > messageBytes && i > 0,
  )
  return waiting.slice(0, end === -1 ? waiting.length : end)
}

/** Records in their order, in portions that one message takes. */
function* portions(records: readonly Buffer[]): Generator<Buffer[]> {
  let some: Buffer[] = []
  let bytes = 0
  for (const record of records) {
    if (some.length > 0 && bytes + record.length > messageBytes / 2) {
      yield some
      some = []
      bytes = 0
    }
    some.push(record)
    bytes += record.length + 1
  }
  if (some.length > 0) yield some
}

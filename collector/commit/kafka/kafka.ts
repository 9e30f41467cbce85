// The Kafka store, which several collectors share. Records of a chain stand in one partition, in their order, with those of
// other chains between them; heads, checkpoints, notes and keys stand by their names in a compacted topic, and in memory.
// What of a partition counts for a chain says chain-log.ts.

import { createHash, randomUUID } from 'node:crypto'
import { Admin } from '@platformatic/kafka'
import { Corrupt, Fenced, type Head, type News, type Store, type StoreFailed } from '../commit.ts'
import { encodeFrame } from '../frame.ts'
import { groupCommit } from '../group.ts'
import { claimed, isClaim, type Tail, take } from './chain-log.ts'
import { ended, failure, Logs, type Message, type Place, type Read } from './log.ts'
import { Names } from './names.ts'
import { connectionOf, type KafkaOptions, kafkaPlace, outliving } from './options.ts'
import { makeTopics, messageBytes, proveDurable, topicsOf } from './topics.ts'

/** A mark each so many records: reading from the middle starts near there. */
const marksApart = 256
/**
 * Partitions in which a collector begins chains: as few as it is likely to be alone in, because where several write each
 * has to read what the others do before it acknowledges.
 */
const partitionsEach = 4

/**
 * Connects, makes the topics where they are missing, proves that they keep what they acknowledge, and reads who is there.
 * `onPoisoned`: a broker lost what it had acknowledged, this process has to end.
 */
export async function openKafka(
  options: KafkaOptions & { onPoisoned: (reason: StoreFailed) => void },
): Promise<Store> {
  const connection = connectionOf(options)
  const topics = topicsOf(kafkaPlace(options.url).prefix)
  const named: Place = { topic: topics.chains, partition: 0 }
  const writer = randomUUID()
  await prepared(outliving(new Admin(connection)), topics)

  const names = new Names()
  /** Chains that are ours, by origin -> the writer of the claim. */
  const ours = new Map<string, string>()
  // What is found and was not followed yet.
  let lost: string[] = []
  let found: Read[] = []
  let notes = new Map<string, string>()

  const notice = ({ topic }: Place, messages: readonly Read[]): void => {
    if (topic === topics.chains) {
      for (const { key, value } of messages) {
        const origin = names.take(key, value.toString())
        if (origin !== undefined) notes.set(origin, names.checkpoints.get(origin) as string)
      }
      return
    }
    for (const message of messages) {
      const { key } = message
      if (isClaim(message) && ours.has(key) && ours.get(key) !== message.writer) {
        ours.delete(key)
        lost.push(key)
      }
      found.push(message)
    }
  }
  const logs = new Logs(connection, Object.values(topics), notice, options.onPoisoned)
  let partitions: number
  try {
    partitions = await logs.partitions(topics.records)
    await logs.watch(named.topic, [named.partition], 0n)
    await logs.catchUp(named.topic, [named.partition])
    notes = new Map()
  } catch (error) {
    await logs.close()
    throw failure(error)
  }
  const marks = new Map<string, { index: number; tail: Tail }[]>()
  /** How far each chain was read, or written by us. */
  const tails = new Map<string, Tail>()

  const partitionOf = (origin: string): number =>
    hash(`${writer} ${hash(origin) % partitionsEach}`) % partitions

  type Item = Message & { /** Whose message counts only while it is ours. */ origin?: string }
  const writes = groupCommit<Item, bigint>(async (items) => {
    const offsets = await logs.write(items)
    return items.map((item, i) => {
      const { topic, key, value, origin } = item
      // Here, before anything more is found: what comes to stand behind it is judged by it.
      if (topic === topics.chains) names.take(key.toString(), value.toString())
      if (origin !== undefined && isClaim(item)) ours.set(origin, item.writer)
      else if (origin !== undefined && ours.get(origin) !== item.writer) return new Fenced(origin)
      return offsets[i] as bigint
    })
  }, fit)
  const say = async (name: string, value: string): Promise<void> => {
    await writes.add({ ...named, writer, key: Buffer.from(name), value: Buffer.from(value) })
  }
  // One look for all who want one meanwhile.
  const looks = groupCommit<Place, undefined>(async (places) => {
    for (const [topic, some] of Map.groupBy(places, ({ topic: name }) => name))
      await logs.catchUp(topic, [...new Set(some.map(({ partition }) => partition))])
    return places.map(() => undefined)
  })
  const readNames = async (): Promise<void> => {
    await looks.add(named)
  }

  const chainOf = async (origin: string): Promise<{ place: Place; start: Tail }> => {
    // Another collector may have begun it.
    if (!names.heads.has(origin)) await readNames()
    const head = names.heads.get(origin)
    if (head === undefined) throw new Corrupt(origin, 'The chain is not in the store')
    const { partition, from, owner } = head
    return {
      place: { topic: topics.records, partition },
      start: { next: 0, owner, offset: BigInt(from) },
    }
  }
  const writerOf = (origin: string): string => {
    const mine = ours.get(origin)
    if (mine === undefined) throw new Fenced(origin)
    return mine
  }
  const mark = (origin: string, tail: Tail): void => {
    const known = marks.get(origin) ?? []
    if (tail.next - (known.at(-1)?.index ?? -marksApart) < marksApart) return
    known.push({ index: tail.next, tail })
    marks.set(origin, known)
  }

  /** What was found of others since it was last asked, for chains that are followed. */
  const followed = (sizes: ReadonlyMap<string, number>): News[] =>
    found.splice(0).flatMap((message): News[] => {
      const origin = message.key
      const tail = tails.get(origin)
      if (!sizes.has(origin)) {
        // Whoever follows it later reads it from where it was known.
        if (!ours.has(origin)) tails.delete(origin)
        return []
      }
      if (tail === undefined) return [{ kind: 'more', origin }]
      if (message.offset < tail.offset) return []
      try {
        const { tail: after, records } = take(origin, tail, message)
        tails.set(origin, after)
        return records.length === 0 ? [] : [{ kind: 'records', origin, from: tail.next, records }]
      } catch {
        // Reading it as a whole says what is wrong.
        tails.delete(origin)
        return [{ kind: 'more', origin }]
      }
    })

  return {
    shared: true,
    async chains() {
      await readNames()
      return names.chains()
    },
    async find(origin) {
      await readNames()
      return names.chain(origin)
    },
    async begin({ origin, vkey }: Head) {
      const partition = partitionOf(origin)
      const from = String(await logs.end({ topic: topics.records, partition }))
      const owner = randomUUID()
      await say(`chain ${origin} ${owner}`, JSON.stringify({ vkey, partition, from, owner }))
      // Of several heads the first counts.
      if (names.heads.get(origin)?.owner !== owner) return false
      ours.set(origin, owner)
      tails.set(origin, (await chainOf(origin)).start)
      return true
    },
    async claim(origin) {
      const { place } = await chainOf(origin)
      await writes.add({ ...place, key: Buffer.from(origin), writer: randomUUID(), value: claimed, origin })
    },
    async append(origin, from, records) {
      const { place } = await chainOf(origin)
      let index = from
      for (const some of portions(records)) {
        const message = { ...place, key: Buffer.from(origin), writer: writerOf(origin), origin }
        const offset = await writes.add({ ...message, value: encodeFrame(index, some) })
        const tail = { next: index, owner: message.writer, offset }
        mark(origin, tail)
        index += some.length
        tails.set(origin, { ...tail, next: index, offset: offset + 1n })
      }
    },
    async *follow(sizes) {
      await readNames()
      // Those that were said before the records are read, which they cover.
      const said = notes
      notes = new Map()
      const origins = [...new Set([...sizes.keys(), ...ours.keys()])]
      const places = origins.flatMap((origin) => names.heads.get(origin)?.partition ?? [])
      await logs.catchUp(topics.records, [...new Set(places)])
      for (const origin of lost.splice(0).filter((one) => !ours.has(one))) {
        tails.delete(origin)
        yield { kind: 'lost', origin }
        yield { kind: 'more', origin }
      }
      yield* followed(sizes)
      for (const [origin, note] of said) if (sizes.has(origin)) yield { kind: 'checkpoint', origin, note }
    },
    async *read(origin, from, to = Number.MAX_SAFE_INTEGER) {
      const { place, start } = await chainOf(origin)
      // Before its end is looked for: what is read here and found later as well is known by its offset.
      await logs.watch(place.topic, [place.partition])
      const end = await logs.end(place)
      const newest = tails.get(origin)
      const near = newest !== undefined && newest.next <= from ? newest : undefined
      let tail = near ?? marks.get(origin)?.findLast(({ index }) => index <= from)?.tail ?? start
      for await (const piece of logs.read(place, tail.offset, end)) {
        const records: Buffer[] = []
        for (const message of piece) {
          if (message.key !== origin || tail.next >= to) continue
          mark(origin, tail)
          const took = take(origin, tail, message)
          records.push(...took.records.slice(Math.max(0, from - tail.next), to - tail.next))
          ;({ tail } = took)
        }
        if (records.length > 0) yield records
        if (tail.next >= to) return
      }
      if (to !== Number.MAX_SAFE_INTEGER && tail.next < to)
        throw new Corrupt(origin, `Records before ${to} are missing`)
      const known = tails.get(origin)
      if (known === undefined || known.offset <= end) tails.set(origin, { ...tail, offset: end })
    },
    async saveCheckpoint(origin, note) {
      const mine = writerOf(origin)
      const { place } = await chainOf(origin)
      await looks.add(place)
      if (ours.get(origin) !== mine) throw new Fenced(origin)
      await say(`checkpoint ${origin}`, note)
    },
    async saveNote(name, text) {
      await say(`note ${name}`, text)
    },
    async note(name) {
      await readNames()
      return names.notes.get(name)
    },
    async key(name, make) {
      const known = names.keys.get(name)
      if (known !== undefined) return known
      // Of several the first counts.
      await say(`key ${name} ${writer}`, make())
      return names.keys.get(name) as string
    },
    async release(origin) {
      marks.delete(origin)
      tails.delete(origin)
      ours.delete(origin)
    },
    async probe() {
      await say('probe', '')
    },
    async close() {
      await writes.idle()
      await logs.close()
    },
  }
}

const hash = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE(0)

async function prepared(admin: Admin, topics: ReturnType<typeof topicsOf>): Promise<void> {
  try {
    await makeTopics(admin, topics)
    await proveDurable(admin, topics)
  } catch (error) {
    throw failure(error)
  } finally {
    await ended(admin.close())
  }
}

/** Bytes that go with each message at most: its writer, and Kafka's own lengths and offsets. */
const beside = 64

/** As many of the first as one request takes. */
function fit(waiting: readonly Message[]): number {
  let bytes = 0
  const end = waiting.findIndex(
    ({ key, value }, i) => (bytes += key.length + value.length + beside) > messageBytes && i > 0,
  )
  return end === -1 ? waiting.length : end
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

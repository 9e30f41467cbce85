// Topics of Kafka as logs of one writer: what is acknowledged stands where this writer says it does.
//
// Kafka keeps no second writer out of a topic. It does say at which offset a message came to stand, and a writer that has seen
// everything before it knows which that must be. Where it is another, what stands between is read: this writer's own message
// that arrived late (a request that was given up and came through all the same) does no harm; anybody else's ends this
// writer, before it acknowledges. So of two writers none acknowledges what it has not seen the other's messages before.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BaseOptions, Consumer, ProduceAcks, Producer } from '@platformatic/kafka'
import { StoreFailed } from '../commit.ts'

export type Place = { topic: string; partition: number }
export type Message = Place & { key: Buffer; value: Buffer }
type Fetched = { found: Read[]; next: bigint }
export type Read = { offset: bigint; key: string; writer: string; value: Buffer }

/** Bytes that one fetch takes at most: many chains are read past to find one. */
const fetchBytes = 4 * 2 ** 20
/** The name of the writer stands before each value, a UUID in text. */
const writerBytes = 36

/** So often, and so far apart, a broker is asked again that gives nothing of what it says it has. */
const nothingAtMost = 20
const againMs = 250

const at = ({ topic, partition }: Place): string => `${topic}/${partition}`

export class Logs {
  readonly #options: BaseOptions
  readonly #writer = randomUUID()
  /** Up to where it is seen who wrote: what comes to stand behind it is looked at before anything is acknowledged. */
  readonly #seen = new Map<string, bigint>()
  /** Where something of ours may have arrived behind that. */
  readonly #unsure = new Set<string>()
  #producer: Producer | undefined
  readonly #consumer: Consumer
  #fetching: Promise<unknown> = Promise.resolve()

  constructor(options: BaseOptions, topics: readonly string[]) {
    this.#options = options
    // No group is ever joined: offsets are asked for by number, and committed nowhere.
    this.#consumer = new Consumer({ ...options, groupId: 'hipaa-mcp-none', maxWaitTime: 250, minBytes: 1 })
    for (const topic of topics) this.#consumer.topics.track(topic)
  }

  async partitions(topic: string): Promise<number> {
    const { topics } = await this.#consumer.metadata({ topics: [topic] })
    return topics.get(topic)?.partitionsCount ?? 0
  }

  /** Where the next message of that partition will stand. */
  async end(place: Place): Promise<bigint> {
    const seen = this.#seen.get(at(place))
    if (seen !== undefined && !this.#unsure.has(at(place))) return seen
    const end = await this.#lookForEnd(place)
    if (seen === undefined) this.#seen.set(at(place), end)
    return end
  }

  /**
   * Resolves to each message's offset when all of them would survive. Rejects when it is not known whether they would:
   * read before you go on. Poisoned: somebody else writes here, and this process has to end.
   */
  async write(messages: readonly Message[]): Promise<bigint[]> {
    const places = new Map(messages.map((message) => [at(message), message as Place]))
    const expected = new Map<string, bigint>()
    for (const [name, place] of places) expected.set(name, this.#seen.get(name) ?? (await this.end(place)))
    let firsts: Map<string, bigint>
    try {
      firsts = await this.#send(messages)
    } catch (error) {
      // Some may be there. The next writing looks, and its producer is another: what this one still has on its way is late.
      for (const name of places.keys()) this.#unsure.add(name)
      await this.#dropProducer()
      throw failure(error)
    }
    const next = new Map(firsts)
    const offsets = messages.map((message) => {
      const offset = next.get(at(message))
      if (offset === undefined)
        throw new StoreFailed('store-away', 'Kafka does not say where a message stands')
      next.set(at(message), offset + 1n)
      return offset
    })
    for (const [name, place] of places) {
      const [from, first] = [expected.get(name) as bigint, firsts.get(name) as bigint]
      if (first !== from) {
        this.#unsure.add(name)
        await this.#onlyOurs(place, from, first)
      }
      this.#seen.set(name, next.get(name) as bigint)
      this.#unsure.delete(name)
    }
    return offsets
  }

  /**
   * What stands from offset `from` up to, not including, `to`, in pieces as they come. Rejects where a broker does not give
   * all of it: part of a log is never taken for the whole.
   */
  async *read(place: Place, from: bigint, to: bigint): AsyncGenerator<Read[]> {
    let next = from
    let nothing = 0
    while (next < to) {
      const fetched = await this.#fetch(place, next)
      const isNothing = fetched.next === next
      nothing = isNothing ? nothing + 1 : 0
      // A leader that has just become one gives nothing until it knows what the others have.
      if (nothing === nothingAtMost)
        throw new StoreFailed('store-away', 'Kafka does not give all that it has')
      if (isNothing) await sleep(againMs)
      next = fetched.next
      const found = fetched.found.filter(({ offset }) => offset < to)
      if (found.length > 0) yield found
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#dropProducer(), this.#consumer.close(true)])
  }

  async #lookForEnd(place: Place): Promise<bigint> {
    const { topic, partition } = place
    try {
      const offsets = await bounded(
        this.#consumer.listOffsets({ topics: [topic], partitions: { [topic]: [partition] } }),
        this.#options.timeout,
      )
      const end = offsets.get(topic)?.[partition]
      if (end === undefined) throw new StoreFailed('store-away', 'Kafka does not say where its log ends')
      return end
    } catch (error) {
      throw failure(error)
    }
  }

  async #send(messages: readonly Message[]): Promise<Map<string, bigint>> {
    this.#producer ??= new Producer({ ...this.#options, idempotent: true, acks: ProduceAcks.ALL })
    const result = await bounded(
      this.#producer.send({
        messages: messages.map(({ topic, partition, key, value }) => ({
          topic,
          partition,
          key,
          value: Buffer.concat([Buffer.from(this.#writer), value]),
        })),
      }),
      this.#options.timeout,
    )
    return new Map((result.offsets ?? []).map((one) => [at(one), one.offset]))
  }

  /** Throws, and poisons, when anything between is not of this writer. */
  async #onlyOurs(place: Place, from: bigint, to: bigint): Promise<void> {
    let seen = from
    if (to > from)
      for await (const piece of this.read(place, from, to))
        for (const { offset, writer } of piece) {
          if (offset !== seen || writer !== this.#writer) throw another()
          seen += 1n
        }
    // An end before what was there: another broker leads, which never had it.
    if (seen !== to) throw another()
  }

  async #fetch(place: Place, from: bigint): Promise<Fetched> {
    // One at a time: a broker keeps one session of fetches for a client, and two of them at once upset it.
    const turn = this.#fetching.then(async () => await this.#fetchNow(place, from))
    this.#fetching = turn.catch(() => undefined)
    return await turn
  }

  async #fetchNow({ topic, partition }: Place, from: bigint): Promise<Fetched> {
    try {
      const { topics } = await this.#consumer.metadata({ topics: [topic] })
      const known = topics.get(topic)
      const leader = known?.partitions[partition]?.leader
      if (known === undefined || leader === undefined)
        throw new StoreFailed('store-away', 'A partition has no leader')
      const fetched = await bounded(
        this.#consumer.fetch({
          node: leader,
          maxBytes: fetchBytes,
          topics: [
            {
              topicId: known.id,
              partitions: [
                {
                  partition,
                  currentLeaderEpoch: -1,
                  fetchOffset: from,
                  lastFetchedEpoch: -1,
                  partitionMaxBytes: fetchBytes,
                },
              ],
            },
          ],
        }),
        this.#options.timeout,
      )
      return fetchedFrom(fetched.responses[0]?.partitions[0]?.records ?? [], from)
    } catch (error) {
      throw failure(error)
    }
  }

  async #dropProducer(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.close(true).catch(() => undefined)
  }
}

type Batch = {
  firstOffset: bigint
  lastOffsetDelta: number
  records: readonly { offsetDelta: number; key: Buffer | null; value: Buffer | null }[]
}

/**
 * What stands in batches from an offset on, and where to read on. A batch is fetched whole, so it may begin before that
 * offset; and compaction takes records out of it, the last one or all of them, while its own offsets stay.
 */
export function fetchedFrom(batches: readonly Batch[], from: bigint): Fetched {
  const found = batches.flatMap(({ firstOffset, records }) =>
    records
      .map(({ offsetDelta, key, value }) => ({
        offset: firstOffset + BigInt(offsetDelta),
        key: key?.toString() ?? '',
        writer: value?.toString('latin1', 0, writerBytes) ?? '',
        value: value?.subarray(writerBytes) ?? Buffer.alloc(0),
      }))
      .filter(({ offset }) => offset >= from),
  )
  const ends = batches.map(({ firstOffset, lastOffsetDelta }) => firstOffset + BigInt(lastOffsetDelta) + 1n)
  return { found, next: ends.reduce((last, end) => (end > last ? end : last), from) }
}

const another = (): StoreFailed =>
  new StoreFailed(
    'store-in-use',
    'Something else writes to the topics of this store, or a broker lost what it had: stop the other collector',
    { poisoned: true },
  )

/** The client has limits of its own, a request each; this one holds for all of them together. */
async function bounded<T>(work: Promise<T>, milliseconds = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), milliseconds * 1.5)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

export function failure(cause: unknown): Error {
  if (cause instanceof StoreFailed) return cause
  return new StoreFailed('store-away', 'Kafka does not answer or refuses: see its log', { cause })
}

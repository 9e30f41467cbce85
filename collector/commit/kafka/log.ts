// Topics of Kafka as logs of several writers: of what is acknowledged it is known what stands before it.
//
// Kafka keeps no second writer out of a topic. It does say at which offset a message came to stand, and a writer that has seen
// everything before it knows which that would be if nobody else wrote. Where it is another, what stands between is read before
// anything is acknowledged: somebody else's message, or one of our own that arrived late. What it means is not decided here.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Base, type BaseOptions, Consumer, ProduceAcks, Producer } from '@platformatic/kafka'
import { Order } from '../../order.ts'
import { Corrupt, Fenced, StoreFailed } from '../commit.ts'
import { outliving } from './options.ts'

export type Place = { topic: string; partition: number }
/** `writer`: a UUID in text, which stands before the value. */
export type Message = Place & { key: Buffer; writer: string; value: Buffer }
type Fetched = { found: Read[]; next: bigint }
export type Read = { offset: bigint; key: string; writer: string; value: Buffer }

/** Bytes that one fetch takes at most: many chains are read past to find one. */
const fetchBytes = 4 * 2 ** 20
const writerBytes = 36

/** So often, and so far apart, a broker is asked again that gives nothing of what it says it has. */
const nothingAtMost = 20
const againMs = 250
/** For so long the end of a client that failed is waited for. */
const endMs = 1_000

const at = ({ topic, partition }: Place): string => `${topic}/${partition}`

export class Logs {
  readonly #options: BaseOptions
  readonly #found: (place: Place, messages: readonly Read[]) => void
  readonly #onLost: (reason: StoreFailed) => void
  /** Up to where everything was read, or written by us: what comes to stand behind it is looked at. */
  readonly #seen = new Map<string, bigint>()
  readonly #order = new Order()
  #producer: Producer | undefined
  readonly #topics: readonly string[]
  #consumer: Consumer | undefined
  #fetching: Promise<unknown> = Promise.resolve()

  /**
   * `found`: told of what was not written by the call that finds it, each message once, in the order of its partition. `onLost`:
   * a broker lost what it had, whoever came upon that, and this process has to end.
   */
  constructor(
    options: BaseOptions,
    topics: readonly string[],
    found: (place: Place, messages: readonly Read[]) => void,
    onLost: (reason: StoreFailed) => void,
  ) {
    this.#options = options
    this.#found = found
    this.#onLost = onLost
    this.#topics = topics
  }

  get #reader(): Consumer {
    if (this.#consumer !== undefined) return this.#consumer
    // No group is ever joined: offsets are asked for by number, and committed nowhere.
    const made = outliving(
      new Consumer({ ...this.#options, groupId: 'hipaa-mcp-none', maxWaitTime: 250, minBytes: 1 }),
    )
    for (const topic of this.#topics) made.topics.track(topic)
    this.#consumer = made
    return made
  }

  async partitions(topic: string): Promise<number> {
    const { topics } = await bounded(this.#reader.metadata({ topics: [topic] }), this.#options.timeout)
    return topics.get(topic)?.partitionsCount ?? 0
  }

  /** Where the next message of that partition will stand, or later. */
  async end(place: Place): Promise<bigint> {
    const ends = await this.#ends(place.topic, [place.partition])
    return ends.get(place.partition) as bigint
  }

  /** From now on `found` is told of what comes to stand in these partitions of a topic, if it is not already, from `first` on. */
  async watch(topic: string, partitions: readonly number[], first?: bigint): Promise<void> {
    const isNew = (partition: number): boolean => !this.#seen.has(at({ topic, partition }))
    if (!partitions.some(isNew)) return
    await this.#order.run(async () => {
      const fresh = partitions.filter(isNew)
      const ends = first === undefined ? await this.#ends(topic, fresh) : undefined
      for (const partition of fresh)
        this.#seen.set(at({ topic, partition }), ends?.get(partition) ?? (first as bigint))
    })
  }

  /** Tells `found` of what stands there by now. */
  async catchUp(topic: string, partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return
    await this.watch(topic, partitions)
    await this.#order.run(async () => {
      const ends = await this.#ends(topic, partitions)
      for (const [partition, end] of ends) await this.#see({ topic, partition }, end)
    })
  }

  /**
   * Resolves to each message's offset when all of them would survive, and `found` knows what stands before them. Rejects when
   * it is not known whether they would.
   */
  async write(messages: readonly Message[]): Promise<bigint[]> {
    for (const [topic, some] of Map.groupBy(messages, ({ topic: name }) => name))
      await this.watch(
        topic,
        some.map(({ partition }) => partition),
      )
    return await this.#order.run(async () => {
      let firsts: Map<string, bigint>
      try {
        firsts = await this.#send(messages)
      } catch (error) {
        // Some may be there, or come: they are found like anybody else's.
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
      const places = new Map(messages.map((message) => [at(message), message as Place]))
      for (const [name, place] of places) {
        await this.#see(place, firsts.get(name) as bigint)
        this.#seen.set(name, next.get(name) as bigint)
      }
      return offsets
    })
  }

  /** Tells of what stands from where everything was seen up to, not including, `to`. */
  async #see(place: Place, to: bigint): Promise<void> {
    const from = this.#seen.get(at(place)) ?? to
    // An end before what was there: another broker leads, which never had it.
    if (to < from) {
      const reason = lost()
      this.#onLost(reason)
      throw reason
    }
    for await (const piece of this.read(place, from, to)) {
      this.#found(place, piece)
      this.#seen.set(at(place), (piece.at(-1) as Read).offset + 1n)
    }
    this.#seen.set(at(place), to)
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
    await Promise.allSettled([this.#dropProducer(), this.#dropReader()])
  }

  async #ends(topic: string, partitions: readonly number[]): Promise<Map<number, bigint>> {
    try {
      const wanted = [...new Set(partitions)]
      const offsets = await bounded(
        this.#reader.listOffsets({ topics: [topic], partitions: { [topic]: wanted } }),
        this.#options.timeout,
      )
      return new Map(
        wanted.map((partition) => {
          const end = offsets.get(topic)?.[partition]
          if (end === undefined) throw new StoreFailed('store-away', 'Kafka does not say where its log ends')
          return [partition, end]
        }),
      )
    } catch (error) {
      await this.#dropReader()
      throw failure(error)
    }
  }

  async #send(messages: readonly Message[]): Promise<Map<string, bigint>> {
    this.#producer ??= outliving(new Producer({ ...this.#options, idempotent: true }))
    const result = await bounded(
      this.#producer.send({
        // Here and not with the client, where another value gives way in silence to what `idempotent` wants.
        acks: ProduceAcks.ALL,
        messages: messages.map(({ topic, partition, key, writer, value }) => ({
          topic,
          partition,
          key,
          value: Buffer.concat([Buffer.from(writer), value]),
        })),
      }),
      this.#options.timeout,
    )
    return new Map((result.offsets ?? []).map((one) => [at(one), one.offset]))
  }

  async #fetch(place: Place, from: bigint): Promise<Fetched> {
    // One at a time: a broker keeps one session of fetches for a client, and two of them at once upset it.
    const turn = this.#fetching.then(async () => await this.#fetchNow(place, from))
    this.#fetching = turn.catch(() => undefined)
    return await turn
  }

  async #fetchNow({ topic, partition }: Place, from: bigint): Promise<Fetched> {
    try {
      const asked = this.#reader.metadata({ topics: [topic] })
      const { topics } = await bounded(asked, this.#options.timeout)
      const known = topics.get(topic)
      const leader = known?.partitions[partition]?.leader
      if (known === undefined || leader === undefined)
        throw new StoreFailed('store-away', 'A partition has no leader')
      const fetched = await bounded(
        this.#reader.fetch({
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
      await this.#dropReader()
      throw failure(error)
    }
  }

  async #dropProducer(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    // Before its end, which would deliver them: an older name would stand behind a newer one, and the last counts. What the
    // broker has of it by now, and takes in late, is found like anybody else's.
    if (producer !== undefined) reset(producer)
    await ended(producer?.close(true))
  }

  async #dropReader(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    await ended(consumer?.close(true))
  }
}

type Closes = (done: () => void) => unknown

/** Ends a client's connections together with the bytes that wait to be sent over them. */
export function reset({ connections }: Pick<Base, 'connections'>): void {
  for (const [, { socket }] of connections) {
    // Node's own `resetAndDestroy` takes no TLS socket, and closing one leaves to the kernel what it still delivers. The handle
    // below can be reset, which is not documented: where it is not there, the socket is closed.
    const { _handle } = socket as { _handle?: { _parent?: { reset?: Closes; close: Closes } } | null }
    const { _parent: tcp } = _handle ?? {}
    if (tcp?.reset !== undefined) tcp.close = tcp.reset
    socket.destroy()
  }
}

/** A client that failed is replaced: over a connection that is gone its end may never come, and neither may an answer. */
export async function ended(close: Promise<void> | undefined): Promise<void> {
  if (close !== undefined) await bounded(close, endMs).catch(() => undefined)
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

const lost = (): StoreFailed =>
  new StoreFailed(
    'store-not-durable',
    'A broker lost what it had acknowledged: look for an unclean election of a leader, or a disk that was replaced',
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
  if (cause instanceof StoreFailed || cause instanceof Corrupt || cause instanceof Fenced) return cause
  return new StoreFailed('store-away', 'Kafka does not answer or refuses: see its log', { cause })
}

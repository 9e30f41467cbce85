// Commits to a store by many callers at once, and the same by a bare client of its engine with the same batching.

import { Admin, ProduceAcks, Producer } from '@platformatic/kafka'
import pg from 'pg'
import type { Store } from '../../collector/commit/commit.ts'
import { groupCommit } from '../../collector/commit/group.ts'
import { connectionOf } from '../../collector/commit/kafka/options.ts'
import { makeTopics, topicsOf } from '../../collector/commit/kafka/topics.ts'
import { recordBytes } from '../../core/record.ts'
import { anIntent } from '../core/records.ts'
import { quantile } from './comparison.ts'

export type Commits = {
  /** Commits the next record of one caller. */
  commit: (caller: number) => Promise<void>
  callers: number
  close: () => Promise<void>
}

const record = recordBytes(anIntent('0199f3c2-6f0e-7000-8000-000000000000'))

export async function commitsOf(store: Store, callers: number): Promise<Commits> {
  const origins = Array.from({ length: callers }, (_, i) => `hipaa-mcp.dev/clinic/ehr/bench-${i}/0`)
  for (const origin of origins) await store.begin({ origin, vkey: 'k' })
  const sizes = origins.map(() => 0)
  return {
    callers,
    commit: async (caller) => {
      const from = sizes[caller] ?? 0
      await store.append(origins[caller] as string, from, [record])
      sizes[caller] = from + 1
    },
    close: async () => await store.close(),
  }
}

/** One INSERT takes whatever came while the one before it ran; a table with the same key. */
export async function bareInserts(at: { url: string; ca: string }, callers: number): Promise<Commits> {
  const { username, password, hostname, port, pathname } = new URL(at.url)
  const client = new pg.Client({
    host: hostname,
    port: Number(port),
    user: username,
    password,
    database: pathname.slice(1),
    ssl: { ca: at.ca },
  })
  await client.connect()
  await client.query(
    'CREATE TABLE bare (chain bigint, idx bigint, record bytea NOT NULL, PRIMARY KEY (chain, idx))',
  )
  const inserts = groupCommit<{ chain: number; idx: number }, undefined>(async (items) => {
    await client.query('INSERT INTO bare SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])', [
      items.map(({ chain }) => chain),
      items.map(({ idx }) => idx),
      items.map(() => record),
    ])
    return items.map(() => undefined)
  })
  const sizes = Array.from({ length: callers }, () => 0)
  return {
    callers,
    commit: async (caller) => {
      const idx = sizes[caller] ?? 0
      await inserts.add({ chain: caller, idx })
      sizes[caller] = idx + 1
    },
    close: async () => await client.end(),
  }
}

/** One request takes whatever came while the one before it was answered; a topic with the same settings, as many partitions used. */
export async function bareProduces(at: { url: string; ca: string }, callers: number): Promise<Commits> {
  const topics = topicsOf('bare')
  const admin = new Admin(connectionOf(at))
  await makeTopics(admin, topics)
  await admin.close()
  const producer = new Producer({ ...connectionOf(at), idempotent: true, acks: ProduceAcks.ALL })
  const produces = groupCommit<number, undefined>(async (items) => {
    await producer.send({
      messages: items.map((caller) => ({
        topic: topics.records,
        partition: caller % 4,
        key: Buffer.from(String(caller)),
        value: record,
      })),
    })
    return items.map(() => undefined)
  })
  return {
    callers,
    commit: async (caller) => await produces.add(caller),
    close: async () => await producer.close(),
  }
}

/** Commits a second of each, turn by turn, the median of some rounds after one that does not count. */
export async function ratesOf(all: readonly Commits[], seconds: number, rounds: number): Promise<number[]> {
  const rates = all.map((): number[] => [])
  for (let round = 0; round <= rounds; round++)
    for (const [i, each] of all.entries()) {
      const rate = await rateOf(each, seconds)
      if (round > 0) rates[i]?.push(rate)
    }
  return rates.map((each) => quantile(each))
}

async function rateOf({ commit, callers }: Commits, seconds: number): Promise<number> {
  let done = 0
  const began = performance.now()
  const until = began + seconds * 1000
  const caller = async (number: number): Promise<void> => {
    while (performance.now() < until) {
      await commit(number)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, async (_, number) => await caller(number)))
  return done / ((performance.now() - began) / 1000)
}

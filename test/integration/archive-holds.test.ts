// A legal hold, where collectors that share a PostgreSQL archive side by side: each knows of the log what it read last.

import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { askHold, holdsOf } from '../../collector/archive/ask-hold.ts'
import type { Store } from '../../collector/commit/commit.ts'
import { openPostgres } from '../../collector/commit/postgres.ts'
import { MemoryBucket } from '../archive/a-bucket.ts'
import { anArchive, aSegment } from '../archive/an-archive.ts'
import { Process, registryIn } from '../collector/a-trail.ts'
import { anAuthority, certify } from '../collector/peers.ts'
import { aPostgres, type Postgres } from '../collector/postgres-server.ts'
import { verifies } from '../verifies.ts'

let postgres: Postgres
let ca: string

beforeAll(async () => {
  const authority = await anAuthority()
  ca = authority.pem
  postgres = await aPostgres(await certify(authority, undefined, { names: ['localhost'] }))
}, 120_000)
afterAll(() => postgres.remove())

async function aStore(): Promise<Store> {
  const store = await openPostgres({ url: postgres.url, ca })
  onTestFinished(async () => void (await Promise.allSettled([store.close()])))
  return store
}

verifies(
  'audit:legal-hold',
  'a hold of which a collector has not read when it put a segment is on that segment before the log calls it archived',
  async () => {
    const bucket = new MemoryBucket()
    const store = await aStore()
    const sender = await anArchive(bucket, { store })
    const { origin } = await Process.started(sender.trail)
    const other = await anArchive(bucket, {
      store: await aStore(),
      clock: sender.clock,
      sending: { tenure: undefined, heard: () => undefined },
      sealed: [aSegment(origin, 0, 5, sender.clock.now)],
    })
    const asked = { hold: 'matter-7', state: 'on', server: 'clinic/ehr', why: 'subpoena' }
    const put = bucket.put.bind(bucket)
    bucket.put = async (...said) => {
      const version = await put(...said)
      if (!said[0].endsWith('.sealed')) return version
      await askHold(sender.trail.registry, sender.state, asked, 'officer')
      expect(await sender.archive.round()).toBe(true)
      expect(other.state.holds.size).toBe(0)
      return version
    }

    expect(await other.archive.round()).toBe(true)

    const kinds = (await registryIn(store)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind !== 'registry-archived')).toEqual([
      'registered',
      'legal-hold',
      'legal-hold-applied',
      'archived',
    ])
    expect(holdsOf(other.state)).toMatchObject([{ hold: 'matter-7', applied: true }])
    const [segment] = [...bucket.objects].filter(([key]) => key.endsWith('.sealed'))
    expect(segment?.[1][0]?.held).toBe(true)
  },
  60_000,
)

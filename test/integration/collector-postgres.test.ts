// The PostgreSQL store against a real PostgreSQL 15 over real TLS.

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Corrupt, type Store } from '../../collector/commit/commit.ts'
import { openPostgres } from '../../collector/commit/postgres.ts'
import { leafHash, rootOf } from '../../core/merkle.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { aTrail, Process, reasonOf, recordsIn, registryIn } from '../collector/a-trail.ts'
import { fencesOut, takesOverInFlight } from '../collector/fencing.ts'
import { anAuthority, certify } from '../collector/peers.ts'
import { aPostgres, type Postgres } from '../collector/postgres-server.ts'
import {
  aCollector,
  acknowledgedMore,
  anOperator,
  endCollectors,
  type Operator,
  Writer,
} from '../collector/running.ts'
import { sealsOver } from '../collector/sealing/over-engine.ts'
import { aClose, anIntent, anOrders, aPatient, aRefusal, aResult, at } from '../core/records.ts'
import { verifies } from '../verifies.ts'

let authority: Authority
let postgres: Postgres
let operator: Operator
const stores: Store[] = []

beforeAll(async () => {
  authority = await anAuthority()
  postgres = await aPostgres(await certify(authority, undefined, { names: ['localhost'] }))
  operator = await anOperator()
}, 120_000)
afterAll(() => {
  operator.end()
  postgres.remove()
})
afterEach(async () => {
  endCollectors()
  await Promise.all(stores.splice(0).map(async (store) => await store.close()))
})

async function open(said: { url?: string; ca?: string } = {}): Promise<Store> {
  const store = await openPostgres({ url: postgres.url, ca: authority.pem, timeoutMs: 5000, ...said })
  stores.push(store)
  return store
}

verifies(
  'audit:acknowledged-is-kept',
  'records, checkpoints and keys are in PostgreSQL, and a new collector finds them',
  async () => {
    const store = await open()
    const trail = await aTrail(store)
    const process = await Process.started(trail)
    await process.write(anIntent('c1'), aResult('c1'), anIntent('lost'))
    await process.checkpoint()
    expect(await process.send(0)).toBe(4)
    expect(
      await reasonOf(
        trail.append(process.pod, process.origin, 2, [Buffer.from(process.records[1] as Buffer)]),
      ),
    ).toBe('fork')
    const witness = process.chain.witness
    await store.close()
    stores.length = 0

    const anew = await open()
    process.trail = await aTrail(anew)
    expect(await recordsIn(anew, process.origin)).toEqual(process.records.map(String))
    expect(process.trail.witnessVkey).toBe(witness)
    expect(process.trail.summaries()).toContainEqual(
      expect.objectContaining({ origin: process.origin, size: 4, witnessed: 4 }),
    )
    expect(await reasonOf(process.checkpoint(3))).toBe('truncates')
    await process.write(aClose())
    await process.checkpoint()
    await expect
      .poll(async () => (await registryIn(anew)).at(-1))
      .toMatchObject({ kind: 'ended', how: 'closed', unknown: ['lost'], size: 5 })
  },
)

verifies(
  'integrity:witness',
  'the database itself keeps a second record off a place, and old ones from changing',
  async () => {
    const store = await open()
    const process = await Process.started(await aTrail(store))
    await process.write(anIntent('c1'))

    await expect(store.append(process.origin, 1, [Buffer.from('other')])).rejects.toThrow()
    expect(await recordsIn(store, process.origin)).toEqual(process.records.map(String))
    for (const statement of [
      "UPDATE hipaa_mcp_records SET record = ''",
      'DELETE FROM hipaa_mcp_records',
      'TRUNCATE hipaa_mcp_records CASCADE',
    ])
      postgres.sql(statement)
    expect(await recordsIn(store, process.origin)).toEqual(process.records.map(String))
  },
)

verifies('integrity:chain', 'a record that a superuser takes out or changes is noticed', async () => {
  const store = await open()
  const process = await Process.started(await aTrail(store))
  await process.write(anIntent('c1'), aResult('c1'))
  await process.checkpoint()
  const where = `chain = (SELECT id FROM hipaa_mcp_chains WHERE origin = '${process.origin}')`
  postgres.sql(
    `ALTER TABLE hipaa_mcp_records DISABLE TRIGGER USER; UPDATE hipaa_mcp_records SET record = convert_to(replace(convert_from(record, 'UTF8'), 'clinician', 'physician'), 'UTF8') WHERE ${where}`,
  )
  expect((await aTrail(store)).summaries()).toContainEqual(
    expect.objectContaining({ origin: process.origin, state: 'corrupt' }),
  )

  postgres.sql(
    `DELETE FROM hipaa_mcp_records WHERE idx = 1 AND ${where}; ALTER TABLE hipaa_mcp_records ENABLE TRIGGER USER`,
  )
  await expect(recordsIn(store, process.origin)).rejects.toThrow(Corrupt)
})

test('a chain that is gone from the store takes none along that is committed with it', async () => {
  const store = await open()
  const [first, here, gone] = ['first', 'here', 'gone'].map((pod) => `hipaa-mcp.dev/clinic/ehr/${pod}/0`) as [
    string,
    string,
    string,
  ]
  for (const origin of [first, here]) await store.begin({ origin, vkey: 'k' })
  const records = [Buffer.from('{}')]

  // While the first one is committed, the two others come together.
  const [, kept, lost] = await Promise.allSettled([
    store.append(first, 0, records),
    store.append(here, 0, records),
    store.append(gone, 0, records),
  ])

  expect(kept.status).toBe('fulfilled')
  expect(lost).toMatchObject({ status: 'rejected', reason: { name: 'Corrupt', origin: gone } })
})

test('a note is the newest one that was saved', async () => {
  const store = await open()
  const before = await store.note('a')
  await store.saveNote('a', 'first')
  await store.saveNote('a', 'second')

  expect([before, await store.note('a')]).toEqual([undefined, 'second'])
})

test('whatever wants to write after a lost connection waits for one new connection', async () => {
  const store = await open()
  postgres.sql(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = $$advisory$$)',
  )
  await store.probe().catch(() => undefined)

  const tries = await Promise.allSettled([store.probe(), store.probe(), store.probe()])

  expect(tries.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
})

test('what arrives side by side from many chains goes in few transactions', async () => {
  const store = await open()
  const trail = await aTrail(store)
  const all: Process[] = []
  for (let i = 0; i < 20; i++) all.push(await Process.started(trail))

  await Promise.all(all.map(async (process) => await process.write(aRefusal('c'))))

  const origins = all.map(({ origin }) => `'${origin}'`).join()
  const chains = `SELECT id FROM hipaa_mcp_chains WHERE origin IN (${origins})`
  const rows = `FROM hipaa_mcp_records WHERE idx = 1 AND chain IN (${chains})`
  expect(postgres.sql(`SELECT count(*) ${rows}`)).toBe('20')
  expect(Number(postgres.sql(`SELECT count(DISTINCT xmin::text) ${rows}`))).toBeLessThan(5)
})

verifies(
  'audit:acknowledged-is-kept',
  'PostgreSQL crashes and comes back again and again under load',
  async () => {
    const collector = await aCollector(operator, {
      HIPAA_MCP_STORE: postgres.url,
      HIPAA_MCP_STORE_CA: authority.pem,
    })
    await collector.until('ok', 40_000)
    const all = Array.from({ length: 3 }, () => new Writer(operator))
    for (const writer of all) await writer.follow(collector.port)
    const running = Promise.all(all.map(async (writer) => await writer.run()))
    for (let crash = 0; crash < 4; crash++) {
      await acknowledgedMore(all, 20)
      const before = all.map(({ acknowledged }) => acknowledged)
      postgres.stop('immediate')
      await collector.until('store-away', 30_000)
      const away = all.map(({ acknowledged }) => acknowledged)
      await sleep(300)
      expect(all.map(({ acknowledged }) => acknowledged)).toEqual(away)
      postgres.start()
      await collector.until('ok', 40_000)
      const goesOn = (): boolean => all.every(({ acknowledged }, i) => acknowledged > (before[i] as number))
      await expect.poll(goesOn, { timeout: 30_000, interval: 20 }).toBe(true)
    }
    for (const writer of all) writer.stopped = true
    await running
    expect(await collector.kill('SIGTERM')).toBe(0)

    const store = await open()
    for (const writer of all) {
      const kept = await recordsIn(store, writer.origin)
      expect(kept.slice(0, writer.acknowledged)).toEqual(writer.sent.slice(0, writer.acknowledged))
      expect(writer.sent.slice(0, kept.length)).toEqual(kept)
    }
    expect(all.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(200)
  },
  180_000,
)

verifies(
  'audit:handed-over',
  'who had a chain before commits nothing more to it, and is told so',
  async () => {
    await fencesOut(await open(), await open(), 'hipaa-mcp.dev/clinic/ehr/fenced/0')
  },
)

verifies(
  'audit:handed-over',
  'what is on its way when a chain is taken counts before that or never',
  async () => {
    await takesOverInFlight([await open(), await open()], 'hipaa-mcp.dev/clinic/ehr/in-flight/0', 200)
  },
)

verifies(
  'rest:sealed-trail',
  'over PostgreSQL each collector seals what it has: every record is in one segment, whoever has the chain',
  async () => {
    // Of its own: whoever starts takes over what the tests before left, and seals that as well.
    postgres.sql('CREATE DATABASE sealed')
    const url = postgres.url.replace(/[^/]*$/, 'sealed')
    await sealsOver(async () => await open({ url }))
  },
)

verifies(
  'integrity:registry',
  'a process that begins with another collector is told what the one before it had with the first',
  async () => {
    const [one, other] = [await aTrail(await open()), await aTrail(await open())]
    const died = await Process.started(one)
    await died.write(anIntent('lost'))

    const next = await Process.started(other, died.pod)

    const root = rootOf(died.records.map(leafHash)).toString('base64')
    expect(next.chain.before).toEqual({ origin: died.origin, ended: { size: 2, root } })
    // And again with the first, which heard of none of it.
    const last = new Process(one, died.pod)
    expect((await last.begin()).before).toMatchObject({ origin: next.origin, ended: { size: 1 } })
  },
)

test('a collector of a version that shared the store with none keeps others out', async () => {
  const { Client } = pg
  const before = new Client({ connectionString: postgres.url, ssl: { ca: authority.pem } })
  await before.connect()
  await before.query('SELECT pg_advisory_lock(7523094288207667568)')

  await expect(open()).rejects.toMatchObject({ reason: 'store-in-use' })

  await before.end()
  await expect.poll(async () => await open().then(() => 'opened')).toBe('opened')
})

test('a server whose certificate does not prove its name or authority gets no password', async () => {
  await expect(open({ url: postgres.url.replace('localhost', '127.0.0.1') })).rejects.toMatchObject({
    reason: 'store-away',
  })
  await expect(open({ ca: (await anAuthority()).pem })).rejects.toMatchObject({ reason: 'store-away' })
  await expect(open({ url: postgres.url.replace('correct', 'wrong') })).rejects.toMatchObject({
    reason: 'store-away',
  })
})

test.each(['fsync', 'full_page_writes'])('a server with %s off is no store', async (setting) => {
  postgres.set(`${setting}=off`)
  postgres.stop('fast')
  postgres.start()
  await expect(open()).rejects.toMatchObject({ reason: 'store-not-durable' })
  postgres.set(`${setting}=on`)
  postgres.stop('fast')
  postgres.start()
  await open()
})

test('a store that a newer version wrote is left alone', async () => {
  await (await open()).close()
  postgres.sql('INSERT INTO hipaa_mcp_migrations VALUES (99, now())')
  await expect(open()).rejects.toMatchObject({ reason: 'store-newer' })
  postgres.sql('DELETE FROM hipaa_mcp_migrations WHERE number = 99')
  await open()
})

verifies(
  'breach:signal',
  'a breach rule counts what one person sees through several collectors, and is said once',
  async () => {
    const clock = { now: Date.now() }
    const [first, second] = [await aTrail(await open(), clock), await aTrail(await open(), clock)]
    const rules = { breach: [{ distinctPatients: 3, perSeconds: 600 }] }
    const [one, other] = [await Process.started(first), await Process.started(second)]
    for (const process of [one, other]) await process.write(anOrders(rules))
    const sees = async (process: Process, patient: number): Promise<number> =>
      await process.write(
        anIntent(`c${patient}`),
        aResult(`c${patient}`, { patients: [aPatient(patient)], at: at(clock.now) }),
      )

    await sees(one, 1)
    await sees(one, 2)
    await sees(other, 3)
    await sees(other, 4)
    // Other tests of this database left signals of their own, which every collector of it knows.
    const breaches = (trail: typeof first) =>
      trail.signals().filter(({ rule }) => rule === 'distinct-patients')
    expect([...breaches(first), ...breaches(second)]).toEqual([])
    await Promise.all([first.sweep(), second.sweep()])
    await Promise.all([first.sweep(), second.sweep()])

    expect(breaches(first)).toMatchObject([{ distinctPatients: 4 }])
    expect(breaches(second)).toMatchObject(breaches(first))
    const store = stores[0] as Store
    const said = (await registryIn(store)).filter(
      (record) => record.kind === 'signal' && record.rule === 'distinct-patients',
    )
    expect(said).toHaveLength(1)
  },
)

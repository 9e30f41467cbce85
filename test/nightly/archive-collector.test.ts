// The collector as a real process that archives into a real S3 server, each of which is killed; then the command line
// verifies what lies in the bucket.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, vi } from 'vitest'
import { askCollector, dataKeyOf, secure } from '../../cli/collector-connection.ts'
import { unsealedSource } from '../../cli/trail/archive-source.ts'
import { PatientIndex } from '../../cli/trail/patient-access.ts'
import { makeIndex } from '../../cli/trail/patient-index.ts'
import type { TrailSource } from '../../cli/trail/source.ts'
import { trustedIn } from '../../cli/verify-archive/check.ts'
import { openReader } from '../../cli/verify-archive/reader.ts'
import { type Keys, loadKeys } from '../../collector/keys.ts'
import { originFor } from '../../collector/witnesses/witnesses.ts'
import type { HoldsResponse } from '../../core/archive/hold.ts'
import { type Location, textOfLocation } from '../../core/archive/location.ts'
import type { ArchiveResponse } from '../../core/archive/summary.ts'
import { rawPublicKey, vkey } from '../../core/checkpoint.ts'
import { identity } from '../../core/identifiers.ts'
import { recordBytes } from '../../core/record.ts'
import { parseWitnessPolicy } from '../../core/witness-policy.ts'
import { aScene, type Scene, verified } from '../archive/scene.ts'
import { sealed } from '../cli/a-told-trail.ts'
import { aFolder, anEmbeddedStore, registryIn } from '../collector/a-trail.ts'
import { certify, Peer } from '../collector/peers.ts'
import {
  aCollector,
  anOperator,
  type Collector,
  endCollectors,
  type Operator,
  Writer,
} from '../collector/running.ts'
import { anIntent, aResult } from '../core/records.ts'
import { aSigsumWitness } from '../support/sigsum-witness.ts'
import { verifies } from '../verifies.ts'

let scene: Scene
let operator: Operator

beforeAll(async () => {
  ;[scene, operator] = await Promise.all([aScene(), anOperator()])
}, 120_000)
afterEach(() => {
  endCollectors()
  vi.unstubAllEnvs()
})
afterAll(async () => {
  operator?.end()
  await scene?.end()
})

function environmentOf(
  folder: string,
  { bucket, prefix }: Location,
): { HIPAA_MCP_STORE: string; [name: string]: string } {
  const key = join(aFolder(), 'key')
  writeFileSync(key, `k1 ${randomBytes(32).toString('base64')}\n`)
  return {
    HIPAA_MCP_STORE: `embedded:${folder}`,
    HIPAA_MCP_PROFILE: 'Development',
    HIPAA_MCP_KMS: `key-file:${key}`,
    HIPAA_MCP_SEGMENT_KIB: '64',
    HIPAA_MCP_SEGMENT_SECONDS: '1',
    HIPAA_MCP_ARCHIVE: `s3://${bucket}/${prefix}`,
    HIPAA_MCP_ARCHIVE_ENDPOINT: scene.reach.endpoint ?? '',
    HIPAA_MCP_ARCHIVE_CA: scene.reach.ca ?? '',
    AWS_ACCESS_KEY_ID: scene.collector.accessKeyId,
    AWS_SECRET_ACCESS_KEY: scene.collector.secretAccessKey,
  }
}

async function gauge(collector: Collector, name: string): Promise<number> {
  const line = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'm').exec(await collector.metrics())
  return Number(line?.[1] ?? Number.NaN)
}

/** Sealed segments that wait. */
const pending = async (collector: Collector): Promise<number> =>
  await gauge(collector, 'hipaa_mcp_archive_pending_segments')

verifies(
  'audit:worm',
  'every acknowledged record is archived and verifies, though collector and S3 server were killed',
  async () => {
    const location = await scene.aBucket()
    const folder = join(aFolder(), 'store')
    const environment = environmentOf(folder, location)
    let collector = await aCollector(operator, environment)
    await collector.until('ok', 90_000)
    const writer = new Writer(operator)
    await writer.follow(collector.port)
    const writing = writer.run()
    await expect
      .poll(async () => await collector.metrics(), { timeout: 30_000 })
      .toMatch(/^hipaa_mcp_archive_segments [1-9]/m)

    // Nothing waits for the archive.
    await scene.gateway.kill()
    const before = writer.acknowledged
    await expect.poll(async () => await pending(collector), { timeout: 30_000 }).toBeGreaterThan(1)
    await expect.poll(() => writer.acknowledged, { timeout: 30_000 }).toBeGreaterThan(before)
    expect(await collector.readyz()).toBe('ok')
    await collector.kill('SIGKILL')
    await scene.gateway.start()
    collector = await aCollector(operator, environment)
    await collector.until('ok', 90_000)
    await writer.follow(collector.port)
    // Killed again amid puts and records.
    await expect
      .poll(async () => await collector.metrics(), { timeout: 30_000 })
      .toMatch(/^hipaa_mcp_archive_segments [1-9]/m)
    await collector.kill('SIGKILL')
    collector = await aCollector(operator, environment)
    await collector.until('ok', 90_000)
    await writer.follow(collector.port)
    await sleep(1_500)
    writer.stopped = true
    await writing
    await expect
      .poll(async () => await gauge(collector, 'hipaa_mcp_unsealed_records'), { timeout: 30_000 })
      .toBe(0)
    await expect.poll(async () => await pending(collector), { timeout: 60_000 }).toBe(0)
    await collector.kill('SIGTERM')
    // The log goes into the archive when a collector begins, and a quarter of an hour later.
    collector = await aCollector(operator, environment)
    await collector.until('ok', 90_000)
    await expect.poll(async () => await isWhole(collector), { timeout: 30_000 }).toBe(true)
    await collector.kill('SIGTERM')
    const store = await anEmbeddedStore(folder)
    const records = await registryIn(store)
    const witness = vkey((await loadKeys(store)).witness)
    await store.close()

    const report = await verified(scene, location, witness)

    expect(report.findings).toEqual([])
    expect(report.code).toBe(0)
    expect(report.chains).toMatchObject([{ origin: writer.origin, records: writer.acknowledged }])
    expect(records.filter(({ kind }) => kind === 'archived').length).toBe(report.chains[0]?.segments)
  },
  240_000,
)

/** Whether nothing waits, and the log in the bucket lacks no more than that it was put there. */
async function isWhole(collector: Collector): Promise<boolean> {
  const { log, pending: waiting, gaps } = (await archiveOf(collector)) ?? {}
  return log !== undefined && log.archived >= log.records - 1 && waiting?.segments === 0 && gaps?.length === 0
}

async function archiveOf(collector: Collector): Promise<ArchiveResponse['archive']> {
  const auditor = await certify(operator.authority, identity.auditor('officer@clinic.example'))
  const peer = new Peer(collector.port, operator.authority.pem, auditor)
  const { text } = await peer.ask('GET', '/v1/archive')
  await peer.close()
  return (JSON.parse(text) as ArchiveResponse).archive
}

verifies(
  'audit:legal-hold',
  'an auditor asks for a hold over mutual TLS, and a sidecar may not',
  async () => {
    const location = await scene.aBucket()
    const collector = await aCollector(operator, environmentOf(join(aFolder(), 'store'), location))
    await collector.until('ok', 90_000)
    const auditor = {
      ca: operator.authority.pem,
      ...(await certify(operator.authority, identity.auditor('officer@clinic.example'))),
    }
    // As the command line does it: a connection for each request.
    const ask = async (what: 'GET /v1/holds' | 'POST /v1/holds', body?: object): Promise<HoldsResponse> =>
      await askCollector(await secure(connect(collector.port, 'localhost'), auditor), what, body)
    const sidecar = new Peer(
      collector.port,
      operator.authority.pem,
      await certify(operator.authority, identity.sidecar('clinic', 'ehr', 'uid')),
    )
    const asked = { hold: 'matter-7', state: 'on', server: 'clinic/ehr', why: 'subpoena' }

    expect((await sidecar.ask('POST', '/v1/holds', JSON.stringify(asked))).status).toBe(403)
    expect((await ask('POST /v1/holds', asked)).holds.length).toBe(1)
    await expect(ask('POST /v1/holds', asked)).rejects.toThrow(/A hold of this name is on/)
    await expect
      .poll(async () => await ask('GET /v1/holds'), { timeout: 20_000 })
      .toEqual({ holds: [{ hold: 'matter-7', state: 'on', server: 'clinic/ehr', applied: true }] })

    await sidecar.close()
  },
  60_000,
)

verifies(
  'audit:disclosures',
  'a patient is found in a real archive by an index, by the collector’s key, and who asked for it is on record',
  async () => {
    const location = await scene.aBucket()
    const folder = join(aFolder(), 'store')
    const { registry, witness: cosigner } = await keysIn(folder)
    const name = originFor(sigsumOrigin, { publicKey: rawPublicKey(registry.key) })
    const outside = await aSigsumWitness(aFolder(), { ...registry, name })
    onTestFinished(async () => await outside.stop())
    const file = join(aFolder(), 'policy')
    writeFileSync(file, `${outside.line}quorum sigsum\n`)
    const environment = {
      ...environmentOf(folder, location),
      HIPAA_MCP_WITNESSES: file,
      HIPAA_MCP_WITNESS_ORIGIN: sigsumOrigin,
      HIPAA_MCP_WITNESS_SECONDS: '1',
    }
    let collector = await aCollector(operator, environment)
    await collector.until('ok', 90_000)
    const writer = new Writer(operator)
    await writer.follow(collector.port)
    const writing = writer.run()
    // Thousands of records, and a patient in two of them.
    for (const call of ['c-1', 'c-2']) {
      const more = writer.acknowledged + 1_000
      await expect.poll(() => writer.acknowledged, { timeout: 120_000 }).toBeGreaterThan(more)
      const patients = [sealed('p-100')]
      for (const record of [anIntent(call, { patients }), aResult(call, { patients })])
        writer.sent.push(String(recordBytes(record)))
      const due = writer.sent.length
      await expect.poll(() => writer.acknowledged, { timeout: 30_000 }).toBeGreaterThanOrEqual(due)
    }
    await expect
      .poll(async () => await gauge(collector, 'hipaa_mcp_archive_segments'), { timeout: 60_000 })
      .toBeGreaterThan(3)
    writer.stopped = true
    await writing
    await expect
      .poll(async () => await gauge(collector, 'hipaa_mcp_unsealed_records'), { timeout: 60_000 })
      .toBe(0)
    await expect.poll(async () => await pending(collector), { timeout: 60_000 }).toBe(0)
    await collector.kill('SIGTERM')
    collector = await aCollector(operator, environment)
    await collector.until('ok', 90_000)
    await expect.poll(async () => await isWhole(collector), { timeout: 60_000 }).toBe(true)

    vi.stubEnv('AWS_ACCESS_KEY_ID', scene.collector.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', scene.collector.secretAccessKey)
    const auditor = {
      ca: operator.authority.pem,
      ...(await certify(operator.authority, identity.auditor('officer@clinic.example'))),
    }
    const log = vkey({ ...registry, name })
    const policy = parseWitnessPolicy(
      `log ${log}\nwitness own ${vkey(cosigner)}\n${outside.line}quorum sigsum\n`,
    )
    const opened = async (): Promise<{ source: TrailSource; asked: number[] }> => {
      const asked: number[] = []
      const source = await unsealedSource(textOfLocation(location), {
        reader: await openReader(location, scene.reach),
        location,
        trusted: trustedIn({ policy }),
        server: { namespace: 'clinic', server: 'ehr' },
        ask: async ({ origin, segment, keyId, wrapped, from }) => {
          asked.push(from)
          const socket = await secure(connect(collector.port, 'localhost'), auditor)
          return await dataKeyOf(socket, { origin, segment, keyId, wrapped })
        },
        read: () => undefined,
      })
      return { source, asked }
    }
    const index = join(aFolder(), 'patients.index')
    const first = await opened()
    const began = performance.now()
    const report = await makeIndex(index, { source: first.source, policy, read: () => undefined }, 'pins')
    const made = performance.now() - began
    expect(report.findings).toEqual([])
    expect(report.chains).toMatchObject([{ origin: writer.origin, records: writer.acknowledged }])
    await first.source.close()

    const later = await opened()
    const since = performance.now()
    const found = (await PatientIndex.open(index, later.source)) as PatientIndex
    const calls: unknown[] = []
    for await (const { call } of found.told(new Set([sealed('p-100').token]))) calls.push(call)
    console.log(
      `    ${writer.acknowledged} records in ${first.asked.length} segments: index ${(made / 1000).toFixed(1)} s; ` +
        `then ${later.asked.length} segments in ${((performance.now() - since) / 1000).toFixed(2)} s`,
    )
    found.close()
    await later.source.close()
    expect(calls).toEqual(['c-1', 'c-2'])
    expect(later.asked.length).toBeLessThanOrEqual(4)
    expect(first.asked.length).toBeGreaterThan(later.asked.length)

    await collector.kill('SIGTERM')
    const store = await anEmbeddedStore(folder)
    const unsealings = (await registryIn(store)).flatMap((record) =>
      record.kind === 'unsealed' ? [record.by] : [],
    )
    await store.close()
    expect(unsealings).toEqual(Array(first.asked.length + later.asked.length).fill('officer@clinic.example'))
  },
  400_000,
)

const sigsumOrigin = 'sigsum.org/v1/tree/{key}'

/** The keys of a store, which is made: whoever runs the witness needs them before the first round. */
async function keysIn(folder: string): Promise<Keys> {
  const store = await anEmbeddedStore(folder)
  const keys = await loadKeys(store)
  await store.close()
  return keys
}

// The collector as a real process that archives into a real S3 server, each of which is killed; then the command line
// verifies what lies in the bucket.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest'
import { askCollector, secure } from '../../cli/collector-connection.ts'
import { loadKeys } from '../../collector/keys.ts'
import type { HoldsResponse } from '../../core/archive/hold.ts'
import type { Location } from '../../core/archive/location.ts'
import type { ArchiveResponse } from '../../core/archive/summary.ts'
import { vkey } from '../../core/checkpoint.ts'
import { identity } from '../../core/identifiers.ts'
import { aScene, type Scene, verified } from '../archive/scene.ts'
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
  operator?.server.closeAllConnections()
  operator?.server.close()
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
    await collector.until('ok')
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
    await collector.until('ok')
    await writer.follow(collector.port)
    // Killed again amid puts and records.
    await expect
      .poll(async () => await collector.metrics(), { timeout: 30_000 })
      .toMatch(/^hipaa_mcp_archive_segments [1-9]/m)
    await collector.kill('SIGKILL')
    collector = await aCollector(operator, environment)
    await collector.until('ok')
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
    await collector.until('ok')
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
    await collector.until('ok')
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

// The collector as a real process on a real disk: killed, stopped, with a full volume, with certificates that end.

import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, rmSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import { aFolder, anEmbeddedStore, recordsIn } from '../collector/a-trail.ts'
import { aCollector, acknowledgedMore, anOperator, endCollectors, Writer } from '../collector/running.ts'
import { verifies } from '../verifies.ts'

const operator = await anOperator()
const mounted: string[] = []
afterEach(() => {
  endCollectors()
  for (const folder of mounted.splice(0)) spawnSync('umount', ['--lazy', folder])
})
afterAll(operator.end)

async function writers(count: number, port: number): Promise<{ all: Writer[]; running: Promise<void[]> }> {
  const all = Array.from({ length: count }, () => new Writer(operator))
  for (const writer of all) await writer.follow(port)
  return { all, running: Promise.all(all.map(async (writer) => await writer.run())) }
}

/** Makes a file as large as its file system lets it, but for so many bytes. */
function fill(file: string, but: number): void {
  const { bavail, bsize } = statfsSync(dirname(file))
  const bytes = bavail * bsize - but
  if (bytes > 0) appendFileSync(file, Buffer.alloc(bytes))
}

async function everyAcknowledgedRecordIsIn(folder: string, all: readonly Writer[]): Promise<number> {
  const store = await anEmbeddedStore(folder)
  let acknowledged = 0
  for (const writer of all) {
    const kept = await recordsIn(store, writer.origin)
    expect(kept.slice(0, writer.acknowledged)).toEqual(writer.sent.slice(0, writer.acknowledged))
    // What is there beyond was sent as well: nothing was made up.
    expect(writer.sent.slice(0, kept.length)).toEqual(kept)
    acknowledged += writer.acknowledged
  }
  await store.close()
  return acknowledged
}

verifies(
  'audit:acknowledged-is-kept',
  'the collector is killed with -9 again and again under load',
  async () => {
    const folder = join(aFolder(), 'store')
    const environment = { HIPAA_MCP_STORE: `embedded:${folder}` }
    let collector = await aCollector(operator, environment)
    await collector.until('ok')
    const { all, running } = await writers(4, collector.port)
    for (let kill = 0; kill < 8; kill++) {
      await acknowledgedMore(all, 20)
      await sleep(Math.random() * 200)
      await collector.kill('SIGKILL')
      collector = await aCollector(operator, environment)
      await collector.until('ok')
      for (const writer of all) await writer.follow(collector.port)
    }
    await acknowledgedMore(all, 1)
    for (const writer of all) writer.stopped = true
    await running
    await collector.kill('SIGKILL')

    expect(await everyAcknowledgedRecordIsIn(folder, all)).toBeGreaterThan(500)
  },
  300_000,
)

test('told to stop under load, it answers what runs, lets go of its store and exits 0', async () => {
  const folder = join(aFolder(), 'store')
  const collector = await aCollector(operator, { HIPAA_MCP_STORE: `embedded:${folder}` })
  await collector.until('ok')
  const { all, running } = await writers(3, collector.port)
  await acknowledgedMore(all, 20)

  expect(await collector.kill('SIGTERM')).toBe(0)

  for (const writer of all) writer.stopped = true
  await running
  expect(await everyAcknowledgedRecordIsIn(folder, all)).toBeGreaterThan(50)
})

verifies(
  'audit:no-record-no-service',
  'the collector’s volume is full: no acknowledgement, readiness says why, and it comes back by itself',
  async () => {
    const mount = aFolder()
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount]).status).toBe(0)
    mounted.push(mount)
    const folder = join(mount, 'store')
    const collector = await aCollector(operator, { HIPAA_MCP_STORE: `embedded:${folder}` })
    await collector.until('ok')
    const { all, running } = await writers(2, collector.port)
    await acknowledgedMore(all, 10)
    fill(join(mount, 'ballast'), 64 * 1024)
    await collector.until('disk-full', 60_000)
    // Where little is left a few records may still find room, and are kept: soon none is for a whole second.
    fill(join(mount, 'ballast'), 0)
    const kept = () => all.map(({ acknowledged }) => acknowledged)
    const standsStill = async (): Promise<boolean> => {
      const seen = kept()
      await sleep(1000)
      return kept().join() === seen.join()
    }
    await expect.poll(standsStill, { timeout: 20_000 }).toBe(true)
    const before = kept()
    rmSync(join(mount, 'ballast'))
    await collector.until('ok')
    const goesOn = (): boolean => all.every(({ acknowledged }, i) => acknowledged > (before[i] as number))
    await expect.poll(goesOn, { timeout: 30_000, interval: 20 }).toBe(true)
    for (const writer of all) writer.stopped = true
    await running
    await collector.kill('SIGTERM')
    await everyAcknowledgedRecordIsIn(folder, all)
  },
  120_000,
)

test('a disk that fails ends the process; the next one has every acknowledged record', async () => {
  const folder = join(aFolder(), 'store')
  const environment = { HIPAA_MCP_STORE: `embedded:${folder}` }
  let collector = await aCollector(operator, environment)
  await collector.until('ok')
  const { all, running } = await writers(2, collector.port)
  await acknowledgedMore(all, 10)
  // The kernel's word, exactly: from now on the third write of each thread on is EIO.
  const strace = spawnSync('strace', ['-V'])
  expect(strace.status, 'strace is needed: apt-get install strace').toBe(0)
  const { spawn } = await import('node:child_process')
  const injector = spawn('strace', [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'trace=pwrite64',
    '-e',
    'inject=pwrite64:error=EIO:when=3+',
    '-p',
    String(collector.child.pid),
  ])
  const code = await new Promise<number | null>((resolve) => collector.child.once('exit', resolve))
  injector.kill()

  expect(code).toBe(1)
  expect(collector.said()).toContain('the disk failed')
  collector = await aCollector(operator, environment)
  await collector.until('ok')
  for (const writer of all) await writer.follow(collector.port)
  await acknowledgedMore(all, 1)
  for (const writer of all) writer.stopped = true
  await running
  await collector.kill('SIGKILL')
  await everyAcknowledgedRecordIsIn(folder, all)
}, 60_000)

test('a second collector on the same store waits, says why, and takes over when the first is dead', async () => {
  const folder = join(aFolder(), 'store')
  const environment = { HIPAA_MCP_STORE: `embedded:${folder}` }
  const first = await aCollector(operator, environment)
  await first.until('ok')
  const second = await aCollector(operator, environment)
  await second.until('store-in-use')

  await first.kill('SIGKILL')

  await second.until('ok')
  expect(existsSync(join(folder, 'registry/head.json'))).toBe(true)
})

verifies(
  'transit:renewal',
  'the collector’s certificate is renewed again and again, and no call fails',
  async () => {
    // Certificates begin five minutes early, so two thirds of such a short life are always over.
    const shortLived = await anOperator({ seconds: 30 })
    const collector = await aCollector(shortLived, {
      HIPAA_MCP_STORE: `embedded:${join(aFolder(), 'store')}`,
    })
    await collector.until('ok')
    const writer = new Writer(shortLived)
    await writer.follow(collector.port)
    const running = writer.run()
    await expect
      .poll(() => shortLived.issued() >= 3 && writer.acknowledged > 100, { timeout: 60_000 })
      .toBe(true)
    writer.stopped = true
    await running
    shortLived.end()

    expect(writer.failures).toBe(0)
  },
)

test('without a certificate it is not ready and says so; with the operator back it starts by itself', async () => {
  const refusing = await anOperator({ token: 'another' })
  const collector = await aCollector(refusing, { HIPAA_MCP_STORE: `embedded:${join(aFolder(), 'store')}` })
  await collector.until('no-identity')
  await expect.poll(collector.said, { timeout: 20_000 }).toContain('OPERATOR_ANSWERED_401')
  refusing.end()
})

test('the collector’s metrics count what was committed', async () => {
  const collector = await aCollector(operator, { HIPAA_MCP_STORE: `embedded:${join(aFolder(), 'store')}` })
  await collector.until('ok')
  const { all, running } = await writers(1, collector.port)
  await acknowledgedMore(all, 10)
  for (const writer of all) writer.stopped = true
  await running
  const metrics = await collector.metrics()
  const acknowledged = all[0]?.acknowledged ?? 0

  expect(metrics).toContain(
    `hipaa_mcp_collector_records_total{namespace="clinic",server="ehr",kind="refusal"} ${acknowledged - 1}`,
  )
  expect(metrics).toContain('hipaa_mcp_chains{state="live"} 1')
  expect(metrics).toContain(`hipaa_mcp_witnessed_lag{namespace="clinic",server="ehr"} ${acknowledged}`)
  // In seconds: none took as long as the largest of the buckets that has an end.
  const [, whole] = metrics.match(/hipaa_mcp_collector_commit_seconds_count ([1-9]\d*)/) ?? []
  const ends = [...metrics.matchAll(/hipaa_mcp_collector_commit_seconds_bucket\{le="([\d.]+)"\} (\d+)/g)]
  expect(Number(whole)).toBeGreaterThan(0)
  expect(ends.at(-1)?.[2]).toBe(whole)
  expect(metrics).toMatch(/hipaa_mcp_last_record_timestamp_seconds\{namespace="clinic",server="ehr"\} 179/)
})

// An archive over the real client: of few connections, which are cut when nothing is read from them.

import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Auditor } from '../../cli/auditor.ts'
import { type Opening, recordsOf, type Segment } from '../../cli/trail/archive-segments.ts'
import { collectorKeys } from '../../cli/trail/collector-keys.ts'
import { wrappedKeys } from '../../cli/trail-data-keys.ts'
import { checkArchive, trustedIn } from '../../cli/verify-archive/check.ts'
import { type ArchiveReader, openReader } from '../../cli/verify-archive/reader.ts'
import { parseVkey } from '../../core/checkpoint.ts'
import { leafHash } from '../../core/merkle.ts'
import { sealSegment } from '../../core/sealed/segment.ts'
import { MemoryBucket } from '../archive/a-bucket.ts'
import { aSealedArchive, readerOf } from '../archive/a-sealed-archive.ts'
import { place } from '../archive/an-archive.ts'
import { aRefusal } from '../core/records.ts'
import { authority } from '../sample/certificates.ts'
import { verifies } from '../verifies.ts'

/** Reads over TLS what `bytes` gives for a key; with `open` the last byte never comes. */
async function overTls(
  bytes: (key: string) => Buffer,
  { open, idle }: { open: boolean; idle: number },
): Promise<ArchiveReader> {
  const ca = await authority('bucket')
  const server = createServer(await ca.issue('server', ['127.0.0.1']), ({ url = '' }, response) => {
    const { pathname } = new URL(url, 'https://bucket')
    const body = bytes(decodeURIComponent(pathname.slice(`/${place.bucket}/`.length)))
    response.writeHead(200, { 'content-length': body.length, etag: '"x"' })
    if (open) response.write(body.subarray(0, -1))
    else response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    vi.unstubAllEnvs()
    server.closeAllConnections()
    server.close()
  })
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'reader')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  return await openReader(place, { region: 'us-east-1', endpoint, ca: ca.cert }, { idle, whole: 60_000 })
}

/** Milliseconds: sooner than a connection that was left open is cut. */
const soon = 15_000

/** An archive of more segments than there are connections; those come over TLS, and none comes to its end. */
async function manyOpen(of: (bytes: Buffer) => Buffer) {
  const bucket = new MemoryBucket()
  const calls = Array.from({ length: 9 }, (_, chain) =>
    [0, 1, 2, 3, 4].map((call) => aRefusal(`many-${chain}-${call}`)),
  )
  const { trail, clock } = await aSealedArchive(bucket, { calls })
  const bytes = (key: string): Buffer => of(bucket.objects.get(key)?.[0]?.bytes ?? Buffer.alloc(1))
  const segments = await overTls(bytes, { open: true, idle: 60_000 })
  const inMemory = readerOf(bucket)
  const reader: ArchiveReader = {
    ...inMemory,
    read: async (found) => await (found.key.endsWith('.sealed') ? segments : inMemory).read(found),
  }
  const names = [...bucket.objects.keys()].filter((key) => key.endsWith('.sealed'))
  return { reader, names, clock, witness: parseVkey(trail.witnessVkey) }
}

verifies(
  'audit:unsealing',
  'the wrapped data keys of any number of segments are listed, of which no more than the beginning is read',
  async () => {
    const { reader, names, witness } = await manyOpen((bytes) => bytes)
    const of = { prefix: place.prefix, trusted: trustedIn({ witness }), namespace: 'clinic', server: 'ehr' }
    const lines: string[] = []
    for await (const line of wrappedKeys({ reader, ...of })) lines.push(line)
    expect(lines.length).toBe(names.length)
    expect(lines.length).toBeGreaterThan(8)
  },
  soon,
)

verifies(
  'integrity:archive',
  'any number of segments whose first byte is another are found, and not read on',
  async () => {
    const { reader, clock, witness } = await manyOpen((bytes) => Buffer.from([bytes[0] ?? 0, ...bytes]))
    const report = await checkArchive({
      now: clock.now,
      reader,
      location: place,
      witness,
      read: () => undefined,
    })
    const damaged = report.findings.filter(({ says }) => says.includes('no whole segment'))
    expect(damaged.length).toBeGreaterThan(8)
  },
  soon,
)

/** More than lies in the buffers of a connection. */
async function aLargeSegment(): Promise<{ segment: Segment; bytes: Buffer; dataKey: Buffer }> {
  const records = Array.from({ length: 8_000 }, () => Buffer.from(randomBytes(750).toString('base64')))
  const dataKey = randomBytes(32)
  const origin = 'clinic/ehr'
  const header = {
    origin,
    segment: '00000000-0000-4000-8000-000000000000',
    from: 0,
    to: records.length,
    bytes: records.reduce((sum, { length }) => sum + length + 1, 0),
    sealedAt: '2026-09-21T15:00:00.000Z',
    keyId: 'key',
    wrapped: 'AAAA',
  }
  async function* all(): AsyncGenerator<Buffer[]> {
    yield await Promise.resolve(records)
  }
  const leaves = records.map((record) => leafHash(record))
  const parts: Buffer[] = []
  for await (const part of sealSegment(header, leaves, all(), { dataKey, salt: randomBytes(24) }))
    parts.push(part)
  const bytes = Buffer.concat(parts)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const segment = { origin, from: 0, to: records.length, bytes: bytes.length, sha256, version: 'v1' }
  return { segment, bytes, dataKey }
}

verifies(
  'audit:unsealing',
  'an approval that takes longer than a connection may be silent is waited for before a segment is opened',
  async () => {
    const { segment, bytes, dataKey } = await aLargeSegment()
    const reader = await overTls(() => bytes, { open: false, idle: 1_000 })
    const auditor = (async () => await Promise.resolve(Buffer.from(dataKey))) as unknown as Auditor
    const keys = collectorKeys(async () => {
      await sleep(2_500)
      return auditor
    })
    let records = 0
    const opening: Opening = { reader, location: place, ...keys, read: (more) => (records += more) }
    for await (const _ of recordsOf(segment, opening));
    expect(records).toBe(segment.to)
  },
)

test('a certificate is made once for whoever wants it, again before it ends, and anew where it was not approved', async () => {
  let now = 0
  let made = 0
  let approved = false
  const keys = collectorKeys(
    async () => {
      made += 1
      await sleep(1)
      // The hour begins with the approval.
      now += 30 * 60_000
      if (!approved) throw new Error('nobody approved')
      return (async () => await Promise.resolve(Buffer.alloc(32))) as unknown as Auditor
    },
    () => now,
  )
  await expect(keys.ready()).rejects.toThrow('nobody approved')
  approved = true
  await Promise.all([keys.ready(), keys.ready()])
  expect(made).toBe(2)
  now += 45 * 60_000
  await keys.ready()
  expect(made).toBe(2)
  now += 1
  await keys.ready()
  expect(made).toBe(3)
})

// A trail out of the archive: the collector has each segment's data key opened and puts on record who asked, and what was sealed
// is written down as an export. Only segments that have the hash of the registry log are taken, and that log by the keys of whoever reads.

import { createHash } from 'node:crypto'
import { closeSync, createWriteStream, openSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { keyOfSegment } from '../../core/archive/keys.ts'
import { type Location, locationOf } from '../../core/archive/location.ts'
import { parseNote, vkey as vkeyOf } from '../../core/checkpoint.ts'
import { type Archived, parseRecord } from '../../core/record.ts'
import { readSegment, SegmentDamaged, type SegmentHeader } from '../../core/sealed/segment.ts'
import { partsOfOrigin, registryOrigin } from '../../core/wire.ts'
import { auditorFor } from '../auditor.ts'
import { dataKeyOf } from '../collector-connection.ts'
import { CannotError, type Screen, serverOf, textOf, UsageError, type Values } from '../command.ts'
import { folderOfChain, type Manifest, manifestSchema, recordFiles } from '../export-layout.ts'
import { progress } from '../progress.ts'
import { trustedIn } from '../verify-archive/check.ts'
import { readLog, type Trusted } from '../verify-archive/log.ts'
import { type ArchiveReader, openReader, reachOf } from '../verify-archive/reader.ts'
import { archivePins } from '../verify-archive/verify.ts'
import type { TrailSource } from './source.ts'
import { spooledSource } from './spooled-source.ts'

export async function archiveSource(named: string, values: Values, screen: Screen): Promise<TrailSource> {
  const location = locationOf(named)
  if (location === undefined) throw new UsageError('an archive is s3://bucket/prefix')
  const server = serverOf(textOf(values, 'server'))
  if (textOf(values, 'policy') === undefined)
    throw new UsageError(
      'records in an archive are read by a policy of your own, which pins the key of the log: give --policy FILE',
    )
  const trusted = trustedIn(await archivePins(values))
  const reader = await openReader(location, reachOf(process.env))
  const auditor = await auditorFor(values, screen)
  const ask = async ({ origin, segment, keyId, wrapped }: SegmentHeader): Promise<Buffer> =>
    await auditor(async (socket) => await dataKeyOf(socket, { origin, segment, keyId, wrapped }))
  let records = 0
  const shown = progress(screen, () => `${records.toLocaleString('en')} records unsealed`)
  const read = (more: number): void => {
    records += more
  }
  return await unsealedSource(named, { reader, location, trusted, server, ask, read }).finally(() =>
    shown.done(),
  )
}

export type Unsealing = {
  reader: ArchiveReader
  location: Location
  trusted: Trusted
  server: { namespace: string; server: string }
  /** Gives the data key of a segment. */
  ask: (header: SegmentHeader) => Promise<Buffer>
  /** Told of records that were unsealed. */
  read: (records: number) => void
}

export async function unsealedSource(named: string, unsealing: Unsealing): Promise<TrailSource> {
  const source = await spooledSource(named, async (folder) => await writeDown(folder, unsealing))
  return { ...source, segments: true }
}

type Chain = { vkey: string; segments: Archived[] }

async function writeDown(folder: string, unsealing: Unsealing): Promise<void> {
  const { trusted, server } = unsealing
  const chains = await writeRegistry(folder, unsealing)
  const manifest: Manifest = {
    schema: manifestSchema,
    server: `${server.namespace}/${server.server}`,
    exported: '',
    witness: trusted.witness === undefined ? '' : vkeyOf(trusted.witness),
    chains: [{ origin: registryOrigin, folder: folderOfChain(registryOrigin), records: 0 }],
  }
  for (const [origin, { vkey, segments }] of chains) {
    const place = join(folder, folderOfChain(origin))
    await mkdir(place, { recursive: true })
    await writeFile(join(place, 'vkey'), `${vkey}\n`)
    const note = await writeRecords(join(place, recordFiles.all), segments, unsealing)
    if (note !== undefined) await writeFile(join(place, 'checkpoint'), note)
    manifest.chains.push({ origin, folder: folderOfChain(origin), records: segments.at(-1)?.to ?? 0 })
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
}

/** The registry log, and what it says of the chains of the server. */
async function writeRegistry(
  folder: string,
  { reader, location, trusted, server }: Unsealing,
): Promise<Map<string, Chain>> {
  const place = join(folder, folderOfChain(registryOrigin))
  await mkdir(place, { recursive: true })
  const chains = new Map<string, Chain>()
  const file = openSync(join(place, recordFiles.all), 'w')
  let held: Buffer[] = []
  const write = (): void => {
    writeFileSync(file, Buffer.concat(held))
    held = []
  }
  try {
    const { note, key, witnessed, findings } = await readLog(reader, location.prefix, trusted, (record) => {
      held.push(Buffer.from(record), newline)
      if (held.length >= 2000) write()
      const said = parseRecord(record)
      const parts = 'origin' in said ? partsOfOrigin(said.origin) : undefined
      if (parts?.namespace !== server.namespace || parts.server !== server.server) return
      if (said.kind === 'registered') chains.set(said.origin, { vkey: said.vkey, segments: [] })
      if (said.kind === 'archived') chains.get(said.origin)?.segments.push(said)
    })
    write()
    if (note === undefined || key === undefined)
      throw new CannotError(
        `The registry log in the archive cannot be believed: ${findings[0] ?? 'it is missing'}. hipaa-mcp verify with this archive says more`,
      )
    await writeFile(join(place, 'vkey'), `${vkeyOf(key)}\n`)
    await writeFile(join(place, 'checkpoint'), note)
    if (witnessed !== undefined) await writeFile(join(place, 'witnessed'), witnessed)
  } finally {
    closeSync(file)
  }
  return chains
}

const newline = Buffer.from('\n')

/** Writes what the segments hold. Resolves to the newest checkpoint that covers nothing beyond them. */
async function writeRecords(
  path: string,
  segments: readonly Archived[],
  { reader, location, ask, read }: Unsealing,
): Promise<string | undefined> {
  let note: string | undefined
  const archived = segments.at(-1)?.to ?? 0
  async function* lines(): AsyncGenerator<Buffer> {
    let next = 0
    for (const segment of segments) {
      if (segment.from !== next)
        throw new CannotError(
          `${segment.origin} goes on in the archive at record ${segment.from}, not ${next}`,
        )
      next = segment.to
      const found = { key: keyOfSegment(location.prefix, segment), version: segment.version }
      const digest = createHash('sha256')
      const stream = await reader.read(found)
      async function* hashed(): AsyncGenerator<Uint8Array> {
        for await (const chunk of stream) {
          digest.update(chunk)
          yield chunk
        }
      }
      try {
        const { header, records } = await readSegment(hashed())
        if (header.origin !== segment.origin || header.from !== segment.from || header.to !== segment.to)
          throw new CannotError(
            `A segment of ${segment.origin} holds other records than the registry log says`,
          )
        const key = await ask(header)
        try {
          for await (const group of records(key)) {
            read(group.length)
            yield Buffer.concat(group.flatMap((record) => [record, newline]))
          }
        } finally {
          key.fill(0)
        }
        if (header.checkpoint !== undefined && parseNote(header.checkpoint).checkpoint.size <= archived)
          note = header.checkpoint
      } catch (cause) {
        if (!(cause instanceof SegmentDamaged)) throw cause
        throw new CannotError(
          `Records ${segment.from} to ${segment.to - 1} of ${segment.origin}: ${cause.message}`,
          { cause },
        )
      }
      if (digest.digest('hex') !== segment.sha256)
        throw new CannotError(
          `Records ${segment.from} to ${segment.to - 1} of ${segment.origin} are not those that the registry log says`,
        )
    }
  }
  await pipeline(lines(), createWriteStream(path))
  return note
}

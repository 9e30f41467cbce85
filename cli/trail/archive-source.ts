// A trail out of the archive. The registry log says which segments there are, by the keys of whoever reads. A chain is written down as
// in an export when it is read as a whole; of a record whose place is known its segment alone is opened, so that an index of
// years finds a patient without the rest.

import { createHash } from 'node:crypto'
import { closeSync, createWriteStream, openSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { locationOf } from '../../core/archive/location.ts'
import { parseNote, vkey as vkeyOf } from '../../core/checkpoint.ts'
import { parseRecord } from '../../core/record.ts'
import type { SegmentHeader } from '../../core/sealed/segment.ts'
import { partsOfOrigin, registryOrigin } from '../../core/wire.ts'
import { auditorFor } from '../auditor.ts'
import { CannotError, type Screen, serverOf, textOf, UsageError, type Values } from '../command.ts'
import { folderOfChain, type Manifest, manifestSchema, recordFiles } from '../export-layout.ts'
import { progress } from '../progress.ts'
import { trustedIn } from '../verify-archive/check.ts'
import { readLog, type Trusted } from '../verify-archive/log.ts'
import { openReader, reachOf } from '../verify-archive/reader.ts'
import { archivePins } from '../verify-archive/verify.ts'
import { OpenedSegments, type Opening, recordsOf, type Segment } from './archive-segments.ts'
import { collectorKeys } from './collector-keys.ts'
import { dataKeysIn } from './data-keys.ts'
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
  const held = textOf(values, 'data-keys')
  // The collector is asked for keys alone: what an index leads to may need none.
  const keys =
    held === undefined
      ? collectorKeys(async () => await auditorFor(values, screen))
      : { ask: await dataKeysIn(held) }
  let records = 0
  const shown = progress(screen, () => `${records.toLocaleString('en')} records unsealed`)
  const read = (more: number): void => {
    records += more
  }
  const source = await unsealedSource(named, { reader, location, trusted, server, ...keys, read }).catch(
    (error: unknown) => {
      shown.done()
      throw error
    },
  )
  return {
    ...source,
    close: async () => {
      shown.done()
      await source.close()
    },
  }
}

export type Unsealing = Opening & {
  trusted: Trusted
  server: { namespace: string; server: string }
}

type Chain = { vkey: string; began: number; segments: Segment[] }

export async function unsealedSource(named: string, unsealing: Unsealing): Promise<TrailSource> {
  let place = ''
  let chains: ReadonlyMap<string, Chain> = new Map()
  const base = await spooledSource(named, async (folder) => {
    place = folder
    chains = await writeRegistry(folder, unsealing)
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifestOf(chains, unsealing)))
  })
  const written = new Map<string, Promise<void>>()
  /** Resolves when the chain is written down, as far as it is archived. */
  const write = async (origin: string): Promise<void> => {
    const chain = chains.get(origin)
    if (chain === undefined) return
    const writing = written.get(origin) ?? writeChain(join(place, folderOfChain(origin)), chain, unsealing)
    written.set(origin, writing)
    await writing
  }
  const opened = new OpenedSegments(join(place, 'segments'), unsealing)
  return {
    ...base,
    segments: true,
    async text(origin, what) {
      await write(origin)
      return await base.text(origin, what)
    },
    async *records(origin, heard) {
      await write(origin)
      yield* base.records(origin, heard)
    },
    async file(origin) {
      await write(origin)
      return await base.file(origin)
    },
    hasPlaces: async () => await Promise.resolve(true),
    size: async (origins) =>
      await Promise.resolve(
        origins.reduce(
          (sum, origin) =>
            sum + (chains.get(origin)?.segments ?? []).reduce((all, { bytes }) => all + bytes, 0),
          0,
        ),
      ),
    began: async (origin) => await Promise.resolve(chains.get(origin)?.began ?? -Infinity),
    async recordAt(origin, spot) {
      const chain = chains.get(origin)
      if (chain === undefined || written.has(origin)) {
        await written.get(origin)
        return await base.recordAt(origin, spot)
      }
      const segment = chain.segments.find(({ from, to }) => from <= spot.index && spot.index < to)
      return segment === undefined ? undefined : await opened.record(segment, spot.index)
    },
    // The log grows with every look at it: the trail is another only where more of this server is archived.
    state: async () => await Promise.resolve(stateOf(chains)),
  }
}

function manifestOf(chains: ReadonlyMap<string, Chain>, { trusted, server }: Unsealing): Manifest {
  return {
    schema: manifestSchema,
    server: `${server.namespace}/${server.server}`,
    exported: '',
    witness: trusted.witness === undefined ? '' : vkeyOf(trusted.witness),
    chains: [
      { origin: registryOrigin, folder: folderOfChain(registryOrigin), records: 0 },
      ...[...chains].map(([origin, { segments }]) => ({
        origin,
        folder: folderOfChain(origin),
        records: segments.at(-1)?.to ?? 0,
      })),
    ],
  }
}

function stateOf(chains: ReadonlyMap<string, Chain>): string {
  const archived = [...chains]
    .filter(([, { segments }]) => segments.length > 0)
    .map(([origin, { vkey, segments }]) =>
      JSON.stringify([origin, vkey, segments.map(({ from, to, sha256 }) => [from, to, sha256])]),
    )
    .toSorted((a, b) => (a < b ? -1 : 1))
  return createHash('sha256').update(archived.join('\n')).digest('hex')
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
      if (said.kind === 'registered')
        chains.set(said.origin, { vkey: said.vkey, began: Date.parse(said.at), segments: [] })
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

/** A chain as in an export, with the newest checkpoint that covers nothing beyond what is archived. */
async function writeChain(place: string, { vkey, segments }: Chain, opening: Opening): Promise<void> {
  await mkdir(place, { recursive: true })
  await writeFile(join(place, 'vkey'), `${vkey}\n`)
  let note: string | undefined
  const archived = segments.at(-1)?.to ?? 0
  const newer = ({ checkpoint }: SegmentHeader): void => {
    if (checkpoint !== undefined && parseNote(checkpoint).checkpoint.size <= archived) note = checkpoint
  }
  async function* lines(): AsyncGenerator<Buffer> {
    let next = 0
    for (const segment of segments) {
      if (segment.from !== next)
        throw new CannotError(
          `${segment.origin} goes on in the archive at record ${segment.from}, not ${next}`,
        )
      next = segment.to
      for await (const group of recordsOf(segment, opening, newer))
        yield Buffer.concat(group.flatMap((record) => [record, newline]))
    }
  }
  await pipeline(lines(), createWriteStream(join(place, recordFiles.all)))
  if (note !== undefined) await writeFile(join(place, 'checkpoint'), note)
}

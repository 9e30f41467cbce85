// Torn and reordered sectors: at every sync point, and between, the disk is left as a power loss could leave it, and the
// real recovery reads it. Every record of which somebody was told is there; what is there beyond was really written, in
// order; and reading it twice is reading it once.

import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded } from '../../collector/commit/embedded.ts'
import { rawPublicKey } from '../../core/checkpoint.ts'
import { payloadOf } from '../../sidecar/trail/frames.ts'
import { recover } from '../../sidecar/trail/recovery.ts'
import { Segments } from '../../sidecar/trail/segment.ts'
import { type Random, seeded } from '../sample/random.ts'
import { choices, crashed, type Growth, lay, type Recording, record } from './disk.ts'
import type { Context, Fault } from './fault.ts'
import { type Row, Tally } from './tally.ts'

const origin = 'hipaa-mcp.dev/bench/ehr/pod/0'

/** A writer on a disk that is written down, and its recovery from one that was left. */
type Writer = {
  where: string
  growth: Growth
  write: (folder: string, recording: Recording, random: Random) => Promise<string[]>
  /** Records that are there, in order. */
  recover: (folder: string) => Promise<string[]>
  /** What recovery refuses to read on, because it may be damage: nothing is lost by that, and a person must look. */
  refuses?: (error: unknown) => boolean
}

/** Batches of records of all lengths about a sector, and larger. */
function batches(random: Random, count: number): string[][] {
  let record = 0
  return Array.from({ length: count }, () =>
    Array.from(
      { length: random.between(1, 3) },
      () => `record-${record++}-${'x'.repeat(random.pick([5, 300, 480, 600, 1_400]))}`,
    ),
  )
}

const told = (record: string): string => record.slice(0, record.indexOf('-', 7))
const buffers = (records: readonly string[]): Buffer[] => records.map((text) => Buffer.from(text))

const segments: Writer = {
  where: 'sidecar, Local: segments',
  growth: 'any',
  async write(folder, recording, random) {
    const { publicKey } = generateKeyPairSync('ed25519')
    const size = 8 * 1024
    const made = new Segments({
      folder,
      origin,
      publicKey: rawPublicKey(publicKey).toString('base64'),
      restart: 0,
      size,
    })
    const written: string[] = []
    for (const batch of batches(random, 24)) {
      written.push(...batch)
      await made.append('records', payloadOf(buffers(batch)), batch.length)
      for (const record of batch) recording.told(told(record))
    }
    await made.close()
    return written
  },
  async recover(folder) {
    const found: string[] = []
    const collector = {
      records: async (_: string, from: number, records: readonly Buffer[]) => {
        if (from > found.length) throw new Error('a gap')
        found.splice(from, records.length, ...records.map(String))
        await Promise.resolve()
      },
      checkpoint: async () => await Promise.resolve(''),
    }
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
    await recover({ folder, collector, log: silent })
    return found
  },
}

const store = (growth: Growth): Writer => ({
  where: `collector: embedded store, ${growth === 'ordered' ? 'bytes before their length (ext4, XFS)' : 'any sectors'}`,
  growth,
  async write(folder, recording, random) {
    const opened = await openEmbedded({ folder, onPoisoned: () => undefined, segmentBytes: 8 * 1024 })
    await opened.begin({ origin, vkey: 'k' })
    const written: string[] = []
    for (const [at, batch] of batches(random, 24).entries()) {
      await opened.append(origin, written.length, buffers(batch))
      written.push(...batch)
      for (const record of batch) recording.told(told(record))
      if (at % 5 === 0) {
        await opened.saveCheckpoint(origin, `note-${at}`)
        recording.told(`note-${at}`)
      }
    }
    await opened.close()
    return written
  },
  async recover(folder) {
    const opened = await openEmbedded({ folder, onPoisoned: () => undefined, segmentBytes: 8 * 1024 })
    try {
      const [chain] = await opened.chains()
      if (chain === undefined) return []
      const found: string[] = []
      for await (const records of opened.read(origin, 0)) found.push(...records.map(String))
      // It goes on behind what is there: a torn end is no obstacle.
      await opened.append(origin, found.length, buffers(['after']))
      const again: string[] = []
      for await (const records of opened.read(origin, 0)) again.push(...records.map(String))
      if (again.join() !== [...found, 'after'].join())
        throw new Error('what was written behind a torn end is not there')
      if (chain.checkpoint !== undefined) found.push(chain.checkpoint)
      return found
    } finally {
      await opened.close()
    }
  },
  ...(growth === 'any' ? { refuses: (error: unknown) => (error as Error).name === 'Corrupt' } : {}),
})

/** What is wrong with what was recovered, if anything. */
function judge(
  found: readonly string[],
  written: readonly string[],
  toldOf: ReadonlySet<string>,
): string | undefined {
  const records = found.filter((one) => one.startsWith('record-'))
  const note = found.find((one) => one.startsWith('note-'))
  const have = new Set(records.map(told))
  const lost = [...toldOf].filter((one) => one.startsWith('record-') && !have.has(one))
  if (lost.length > 0) return `lost: ${lost.length}`
  if (records.some((record, at) => record !== written[at]))
    return 'something stands there that was not written so'
  const notes = [...toldOf].filter((one) => one.startsWith('note-')).map((one) => Number(one.slice(5)))
  if (notes.length > 0 && Number(note?.slice(5) ?? -1) < Math.max(...notes)) return 'lost: a checkpoint'
  return undefined
}

async function torn(writer: Writer, { random, short, say }: Context): Promise<Row[]> {
  const tally = new Tally('power loss: torn and reordered sectors', writer.where)
  const { row } = tally
  // In memory where the system has a folder for that: what is looked at is a simulated disk.
  const base = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'hipaa-mcp-sectors-'))
  let refused = 0
  try {
    const folder = mkdtempSync(join(base, 'real-'))
    const recording = record(folder)
    let written: string[]
    try {
      written = await writer.write(folder, recording, random)
    } finally {
      recording.stop()
    }
    const { events } = recording
    const syncs = events.filter(({ kind }) => kind === 'sync' || kind === 'sync names').length
    say(`${events.length} events, ${syncs} sync points`)
    const perPoint = short
      ? [0, 2, 3]
      : [0, 1, ...Array.from({ length: 6 }, () => 2), ...Array.from({ length: 12 }, () => 3)]
    const toldOf = new Set<string>()
    for (let until = 1; until <= events.length; until++) {
      const last = events[until - 1] as (typeof events)[number]
      if (last.kind === 'told') toldOf.add(last.what)
      for (const which of perPoint) {
        const disk = crashed(
          events,
          until,
          choices[which] as (typeof choices)[number],
          writer.growth,
          seeded(random.between(0, 2 ** 31)),
        )
        const left = mkdtempSync(join(base, 'left-'))
        await lay(disk, left)
        row.acknowledged += toldOf.size
        tally.happened()
        try {
          const found = await writer.recover(left)
          const wrong = judge(found, written, toldOf)
          if (wrong?.startsWith('lost') === true) row.lost += Number(/\d+/.exec(wrong)?.[0] ?? 1)
          if (wrong !== undefined && row.wrong.length < 5)
            row.wrong.push(`after event ${until} (${last.kind}), ${choices[which]}: ${wrong}`)
        } catch (error) {
          if (writer.refuses?.(error) === true) refused += 1
          else if (row.wrong.length < 5)
            row.wrong.push(`after event ${until} (${last.kind}), ${choices[which]}: ${String(error)}`)
        }
        rmSync(left, { recursive: true, force: true })
      }
    }
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
  const how = 'read by the next process'
  return [
    tally.close(
      refused === 0
        ? how
        : `${how}; ${refused} times the chain is kept as damaged, whole, for a person to look at`,
    ),
  ]
}

export const sectorFaults: Fault[] = [
  { name: 'sectors-local', writer: segments },
  { name: 'sectors-store', writer: store('ordered') },
  { name: 'sectors-store-any', writer: store('any') },
].map(({ name, writer }) => ({
  name,
  says: `power loss at every sync point, ${writer.where}`,
  lane: 'sectors',
  short: name !== 'sectors-store-any',
  run: async (context) => await torn(writer, context),
}))

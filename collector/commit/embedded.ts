// The embedded store: append-only segment files, a folder a chain, on the collector's own encrypted volume.
//
//   keys/NAME.pem
//   notes/NAME
//   registry/                               the registry log
//   chains/NAMESPACE/SERVER/POD/RESTART/    head.json, checkpoint, 0000000000000000.segment, …

import { constants } from 'node:fs'
import { access, type FileHandle, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { partsOfOrigin, registryOrigin } from '../../core/wire.ts'
import { Corrupt, type Head, type Store, type StoredChain, StoreFailed } from './commit.ts'
import { isFull, type Open, replaceFile, syncAll, syncFolder, writeAll, writeDurably } from './files.ts'
import { type Frame, packFrame } from './frame.ts'
import { lockFolder } from './lock.ts'
import { nameOfSegment, readSegments, segmentsIn } from './segments.ts'

const { O_RDWR, O_CREAT, O_EXCL, O_DSYNC } = constants

/** A new segment begins when the one before it has so many bytes. */
const segmentBytes = 64 * 1024 * 1024

type Found = { segment: string; frame: Frame }
type Writer = { file: FileHandle; path: string; offset: number; next: number }

export type EmbeddedOptions = {
  folder: string
  /** Called once, when the disk failed in a way after which nothing that it says can be believed. */
  onPoisoned: (reason: StoreFailed) => void
  openFile?: Open
  segmentBytes?: number
}

/** Opens the store and holds its lock. Rejects when another process has it. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Store> {
  const { onPoisoned } = options
  const folder = resolve(options.folder)
  const openFile: Open = options.openFile ?? open
  const largest = options.segmentBytes ?? segmentBytes
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const unlock = await lockFolder(folder)
  const writers = new Map<string, Writer>()
  /** Chains whose newest bytes are this process's own, or were written again by it. */
  const again = new Set<string>()
  let poison: StoreFailed | undefined

  const poisoned = (cause: unknown): StoreFailed => {
    if (poison === undefined) {
      poison = new StoreFailed('disk-failed', 'The disk failed to sync: see the node’s kernel log', {
        cause,
        poisoned: true,
      })
      onPoisoned(poison)
    }
    return poison
  }
  const alive = (): void => {
    if (poison !== undefined) throw poison
  }

  /** A sync that failed is never tried again on the same file: the kernel may have dropped the bytes, and says "done" next. */
  const sync = async (file: FileHandle): Promise<void> => {
    try {
      await syncAll(file, 'datasync')
    } catch (error) {
      throw poisoned(error)
    }
  }

  /**
   * When a sync fails the kernel may keep in its cache what is not on the disk, and call it clean. So what a former process
   * wrote last is written once more, and synced, before anybody is told that it is there.
   */
  const writeAgain = async (origin: string, place: string, { segment, frame }: Found): Promise<void> => {
    if (again.has(origin) || writers.has(origin)) return
    let file: FileHandle | undefined
    try {
      file = await openFile(join(place, segment), 'r+')
      await writeAll(file, frame.bytes, frame.end - frame.bytes.length)
      await sync(file)
    } catch (error) {
      throw diskFailure(error)
    } finally {
      await file?.close()
    }
    again.add(origin)
  }

  const writerOf = async (origin: string): Promise<Writer> => {
    const held = writers.get(origin)
    if (held !== undefined) return held
    const place = folderOf(folder, origin)
    const newest = (await segmentsIn(place)).at(-1) ?? { name: nameOfSegment(0), from: 0 }
    let next = newest.from
    let offset = 0
    for await (const { frame } of readSegments(origin, place, newest.from)) {
      next = frame.from + frame.records.length
      offset = frame.end
    }
    const writer = await openWriter(place, newest.name, offset, next)
    writers.set(origin, writer)
    again.add(origin)
    return writer
  }

  const openWriter = async (place: string, name: string, offset: number, next: number): Promise<Writer> => {
    const path = join(place, name)
    // One that is there is never cut off by being opened. A write ends as one with fdatasync behind it would (open(2)).
    const flags = O_RDWR | O_DSYNC | ((await exists(path)) ? 0 : O_CREAT | O_EXCL)
    const file = await openFile(path, flags, 0o600)
    try {
      // What a power loss cut off goes before anything is written behind it.
      await file.truncate(offset)
      await sync(file)
      await syncFolder(place)
    } catch (error) {
      await file.close()
      throw diskFailure(error)
    }
    return { file, path, offset, next }
  }

  const append = async (origin: string, from: number, records: readonly Buffer[]): Promise<void> => {
    alive()
    let writer = await writerOf(origin)
    if (writer.next !== from) throw new Corrupt(origin, `The next record is ${writer.next}, not ${from}`)
    if (writer.offset >= largest) {
      await writer.file.close()
      writers.delete(origin)
      writer = await openWriter(dirname(writer.path), nameOfSegment(from), 0, from)
      writers.set(origin, writer)
    }
    const frame = packFrame(from, records)
    try {
      await writeDurably(writer.file, frame, writer.offset)
    } catch (error) {
      // Of any other failure it is not known whether it was the write's or the sync's.
      if (!isFull(error)) throw poisoned(error)
      // Nothing was promised yet, but what had room may stand on the disk, or all of it: a thin volume and NFS say that they are
      // full when they are asked to sync. It is taken back durably, so that no crash before the next append makes it a record.
      try {
        await writer.file.truncate(writer.offset)
        await sync(writer.file)
      } catch (again) {
        throw poisoned(again)
      }
      throw diskFailure(error)
    }
    writer.offset += frame.length
    writer.next += records.length
  }

  return {
    shared: false,
    async chains() {
      const found: StoredChain[] = []
      for (const place of await places(folder)) {
        const head = await headIn(place)
        // The registry log says that it was begun: without a head it counts as damaged.
        if (head === undefined || folderOf(folder, head.origin) !== place) continue
        const checkpoint = await readIfThere(join(place, 'checkpoint'))
        found.push({ ...head, ...(checkpoint === undefined ? {} : { checkpoint }) })
      }
      return found
    },
    async find(origin) {
      const place = folderOf(folder, origin)
      const head = (await exists(place)) ? await headIn(place) : undefined
      if (head?.origin !== origin) return undefined
      const checkpoint = await readIfThere(join(place, 'checkpoint'))
      return { ...head, ...(checkpoint === undefined ? {} : { checkpoint }) }
    },
    async begin(head) {
      alive()
      const place = folderOf(folder, head.origin)
      if (await exists(join(place, 'head.json'))) return false
      try {
        await mkdir(place, { recursive: true, mode: 0o700 })
        await replaceFile(join(place, 'head.json'), JSON.stringify(head), openFile)
        // Each new name on the way down must survive as well.
        for (let up = dirname(place); up.startsWith(folder); up = dirname(up)) await syncFolder(up)
      } catch (error) {
        throw diskFailure(error)
      }
      return true
    },
    // Whoever holds the folder's lock has every chain.
    claim: async () => await Promise.resolve(),
    async *follow() {},
    append,
    async *read(origin, from, to = Number.POSITIVE_INFINITY) {
      const place = folderOf(folder, origin)
      let newest: Found | undefined
      for await (const found of readSegments(origin, place, from)) {
        const { frame } = found
        const records = frame.records.slice(Math.max(0, from - frame.from), to - frame.from)
        if (records.length > 0) yield records
        if (frame.from + frame.records.length >= to) return
        newest = found
      }
      if (to !== Number.POSITIVE_INFINITY) throw new Corrupt(origin, `Records before ${to} are missing`)
      if (newest !== undefined) await writeAgain(origin, place, newest)
    },
    async saveCheckpoint(origin, note) {
      alive()
      try {
        await replaceFile(join(folderOf(folder, origin), 'checkpoint'), note, openFile)
      } catch (error) {
        throw diskFailure(error)
      }
    },
    async saveNote(name, text) {
      alive()
      const place = join(folder, 'notes')
      try {
        await mkdir(place, { recursive: true, mode: 0o700 })
        await replaceFile(join(place, name), text, openFile)
        await syncFolder(folder)
      } catch (error) {
        throw diskFailure(error)
      }
    },
    async note(name) {
      return await readIfThere(join(folder, 'notes', name))
    },
    async key(name, make) {
      const path = join(folder, 'keys', `${name}.pem`)
      const stored = await readIfThere(path)
      if (stored !== undefined) return stored
      const made = make()
      await mkdir(join(folder, 'keys'), { recursive: true, mode: 0o700 })
      await replaceFile(path, made, openFile)
      await syncFolder(folder)
      return made
    },
    async release(origin) {
      const writer = writers.get(origin)
      writers.delete(origin)
      await writer?.file.close()
    },
    async probe() {
      alive()
      const path = join(folder, 'probe')
      try {
        const file = await openFile(path, 'w', 0o600)
        try {
          await writeAll(file, Buffer.alloc(1024 * 1024), 0)
          await file.datasync()
        } finally {
          await file.close()
          await unlink(path)
        }
      } catch (error) {
        throw diskFailure(error)
      }
    },
    async close() {
      const held = [...writers.values()]
      writers.clear()
      for (const { file } of held) await file.close()
      await unlock()
    },
  }
}

function folderOf(folder: string, origin: string): string {
  if (origin === registryOrigin) return join(folder, 'registry')
  const parts = partsOfOrigin(origin)
  if (parts === undefined) throw new TypeError('Not the origin of a chain')
  return join(folder, 'chains', parts.namespace, parts.server, parts.podUid, String(parts.restart))
}

/** Folders that hold a chain. One without a head was never begun: nobody was told of it. */
async function places(folder: string): Promise<string[]> {
  const found: string[] = []
  // Below our own names only: the root of a volume holds a lost+found that we may not read.
  for (const name of ['registry', 'chains']) {
    const place = join(folder, name)
    if (!(await exists(place))) continue
    const entries = await readdir(place, { recursive: true, withFileTypes: true })
    found.push(
      ...entries
        .filter((entry) => entry.isFile() && entry.name === 'head.json')
        .map((entry) => entry.parentPath),
    )
  }
  return found
}

/** Throws where the disk does not give it: what is there and was not read is not missing. */
async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw diskFailure(error)
  }
}

/** Undefined where there is none, or what is there is none. */
async function headIn(place: string): Promise<Head | undefined> {
  const text = await readIfThere(join(place, 'head.json'))
  if (text === undefined) return undefined
  try {
    const { origin, vkey } = JSON.parse(text) as Head
    return { origin, vkey }
  } catch {
    return undefined
  }
}

/** Throws where the disk does not say: what was taken for absent would be begun anew. */
async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw diskFailure(error)
  }
}

function diskFailure(cause: unknown): StoreFailed {
  if (cause instanceof StoreFailed) return cause
  return isFull(cause)
    ? new StoreFailed('disk-full', 'The collector’s volume is full: make it larger', { cause })
    : new StoreFailed('disk-failed', 'The collector’s volume refuses to write: see the node’s kernel log', {
        cause,
      })
}

// A simulated disk. While a writer runs, everything that it asks of its folder is written down: names, writes, truncations,
// syncs. From that, every state is made in which a power loss could have left the disk: what was synced is there; of what was
// not, any 512-byte sectors are, in any order, and any first part of the changes of names.

import fs from 'node:fs'
import { type FileHandle, mkdir, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join, relative } from 'node:path'
import type { Random } from '../sample/random.ts'

const sector = 512

type Event =
  | { kind: 'name'; path: string; file: number }
  | { kind: 'folder'; path: string }
  | { kind: 'unname'; path: string }
  | { kind: 'rename'; from: string; to: string }
  | { kind: 'write'; file: number; at: number; bytes: Buffer }
  | { kind: 'truncate'; file: number; to: number }
  | { kind: 'sync'; file: number }
  | { kind: 'sync names'; path: string }
  /** Somebody was told that something is kept. */
  | { kind: 'told'; what: string }

export type Recording = { events: Event[]; told: (what: string) => void; stop: () => void }

/** Writes down what is asked of files below `folder`, until `stop`. One recording at a time. */
export function record(folder: string): Recording {
  const events: Event[] = []
  const files = new Map<string, number>()
  let count = 0
  const promises = { ...fs.promises }
  const below = (path: unknown): string | undefined => {
    if (typeof path !== 'string') return undefined
    const rest = relative(folder, path)
    return rest.startsWith('..') ? undefined : rest
  }
  const opened = (handle: FileHandle, path: string, flags: string | number): FileHandle => {
    if (fs.fstatSync(handle.fd).isDirectory()) {
      const sync = handle.sync.bind(handle)
      handle.sync = async () => {
        await sync()
        events.push({ kind: 'sync names', path })
      }
      return handle
    }
    let file = files.get(path)
    if (file === undefined) {
      file = count++
      files.set(path, file)
      events.push({ kind: 'name', path, file })
    } else if (typeof flags === 'string' && flags.startsWith('w'))
      events.push({ kind: 'truncate', file, to: 0 })
    const inode = file
    const durable = typeof flags === 'number' && (flags & (fs.constants.O_DSYNC | fs.constants.O_SYNC)) !== 0
    const real = {
      write: handle.write.bind(handle),
      truncate: handle.truncate.bind(handle),
      sync: handle.sync.bind(handle),
      datasync: handle.datasync.bind(handle),
    }
    Object.assign(handle, {
      write: async (bytes: Buffer, offset: number, length: number, at: number) => {
        events.push({
          kind: 'write',
          file: inode,
          at,
          bytes: Buffer.from(bytes.subarray(offset, offset + length)),
        })
        const written = await real.write(bytes, offset, length, at)
        if (durable) events.push({ kind: 'sync', file: inode })
        return written
      },
      truncate: async (to: number) => {
        events.push({ kind: 'truncate', file: inode, to })
        await real.truncate(to)
      },
      sync: async () => {
        await real.sync()
        events.push({ kind: 'sync', file: inode })
      },
      datasync: async () => {
        await real.datasync()
        events.push({ kind: 'sync', file: inode })
      },
    })
    return handle
  }
  const patched: Partial<typeof fs.promises> = {
    open: async (path, flags = 'r', mode) => {
      const handle = await promises.open(path, flags, mode)
      const name = below(path)
      const reads = flags === 'r' && name !== undefined && fs.fstatSync(handle.fd).isFile()
      return name === undefined || reads ? handle : opened(handle, name, flags)
    },
    unlink: async (path) => {
      await promises.unlink(path)
      const name = below(path)
      if (name === undefined) return
      files.delete(name)
      events.push({ kind: 'unname', path: name })
    },
    rename: async (from, to) => {
      await promises.rename(from, to)
      const [before, after] = [below(from), below(to)]
      if (before === undefined || after === undefined) return
      files.set(after, files.get(before) as number)
      files.delete(before)
      events.push({ kind: 'rename', from: before, to: after })
    },
    mkdir: (async (path: string, options: object) => {
      const first = await promises.mkdir(path, options)
      const name = below(path)
      if (first !== undefined && name !== undefined) {
        const parts = name.split('/')
        for (let i = 1; i <= parts.length; i++)
          events.push({ kind: 'folder', path: parts.slice(0, i).join('/') })
      }
      return first
    }) as typeof fs.promises.mkdir,
  }
  Object.assign(fs.promises, patched)
  syncBuiltinESMExports()
  return {
    events,
    told: (what) => events.push({ kind: 'told', what }),
    stop: () => {
      Object.assign(fs.promises, promises)
      syncBuiltinESMExports()
    },
  }
}

type File = { durable: Buffer; pending: Exclude<Event, { kind: 'told' }>[] }

/**
 * How a file that grows comes out of a power loss. `any`: any sectors, any length. `ordered`: as ext4 and XFS do by default,
 * where bytes reach the disk before a length that covers them: a first part, or zeros.
 */
export type Growth = 'any' | 'ordered'

/** How much of what was not synced is there: nothing, everything, a first part, or any part. */
type Choice = 'nothing' | 'everything' | 'first part' | 'any part'
export const choices: readonly Choice[] = ['nothing', 'everything', 'first part', 'any part']

/** The disk after the first `until` events, as one of many power losses then leaves it. Path -> bytes; folders end in `/`. */
export function crashed(
  events: readonly Event[],
  until: number,
  choice: Choice,
  growth: Growth,
  random: Random,
): Map<string, Buffer> {
  const files = new Map<number, File>()
  const names: { names: Map<string, number>; folders: Set<string> } = { names: new Map(), folders: new Set() }
  let changes: Event[] = []
  for (const event of events.slice(0, until)) {
    if (event.kind === 'told') continue
    if (
      event.kind === 'name' ||
      event.kind === 'folder' ||
      event.kind === 'unname' ||
      event.kind === 'rename'
    ) {
      if (event.kind === 'name') files.set(event.file, { durable: Buffer.alloc(0), pending: [] })
      changes.push(event)
    } else if (event.kind === 'sync names') {
      // Names of one folder. In the order of the journal nothing before them is missing then.
      const last = changes.findLastIndex((change) => parentsOf(change).includes(event.path))
      for (const change of changes.slice(0, last + 1)) rename(names, change)
      changes = changes.slice(last + 1)
    } else if (event.kind === 'sync') {
      const file = files.get(event.file) as File
      file.durable = applied(file, 'everything', growth, random)
      file.pending = []
    } else files.get(event.file)?.pending.push(event)
  }
  const some =
    choice === 'everything' ? changes.length : choice === 'nothing' ? 0 : random.between(0, changes.length)
  for (const change of changes.slice(0, some)) rename(names, change)
  const left = new Map<string, Buffer>([...names.folders].map((path) => [`${path}/`, Buffer.alloc(0)]))
  for (const [path, file] of names.names)
    left.set(path, applied(files.get(file) as File, choice, growth, random))
  return left
}

function parentsOf(event: Event): string[] {
  if (event.kind === 'rename') return [parent(event.from), parent(event.to)]
  return 'path' in event ? [parent(event.path)] : []
}
const parent = (path: string): string => (dirname(path) === '.' ? '' : dirname(path))

function rename(
  { names, folders }: { names: Map<string, number>; folders: Set<string> },
  change: Event,
): void {
  if (change.kind === 'name') names.set(change.path, change.file)
  else if (change.kind === 'folder') folders.add(change.path)
  else if (change.kind === 'unname') names.delete(change.path)
  else if (change.kind === 'rename') {
    names.set(change.to, names.get(change.from) as number)
    names.delete(change.from)
  }
}

/** A file's bytes after a choice of what was not synced. */
function applied({ durable, pending }: File, choice: Choice, growth: Growth, random: Random): Buffer {
  if (choice === 'nothing' || pending.length === 0) return durable
  const truncated = pending.findLastIndex(({ kind }) => kind === 'truncate')
  let bytes = durable
  let rest = pending
  if (truncated >= 0 && (choice === 'everything' || random.next() < 0.5)) {
    bytes = resized(durable, (pending[truncated] as { to: number }).to)
    rest = pending.slice(truncated + 1)
  }
  const writes = rest.filter((event) => event.kind === 'write')
  const old = bytes.length
  const full = Math.max(old, ...writes.map(({ at, bytes: { length } }) => at + length))
  if (choice === 'everything') {
    bytes = resized(bytes, full)
    for (const { at, bytes: written } of writes) written.copy(bytes, at)
    return bytes
  }
  // Where it grows: up to the end of some sector, or all of it.
  const length =
    random.next() < 0.3
      ? full
      : Math.min(full, old + random.between(0, Math.ceil((full - old) / sector)) * sector)
  const zeros = growth === 'ordered' && random.next() < 0.3
  bytes = resized(bytes, length)
  const pieces = writes.flatMap(({ at, bytes: written }) => sectorsOf(at, written))
  // Sectors reach the disk in any order, and the last one of a place stays.
  const kept =
    choice === 'first part'
      ? pieces.slice(0, random.between(0, pieces.length))
      : shuffled(pieces, random).filter(() => random.next() < 0.5)
  for (const { at, bytes: written } of kept)
    if (at < old || growth === 'any') written.copy(bytes, at, 0, Math.max(0, length - at))
  if (growth === 'ordered')
    for (const { at, bytes: written } of pieces)
      if (at + written.length > old && !zeros) {
        const from = Math.max(at, old)
        written.copy(bytes, from, from - at, Math.max(from - at, Math.min(written.length, length - at)))
      }
  return bytes
}

function sectorsOf(at: number, bytes: Buffer): { at: number; bytes: Buffer }[] {
  const pieces: { at: number; bytes: Buffer }[] = []
  for (let from = at; from < at + bytes.length; ) {
    const to = Math.min(at + bytes.length, (Math.floor(from / sector) + 1) * sector)
    pieces.push({ at: from, bytes: bytes.subarray(from - at, to - at) })
    from = to
  }
  return pieces
}

export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, order: random.next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item)
}

function resized(bytes: Buffer, length: number): Buffer {
  const made = Buffer.alloc(length)
  bytes.copy(made, 0, 0, length)
  return made
}

/** Writes a disk as it was left into a folder. */
export async function lay(disk: ReadonlyMap<string, Buffer>, folder: string): Promise<void> {
  for (const [path, bytes] of disk) {
    const place = join(folder, path)
    await mkdir(path.endsWith('/') ? place : dirname(place), { recursive: true })
    if (!path.endsWith('/')) await writeFile(place, bytes)
  }
}

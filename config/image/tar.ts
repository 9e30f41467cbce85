// Tar archives that depend on their content alone: sorted, owned by root, dated 1970.

import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'

export type Entry = { path: string; mode: number } & (
  | { kind: 'folder' }
  | { kind: 'link'; target: string }
  | { kind: 'file'; bytes: Uint8Array }
  | { kind: 'file'; source: string; size: number }
)

/** A file of the archive whose content is given. */
export const fileEntry = (path: string, content: string | Uint8Array, mode = 0o644): Entry => ({
  path,
  mode,
  kind: 'file',
  bytes: typeof content === 'string' ? Buffer.from(content) : content,
})

export const linkEntry = (path: string, target: string): Entry => ({
  path,
  mode: 0o777,
  kind: 'link',
  target,
})

export const folderEntry = (path: string, mode = 0o755): Entry => ({ path, mode, kind: 'folder' })

/** A file of this machine as it is, but for its owner and time. */
export async function copiedEntry(path: string, source: string, mode?: number): Promise<Entry> {
  const { size, mode: seen } = await lstat(source)
  return { path, mode: mode ?? seen & 0o7777, kind: 'file', source, size }
}

/**
 * A folder's whole content under `prefix`. `keeps` is asked with each path below the folder; refusing a folder refuses
 * all in it. `uniform` gives files 0644 or 0755 and folders 0755, so that the maker's umask does not show.
 */
export async function entriesOf(
  folder: string,
  prefix: string,
  keeps: (path: string, isFolder: boolean) => boolean = () => true,
  uniform = false,
): Promise<Entry[]> {
  const found: Entry[] = []
  const walk = async (below: string): Promise<void> => {
    const items = await readdir(join(folder, below), { withFileTypes: true })
    for (const item of items) {
      const relative = below === '' ? item.name : `${below}/${item.name}`
      if (!keeps(relative, item.isDirectory())) continue
      const source = join(folder, relative)
      const path = prefix === '' ? relative : `${prefix}/${relative}`
      if (item.isSymbolicLink()) {
        found.push(linkEntry(path, await readlink(source)))
        continue
      }
      const { mode, size } = await lstat(source)
      const executable = (mode & 0o100) !== 0
      if (item.isDirectory()) {
        found.push(folderEntry(path, uniform ? 0o755 : mode & 0o7777))
        await walk(relative)
      } else if (item.isFile()) {
        found.push({
          path,
          kind: 'file',
          source,
          size,
          mode: uniform ? (executable ? 0o755 : 0o644) : mode & 0o7777,
        })
      }
    }
  }
  await walk('')
  return found
}

/** Sorts by path, adds the folders that paths need, and lets a later entry replace an earlier one of the same path. */
export function ordered(entries: readonly Entry[]): Entry[] {
  const byPath = new Map<string, Entry>()
  for (const entry of entries) {
    const parts = entry.path.split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join('/')
      if (!byPath.has(parent)) byPath.set(parent, folderEntry(parent))
    }
    byPath.set(entry.path, entry)
  }
  return [...byPath.values()].toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

/** The archive's bytes, in the entries' order. */
export async function* tar(entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    const name = entry.kind === 'folder' ? `${entry.path}/` : entry.path
    const target = entry.kind === 'link' ? entry.target : ''
    const long = { ...(fits(name) ? {} : { path: name }), ...(fits(target) ? {} : { linkpath: target }) }
    if (Object.keys(long).length > 0) {
      const records = Buffer.from(Object.entries(long).map(paxRecord).join(''))
      yield header('pax', 0o644, records.length, 'x', '')
      yield* padded(records)
    }
    switch (entry.kind) {
      case 'folder':
        yield header(name, entry.mode, 0, '5', '')
        break
      case 'link':
        yield header(name, entry.mode, 0, '2', target)
        break
      case 'file':
        yield* file(name, entry)
        break
    }
  }
  yield Buffer.alloc(1024)
}

async function* file(name: string, entry: Entry & { kind: 'file' }): AsyncGenerator<Uint8Array> {
  if ('bytes' in entry) {
    yield header(name, entry.mode, entry.bytes.length, '0', '')
    yield* padded(entry.bytes)
    return
  }
  yield header(name, entry.mode, entry.size, '0', '')
  let read = 0
  for await (const chunk of createReadStream(entry.source, { highWaterMark: 1 << 20 })) {
    read += (chunk as Buffer).length
    yield chunk as Buffer
  }
  if (read !== entry.size) throw new Error(`${entry.source} changed while it was packed: pack again`)
  yield Buffer.alloc(padding(read))
}

function* padded(bytes: Uint8Array): Generator<Uint8Array> {
  yield bytes
  yield Buffer.alloc(padding(bytes.length))
}

const padding = (size: number): number => (512 - (size % 512)) % 512

const fits = (name: string): boolean => Buffer.byteLength(name) <= 100

/** "LENGTH KEY=VALUE\n", where the length counts its own digits (POSIX pax). */
function paxRecord([key, value]: [string, string]): string {
  const rest = ` ${key}=${value}\n`
  let length = Buffer.byteLength(rest)
  while (String(length).length + Buffer.byteLength(rest) !== length) {
    length = String(length).length + Buffer.byteLength(rest)
  }
  return `${length}${rest}`
}

function header(name: string, mode: number, size: number, type: string, target: string): Buffer {
  const block = Buffer.alloc(512)
  const octal = (value: number, at: number, width: number): void => {
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1')
  }
  block.write(Buffer.from(name).subarray(0, 100).toString('latin1'), 0, 'latin1')
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  block.write('        ', 148, 'latin1')
  block.write(type, 156, 'latin1')
  block.write(Buffer.from(target).subarray(0, 100).toString('latin1'), 157, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

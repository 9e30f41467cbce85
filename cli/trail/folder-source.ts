// A trail in a folder, as `trail export` or `trail tiles` wrote it (cli/export-layout.ts).

import { createHash } from 'node:crypto'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseRecord } from '../../core/record.ts'
import { folderOfChain, recordFiles } from '../export-layout.ts'
import { manifestIn } from '../export-manifest.ts'
import { plainFile } from '../plain-file.ts'
import { recordsIn } from '../verify/chain-records.ts'
import type { TrailSource } from './source.ts'

/** Files that are open at one time for single records: a patient of six years may stand in thousands of chains. */
const openAtMost = 64

export function folderSource(folder: string): TrailSource {
  const files = new Map<string, FileHandle>()
  const place = (origin: string): string => join(folder, folderOfChain(origin))
  const fileOf = async (origin: string): Promise<FileHandle> => {
    const known = files.get(origin)
    if (known !== undefined) return known
    if (files.size >= openAtMost) {
      const [oldest, handle] = files.entries().next().value as [string, FileHandle]
      files.delete(oldest)
      await handle.close()
    }
    const opened = await open(join(place(origin), recordFiles.all))
    files.set(origin, opened)
    return opened
  }
  const file = async (origin: string): Promise<string | undefined> => {
    const [all, tiles, after] = await Promise.all(
      [recordFiles.all, recordFiles.tiles, recordFiles.after].map(
        async (name) => await stat(join(place(origin), name)).catch(() => undefined),
      ),
    )
    // What has both forms is read and complained of record by record.
    return all?.isFile() === true && tiles === undefined && after === undefined
      ? join(place(origin), recordFiles.all)
      : undefined
  }
  return {
    name: folder,
    async said() {
      const { server, witness, exported, chains } = await manifestIn(folder)
      return { server, witness, exported, origins: chains.map(({ origin }) => origin) }
    },
    async text(origin, what) {
      return (await plainFile(join(place(origin), what)))?.toString('utf8')
    },
    records: (origin, heard) => recordsIn(place(origin), heard),
    file,
    hasPlaces: async (origin) => (await file(origin)) !== undefined,
    async size(origins) {
      let bytes = 0
      for (const origin of origins)
        bytes += (await stat(join(place(origin), recordFiles.all)).catch(() => undefined))?.size ?? 0
      return bytes
    },
    async began(origin) {
      const lines = await file(origin)
      return lines === undefined ? -Infinity : await firstTime(lines)
    },
    async recordAt(origin, { from, length }) {
      try {
        const bytes = Buffer.alloc(length)
        const { bytesRead } = await (await fileOf(origin)).read(bytes, 0, length, from)
        return bytesRead === length ? bytes : undefined
      } catch {
        return undefined
      }
    },
    async strays(origins) {
      const wanted = new Set(origins.map(folderOfChain))
      const names = await readdir(join(folder, 'chains')).catch(() => [])
      return names
        .map((name) => `chains/${name}`)
        .filter((name) => !wanted.has(name))
        .map((where) => ({ where, says: 'the registry log does not register it for this server' }))
    },
    async state() {
      const parts = await Promise.all(
        ['manifest.json', 'registry/checkpoint'].map(
          async (name) => (await plainFile(join(folder, name))) ?? Buffer.alloc(0),
        ),
      )
      return createHash('sha256').update(Buffer.concat(parts)).digest('hex')
    },
    async close() {
      for (const handle of files.values()) await handle.close()
      files.clear()
    },
  }
}

async function firstTime(path: string): Promise<number> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    const end = buffer.indexOf(0x0a)
    return Date.parse(parseRecord(buffer.subarray(0, end < 0 ? bytesRead : end)).at)
  } catch {
    return -Infinity
  } finally {
    await file?.close()
  }
}

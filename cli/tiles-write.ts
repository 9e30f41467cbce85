// Makes a C2SP tlog-tiles log of every chain of a trail, and of its registry log, in a new folder.

import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Checkpoint, parseNote } from '../core/checkpoint.ts'
import { type Tile, TileBuilder } from '../core/tiles.ts'
import { CannotError } from './command.ts'
import { folderOfChain, type Manifest, manifestSchema, recordFiles } from './export-layout.ts'
import type { Line, TrailSource } from './trail/source.ts'
import { wholeFolder } from './whole-folder.ts'

/** `size`: entries in tiles; `after`: records that came after the checkpoint, which no tile holds. */
export type TilesLog = { origin: string; folder: string; size: number; after: number }

/**
 * Resolves when everything is there under `to`. Rejects with `CannotError`, and leaves nothing, where the records of a chain
 * are not those of its checkpoint. `read` is told of every record.
 */
export async function writeTiles(source: TrailSource, to: string, read: () => void): Promise<TilesLog[]> {
  const { server, witness, origins, exported = '' } = await source.said()
  return await wholeFolder(to, async (partial) => {
    const logs: TilesLog[] = []
    for (const origin of origins) {
      const folder = folderOfChain(origin)
      logs.push({ origin, folder, ...(await writeLog(source, origin, join(partial, folder), read)) })
    }
    const chains = logs.map(({ origin, folder, size, after }) => ({ origin, folder, records: size + after }))
    const manifest: Manifest = { schema: manifestSchema, server, exported, witness, chains }
    await writeFile(join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    return logs
  })
}

async function writeLog(
  source: TrailSource,
  origin: string,
  to: string,
  read: () => void,
): Promise<{ size: number; after: number }> {
  await mkdir(to, { recursive: true })
  const vkey = await source.text(origin, 'vkey')
  if (vkey === undefined)
    throw new CannotError(`${source.name} has no key of ${origin}. See what hipaa-mcp verify says`)
  await writeFile(join(to, 'vkey'), vkey)
  // The registry log's head as witnesses outside know it.
  const witnessed = await source.text(origin, 'witnessed')
  if (witnessed !== undefined) await writeFile(join(to, 'witnessed'), witnessed)
  const note = await source.text(origin, 'checkpoint')
  const checkpoint = note === undefined ? undefined : checkpointOf(note, origin)
  const size = checkpoint?.size ?? 0
  const builder = new TileBuilder()
  const records = source.records(origin, {
    wrong: (says) => {
      throw new CannotError(`${origin}: ${says}. See what hipaa-mcp verify says`)
    },
  })
  const write = tileWriter(to)
  while (builder.size < size) {
    const { value, done } = await records.next()
    if (done === true) break
    await write(builder.append(whole(value, origin).bytes))
    read()
  }
  if (note !== undefined && checkpoint !== undefined) {
    if (builder.size !== size || !builder.root().equals(checkpoint.root))
      throw new CannotError(
        `${origin}: its records are not those of its checkpoint. See what hipaa-mcp verify says`,
      )
    await write(builder.finish())
    await writeFile(join(to, 'checkpoint'), note)
  }
  return { size, after: await writeRest(records, { origin, to }, read) }
}

/** What no checkpoint covers yet has no place in tiles, and is not left out. Resolves to how many records there are. */
async function writeRest(
  records: AsyncGenerator<Line>,
  { origin, to }: { origin: string; to: string },
  read: () => void,
): Promise<number> {
  const first = await records.next()
  if (first.done === true) return 0
  let after = 0
  async function* lines(): AsyncGenerator<Buffer> {
    for (let next = first; next.done !== true; next = await records.next()) {
      after += 1
      read()
      yield Buffer.concat([whole(next.value, origin).bytes, newline])
    }
  }
  await pipeline(lines(), createWriteStream(join(to, recordFiles.after)))
  return after
}

const newline = Buffer.from('\n')

function whole(line: Line, origin: string): Line {
  if (line.ended) return line
  throw new CannotError(`${origin}: its last record is cut off. See what hipaa-mcp verify says`)
}

function checkpointOf(note: string, origin: string): Checkpoint {
  try {
    return parseNote(note).checkpoint
  } catch {
    throw new CannotError(`${origin}: its checkpoint is no signed note. See what hipaa-mcp verify says`)
  }
}

/** Writes each resource under its path, and makes a folder once. */
function tileWriter(to: string): (tiles: readonly Tile[]) => Promise<void> {
  const made = new Map<string, string>()
  return async (tiles) => {
    for (const { path, bytes } of tiles) {
      const file = join(to, path)
      const folder = dirname(file)
      // One a level is enough to remember: paths of a level come in order.
      const level = path.split('/')[1] as string
      if (made.get(level) !== folder) await mkdir(folder, { recursive: true })
      made.set(level, folder)
      await writeFile(file, bytes)
    }
  }
}

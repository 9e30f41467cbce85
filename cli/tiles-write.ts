// Makes a C2SP tlog-tiles log of every chain of an export, and of its registry log, in a new folder. The folder gets its name
// last: what was cut off never looks complete.

import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Checkpoint, parseNote } from '../core/checkpoint.ts'
import { type Tile, TileBuilder } from '../core/tiles.ts'
import { CannotError } from './command.ts'
import { folderOfChain, recordFiles } from './export-layout.ts'
import { manifestIn } from './export-manifest.ts'
import { emptyOrAbsent } from './export-write.ts'
import { type Line, recordsIn } from './verify/chain-records.ts'

/** `size`: entries in tiles; `after`: records that came after the checkpoint, which no tile holds. */
export type TilesLog = { origin: string; folder: string; size: number; after: number }

/**
 * Resolves when everything is there under `to`. Rejects with `CannotError`, and leaves nothing, where the records of a chain
 * are not those of its checkpoint. `read` is told of every record.
 */
export async function writeTiles(from: string, to: string, read: () => void): Promise<TilesLog[]> {
  const target = resolve(to)
  const manifest = await manifestIn(from)
  await emptyOrAbsent(target, to)
  await mkdir(dirname(target), { recursive: true })
  const partial = `${target}.partial`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial)
  try {
    const logs: TilesLog[] = []
    for (const { origin } of manifest.chains) {
      const folder = folderOfChain(origin)
      const place = { from: join(from, folder), to: join(partial, folder) }
      logs.push({ origin, folder, ...(await writeLog(place, read)) })
    }
    await writeFile(join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    await rm(target, { recursive: true, force: true })
    await rename(partial, target)
    return logs
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

type Place = { from: string; to: string }

async function writeLog({ from, to }: Place, read: () => void): Promise<{ size: number; after: number }> {
  await mkdir(to, { recursive: true })
  await writeFile(join(to, 'vkey'), await textIn(from, 'vkey'))
  // The registry log's head as witnesses outside know it.
  const witnessed = await textIn(from, 'witnessed', '')
  if (witnessed !== '') await writeFile(join(to, 'witnessed'), witnessed)
  const note = await textIn(from, 'checkpoint', '')
  const checkpoint = note === '' ? undefined : checkpointOf(note, from)
  const size = checkpoint?.size ?? 0
  const builder = new TileBuilder()
  const records = recordsIn(from, {
    wrong: (says) => {
      throw new CannotError(`${from}: ${says}. See what hipaa-mcp verify says`)
    },
  })
  const write = tileWriter(to)
  while (builder.size < size) {
    const { value, done } = await records.next()
    if (done === true) break
    await write(builder.append(whole(value, from).bytes))
    read()
  }
  if (checkpoint !== undefined) {
    if (builder.size !== size || !builder.root().equals(checkpoint.root))
      throw new CannotError(
        `${from}: its records are not those of its checkpoint. See what hipaa-mcp verify says`,
      )
    await write(builder.finish())
    await writeFile(join(to, 'checkpoint'), note)
  }
  return { size, after: await writeRest(records, { from, to }, read) }
}

/** What no checkpoint covers yet has no place in tiles, and is not left out. Resolves to how many records there are. */
async function writeRest(
  records: AsyncGenerator<Line>,
  { from, to }: Place,
  read: () => void,
): Promise<number> {
  const first = await records.next()
  if (first.done === true) return 0
  let after = 0
  async function* lines(): AsyncGenerator<Buffer> {
    for (let next = first; next.done !== true; next = await records.next()) {
      after += 1
      read()
      yield Buffer.concat([whole(next.value, from).bytes, newline])
    }
  }
  await pipeline(lines(), createWriteStream(join(to, recordFiles.after)))
  return after
}

const newline = Buffer.from('\n')

function whole(line: Line, from: string): Line {
  if (line.ended) return line
  throw new CannotError(`${from}: its last record is cut off. See what hipaa-mcp verify says`)
}

function checkpointOf(note: string, from: string): Checkpoint {
  try {
    return parseNote(note).checkpoint
  } catch {
    throw new CannotError(`${from}: its checkpoint is no signed note. See what hipaa-mcp verify says`)
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

/** `otherwise` where the file is absent; without it that is a fault. */
async function textIn(folder: string, name: string, otherwise?: string): Promise<string> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => otherwise)
  if (text === undefined)
    throw new CannotError(
      `${join(folder, name)} cannot be read, and manifest.json names that chain. See what hipaa-mcp verify says`,
    )
  return text
}

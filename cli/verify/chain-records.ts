// The records of one chain in order, whichever form its folder has: a file of lines (`trail export`), or the tiles of a C2SP
// tlog-tiles log (`trail tiles`). Tiles are believed as little as anything else: each is made anew from the entries.

import type { Stats } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseNote } from '../../core/checkpoint.ts'
import { bundlesOf, entriesIn, type Tile, TileBuilder } from '../../core/tiles.ts'
import { recordFiles } from '../export-layout.ts'
import { plainFile } from '../plain-file.ts'
import type { Heard, Line } from '../trail/source.ts'
import { linesOf } from './lines.ts'

/** Streams the records in `folder`; nothing where there are none. */
export async function* recordsIn(folder: string, heard: Heard = {}): AsyncGenerator<Line> {
  const { found = () => undefined } = heard
  const wrong = firstFew(heard.wrong ?? (() => undefined))
  // A pipe under such a name would be waited for without an end.
  const [all, tile, after] = await Promise.all([
    isThere(join(folder, recordFiles.all), (found) => found.isFile()),
    isThere(join(folder, recordFiles.tiles), (found) => found.isDirectory()),
    isThere(join(folder, recordFiles.after), (found) => found.isFile()),
  ])
  if (all || tile || after) found()
  if (all && (tile || after)) wrong(`it has both ${recordFiles.all} and tiles: only the former was looked at`)
  if (all) yield* linesOf(join(folder, recordFiles.all))
  else {
    if (tile) yield* entriesOf(folder, wrong)
    if (after) yield* linesOf(join(folder, recordFiles.after))
  }
}

/** More of one kind tell nothing new. */
const findingsAtMost = 20

function firstFew(say: (says: string) => void): (says: string) => void {
  let said = 0
  return (says) => {
    if (said++ < findingsAtMost) say(says)
  }
}

/** What the checkpoint covers, with every tile of it compared. Ends early where a bundle is missing or none. */
async function* entriesOf(folder: string, wrong: (says: string) => void): AsyncGenerator<Line> {
  const size = await sizeIn(folder)
  if (size === undefined) {
    wrong('it has tiles and no checkpoint that says how many')
    return
  }
  const builder = new TileBuilder()
  let resources = 0
  const compare = async (tiles: readonly Tile[]): Promise<void> => {
    for (const { path, bytes } of tiles) {
      resources += 1
      if (path.startsWith('tile/entries/')) continue
      const here = await bytesIn(folder, path)
      if (here === undefined) wrong(`${path} is missing`)
      else if (!here.equals(bytes)) wrong(`${path} is not the tile of its entries`)
    }
  }
  for (const { path, width } of bundlesOf(size)) {
    const bundle = await bytesIn(folder, path)
    if (bundle === undefined) {
      wrong(`${path} is missing`)
      return
    }
    let entries: Buffer[]
    try {
      entries = entriesIn(bundle, width)
    } catch {
      wrong(`${path} is not a bundle of exactly ${width} entries`)
      return
    }
    for (const bytes of entries) {
      await compare(builder.append(bytes))
      yield { bytes, ended: true }
    }
  }
  await compare(builder.finish())
  const there = await filesBelow(join(folder, recordFiles.tiles))
  if (there > resources)
    wrong(`${there - resources} of its files are no tiles of the tree of ${size} entries`)
}

async function sizeIn(folder: string): Promise<number | undefined> {
  const note = await plainFile(join(folder, 'checkpoint'))
  try {
    return note === undefined ? undefined : parseNote(note.toString('utf8')).checkpoint.size
  } catch {
    return undefined
  }
}

/** How many files there are, without holding their names. */
async function filesBelow(folder: string): Promise<number> {
  let files = 0
  for await (const entry of await opendir(folder, { recursive: true })) if (!entry.isDirectory()) files += 1
  return files
}

async function bytesIn(folder: string, path: string): Promise<Buffer | undefined> {
  return await plainFile(join(folder, path))
}

async function isThere(path: string, asWanted: (found: Stats) => boolean): Promise<boolean> {
  return await stat(path).then(asWanted, () => false)
}

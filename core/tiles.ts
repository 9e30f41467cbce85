// A log as C2SP tlog-tiles serves it (https://c2sp.org/tlog-tiles): Merkle hashes of every eighth level of the tree, and the
// entries, in resources of 256 each. One checkpoint's tiles are made while its entries stream past.

import { emptyRoot, type Hash, leafHash, rootOf } from './merkle.ts'

/** Hashes in a full tile, and entries in a full bundle. */
const tileWidth = 256

/** `path` is relative to the log's prefix; `bytes` are the whole resource. */
export type Tile = { path: string; bytes: Buffer }

/** `tile/<L>/<N>[.p/<W>]`, or for entries `tile/entries/<N>[.p/<W>]`. `width`: 256, or fewer at the right edge. */
export function tilePath(level: number | 'entries', index: number, width: number): string {
  const groups = [String(index % 1000).padStart(3, '0')]
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`)
  return `tile/${level}/${groups.join('/')}${width === tileWidth ? '' : `.p/${width}`}`
}

/** Every bundle of a log of `size` entries, in order, with how many entries it holds. */
export function* bundlesOf(size: number): Generator<{ path: string; width: number }> {
  for (let index = 0; index * tileWidth < size; index++) {
    const width = Math.min(tileWidth, size - index * tileWidth)
    yield { path: tilePath('entries', index, width), width }
  }
}

/** Grows the tiles of a log by one entry at a time. Holds at most one unfinished tile a level, and one bundle. */
export class TileBuilder {
  readonly #levels: { index: number; hashes: Hash[] }[] = []
  #bundle: Buffer[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Of the tree over all entries so far. */
  root(): Hash {
    // What stands at a level's right edge is the last, smaller subtree of the level above.
    let right: Hash[] = []
    for (const { hashes } of this.#levels) {
      const all = [...hashes, ...right]
      right = all.length === 0 ? [] : [rootOf(all)]
    }
    return right[0] ?? emptyRoot
  }

  /** Adds an entry of at most 65,535 bytes. Returns the resources that are full by it. */
  append(entry: Uint8Array): Tile[] {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(entry.length)
    this.#bundle.push(length, Buffer.from(entry))
    let hash = leafHash(entry)
    this.#size += 1
    const full: Tile[] = []
    if (this.size % tileWidth === 0) full.push(this.#endBundle())
    for (let level = 0; ; level++) {
      const tile = (this.#levels[level] ??= { index: 0, hashes: [] })
      tile.hashes.push(hash)
      if (tile.hashes.length < tileWidth) return full
      full.push({ path: tilePath(level, tile.index, tileWidth), bytes: Buffer.concat(tile.hashes) })
      // A full tile is one hash of the level above; a partial one is none.
      hash = rootOf(tile.hashes)
      this.#levels[level] = { index: tile.index + 1, hashes: [] }
    }
  }

  /** The partial resources at the right edge. */
  finish(): Tile[] {
    const partial = this.#levels.flatMap(({ index, hashes }, level) =>
      hashes.length === 0
        ? []
        : [{ path: tilePath(level, index, hashes.length), bytes: Buffer.concat(hashes) }],
    )
    return this.#bundle.length === 0 ? partial : [this.#endBundle(), ...partial]
  }

  #endBundle(): Tile {
    const width = this.#bundle.length / 2
    const index = Math.ceil(this.size / tileWidth) - 1
    const bytes = Buffer.concat(this.#bundle)
    this.#bundle = []
    return { path: tilePath('entries', index, width), bytes }
  }
}

/** The entries of a bundle. Throws unless it holds exactly `width` and nothing besides. */
export function entriesIn(bundle: Buffer, width: number): Buffer[] {
  const entries: Buffer[] = []
  let at = 0
  while (entries.length < width && at + 2 <= bundle.length) {
    const end = at + 2 + bundle.readUInt16BE(at)
    if (end > bundle.length) break
    entries.push(bundle.subarray(at + 2, end))
    at = end
  }
  if (entries.length !== width || at !== bundle.length)
    throw new RangeError(`Not a bundle of exactly ${width} entries`)
  return entries
}

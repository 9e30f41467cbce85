// What may have been done to a log that lies there as tiles. Two verifiers, ours and one that we did not write, must each
// refuse all of it.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cosign, type NoteKey, signCheckpoint } from '../../../core/checkpoint.ts'
import { parseRecord, recordBytes } from '../../../core/record.ts'
import { bundlesOf, entriesIn, TileBuilder } from '../../../core/tiles.ts'
import { pathIn } from '../an-export.ts'
import type { LongTrail } from './a-long-trail.ts'

/** `place`: folder of the long chain among the tiles, which is changed; `early`: that of its earlier export. */
type Tiled = LongTrail & { tiles: string; place: string; early: string }

type Mutation = {
  title: string
  change: (made: Tiled) => void
  /** What `hipaa-mcp verify` finds, and what the independent verifier says. */
  found: RegExp
  refused: RegExp
  /** Kept from before: the checkpoint of the early export unless it says the newest. */
  kept?: 'newest'
}

const changed = (path: string, change: (bytes: Buffer) => Buffer): void =>
  writeFileSync(path, change(readFileSync(path)))

/** Turns one bit. */
const flip = (path: string, at: number): void =>
  changed(path, (bytes) => {
    bytes[at] = (bytes[at] as number) ^ 1
    return bytes
  })

const entriesOf = (place: string): Buffer[] =>
  [...bundlesOf(700)].flatMap(({ path, width }) => entriesIn(readFileSync(join(place, path)), width))

/** All tiles anew, as they are for other entries. */
function rewrite(place: string, entries: readonly Buffer[]): Buffer {
  rmSync(join(place, 'tile'), { recursive: true })
  const builder = new TileBuilder()
  const tiles = [...entries.flatMap((entry) => builder.append(entry)), ...builder.finish()]
  for (const { path, bytes } of tiles) {
    mkdirSync(dirname(join(place, path)), { recursive: true })
    writeFileSync(join(place, path), bytes)
  }
  return builder.root()
}

/** Another record in the place of one, as valid as it. */
const other = (entry: Buffer): Buffer =>
  recordBytes({ ...parseRecord(entry), at: '2026-09-21T17:00:00.000Z' })

/** A checkpoint as the process that owns the log signs it, and the witness too: whoever has both of their keys. */
const signed = ({ long, keys }: Tiled, origin: string, root: Buffer): string => {
  const checkpoint = { origin, size: 700, root }
  const log: NoteKey = { name: long.origin, kind: 'ed25519', key: long.key }
  return signCheckpoint(checkpoint, log) + cosign(checkpoint, keys.witness, 1_790_000_100)
}

/** The lines of a note's signatures that hold, or do not hold, this word. */
const strip = (place: string, drop: (signature: string) => boolean): void =>
  changed(join(place, 'checkpoint'), (bytes) => {
    const [body, signatures] = String(bytes).split('\n\n') as [string, string]
    const kept = signatures.split('\n').filter((line) => line !== '' && !drop(line))
    return Buffer.from(`${body}\n\n${kept.join('\n')}\n`)
  })

export const mutations: readonly Mutation[] = [
  {
    title: 'one bit of an entry',
    change: ({ place }) => flip(join(place, 'tile/entries/001'), 500),
    found: /is not the tile of its entries|it was changed/,
    refused: /entry \d+ is not what its tile says/,
  },
  {
    title: 'one bit of a tile of leaf hashes',
    change: ({ place }) => flip(join(place, 'tile/0/001'), 100),
    found: /tile\/0\/001 is not the tile of its entries/,
    refused: /downloaded inconsistent tile/,
  },
  {
    title: 'one bit of a tile above',
    change: ({ place }) => flip(join(place, 'tile/1/000.p/2'), 40),
    found: /tile\/1\/000\.p\/2 is not the tile of its entries/,
    refused: /downloaded inconsistent tile/,
  },
  {
    title: 'the root of the checkpoint',
    change: ({ place }) =>
      changed(join(place, 'checkpoint'), (note) => {
        const lines = String(note).split('\n')
        lines[2] = Buffer.alloc(32, 7).toString('base64')
        return Buffer.from(lines.join('\n'))
      }),
    found: /not signed by the key/,
    refused: /invalid signature/,
  },
  {
    title: 'the size of the checkpoint',
    change: ({ place }) =>
      changed(join(place, 'checkpoint'), (note) => Buffer.from(String(note).replace('\n700\n', '\n699\n'))),
    found: /not signed by the key/,
    refused: /invalid signature/,
  },
  {
    title: 'one bit of the signature',
    change: ({ place }) => {
      const at = readFileSync(join(place, 'checkpoint')).indexOf('\n\n')
      // Past the dash, the name and the key's hash: in the signature itself.
      changed(join(place, 'checkpoint'), (note) => {
        const from = note.indexOf(' ', note.indexOf(' ', at) + 1) + 20
        note[from] = note[from] === 0x41 ? 0x42 : 0x41
        return note
      })
    },
    found: /not signed by the key/,
    refused: /invalid signature/,
  },
  {
    title: 'the signature of the log stripped off',
    change: ({ place }) => strip(place, (line) => !line.includes('/witness ')),
    found: /not signed by the key/,
    refused: /note has no verifiable signatures|not signed by/,
  },
  {
    title: 'the cosignature of the witness stripped off',
    change: ({ place }) => strip(place, (line) => line.includes('/witness ')),
    found: /not cosigned by the witness/,
    refused: /not signed by hipaa-mcp\.dev\/witness/,
  },
  {
    title: 'the key of another log',
    change: ({ place, tiles, short }) =>
      writeFileSync(join(place, 'vkey'), readFileSync(pathIn(tiles, short.origin, 'vkey'))),
    found: /its key is not the one that the registry log names/,
    refused: /note has no verifiable signatures|not signed by/,
  },
  {
    title: 'the checkpoint of another origin, signed by its own key',
    change: (made) =>
      changed(join(made.place, 'checkpoint'), (note) => {
        const root = Buffer.from(String(note).split('\n')[2] as string, 'base64')
        return Buffer.from(signed(made, made.short.origin, root))
      }),
    found: /that of another chain/,
    refused: /the checkpoint is that of/,
  },
  {
    title: 'a tail cut off',
    change: ({ place }) =>
      changed(join(place, 'tile/entries/002.p/188'), (bundle) => {
        const last = entriesIn(bundle, 188).at(-1)?.length ?? 0
        return bundle.subarray(0, bundle.length - last - 2)
      }),
    found: /tile\/entries\/002\.p\/188 is not a bundle of exactly 188 entries/,
    refused: /does not hold exactly 188 entries/,
  },
  {
    title: 'a tail cut off, and the checkpoint of that time put back',
    change: ({ place, early, long }) => {
      rewrite(place, entriesOf(place).slice(0, 300))
      writeFileSync(join(place, 'checkpoint'), readFileSync(pathIn(early, long.origin, 'checkpoint')))
      rmSync(join(place, 'after-checkpoint.ndjson'))
    },
    found: /it is truncated/,
    refused: /the earlier checkpoint covers 700 entries, there are 300/,
    kept: 'newest',
  },
  {
    title: 'an entry dropped and one put at the end, with tiles that fit',
    change: ({ place, long }) =>
      void rewrite(place, [...entriesOf(place).toSpliced(10, 1), other(long.records[699] as Buffer)]),
    found: /are not what/,
    refused: /downloaded inconsistent tile/,
  },
  {
    title: 'two entries swapped, with tiles that fit',
    change: ({ place }) => {
      const all = entriesOf(place)
      rewrite(place, all.with(20, all[30] as Buffer).with(30, all[20] as Buffer))
    },
    found: /are not what/,
    refused: /downloaded inconsistent tile/,
  },
  {
    title: 'an entry doubled, with tiles that fit',
    change: ({ place }) => {
      const all = entriesOf(place)
      rewrite(place, all.toSpliced(40, 0, all[40] as Buffer).slice(0, 700))
    },
    found: /are not what/,
    refused: /downloaded inconsistent tile/,
  },
  {
    title: 'an old entry rewritten, and all of it signed and cosigned anew: a fork',
    change: (made) => {
      const all = entriesOf(made.place)
      const root = rewrite(made.place, all.with(100, other(all[100] as Buffer)))
      writeFileSync(join(made.place, 'checkpoint'), signed(made, made.long.origin, root))
    },
    found: /rewritten or forked/,
    refused: /did not grow out of the earlier checkpoint/,
  },
  {
    title: 'a partial tile with one hash too many',
    change: ({ place }) =>
      changed(join(place, 'tile/0/002.p/188'), (tile) => Buffer.concat([tile, tile.subarray(0, 32)])),
    found: /tile\/0\/002\.p\/188 is not the tile of its entries/,
    refused: /6048 bytes, want 188 hashes/,
  },
  {
    title: 'a bundle with an entry too many',
    change: ({ place }) =>
      changed(join(place, 'tile/entries/000'), (bundle) => Buffer.concat([bundle, Buffer.from([0, 1, 97])])),
    found: /tile\/entries\/000 is not a bundle of exactly 256 entries/,
    refused: /does not hold exactly 256 entries/,
  },
  {
    title: 'a tile taken away',
    change: ({ place }) => rmSync(join(place, 'tile/0/000')),
    found: /tile\/0\/000 is missing/,
    refused: /no such file/,
  },
]

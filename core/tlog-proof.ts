// That one record is in a log, as a file that is verified offline: C2SP tlog-proof (https://c2sp.org/tlog-proof), with the
// record itself as its extra data, so that nothing else is needed but the keys that are trusted. Where only the registry log
// covers the record, the proof is that of its mark there, and the extra data leads from the mark to the record.

import { strictBase64 } from './base64.ts'
import { type Checkpoint, parseNote } from './checkpoint.ts'
import { coveredIn, placeIn } from './covered-record.ts'
import { type Hash, leafHash } from './merkle.ts'
import { verifyInclusion } from './merkle-proof.ts'
import { registryOrigin } from './wire.ts'

const firstLine = 'c2sp.org/tlog-proof@v1'

export type TlogProof = {
  /** The record's bytes, or a `CoveredRecord`. Nobody signed them where they stand: the path does it, from a hash on. */
  extra: Buffer
  index: number
  /** From the leaf's sibling to the root's child (RFC 6962 2.1.1). */
  path: readonly Hash[]
  /** The checkpoint as it was signed and cosigned. */
  note: string
}

/** The text of a proof. */
export function formatProof({ extra, index, path, note }: TlogProof): string {
  const lines = [
    firstLine,
    `extra ${extra.toString('base64')}`,
    `index ${index}`,
    ...path.map((hash) => hash.toString('base64')),
  ]
  return `${lines.join('\n')}\n\n${note}`
}

/** Reads a proof, nothing of it verified. Throws on anything malformed, and on one that lacks its record. */
export function parseProof(text: string): TlogProof {
  const at = text.indexOf('\n\n')
  const [first, second, index, ...hashes] = text.slice(0, Math.max(0, at)).split('\n')
  if (first !== firstLine) throw new TypeError(`Not a proof: its first line is not ${firstLine}`)
  const extra = /^extra ([A-Za-z0-9+/]+={0,2})$/.exec(second ?? '')?.[1]
  if (extra === undefined) throw new TypeError('Not a proof with its record: want a line extra')
  const number = /^index (0|[1-9][0-9]*)$/.exec(index ?? '')?.[1]
  if (number === undefined || !Number.isSafeInteger(Number(number)))
    throw new TypeError('Not a proof: want a line index')
  return {
    extra: strictBase64(extra),
    index: Number(number),
    path: hashes.map((hash) => {
      const bytes = strictBase64(hash)
      if (bytes.length !== 32) throw new TypeError('Not a proof: a hash has 32 bytes')
      return bytes
    }),
    note: text.slice(at + 2),
  }
}

export type Proven = {
  checkpoint: Checkpoint
  record: Buffer
  /** Where the record is, of a chain of so many records. */
  place: { origin: string; index: number; size: number }
  /** Index of the mark in the registry log, where that covers the record. */
  mark?: number
}

/** What a proof shows; undefined when something in it is not where it says. No signature is looked at. */
export function provenIn({ extra, index, path, note }: TlogProof): Proven | undefined {
  const { checkpoint } = parseNote(note)
  const { origin, size, root } = checkpoint
  const covered = coveredIn(extra)
  const leaf = leafHash(covered === undefined ? extra : Buffer.from(covered.mark))
  if (!verifyInclusion(leaf, index, size, path, root)) return undefined
  if (covered === undefined) return { checkpoint, record: extra, place: { origin, index, size } }
  // In any other log nobody saw to it that such a record says what is so.
  const place = origin === registryOrigin ? placeIn(covered) : undefined
  return place === undefined
    ? undefined
    : { checkpoint, record: Buffer.from(covered.record), place, mark: index }
}

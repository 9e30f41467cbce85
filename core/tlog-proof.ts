// That one record is in a log, as a file that is verified offline: C2SP tlog-proof (https://c2sp.org/tlog-proof), with the
// record itself as its extra data, so that nothing else is needed but the keys that are trusted.

import { strictBase64 } from './base64.ts'
import { type Checkpoint, parseNote } from './checkpoint.ts'
import { type Hash, leafHash } from './merkle.ts'
import { verifyInclusion } from './merkle-proof.ts'

const firstLine = 'c2sp.org/tlog-proof@v1'

export type TlogProof = {
  /** The record's bytes. Nobody signed them where they stand: the path does it, from their hash on. */
  record: Buffer
  index: number
  /** From the leaf's sibling to the root's child (RFC 6962 2.1.1). */
  path: readonly Hash[]
  /** The checkpoint as it was signed and cosigned. */
  note: string
}

/** The text of a proof. */
export function formatProof({ record, index, path, note }: TlogProof): string {
  const lines = [
    firstLine,
    `extra ${record.toString('base64')}`,
    `index ${index}`,
    ...path.map((hash) => hash.toString('base64')),
  ]
  return `${lines.join('\n')}\n\n${note}`
}

/** Reads a proof, nothing of it verified. Throws on anything malformed, and on one that lacks its record. */
export function parseProof(text: string): TlogProof {
  const at = text.indexOf('\n\n')
  const [first, extra, index, ...hashes] = text.slice(0, Math.max(0, at)).split('\n')
  if (first !== firstLine) throw new TypeError(`Not a proof: its first line is not ${firstLine}`)
  const record = /^extra ([A-Za-z0-9+/]+={0,2})$/.exec(extra ?? '')?.[1]
  if (record === undefined) throw new TypeError('Not a proof with its record: want a line extra')
  const number = /^index (0|[1-9][0-9]*)$/.exec(index ?? '')?.[1]
  if (number === undefined || !Number.isSafeInteger(Number(number)))
    throw new TypeError('Not a proof: want a line index')
  return {
    record: strictBase64(record),
    index: Number(number),
    path: hashes.map((hash) => {
      const bytes = strictBase64(hash)
      if (bytes.length !== 32) throw new TypeError('Not a proof: a hash has 32 bytes')
      return bytes
    }),
    note: text.slice(at + 2),
  }
}

/** The checkpoint, when the record is where the proof says; undefined when it is not. No signature is looked at. */
export function provenIn({ record, index, path, note }: TlogProof): Checkpoint | undefined {
  const { checkpoint } = parseNote(note)
  const { size, root } = checkpoint
  return verifyInclusion(leafHash(record), index, size, path, root) ? checkpoint : undefined
}

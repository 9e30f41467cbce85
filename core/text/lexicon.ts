// What is known of a word: what public lists say of it (a first name, a surname, a place, a word of English or of medicine), and
// which closed classes it is in. The lists are packed as hashes (lexica/README.md: sources and licences), since only "is it
// in" is asked.

import { classes as closedClasses } from './classes.ts'
import { cues as formCues } from './cues.ts'
import packed from './lexica/words.json' with { type: 'json' }

/** What a word may be; one word may be several. */
export const first = 1
export const surname = 2
export const place = 4
export const english = 8
export const medical = 16
/** A first name or surname that many people bear. */
export const frequent = 32
/** Among the words that most texts are made of. */
export const everyday = 64
/** A surname that diseases, signs or tests are named after. */
export const eponym = 128

/** 30 bits: of five thousand words that no list has, one is taken for one of them. */
const hashBits = 0x3f_ff_ff_ff

/** FNV-1a over small letters. */
const hashStart = 0x81_1c_9d_c5 | 0

function hashWith(hash: number, smallLetter: number): number {
  return Math.imul(hash ^ smallLetter, 0x01_00_01_93)
}

/** The lowest bits of this hash are its weakest: fold the highest in. */
function hashEnd(hash: number): number {
  return (hash ^ (hash >>> 15)) & hashBits
}

/** In place: no word is cut out of its text for being looked up. */
export function wordHash(text: string, start: number, end: number): number {
  let hash = hashStart
  for (let i = start; i < end; i += 1) {
    const code = text.charCodeAt(i)
    hash = hashWith(hash, code >= 0x41 && code <= 0x5a ? code + 0x20 : code)
  }
  return hashEnd(hash)
}

const slots = 1 << 19

/** Open addressing, by hash; a key is its hash + 1, so that 0 is an empty slot. */
export type Lexicon = {
  readonly keys: Int32Array
  /** What the lists say, by slot. */
  readonly flags: Uint8Array
  /** classes.ts, by slot. */
  readonly classes: Int32Array
  /** cues.ts, by slot. */
  readonly cues: Uint8Array
}

let loaded: Lexicon | undefined

/** Unpacked when the first prose comes, or by `warmUp`: most processes that hold this module never see any. */
export function lexicon(): Lexicon {
  loaded ??= unpack(packed)
  return loaded
}

/** Where a word stands, by its hash; where no list and no class has it, an empty slot, whose flags and classes are 0. */
export function slotOf(keys: Int32Array, hash: number): number {
  let slot = hash & (slots - 1)
  for (let key = keys[slot] as number; key !== 0 && key !== hash + 1; key = keys[slot] as number)
    slot = (slot + 1) & (slots - 1)
  return slot
}

/** Base64 of: for each combination of flags its byte, the number of its hashes, and the steps between them, sorted (LEB128). */
function unpack(text: string): Lexicon {
  const bytes = Buffer.from(text, 'base64')
  const keys = new Int32Array(slots)
  const flags = new Uint8Array(slots)
  let position = 0
  while (position < bytes.length) {
    const combination = bytes[position] as number
    position += 1
    let left = -1
    let hash = 0
    while (left !== 0) {
      let value = 0
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[position] as number
        position += 1
        value |= (byte & 0x7f) << shift
        if (byte < 0x80) break
      }
      if (left === -1) {
        left = value
        continue
      }
      left -= 1
      hash += value
      const slot = slotOf(keys, hash)
      keys[slot] = hash + 1
      flags[slot] = combination
    }
  }
  const classes = new Int32Array(slots)
  const cues = new Uint8Array(slots)
  for (const [said, into] of [
    [closedClasses(), classes],
    [formCues(), cues],
  ] as const)
    for (const [word, bits] of said) {
      const hash = wordHash(word, 0, word.length)
      const slot = slotOf(keys, hash)
      keys[slot] = hash + 1
      into[slot] = bits
    }
  return { keys, flags, classes, cues }
}

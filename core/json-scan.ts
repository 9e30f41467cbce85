// JSON text, read once where it lies: what stands where, and that it is well-formed. Nothing is made of it, so that what
// does not change can go on as the bytes that came, and what does not leave costs no more than being passed over.
//
// Stricter than JSON.parse and never laxer (RFC 8259): where a text is unusual in any way (a member that stands twice, a
// name with an escape, a number that not every reader takes alike) there is no tape, and JSON.parse has the word.

import { forgetNamesIfMany, generationOfNames } from './json-names.ts'
import { type Read, read } from './reader/reader.ts'

/** Kinds of values. */
export const [objectKind, listKind, textKind, numberKind, literalKind] = [1, 2, 3, 4, 5] as const

/** Signs of a text, beside its kind: it has an escape, a byte beyond ASCII. A third one is the reader's: a reference to a patient. */
export const [escapes, beyondAscii] = [0x10, 0x20] as const
const kindMask = 0xf

/**
 * One entry for each value, in the order of the text, a container before what it holds. Entries are `stride` numbers:
 * kind and signs, its name's number (-1 in lists), where its name begins (with its quote), where its value begins and
 * ends (with its quotes or brackets), and the entry behind it and all it holds.
 */
export class Tape {
  readonly bytes: Buffer
  /** To ask the reader about it. */
  readonly read: Read
  /** Of the names' numbers. */
  readonly generation: number
  #letters: string | undefined

  constructor(bytes: Buffer, read: Read, generation: number) {
    this.bytes = bytes
    this.read = read
    this.generation = generation
  }

  /** Not to be kept: they lie in the reader, until another document does. */
  get entries(): Int32Array {
    return this.read.entries
  }

  /** What stands between these two, each byte as one character: right for what is ASCII. */
  letters(start: number, end: number): string {
    // Of a short document all is made at once: a piece of that costs less than one that is made for itself.
    if (this.bytes.length > short) return this.bytes.toString('latin1', start, end)
    return (this.#letters ??= this.bytes.toString('latin1')).slice(start, end)
  }
}

/** Bytes of a short document. */
const short = 65_536

export const stride = 6
const [nameAt, memberAt, startAt, endAt, nextAt] = [1, 2, 3, 4, 5] as const

export const kindOf = ({ entries }: Tape, entry: number): number => (entries[entry] as number) & kindMask
export const signsOf = ({ entries }: Tape, entry: number): number => (entries[entry] as number) & ~kindMask
export const nameNumberOf = ({ entries }: Tape, entry: number): number => entries[entry + nameAt] as number
export const memberStart = ({ entries }: Tape, entry: number): number => entries[entry + memberAt] as number
export const startOf = ({ entries }: Tape, entry: number): number => entries[entry + startAt] as number
export const endOf = ({ entries }: Tape, entry: number): number => entries[entry + endAt] as number
export const nextOf = ({ entries }: Tape, entry: number): number => entries[entry + nextAt] as number

/**
 * The tape of the JSON that stands in `bytes` from `start` to `end`, which are UTF-8. Undefined where it is not JSON, or
 * JSON.parse should judge it.
 */
export function scan(bytes: Buffer, start = 0, end = bytes.length): Tape | undefined {
  forgetNamesIfMany()
  const made = read(bytes, start, end)
  return made === undefined ? undefined : new Tape(bytes, made, generationOfNames())
}

// JSON text, read once where it lies: what stands where, and that it is well-formed. Nothing is made of it, so that what
// does not change can go on as the bytes that came, and what does not leave costs no more than being passed over.
//
// Stricter than JSON.parse and never laxer (RFC 8259): where a text is unusual in any way (a member that stands twice, a
// name with an escape, a number that not every reader takes alike) there is no tape, and JSON.parse has the word.

import { endOfExpected, forgetNamesIfMany, generationOfNames, numberOfName } from './json-names.ts'

/** Kinds of values. */
export const [objectKind, listKind, textKind, numberKind, literalKind] = [1, 2, 3, 4, 5] as const

/** Signs of a text, beside its kind: it has an escape, a byte beyond ASCII, one that is neither of base64 nor a space. */
export const [escapes, beyondAscii, beyondBase64] = [0x10, 0x20, 0x40] as const
const kindMask = 0xf

/**
 * One entry for each value, in the order of the text, a container before what it holds. Entries are `stride` numbers:
 * kind and signs, its name's number (-1 in lists), where its name begins (with its quote), where its value begins and
 * ends (with its quotes or brackets), and the entry behind it and all it holds.
 */
export class Tape {
  readonly bytes: Buffer
  readonly entries: Int32Array
  /** Of the names' numbers. */
  readonly generation: number
  #letters: string | undefined

  constructor(bytes: Buffer, entries: Int32Array, generation: number) {
    this.bytes = bytes
    this.entries = entries
    this.generation = generation
  }

  /** Each byte as one character, to cut from: right for what is ASCII, and made but once. */
  letters(): string {
    return (this.#letters ??= this.bytes.toString('latin1'))
  }
}

export const stride = 6
const [nameAt, memberAt, startAt, endAt, nextAt] = [1, 2, 3, 4, 5] as const

export const kindOf = ({ entries }: Tape, entry: number): number => (entries[entry] as number) & kindMask
export const signsOf = ({ entries }: Tape, entry: number): number => (entries[entry] as number) & ~kindMask
export const nameNumberOf = ({ entries }: Tape, entry: number): number => entries[entry + nameAt] as number
export const memberStart = ({ entries }: Tape, entry: number): number => entries[entry + memberAt] as number
export const startOf = ({ entries }: Tape, entry: number): number => entries[entry + startAt] as number
export const endOf = ({ entries }: Tape, entry: number): number => entries[entry + endAt] as number
export const nextOf = ({ entries }: Tape, entry: number): number => entries[entry + nextAt] as number

/** Deepest nesting that is taken, as in json.ts. */
const deepest = 64
/** Integers of more digits may not be exact, and are left to JSON.parse; of a fraction every reader takes the same double. */
const mostDigits = 15

/** Of each byte, what it means inside a text: that it goes on, and its signs; 0 for a quote, an escape, a control. */
const goesOn = 1
const inText = new Uint8Array(256)
  .fill(goesOn | beyondBase64, 0x20)
  .fill(goesOn | beyondBase64 | beyondAscii, 0x80)
for (const byte of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= '))
  inText[byte] = goesOn
inText[0x22] = 0
inText[0x5c] = 0

/** One for all texts, since nothing waits between filling it and copying from it. */
let scratch = new Int32Array(stride * 1_024)
/** Entries of the containers that are open. */
const open = new Int32Array(deepest)
/** By name's number: the object in which it was met last. */
const metIn = new Int32Array(4_096)
let objects = 0
/** By a name's number and one: that of the name that followed it last, in the order of the text; 0 where none did. */
const follower = new Int32Array(4_097)

/**
 * The tape of the JSON that stands in `bytes` from `start` to `end`, which are UTF-8. Undefined where it is not JSON, or
 * JSON.parse should judge it.
 */
export function scan(bytes: Buffer, start = 0, end = bytes.length): Tape | undefined {
  if (forgetNamesIfMany()) follower.fill(0)
  const used = fill(bytes, start, end)
  if (used === 0) return undefined
  const entries = scratch.slice(0, used)
  if (scratch.length > stride * 65_536) scratch = new Int32Array(stride * 1_024)
  return new Tape(bytes, entries, generationOfNames())
}

/** Fills the scratch; returns how much of it, and 0 where there is no tape. */
function fill(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  let used = 0
  let depth = 0
  let name = -1
  let member = 0
  let lastName = 0
  let tape = scratch
  for (;;) {
    // A value begins here, behind white space.
    let byte = bytes[at] as number
    while (byte <= 0x20 && isSpace(byte)) byte = bytes[(at += 1)] as number
    if (at >= end) return 0
    if (used + stride > tape.length) tape = grown()
    const entry = used
    used += stride
    tape[entry + nameAt] = name
    tape[entry + memberAt] = name < 0 ? at : member
    tape[entry + startAt] = at
    if (byte === 0x22) {
      let signs = 0
      at += 1
      for (;;) {
        let sign = inText[bytes[at] as number] as number
        while ((sign & goesOn) !== 0) {
          signs |= sign
          sign = inText[bytes[(at += 1)] as number] as number
        }
        if (at >= end) return 0
        if (bytes[at] === 0x22) break
        at = escapeEnd(bytes, at)
        if (at < 0) return 0
        signs |= escapes
      }
      at += 1
      tape[entry] = textKind | (signs & ~goesOn)
    } else if (byte === 0x7b || byte === 0x5b) {
      if (depth === deepest) return 0
      open[depth] = entry
      depth += 1
      tape[entry] = byte === 0x7b ? objectKind : listKind
      at += 1
    } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      at = numberEnd(bytes, at)
      if (at < 0) return 0
      tape[entry] = numberKind
    } else {
      at = literalEnd(bytes, at)
      if (at < 0) return 0
      tape[entry] = literalKind
    }
    // Behind a value, or behind the bracket that opens one.
    let opened = tape[entry] === objectKind || tape[entry] === listKind
    if (!opened) {
      tape[entry + endAt] = at
      tape[entry + nextAt] = used
    }
    for (;;) {
      byte = bytes[at] as number
      while (byte <= 0x20 && isSpace(byte)) byte = bytes[(at += 1)] as number
      if (depth === 0) return at === end ? used : 0
      const container = open[depth - 1] as number
      const isObject = tape[container] === objectKind
      if (byte === (isObject ? 0x7d : 0x5d) && at < end) {
        at += 1
        depth -= 1
        tape[container + endAt] = at
        tape[container + nextAt] = used
        if (isObject && !namesDiffer(tape, container, used)) return 0
        opened = false
        continue
      }
      if (opened) opened = false
      else if (byte === 0x2c) {
        byte = bytes[(at += 1)] as number
        while (byte <= 0x20 && isSpace(byte)) byte = bytes[(at += 1)] as number
      } else return 0
      if (!isObject) {
        name = -1
        break
      }
      if (byte !== 0x22) return 0
      member = at
      // What followed the same name before follows it mostly again: then comparing is all that it costs.
      const before = lastName
      name = follower[before] as number
      at = name === 0 ? -1 : endOfExpected(bytes, at + 1, name - 1)
      if (at < 0) {
        at = member + 1
        while (((inText[bytes[at] as number] as number) & goesOn) !== 0) at += 1
        // A name with an escape has a second spelling.
        if (at >= end || bytes[at] !== 0x22) return 0
        name = numberOfName(bytes, member + 1, at) + 1
        if (name === 0) return 0
        follower[before] = name
      }
      lastName = name
      name -= 1
      byte = bytes[(at += 1)] as number
      while (byte <= 0x20 && isSpace(byte)) byte = bytes[(at += 1)] as number
      if (byte !== 0x3a) return 0
      at += 1
      break
    }
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function grown(): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(scratch.length * 2)
  larger.set(scratch)
  scratch = larger
  return larger
}

/** Of a name that stands twice two readers may take two different values. */
function namesDiffer(tape: Int32Array, container: number, end: number): boolean {
  objects = (objects + 1) | 0
  if (objects === 0) metIn.fill(0)
  for (let entry = container + stride; entry < end; entry = tape[entry + nextAt] as number) {
    const name = tape[entry + nameAt] as number
    if (metIn[name] === objects) return false
    metIn[name] = objects
  }
  return true
}

/** Behind the escape that begins here; -1 where it is none, or half a surrogate pair, which has no UTF-8 form. */
function escapeEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0x5c) return -1
  const kind = bytes[at + 1] as number
  if (kind !== 0x75) return shortEscapes.has(kind) ? at + 2 : -1
  const unit = unitAt(bytes, at + 2)
  if (unit < 0 || (unit >= 0xdc_00 && unit <= 0xdf_ff)) return -1
  if (unit < 0xd8_00 || unit > 0xdb_ff) return at + 6
  const low = bytes[at + 6] === 0x5c && bytes[at + 7] === 0x75 ? unitAt(bytes, at + 8) : -1
  return low >= 0xdc_00 && low <= 0xdf_ff ? at + 12 : -1
}

const shortEscapes: ReadonlySet<number> = new Set([0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74])

/** The code unit of four hexadecimal digits; -1 where they are none. */
function unitAt(bytes: Uint8Array, at: number): number {
  let unit = 0
  for (let i = at; i < at + 4; i += 1) {
    const byte = bytes[i] as number
    const small = byte | 0x20
    if (byte >= 0x30 && byte <= 0x39) unit = unit * 16 + byte - 0x30
    else if (small >= 0x61 && small <= 0x66) unit = unit * 16 + small - 0x57
    else return -1
  }
  return unit
}

/** Behind the number that begins here; -1 where it is none, or one that JSON.parse should judge. */
function numberEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start] === 0x2d ? start + 1 : start
  let at = digitsEnd(bytes, first)
  if (at === first || at - first > mostDigits || (bytes[first] === 0x30 && at > first + 1)) return -1
  if (bytes[at] === 0x2e) {
    const point = at
    at = digitsEnd(bytes, at + 1)
    if (at === point + 1) return -1
  }
  if (((bytes[at] as number) | 0x20) === 0x65) {
    const sign = bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d ? at + 2 : at + 1
    at = digitsEnd(bytes, sign)
    if (at === sign || !isExact(bytes, start, at)) return -1
  }
  // Minus zero is written anew as zero.
  return first > start && bytes[first] === 0x30 && !isExact(bytes, start, at) ? -1 : at
}

/** Whether every reader takes this number alike: it is no minus zero, and not beyond the integers that are exact. */
function isExact(bytes: Uint8Array, start: number, end: number): boolean {
  let digits = ''
  for (let at = start; at < end; at += 1) digits += String.fromCharCode(bytes[at] as number)
  const value = Number(digits)
  return !Object.is(value, -0) && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start
  while (isDigit(bytes[at])) at += 1
  return at
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

/** Behind true, false or null; -1 where it is none of them. */
function literalEnd(bytes: Uint8Array, at: number): number {
  const word = bytes[at] === 0x74 ? literals[0] : bytes[at] === 0x66 ? literals[1] : literals[2]
  for (let i = 0; i < word.length; i += 1) if (bytes[at + i] !== word[i]) return -1
  return at + word.length
}

const literals = [[...Buffer.from('true')], [...Buffer.from('false')], [...Buffer.from('null')]] as const

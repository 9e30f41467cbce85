// A document's tape, gone through for what may tell of anybody: of most objects their members' names show that they do not,
// and of most texts their bytes. edit-survey.ts says what is looked for, and looks at what is found.

import {
  AROUND, BEYOND_ASCII, DOCUMENT, END, ENTRY, ESCAPES, KIND, LIST, NAME, NEXT, OBJECT, REFERS, ROUNDS, SEEN, SIGNS, START, TEXT,
} from './map'
import { hash, same } from './spellings'

/** What a member's name says, as edit-survey.ts has it. */
const TELLS: i32 = 2
const REFERENCE: i32 = 4
const SHOWS: i32 = 8
const NAMED: i32 = 16
const TYPED: i32 = 32
const PATIENT: i32 = 64
const PERSON: i32 = 128

/** What a type of resource is: nothing else of it matters. */
const OTHER: i32 = 0
const OF_PERSON: i32 = 1
const OF_PRACTITIONER: i32 = 2

/** Objects and texts shorter than this are shown once, however often they stand there: every resource names its subject. */
const SHORT: i32 = 256
/** Places for what was met: what has the same place as another is shown again, which costs time and nothing else. */
const PLACES: u32 = 1024
/** From this length on base64 need not be padded (encoded.ts). */
const BARE: i32 = 16
/** In the place of a name's number. */
const NONE: i32 = -1
const A_TEXT: i32 = -2

/** A container around an entry: where it ends on the tape, how it is called, of what type it is. 12 bytes. */
const WITHIN: usize = 12

/**
 * Writes to `out` three numbers for each object and text that may tell of somebody, in the order of the text: its entry,
 * the number of the name that it is called by (-1 at the top, -2 for a text), and of what type it is. `tape`, `out`: from
 * the beginning of the document; there is room for one of each entry. Returns how many bytes; -1 where somebody else has to look.
 */
export function sift(tape: i32, first: i32, out: i32): i32 {
  // What was met in another document counts no more.
  const round = load<i32>(ROUNDS) + 1
  store<i32>(ROUNDS, round)
  if (round == 0) memory.fill(SEEN, 0, 16 * PLACES)
  const zero = DOCUMENT + tape
  const entries = zero + (<usize>first << 2)
  const end = zero + (<usize>load<i32>(entries + NEXT) << 2)
  const begin = DOCUMENT + out
  let found = begin
  let within = AROUND
  store<usize>(within, end)
  store<i32>(within + 4, NONE)
  store<i32>(within + 8, OTHER)
  let at = entries
  while (at < end) {
    while (load<usize>(within) <= at) within -= WITHIN
    const kind = load<i32>(at)
    if ((kind & KIND) == TEXT) {
      if (mayTell(at, kind) && !wasMet(at, zero, A_TEXT, OTHER)) {
        store<i32>(found, <i32>((at - zero) >> 2))
        store<i32>(found + 4, A_TEXT)
        store<i32>(found + 8, OTHER)
        found += 12
      }
      at += ENTRY
      continue
    }
    if (kind > LIST) {
      at += ENTRY
      continue
    }
    const name = load<i32>(at + NAME)
    const called = name < 0 || at == entries ? load<i32>(within + 4) : name
    let type = load<i32>(within + 8)
    const next = zero + (<usize>load<i32>(at + NEXT) << 2)
    if (kind == OBJECT) {
      let all = 0
      let isPerson = false
      for (let member = at + ENTRY; member < next; member = zero + (<usize>load<i32>(member + NEXT) << 2)) {
        const one = <i32>load<u8>(SIGNS + load<i32>(member + NAME))
        all |= one
        if ((one & TYPED) != 0 && (load<i32>(member) & KIND) == TEXT) {
          // A type that is spelt with escapes is another one than it seems.
          if ((load<i32>(member) & ESCAPES) != 0) return -1
          type = typeOf(member)
          isPerson = type == OF_PERSON
        }
      }
      const own = called < 0 ? 0 : <i32>load<u8>(SIGNS + called)
      const tells =
        (all & TELLS) != 0 ||
        isPerson ||
        ((own & PERSON) != 0 && type == OF_PERSON) ||
        ((own & PATIENT) != 0 && (all & (REFERENCE | SHOWS | NAMED)) != 0) ||
        (all & (REFERENCE | SHOWS)) == (REFERENCE | SHOWS)
      if (tells) {
        if (wasMet(at, zero, called, type)) {
          // So was all that it holds.
          at = next
          continue
        }
        store<i32>(found, <i32>((at - zero) >> 2))
        store<i32>(found + 4, called)
        store<i32>(found + 8, type)
        found += 12
      }
    }
    within += WITHIN
    store<usize>(within, next)
    store<i32>(within + 4, called)
    store<i32>(within + 8, type)
    at += ENTRY
  }
  return <i32>(found - begin)
}

function typeOf(entry: usize): i32 {
  const at = DOCUMENT + load<i32>(entry + START) + 1
  const length = load<i32>(entry + END) - load<i32>(entry + START) - 2
  const eight = load<u64>(at)
  // Patient, Person, RelatedPerson, Practitioner, PractitionerRole
  if (length == 7) return (eight & 0xffffffffffffff) == 0x746e6569746150 ? OF_PERSON : OTHER
  if (length == 6) return (eight & 0xffffffffffff) == 0x6e6f73726550 ? OF_PERSON : OTHER
  if (length == 13) return eight == 0x50646574616c6552 && load<u64>(at + 5) == 0x6e6f737265506465 ? OF_PERSON : OTHER
  if (length != 12 && length != 16) return OTHER
  if (eight != 0x6974697463617250 || load<u32>(at + 8) != 0x72656e6f) return OTHER
  return length == 12 || load<u32>(at + 12) == 0x656c6f52 ? OF_PRACTITIONER : OTHER
}

function wasMet(entry: usize, zero: usize, called: i32, type: i32): bool {
  const start = load<i32>(entry + START)
  const length = load<i32>(entry + END) - start
  if (length >= SHORT) return false
  const place = SEEN + <usize>((hash(DOCUMENT + start, length) + called * 31 + type) & (PLACES - 1)) * 16
  const other = zero + (<usize>load<i32>(place + 4) << 2)
  if (
    load<i32>(place) == load<i32>(ROUNDS) &&
    load<i32>(place + 8) == called &&
    load<i32>(place + 12) == type &&
    load<i32>(other + END) - load<i32>(other + START) == length &&
    same(DOCUMENT + load<i32>(other + START), DOCUMENT + start, length)
  )
    return true
  store<i32>(place, load<i32>(ROUNDS))
  store<i32>(place + 4, <i32>((entry - zero) >> 2))
  store<i32>(place + 8, called)
  store<i32>(place + 12, type)
  return false
}

/** Whether a text may name a patient: as a reference, or inside of an encoding. Escapes may spell either. */
// @ts-ignore: decorator
@inline
function mayTell(entry: usize, kind: i32): bool {
  if ((kind & (ESCAPES | REFERS)) != 0) return true
  const length = load<i32>(entry + END) - load<i32>(entry + START) - 2
  // Without its padding a shorter one is not looked into.
  if (length < 8 || (length < BARE && (length & 3) != 0 && (kind & BEYOND_ASCII) == 0)) return false
  return mayBeEncoded(DOCUMENT + load<i32>(entry + START) + 1, length)
}

/** Whether it may be base64 of a text (encoded.ts): of most words it takes a few letters to tell that they are not. */
function mayBeEncoded(start: usize, length: i32): bool {
  let end = start + length
  // Two spaces may follow, of any kind: one takes three bytes at most.
  for (let spaces = 0; spaces < 6 && end > start; spaces += 1) {
    const byte = <i32>load<u8>(end - 1)
    if (byte != 0x20 && byte < 0x80) break
    end -= 1
  }
  while (end > start && load<u8>(end - 1) == 0x3d) end -= 1
  let bits = 0
  let held = 0
  // Bytes of UTF-8 that have to follow.
  let wanted = 0
  for (let at = start; at < end; at += 1) {
    const value = valueOf(load<u8>(at))
    if (value < 0) return false
    bits = (bits << 6) | value
    held += 6
    if (held < 8) continue
    held -= 8
    const byte = (bits >> held) & 0xff
    if (wanted > 0) {
      if ((byte & 0xc0) != 0x80) return false
      wanted -= 1
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return false
      wanted = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    } else if (byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d) return false
  }
  return true
}

/** Of a letter of base64 in either alphabet (RFC 4648 sections 4 and 5); -1 of any other byte. */
function valueOf(byte: i32): i32 {
  if (byte >= 0x61 && byte <= 0x7a) return byte - 71
  if (byte >= 0x41 && byte <= 0x5a) return byte - 65
  if (byte >= 0x30 && byte <= 0x39) return byte + 4
  if (byte == 0x2b || byte == 0x2d) return 62
  return byte == 0x2f || byte == 0x5f ? 63 : -1
}

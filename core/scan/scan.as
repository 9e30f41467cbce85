// Records, read where they stand: whether each is written as its shape says (record-shape.ts), in canonical form, and when, of
// which kind and of which call it is. The shapes come as a program (scan.ts writes it), an instruction a value. What is not sure
// is left to whoever parses: an escaped or foreign letter, a number that a double may not hold.
//
// Bytes behind what was put into the memory are read, never believed: a record ends where its own program does.

/** As scan.ts knows them. */
export const PROGRAM: usize = 0x1000
export const STARTS: usize = 0x10000
export const KINDS: usize = 0x15000
export const CALLS: usize = 0x16000
export const TIMES: usize = 0x1e000
/** Calls of this run whose intent is not answered: so many slots of two bytes, each a record's place and one, or nothing. */
const TABLE: usize = 0x26000
const SLOTS: usize = 16384
/** Whether the others must be asked about a record's call. */
export const LOOSE: usize = 0x2e000
export const BYTES: usize = 0x30000
/** Where the program of each kind begins: 64 numbers of four bytes. */
const KIND_AT: usize = 0x0800
/** Which kind came last after which. */
const FOLLOWS: usize = 0x0a00

const DONE: u32 = 0
const LITERAL: u32 = 1
const MEMBER: u32 = 2
const OPTIONAL: u32 = 3
const TEXT: u32 = 4
const CHARS: u32 = 5
const AMONG: u32 = 6
const COUNT: u32 = 7
const NUMBER: u32 = 8
const COUNTS: u32 = 9
const TIME: u32 = 10
const AT: u32 = 11
const LIST: u32 = 12
const NEXT: u32 = 13
const CALL: u32 = 14
const CALLED: u32 = 15

/** Not sure. */
const NOT: usize = 0
const ODD: i32 = 255
const RECORD_LIMIT: usize = 65535

let callFrom: usize = 0
let callTo: usize = 0
let time: i64 = 0
let dayKey: i32 = -1
let dayTime: i64 = 0

export function places(which: i32): usize {
  if (which == 0) return PROGRAM
  if (which == 1) return KIND_AT
  if (which == 2) return STARTS
  if (which == 3) return KINDS
  if (which == 4) return CALLS
  if (which == 5) return TIMES
  return which == 6 ? LOOSE : BYTES
}

/** Reads so many records; STARTS says where in BYTES each begins, and where the next would: a byte of no record stands before. */
export function scan(count: i32, kinds: i32, intent: i32, result: i32): void {
  memory.fill(TABLE, 0, SLOTS << 1)
  memory.fill(LOOSE, 0, count)
  let before = 0
  for (let i = 0; i < count; i++) {
    const from = BYTES + <usize>load<u32>(STARTS + (<usize>i << 2))
    const end = BYTES + <usize>load<u32>(STARTS + (<usize>i << 2) + 4) - 1
    let kind = <i32>load<u8>(FOLLOWS + <usize>before)
    if (recordEnd(from, kind) != end) {
      kind = kindIn(from, end, kinds)
      if (kind != ODD) {
        store<u8>(FOLLOWS + <usize>before, kind)
        if (recordEnd(from, kind) != end) kind = ODD
      }
    }
    if (end - from > RECORD_LIMIT) kind = ODD
    store<u8>(KINDS + <usize>i, kind)
    if (kind == ODD) continue
    before = kind
    store<f64>(TIMES + (<usize>i << 3), <f64>time)
    store<u32>(CALLS + (<usize>i << 3), callTo == 0 ? 0 : <u32>(callFrom - BYTES))
    store<u32>(CALLS + (<usize>i << 3) + 4, callTo == 0 ? 0 : <u32>(callTo - BYTES))
    if (kind == intent) begin(i)
    else if (kind == result) answer(i)
  }
}

/** A slot whose call was answered, and the mark of one that is not alone. */
const GONE: u32 = 0xffff
const TWICE: u32 = 0x8000

/** The slot of the call that was read last: where it stands, or a free one. */
function slotOf(): usize {
  const length = callTo - callFrom
  let hash: u64 = length
  for (let at = callFrom; at < callTo; at += 8) {
    const left = callTo - at
    const word = load<u64>(at)
    hash = (hash ^ (left >= 8 ? word : word & (((<u64>1) << (<u64>left << 3)) - 1))) * 0x9e3779b97f4a7c15
    hash ^= hash >> 29
  }
  let slot = <usize>hash & (SLOTS - 1)
  while (true) {
    const entry = <u32>load<u16>(TABLE + (slot << 1))
    if (entry == 0) return slot
    if (entry != GONE) {
      const place = CALLS + ((<usize>(entry & ~TWICE) - 1) << 3)
      const from = BYTES + <usize>load<u32>(place)
      if (BYTES + <usize>load<u32>(place + 4) - from == length && stands(callFrom, from, length)) return slot
    }
    slot = (slot + 1) & (SLOTS - 1)
  }
}

/** An intent: loose until it is answered in this run. */
function begin(i: i32): void {
  const slot = TABLE + (slotOf() << 1)
  const entry = <u32>load<u16>(slot)
  store<u16>(slot, entry == 0 ? i + 1 : entry | TWICE)
  store<u8>(LOOSE + <usize>i, 1)
}

function answer(i: i32): void {
  const slot = TABLE + (slotOf() << 1)
  const entry = <u32>load<u16>(slot)
  if (entry == 0 || (entry & TWICE) != 0) {
    store<u8>(LOOSE + <usize>i, 1)
    return
  }
  store<u8>(LOOSE + <usize>(entry - 1), 0)
  store<u16>(slot, GONE)
}

/** `"kind":"`, as its bytes lie. */
const KIND: u64 = 0x223a22646e696b22

/** The kind that a record says; a quote in a text of it would be escaped. Its program begins with the spelling that it has. */
function kindIn(from: usize, end: usize, kinds: i32): i32 {
  for (let at = from; at < end; at++) {
    if (load<u64>(at) != KIND) continue
    for (let kind = 0; kind < kinds; kind++) {
      const program = PROGRAM + <usize>load<u32>(KIND_AT + (<usize>kind << 2))
      if (stands(at + 7, program + 2, load<u8>(program + 1))) return kind
    }
    return ODD
  }
  return ODD
}

// @ts-ignore: decorator
@inline
function stands(at: usize, text: usize, length: usize): bool {
  while (length >= 8) {
    if (load<u64>(at) != load<u64>(text)) return false
    at += 8
    text += 8
    length -= 8
  }
  if (length == 0) return true
  const rest: u64 = (<u64>1 << (<u64>length << 3)) - 1
  return ((load<u64>(at) ^ load<u64>(text)) & rest) == 0
}

/** Where the record ends that begins there, if it is one of that kind. */
function recordEnd(from: usize, kind: i32): usize {
  callTo = 0
  let at = from
  let op = PROGRAM + <usize>load<u32>(KIND_AT + (<usize>kind << 2))
  // How the kind is spelled, for `kindIn`.
  op += 2 + <usize>load<u8>(op + 1)
  while (true) {
    switch (<u32>load<u8>(op)) {
      case DONE:
        return at
      case LITERAL: {
        const length = <usize>load<u8>(op + 1)
        if (!stands(at, op + 2, length)) return NOT
        at += length
        op += 2 + length
        break
      }
      case MEMBER:
      case OPTIONAL: {
        // Length, how far the next member is, name with quotes and colon. A comma stands between two.
        const length = <usize>load<u8>(op + 1)
        let start = at
        let here = true
        if (load<u8>(at - 1) != 0x7b) {
          here = load<u8>(at) == 0x2c
          start = at + 1
        }
        if (here && stands(start, op + 4, length)) {
          at = start + length
          op += 4 + length
        } else if (<u32>load<u8>(op) == OPTIONAL) op += <usize>load<u16>(op + 2)
        else return NOT
        break
      }
      case TEXT: {
        at = textEnd(at)
        if (at == NOT) return NOT
        op += 1
        break
      }
      case CHARS: {
        // Least, most, how many ranges, and their first and last letters.
        const start = at
        at = charsEnd(at, at + <usize>load<u8>(op + 2), op + 4, <usize>load<u8>(op + 3))
        if (at - start < <usize>load<u8>(op + 1)) return NOT
        op += 4 + (<usize>load<u8>(op + 3) << 1)
        break
      }
      case AMONG: {
        // How many, how long they are together, and each with its length before it.
        let left = <u32>load<u8>(op + 1)
        const next = op + <usize>load<u16>(op + 2)
        let word = op + 4
        while (left > 0 && !stands(at, word + 1, <usize>load<u8>(word))) {
          word += 1 + <usize>load<u8>(word)
          left -= 1
        }
        if (left == 0) return NOT
        at += <usize>load<u8>(word)
        op = next
        break
      }
      case COUNT: {
        at = countEnd(at)
        if (at == NOT) return NOT
        op += 1
        break
      }
      case NUMBER: {
        at = numberEnd(at)
        if (at == NOT) return NOT
        op += 1
        break
      }
      case COUNTS: {
        at = countsEnd(at)
        if (at == NOT) return NOT
        op += 1
        break
      }
      case TIME:
      case AT: {
        const read = timeAt(at)
        if (read == i64.MIN_VALUE) return NOT
        if (<u32>load<u8>(op) == AT) time = read
        at += 26
        op += 1
        break
      }
      case LIST: {
        if (load<u8>(at) != 0x5b) return NOT
        at += 1
        op += load<u8>(at) == 0x5d ? <usize>load<u16>(op + 1) : 3
        // Of an empty list the bracket is read by NEXT, which stands there.
        break
      }
      case NEXT: {
        const byte = load<u8>(at)
        at += 1
        if (byte == 0x5d) op += 3
        else if (byte == 0x2c) op -= <usize>load<u16>(op + 1)
        else return NOT
        break
      }
      case CALL: {
        callFrom = at + 1
        op += 1
        break
      }
      case CALLED: {
        callTo = at - 1
        op += 1
        break
      }
      default:
        return NOT
    }
  }
}

/** Behind the quote that ends a text of plain ASCII. */
// @ts-ignore: decorator
@inline
function textEnd(from: usize): usize {
  if (load<u8>(from) != 0x22) return NOT
  let at = from + 1
  while (at - from <= RECORD_LIMIT) {
    const bytes = v128.load(at)
    // Bytes beyond ASCII are below zero.
    const ends = v128.or(
      i8x16.lt_s(bytes, i8x16.splat(0x20)),
      v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
    )
    const mask = i8x16.bitmask(ends)
    if (mask != 0) {
      at += <usize>ctz(mask)
      return load<u8>(at) == 0x22 ? at + 1 : NOT
    }
    at += 16
  }
  return NOT
}

/** Up to `limit`, where the letters end that lie in one of the ranges. */
// @ts-ignore: decorator
@inline
function charsEnd(from: usize, limit: usize, ranges: usize, count: usize): usize {
  let at = from
  while (at < limit) {
    const bytes = v128.load(at)
    let fits = v128.splat<i8>(0)
    for (let i: usize = 0; i < count; i++) {
      const first = load<u8>(ranges + (i << 1))
      const width = load<u8>(ranges + (i << 1) + 1) - first
      fits = v128.or(
        fits,
        i8x16.le_u(i8x16.sub(bytes, i8x16.splat(first)), i8x16.splat(width)),
      )
    }
    const mask = ~i8x16.bitmask(fits) & 0xffff
    if (mask != 0) {
      at += <usize>ctz(mask)
      return at < limit ? at : limit
    }
    at += 16
  }
  return limit
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u32): bool {
  return byte - 0x30 <= 9
}

// @ts-ignore: decorator
@inline
function goesOn(byte: u32): bool {
  return byte == 0x2e || byte == 0x65 || byte == 0x45
}

/** Up to 15 digits, which a double holds exactly, and no zero before others. */
function countEnd(from: usize): usize {
  let at = from
  while (at - from < 16 && isDigit(load<u8>(at))) at += 1
  if (at == from || at - from > 15 || (load<u8>(from) == 0x30 && at - from > 1)) return NOT
  return goesOn(load<u8>(at)) ? NOT : at
}

/** From zero on. A fraction ends in no zero, has 15 digits with what stands before it, and is none that is written with an exponent. */
function numberEnd(from: usize): usize {
  const whole = countEnd(from)
  if (whole != NOT) return whole
  let at = from
  while (at - from < 16 && isDigit(load<u8>(at))) at += 1
  if (at == from || (load<u8>(from) == 0x30 && at - from > 1) || load<u8>(at) != 0x2e) return NOT
  const point = at
  at += 1
  let zeros = true
  while (at - from < 18 && isDigit(load<u8>(at))) {
    if (load<u8>(at) != 0x30 && at - point <= 6) zeros = false
    at += 1
  }
  if (at == point + 1 || at - from > 16 || load<u8>(at - 1) == 0x30 || goesOn(load<u8>(at))) return NOT
  return load<u8>(from) == 0x30 && zeros ? NOT : at
}

/** Members of any name, in the order of their letters, with a count each. */
function countsEnd(from: usize): usize {
  if (load<u8>(from) != 0x7b) return NOT
  if (load<u8>(from + 1) == 0x7d) return from + 2
  let before: usize = 0
  let at = from + 1
  while (true) {
    const name = at
    at = textEnd(at)
    if (at == NOT || load<u8>(at) != 0x3a) return NOT
    if (before != 0 && !goesBefore(before, name)) return NOT
    before = name
    at = countEnd(at + 1)
    if (at == NOT) return NOT
    const byte = load<u8>(at)
    at += 1
    if (byte == 0x7d) return at
    if (byte != 0x2c) return NOT
  }
}

/** Whether one name stands before another; both begin with a quote and end in one. */
function goesBefore(one: usize, other: usize): bool {
  for (let i: usize = 1; ; i++) {
    const a = load<u8>(one + i)
    const b = load<u8>(other + i)
    if (a == b && a != 0x22) continue
    if (a == b) return false
    return a == 0x22 || (b != 0x22 && a < b)
  }
}

// @ts-ignore: decorator
@inline
function two(at: usize): i32 {
  const high = <u32>load<u8>(at) - 0x30
  const low = <u32>load<u8>(at + 1) - 0x30
  return high > 9 || low > 9 ? -1 : <i32>(high * 10 + low)
}

/** Milliseconds since 1970 of `"2026-09-21T14:13:20.000Z"`; i64.MIN_VALUE where it is none, or of a year before 1000. */
function timeAt(at: usize): i64 {
  const century = two(at + 1)
  const decade = two(at + 3)
  const month = two(at + 6)
  const day = two(at + 9)
  const hour = two(at + 12)
  const minute = two(at + 15)
  const second = two(at + 18)
  const tenths = two(at + 21)
  const last = <u32>load<u8>(at + 23) - 0x30
  if ((century | decade | month | day | hour | minute | second | tenths) < 0 || last > 9) return i64.MIN_VALUE
  // Quote, "-", "-", "T", ":", ":", ".", "Z" and quote.
  const separated =
    load<u8>(at) == 0x22 && load<u8>(at + 5) == 0x2d && load<u8>(at + 8) == 0x2d && load<u8>(at + 11) == 0x54 &&
    load<u8>(at + 14) == 0x3a && load<u8>(at + 17) == 0x3a && load<u8>(at + 20) == 0x2e &&
    load<u16>(at + 24) == 0x225a
  if (!separated || century < 10 || hour > 23 || minute > 59 || second > 59) return i64.MIN_VALUE
  const year = century * 100 + decade
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return i64.MIN_VALUE
  const key = (year * 16 + month) * 32 + day
  if (key != dayKey) {
    dayKey = key
    dayTime = dayOf(year, month, day) * 86400000
  }
  return dayTime + <i64>(((hour * 60 + minute) * 60 + second) * 1000 + tenths * 10 + <i32>last)
}

function daysIn(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
}

/** Days since 1970 of the Gregorian calendar, whose years are counted from March here. */
function dayOf(year: i32, month: i32, day: i32): i64 {
  const march = month > 2 ? year : year - 1
  const era = march / 400
  const inEra = march - era * 400
  const inYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
  return <i64>era * 146097 + inEra * 365 + inEra / 4 - inEra / 100 + inYear - 719468
}

// A document, cut by what pointers say of its places: each place is a step on a way that edit-step.ts found once, and what
// stays is written behind the tape, in stretches as they came. What is no term, no day and no short number is judged by
// whoever asked (edit-reader.ts). project.ts says what stays; tests hold all ways together.

import {
  BEYOND_ASCII, DOCUMENT, END, ENTRY, ESCAPES, KEPT, KIND, LIST, MEMBER, NAME, NAME_SAID, NAME_TERM, NEXT, NUMBER, OBJECT,
  START, STEPS, TERMS, TERM_READING, TERM_SAID, TEXT, WAYS,
} from './map'
import { bornOn, isDay } from './days'
import { find } from './spellings'

/** The step of a member of this name, or of an item of this index; -1 where nothing is said of it. */
// @ts-ignore: decorator
@external("asked", "member")
declare function askMember(step: i32, name: i32): i32
// @ts-ignore: decorator
@external("asked", "item")
declare function askItem(step: i32, index: i32): i32
/** What is left of a text or number: nothing (-1), itself (0), or so many bytes that were written to `out`. */
// @ts-ignore: decorator
@external("asked", "scalar")
declare function askScalar(entry: i32, step: i32, out: usize): i32
/** Whether a name identifies somebody. */
// @ts-ignore: decorator
@external("asked", "name")
declare function askName(name: i32): bool

/** A step: its rule's number and one (0: none), how texts are read there, its signs, and the step of its items. */
const READING: usize = 4
const SIGNS: usize = 8
const ITEMS: usize = 12
/** Signs: its name says that it holds a moment; a ZIP code; a birth; its items have places of their own. */
const MOMENT: i32 = 1
const ZIP: i32 = 2
const BIRTH: i32 = 4
const NUMBERED: i32 = 8
/** Not found out yet. */
const UNKNOWN: i32 = -2
const NOWHERE: i32 = -1

/** Ways are found by a step and a name in a table with open addressing: a key and one (0: free), and the step. */
const MOST_WAYS: i32 = 0x8000

/** What becomes of a text or a number: somebody else judges it, it stays, or nothing but its year does. */
const ASKED: i32 = 0
const STAYS: i32 = 1
const YEAR: i32 = 2
/** Longest term, with its quote; and a day, without. */
const LONGEST_TERM: i32 = 65
const DAY: i32 = 10

/** Signs of what is asked for: days are shown as their year; terms stay; ZIP codes are shown as something else. */
const YEARS: i32 = 1
const HAS_TERMS: i32 = 2
const HAS_ZIPS: i32 = 4

/** The beginning of the tape. */
let zero: usize = 0
/** What is written ends at `out`; behind it comes the stretch of the document that is not written yet. */
let out: usize = 0
let from: usize = 0
/** The end of what is cut. */
let last: usize = 0
let to: usize = 0
let asking: i32 = 0
let result: i32 = 0
let dropped: i32 = 0
let years: i32 = 0

/** Places that nobody named, in the document that was cut last. */
export function droppedPlaces(): i32 {
  return dropped
}

/** Days of which the year is left, in the same. */
export function daysCut(): i32 {
  return years
}

/**
 * Writes what stays of the value at an entry to `begin`, behind which there is room for all of it. `tape` and `begin`: from the
 * beginning of the document. `said`: the result as TERM_SAID has it. Returns how many bytes; 0 where nothing stays.
 */
export function cut(tape: i32, entry: i32, begin: i32, step: i32, said: i32, signs: i32): i32 {
  zero = DOCUMENT + tape
  out = DOCUMENT + begin
  from = 0
  to = 0
  asking = signs
  result = said
  dropped = 0
  years = 0
  last = load<i32>(zero + (<usize>entry << 2), END)
  if (!place(zero + (<usize>entry << 2), step)) return 0
  write()
  return <i32>(out - DOCUMENT) - begin
}

// @ts-ignore: decorator
@inline
function stretch(start: usize, end: usize): void {
  if (start != to) {
    write()
    from = start
  }
  to = end
}

/** Copies the stretch, and 15 bytes more that the next one is written over. */
function write(): void {
  const length = to - from
  if (length == 0) return
  const source = DOCUMENT + from
  for (let at: usize = 0; at < length; at += 16) v128.store(out + at, v128.load(source + at))
  out += length
  from = to
}

/** Room for all that may follow: as much as the document has from here on. */
function reserve(at: usize): void {
  const missing = <i32>(out + (last - at) + 64 - (<usize>memory.size() << 16))
  if (missing > 0 && memory.grow(1 + (missing >> 16) + (missing >> 18)) < 0) unreachable()
}

// @ts-ignore: decorator
@inline
function stepAt(step: i32): usize {
  return STEPS + (<usize>step << 4)
}

function place(entry: usize, step: i32): bool {
  const rule = load<i32>(stepAt(step))
  const kind = load<i32>(entry) & KIND
  if (kind == OBJECT) return members(entry, step, rule != 0)
  if (kind == LIST) return items(entry, step, rule != 0)
  if (rule == 0) {
    dropped += 1
    return false
  }
  const start = load<i32>(entry, START)
  const end = load<i32>(entry, END)
  const fate = kind == TEXT ? fateOfText(entry, step) : kind == NUMBER ? fateOfNumber(entry, step) : STAYS
  if (fate == ASKED) return asked(entry, step)
  keep(rule)
  if (fate == STAYS) {
    stretch(start, end)
    return true
  }
  years += 1
  stretch(start, start + 5)
  stretch(end - 1, end)
  return true
}

// @ts-ignore: decorator
@inline
function keep(rule: i32): void {
  const count = KEPT + (<usize>(rule - 1) << 2)
  store<i32>(count, load<i32>(count) + 1)
}

/** What somebody else judges. They count it, too. */
function asked(entry: usize, step: i32): bool {
  write()
  const length = askScalar(<i32>((entry - zero) >> 2), step, out)
  if (length < 0) return false
  if (length == 0) stretch(load<i32>(entry, START), load<i32>(entry, END))
  else {
    out += length
    reserve(load<i32>(entry, END))
    from = 0
    to = 0
  }
  return true
}

/** A text stays if it is a term that says nothing of anybody; of a day nobody was born on its year does. */
function fateOfText(entry: usize, step: i32): i32 {
  const signs = load<i32>(stepAt(step), SIGNS)
  if ((load<i32>(entry) & (ESCAPES | BEYOND_ASCII)) != 0) return ASKED
  if ((signs & ZIP) != 0 && (asking & HAS_ZIPS) != 0) return ASKED
  const start = DOCUMENT + load<i32>(entry, START) + 1
  const length = <i32>(DOCUMENT + load<i32>(entry, END) - start)
  if ((signs & MOMENT) == 0 && (asking & HAS_TERMS) != 0 && length <= LONGEST_TERM) {
    const term = find(TERMS, start, length)
    if (term >= 0 && load<u8>(term, TERM_READING) >= <u8>load<i32>(stepAt(step), READING)) {
      if (load<i32>((<usize>term << 2), TERM_SAID) != result) return STAYS
      return ASKED
    }
  }
  return (asking & YEARS) != 0 && length == DAY + 1 && isDay(start) && load<i32>(bornOn(start)) != result ? YEAR : ASKED
}

/** A number of three digits at most is nobody's, if it is no year of birth and no ZIP code. */
function fateOfNumber(entry: usize, step: i32): i32 {
  if ((load<i32>(stepAt(step), SIGNS) & (ZIP | BIRTH)) != 0) return ASKED
  const end = DOCUMENT + load<i32>(entry, END)
  let at = DOCUMENT + load<i32>(entry, START)
  if (end - at > 3) return ASKED
  for (; at < end; at += 1) if ((<i32>load<u8>(at) | 0x20) == 0x65) return ASKED
  return STAYS
}

/** What is said of a name's place, found by those who know names where nobody has come this way before. */
// @ts-ignore: decorator
@inline
function wayOf(step: i32, name: i32): i32 {
  const key = (step << 12) | name
  let place = placeOf(key)
  for (;;) {
    const held = load<i32>((<usize>place << 3), WAYS) - 1
    if (held == key) return load<i32>((<usize>place << 3), WAYS + 4)
    if (held < 0) break
    place = (place + 1) & (MOST_WAYS - 1)
  }
  return askMember(step, name)
}

// @ts-ignore: decorator
@inline
function placeOf(key: i32): i32 {
  return <i32>((<u32>key * 0x9e3779b1) >> 17)
}

/** From now on a member of this name is found there. Whoever calls it leaves half of all places free. */
export function putWay(step: i32, name: i32, member: i32): void {
  const key = (step << 12) | name
  let place = placeOf(key)
  while (load<i32>((<usize>place << 3), WAYS) != 0) place = (place + 1) & (MOST_WAYS - 1)
  store<i32>((<usize>place << 3), key + 1, WAYS)
  store<i32>((<usize>place << 3), member, WAYS + 4)
}

export function putStep(step: i32, rule: i32, reading: i32, signs: i32): void {
  store<i32>(stepAt(step), rule)
  store<i32>(stepAt(step), reading, READING)
  store<i32>(stepAt(step), signs, SIGNS)
  store<i32>(stepAt(step), UNKNOWN, ITEMS)
}

export function forgetWays(): void {
  memory.fill(WAYS, 0, <usize>MOST_WAYS << 3)
}

function members(object: usize, step: i32, kept: bool): bool {
  const outAtFirst = out
  const fromAtFirst = from
  const toAtFirst = to
  const start = load<i32>(object, START)
  const next = zero + (<usize>load<i32>(object, NEXT) << 2)
  /** End of the last member that was met, and of the last that stays. */
  let met = start + 1
  let stayed = 0
  stretch(start, start + 1)
  for (let entry = object + ENTRY; entry < next; entry = zero + (<usize>load<i32>(entry, NEXT) << 2)) {
    const name = load<i32>(entry, NAME)
    const member = wayOf(step, name)
    if (member < 0) {
      dropped += 1
      met = load<i32>(entry, END)
      continue
    }
    const outBefore = out
    const fromBefore = from
    const toBefore = to
    // From behind its neighbour there is a comma, and from behind the bracket none.
    stretch(stayed == 0 ? load<i32>(entry, MEMBER) : met, load<i32>(entry, START))
    met = load<i32>(entry, END)
    if (place(entry, member) && !identifies(name)) stayed = met
    else {
      out = outBefore
      from = fromBefore
      to = toBefore
    }
  }
  if (stayed == 0 && !kept) {
    out = outAtFirst
    from = fromAtFirst
    to = toAtFirst
    return false
  }
  const end = load<i32>(object, END)
  stretch(stayed == met ? met : end - 1, end)
  return true
}

function items(list: usize, step: i32, kept: bool): bool {
  const signs = load<i32>(stepAt(step), SIGNS)
  const start = load<i32>(list, START)
  const next = zero + (<usize>load<i32>(list, NEXT) << 2)
  let met = start + 1
  let stayed = 0
  let index = 0
  stretch(start, start + 1)
  for (let entry = list + ENTRY; entry < next; entry = zero + (<usize>load<i32>(entry, NEXT) << 2)) {
    const item = kept ? step : itemOf(step, signs, index)
    index += 1
    const outBefore = out
    const fromBefore = from
    const toBefore = to
    const first = load<i32>(entry, START)
    stretch(stayed == 0 ? first : met, first)
    met = load<i32>(entry, END)
    let stays = false
    if (item < 0) dropped += 1
    else stays = place(entry, item)
    if (stays) stayed = met
    else {
      out = outBefore
      from = fromBefore
      to = toBefore
    }
  }
  // An empty list tells that there is none to show.
  const end = load<i32>(list, END)
  stretch(stayed == met ? met : end - 1, end)
  return true
}

// @ts-ignore: decorator
@inline
function itemOf(step: i32, signs: i32, index: i32): i32 {
  if ((signs & NUMBERED) != 0) return askItem(step, index)
  const known = load<i32>(stepAt(step), ITEMS)
  if (known != UNKNOWN) return known
  const item = askItem(step, index)
  store<i32>(stepAt(step), item, ITEMS)
  return item
}

/** A member's name is content too: one that identifies somebody goes, with its value. */
// @ts-ignore: decorator
@inline
function identifies(name: i32): bool {
  if ((asking & HAS_TERMS) != 0 && load<u8>(name, NAME_TERM) != 0 && load<i32>((<usize>name << 2), NAME_SAID) != result) return false
  return askName(name)
}

// JSON text, read once: what stands where, and that it is well-formed. json-scan.ts says what a tape is, and what is left to
// JSON.parse. Zeros are put behind the text, so that no step of 16 bytes needs to ask for its end.

import {
  BEYOND_ASCII, DOCUMENT, END, ENTRY, ESCAPES, FOLLOWER, KIND, LIST, LITERAL, MEMBER, MET, NAME, NAMES, NEXT, NUMBER, OBJECT,
  OBJECTS, OPEN, PARTS, REFERS, SIGNS, START, TEXT, WORTH,
} from './map'
import { looksEncoded } from './encoded'
import { BESIDE, CALLS, DISPLAY, ITS_NAME, MEMBERS, OF_PATIENT, REFERENCE, signOf, TELLS, TYPED } from './signs'
import { literalEnd, numberEnd, signs, textEnd } from './scalars'
import { BACKSLASHES, QUOTES, SLASHES, SPACES, TS } from './vectors'
import { add, find, lengthOf, placeOf, same } from './spellings'
export { cut, daysCut, droppedPlaces, forgetWays, putStep, putWay } from './cut'
export { listPersons } from './survey'
export { document, forgetNames, forgetTerms, learnTerm, nameAt, nameLength, names, places, term } from './stores'
export { forgetWords, hear, isUnheard, isUnheardBirth, scratch } from './words'

/** A name that was not met before: what it says is put in SIGNS and PARTS. */
// @ts-ignore: decorator
@external("asked", "signs")
declare function askSigns(name: i32): void

/** Deepest nesting that is taken, as in json.ts. */
const DEEPEST: usize = 64

/** Among what is noted of a container: two of its names may be the same. */
const DOUBT: i32 = 1 << 31

// @ts-ignore: decorator
@inline
function spaceEnd(at: usize): usize {
  while (true) {
    const byte = <i32>load<u8>(at)
    if (byte > 0x20 || (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09)) break
    at += 1
  }
  return at
}

/** Where reading goes on: at a value, behind one, at a member's name, behind one. */
const VALUE: i32 = 0
const BEHIND: i32 = 1
const NAMED: i32 = 3
/** Why it stopped: at a value that is no plain text, at a name that did not follow before, at the end, before names that may be the same. */
const UNUSUAL: i32 = 4
const UNFORESEEN: i32 = 5
const OVER: i32 = 6
const TWICE: i32 = 7
const NO_ROOM: i32 = 8
const NO_JSON: i32 = 9

/** What `run` has come to. */
let heldAt: usize = 0
let heldOut: usize = 0
let heldContainer: usize = 0
let heldName: i32 = 0
let heldMember: usize = 0
let heldRow: i32 = 0
let heldBefore: i32 = 0
let heldDepth: usize = 0

/**
 * Reads what stands in the document from `from` to `end`, and writes its tape to `tape`, both from the beginning of the
 * document. Returns how many bytes of it; 0 where there is none.
 */
export function read(from: i32, end: i32, tape: i32): i32 {
  const last = DOCUMENT + end
  for (let at: usize = 0; at < 64; at += 16) v128.store(last + at, i8x16.splat(0))
  const first = DOCUMENT + tape
  heldAt = spaceEnd(DOCUMENT + from)
  heldOut = first
  heldContainer = 0
  heldName = -1
  heldMember = heldAt
  heldRow = 0
  heldBefore = 0
  heldDepth = 0
  let on = VALUE
  for (;;) {
    const why = run(on, first, <usize>memory.size() << 16)
    if (why == UNUSUAL) {
      if (!unusual(first)) return 0
      on = BEHIND
    } else if (why == UNFORESEEN) {
      if (!unforeseen()) return 0
      on = NAMED
    } else if (why == TWICE) {
      if (!namesDiffer(heldContainer, heldOut, first)) return 0
      store<i32>(heldContainer, load<i32>(heldContainer) & ~DOUBT)
      on = BEHIND
    } else if (why == NO_ROOM) {
      // A quarter more of what it is.
      if (memory.grow(1 + <i32>((heldOut - first) >> 18)) < 0) return 0
      on = VALUE
    } else return why == OVER && heldAt == last ? <i32>(heldOut - first) : 0
  }
  // Nobody comes here; the compiler does not see it.
  return 0
}

/** Reads on as long as all is as it mostly is. It calls nothing, so that all it has at hand stays in registers. */
function run(on: i32, first: usize, room: usize): i32 {
  let at = heldAt
  let out = heldOut
  let container = heldContainer
  let name = heldName
  let member = heldMember
  let row = heldRow
  let before = heldBefore
  let depth = heldDepth
  let why = NO_JSON
  for (;;) {
    if (on == VALUE) {
      const entry = out
      if (entry + ENTRY > room) {
        why = NO_ROOM
        break
      }
      const byte = <i32>load<u8>(at)
      if (byte == 0x22) {
        // Its end.
        let place = at + 1
        let all = 0
        for (;;) {
          const bytes = v128.load(place)
          const special = i8x16.bitmask(
            v128.or(
              v128.or(i8x16.eq(bytes, v128.load(QUOTES)), i8x16.eq(bytes, v128.load(BACKSLASHES))),
              v128.or(
                i8x16.lt_u(bytes, v128.load(SPACES)),
                // The end of "Patient/", as hardly any other slash is.
                v128.and(i8x16.eq(bytes, v128.load(SLASHES)), i8x16.eq(v128.load(place - 1), v128.load(TS))),
              ),
            ),
          )
          all |= i8x16.bitmask(bytes) & ((special & -special) - 1)
          if (special != 0) {
            place += ctz(special)
            break
          }
          place += 16
        }
        let isPlain = load<u8>(place) == 0x22
        if (!isPlain || all != 0) {
          why = UNUSUAL
          break
        }
        const start = at
        at = place + 1
        store<i32>(entry, name, NAME)
        store<i32>(entry, <i32>(member - DOCUMENT), MEMBER)
        store<i32>(entry, <i32>(start - DOCUMENT), START)
        store<i32>(entry, <i32>(at - DOCUMENT), END)
        out = entry + ENTRY
        store<i32>(entry, <i32>((out - first) >> 2), NEXT)
        let kind = TEXT
        if (looksEncoded(start + 1, <i32>(place - start) - 1)) {
          kind |= WORTH
          if (container != 0) store<i32>(container, load<i32>(container) | WORTH)
        }
        store<i32>(entry, kind)
      } else if (byte == 0x7b || byte == 0x5b) {
        if (depth == DEEPEST) break
        store<i32>(entry, name, NAME)
        store<i32>(entry, <i32>(member - DOCUMENT), MEMBER)
        store<i32>(entry, <i32>(at - DOCUMENT), START)
        // Until its end is known: a bit for each name in it.
        store<u64>(entry, 0, END)
        const called = name >= 0 ? signOf(name) : container == 0 ? 0 : load<i32>(container)
        store<i32>(entry, (byte == 0x7b ? OBJECT : LIST) | (called & CALLS))
        store<usize>(depth << 3, entry, OPEN)
        store<i32>(depth << 3, row, OPEN + 4)
        depth += 1
        if (name >= 0) row = (name + 1) * 67
        before = 0
        container = entry
        out = entry + ENTRY
        at = spaceEnd(at + 1)
        if (load<u8>(at) != byte + 2) {
          member = at
          if (byte == 0x5b) {
            name = -1
            continue
          }
          on = NAMED - 1
        }
      } else {
        why = UNUSUAL
        break
      }
    }
    if (on <= BEHIND) {
      at = spaceEnd(at)
      if (container == 0) {
        why = OVER
        break
      }
      const next = <i32>load<u8>(at)
      const noted = load<i32>(container)
      const isObject = (noted & KIND) == OBJECT
      if (next == 0x2c) {
        if (container + ENTRY == out) break
        at = spaceEnd(at + 1)
        member = at
        if (!isObject) {
          name = -1
          on = VALUE
          continue
        }
      } else {
        if (next != (isObject ? 0x7d : 0x5d)) break
        if ((noted & DOUBT) != 0) {
          why = TWICE
          break
        }
        at += 1
        const worth = worthOf(noted)
        store<i32>(container, noted | worth)
        store<i32>(container, <i32>(at - DOCUMENT), END)
        store<i32>(container, <i32>((out - first) >> 2), NEXT)
        depth -= 1
        row = load<i32>(depth << 3, OPEN + 4)
        before = load<i32>(container, NAME) + 1
        container = depth == 0 ? 0 : load<usize>((depth - 1) << 3, OPEN)
        if (container != 0) store<i32>(container, load<i32>(container) | worth)
        on = BEHIND
        continue
      }
      on = NAMED - 1
    }
    if (on != NAMED) {
      if (load<u8>(at) != 0x22) break
      // What followed the same name before follows it mostly again: then comparing is all that it costs.
      name = load<i32>(<usize>((row + before) & 0xfff) << 2, FOLLOWER) - 1
      if (name < 0 || !same(placeOf(NAMES, name), at + 1, lengthOf(NAMES, name))) {
        why = UNFORESEEN
        break
      }
      at += 1 + lengthOf(NAMES, name)
    }
    before = name + 1
    const met = load<u64>(container, END)
    const doubt = (<i32>(met >> (name & 63)) & 1) << 31
    store<u64>(container, met | (<u64>1 << (name & 63)), END)
    store<i32>(container, load<i32>(container) | (signOf(name) & MEMBERS) | doubt)
    at = spaceEnd(at)
    if (load<u8>(at) != 0x3a) break
    at = spaceEnd(at + 1)
    on = VALUE
  }
  heldAt = at
  heldOut = out
  heldContainer = container
  heldName = name
  heldMember = member
  heldRow = row
  heldBefore = before
  heldDepth = depth
  return why
}

/** Reads a value that is no container and no plain text; false where it is none. */
function unusual(first: usize): bool {
  const start = heldAt
  const byte = <i32>load<u8>(start)
  let kind = LITERAL
  if (byte == 0x22) {
    heldAt = textEnd(start + 1)
    kind = TEXT | signs
    if (heldAt != 0 && ((signs & (ESCAPES | REFERS | BEYOND_ASCII)) != 0)) kind |= WORTH
  } else if (byte == 0x2d || (byte >= 0x30 && byte <= 0x39)) {
    heldAt = numberEnd(start)
    kind = NUMBER
  } else heldAt = literalEnd(start)
  if (heldAt == 0) return false
  const entry = heldOut
  heldOut += ENTRY
  store<i32>(entry, kind)
  store<i32>(entry, heldName, NAME)
  store<i32>(entry, <i32>(heldMember - DOCUMENT), MEMBER)
  store<i32>(entry, <i32>(start - DOCUMENT), START)
  store<i32>(entry, <i32>(heldAt - DOCUMENT), END)
  store<i32>(entry, <i32>((heldOut - first) >> 2), NEXT)
  if (heldContainer != 0) store<i32>(heldContainer, load<i32>(heldContainer) | (kind & WORTH))
  return true
}

/** Looks a name up that did not follow the last one before; false where it is none, or no more are taken. */
function unforeseen(): bool {
  const start = heldMember + 1
  heldAt = textEnd(start)
  // A name with an escape has a second spelling.
  if (heldAt == 0 || (signs & ESCAPES) != 0) return false
  const length = <i32>(heldAt - start)
  heldName = find(NAMES, start, length)
  if (heldName < 0) {
    heldName = add(NAMES, start, length)
    if (heldName < 0) return false
    askSigns(heldName)
  }
  store<i32>(<usize>((heldRow + heldBefore) & 0xfff) << 2, heldName + 1, FOLLOWER)
  return true
}

/** WORTH where a container may tell of somebody, by what is noted of it. */
// @ts-ignore: decorator
@inline
function worthOf(noted: i32): i32 {
  const tells =
    (noted & (WORTH | TELLS | TYPED | BESIDE)) != 0 ||
    (noted & (REFERENCE | DISPLAY)) == (REFERENCE | DISPLAY) ||
    ((noted & OF_PATIENT) != 0 && (noted & (REFERENCE | DISPLAY | ITS_NAME)) != 0)
  return tells ? WORTH : 0
}

/** Of a name that stands twice two readers may take two different values. */
function namesDiffer(container: usize, end: usize, first: usize): bool {
  const objects = load<i32>(OBJECTS) + 1
  store<i32>(OBJECTS, objects)
  if (objects == 0) memory.fill(MET, 0, 4 * 4096)
  for (let entry = container + ENTRY; entry < end; entry = first + (<usize>load<i32>(entry, NEXT) << 2)) {
    const met = MET + (<usize>load<i32>(entry, NAME) << 2)
    if (load<i32>(met) == objects) return false
    store<i32>(met, objects)
  }
  return true
}

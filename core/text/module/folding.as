// A text as it came, in code units, and folded (folding.ts): as the bytes that are looked through, and in code units again. Most characters
// fold to one: a table has them. Of others a few are remembered.

import { FOLDS, OTHER_BEYOND, OTHERS, text } from './memory'
import { words } from './words'

/** Has what a character folds to written to a place among those that are remembered. */
@external('words', 'fold')
declare function fold(point: i32, place: usize): void

/** Of each code unit: what it folds to, the byte that stands for that, and whether this is known. */
const ONE: u32 = 1 << 24
/** Two units, or folded to none or to several: it is among the others. */
const APART: u32 = 2 << 24

/** Each of the others: its code point, how many units it folds to, the bytes that stand for them, and they. folding.ts has the same. */
const OTHER: usize = 80
const SIZE: usize = 4
const BYTES: usize = 8
const UNITS: usize = 32

/** Where the text stands as it came, and as it is folded: in the place of its words, which are not cut yet. */
export let units: usize = 0
let foldedUnits: usize = 0
/** Where places of both go apart, behind the latter: each from where on, in the folded text, and where that is in the other. */
export let stretches: usize = 0
export let stretchCount: i32 = 0
/** Of a stretch whose places are all where it begins. */
const FLAT: i32 = 1 << 31

/** Whether anything is another unit than it was; whether anything is no ASCII; whether there are halves of characters. */
const CHANGED: i32 = 1
const BEYOND: i32 = 2
const HALVES: i32 = 4
export let foldedAs: i32 = 0

let at: i32 = 0
let out: i32 = 0
let length: i32 = 0
let room: i32 = 0

/**
 * Folds so many code units that stand at `from`. Returns how many they are then; -1 where that is more than there is room for. 32 bytes
 * behind them can be read.
 */
export function foldText(from: usize, count: i32, most: i32): i32 {
  units = from
  length = count
  room = most
  foldedUnits = words
  stretches = (words + (<usize>most << 1) + 39) & ~7
  stretchCount = foldedAs = at = out = 0
  while (at < length) {
    copyPlain()
    if (!foldBeyond()) return -1
  }
  return out
}

/** Copies what is ASCII, from here to the next that is not. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function copyPlain(): void {
  let from = at
  let to = out
  for (;;) {
    const here = units + (<usize>from << 1)
    const one = v128.load(here)
    const two = v128.load(here, 16)
    v128.store(text + <usize>to, i8x16.narrow_i16x8_u(one, two))
    v128.store(foldedUnits + (<usize>to << 1), one)
    v128.store(foldedUnits + (<usize>to << 1), two, 16)
    const beyond = i8x16.bitmask(i8x16.narrow_i16x8_s(isBeyond(one), isBeyond(two)))
    // A branch: what comes next waits for no count.
    if (beyond == 0 && from + 16 < length) {
      from += 16
      to += 16
      continue
    }
    const plain = min(ctz(beyond | 0x10000), length - from)
    at = from + plain
    out = to + plain
    return
  }
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function isBeyond(eight: v128): v128 {
  return i16x8.gt_u(eight, i16x8.splat(0x7f))
}

/** Folds what is no ASCII, from here to the next that is. Returns whether there was room. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function foldBeyond(): bool {
  while (at < length) {
    const unit = <u32>load<u16>(units + (<usize>at << 1))
    if (unit < 0x80) break
    const known = load<u32>(FOLDS + (<usize>unit << 2))
    if (known >> 24 == 1) foldOne(unit, known)
    else if (!foldOther(unit)) return false
  }
  return true
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function foldOne(unit: u32, known: u32): void {
  store<u16>(foldedUnits + (<usize>out << 1), <u16>known)
  store<u8>(text + <usize>out, <u8>(known >> 16))
  foldedAs |= i32((known & 0xffff) != unit) | (<i32>(known >> 22) & BEYOND)
  at++
  out++
}

function foldOther(unit: u32): bool {
  let point = unit
  let taken = 1
  if ((unit & 0xf800) == 0xd800) {
    const next = at + 1 < length ? <u32>load<u16>(units + (<usize>at << 1), 2) : 0
    if (unit >= 0xdc00 || (next & 0xfc00) != 0xdc00) {
      foldedAs |= HALVES
      foldOne(unit, unit | (<u32>OTHER_BEYOND << 16) | ONE)
      return true
    }
    point = 0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff)
    taken = 2
  }
  const place = OTHERS + <usize>((point * 0x9e3779b1) >> 21) * OTHER
  if (load<u32>(place) != point) fold(point, place)
  const size = load<i32>(place, SIZE)
  if (taken == 1) {
    const one = <u32>load<u16>(place, UNITS) | (<u32>load<u8>(place, BYTES) << 16) | ONE
    store<u32>(FOLDS + (<usize>unit << 2), size == 1 ? one : APART)
    if (size == 1) {
      foldOne(unit, one)
      return true
    }
  }
  if (out + size + length - at - taken > room) return false
  for (let i: usize = 0; i < <usize>size; i += 8) {
    const bytes = load<u64>(place + i, BYTES)
    if ((bytes & 0x8080808080808080) != 0) foldedAs |= BEYOND
    store<u64>(text + <usize>out + i, bytes)
    v128.store(foldedUnits + ((<usize>out + i) << 1), v128.load(place + (i << 1), UNITS))
  }
  if (size != 2 || taken != 2 || load<u32>(place, UNITS) != load<u32>(units + (<usize>at << 1))) foldedAs |= CHANGED
  if (size > 1) stretch(at | FLAT)
  at += taken
  out += size
  stretch(at)
  return true
}

/** From here on, what is folded comes from there. */
function stretch(origin: i32): void {
  // Of two that begin at one place the first has nothing.
  if (stretchCount > 0 && load<i32>(stretches + <usize>(stretchCount - 1) * 8) == out) stretchCount--
  store<i32>(stretches + <usize>stretchCount * 8, out)
  store<i32>(stretches + <usize>stretchCount * 8, origin, 4)
  stretchCount++
}

// Streets and what stands behind them: 45 CFR 164.514(b)(2)(i)(B).

import { isFree, PLACED, take } from './claims'
import { HEADING, MEDICAL, MONTH, PLACE, PLAIN_FACILITY, STATE, STATE_CODE, STOPPER, STREET, SURNAME, TITLE } from './classes'
import { BEFORE_STREET, IN_BUILDING, SURE_STREET } from './dictionary'
import { byteAt } from './memory'
import { goesOn, isOf, isHouseNumber, isKnown, isLarge, isListed, isNumberOf, isOrdinal, isStrange, isWord, sizeOf } from './traits'
import { count, cueOf, CUE_BOX, endOf, formCount, formedAt, gapOf, headAt, headCount, shapeOf, startOf } from './words'
import { APART, CAPITALISED, COMMA, DOT_SPACE, HYPHEN, INITIAL, NUMBER, SMALL, SPACE } from './writing'

/** "12 Elm Street, Springfield, IL 62704", "5th Avenue", "P.O. Box 12". */
export function findAddresses(): void {
  for (let f = 0; f < formCount; f++) {
    const i = formedAt(f)
    if (shapeOf(i) != NUMBER || !isFree(i)) continue
    const boxed = i > 0 && gapOf(i) == SPACE && (cueOf(i - 1) & CUE_BOX) != 0
    if (!boxed && !mayHaveStreet(i)) continue
    if (sizeOf(i) > 8 || !isHouseNumber(i)) continue
    const street = max(streetAfter(i), smallStreetAfter(i))
    if (street < 0 && !boxed) continue
    let start = boxed ? i - 1 : i
    // "RR 2 BOX 118"
    if (boxed && start > 1 && gapOf(start) == SPACE && shapeOf(start - 1) == NUMBER && gapOf(start - 1) == SPACE && isRural(start - 2)) start -= 2
    if (boxed) for (let n = 0; n < 2 && start > 0 && shapeOf(start - 1) == INITIAL; n++) start--
    take(start, onwards(max(street, i)), PLACED)
  }
}

/** The route that a box in the country lies on. */
function isRural(i: i32): bool {
  return isFree(i) && (isWord(i, 'rr') || isWord(i, 'hc') || isWord(i, 'route'))
}

/** By the word behind a number: most are followed by a small one, or by a sign. */
function mayHaveStreet(number: i32): bool {
  const next = number + 1
  if (next >= count || !goesOn(next)) return false
  if (shapeOf(next) == NUMBER) return isOrdinal(next)
  return shapeOf(next) != SMALL || isOf(next, STREET) || maySmallStreetBegin(next) || isDirection(next)
}

/** "2218 w farwell ave" */
function isDirection(i: i32): bool {
  if (sizeOf(i) > 2 || gapOf(i) != SPACE) return false
  if (sizeOf(i) == 2) return isWord(i, 'ne') || isWord(i, 'nw') || isWord(i, 'se') || isWord(i, 'sw')
  return isWord(i, 'n') || isWord(i, 's') || isWord(i, 'e') || isWord(i, 'w')
}

/** No function word, unit or short form, and nothing that is counted or measured. */
function maySmallStreetBegin(i: i32): bool {
  if (shapeOf(i) != SMALL || gapOf(i) != SPACE || sizeOf(i) < 3) return false
  if (isListed(i, MEDICAL) && !isListed(i, PLACE | SURNAME)) return false
  return !isOf(i, STOPPER | HEADING | MONTH)
}

/** "12 elm street", "450 old mill rd", "118 n elm st, dayton": one to three words between, in letters of any size. */
function smallStreetAfter(number: i32): i32 {
  for (let j = number + 1; j < count && j <= number + 4; j++) {
    if (gapOf(j) != SPACE) return -1
    if (j > number + 1 && isStreetHead(j)) return j
    if (!isLarge(j) && !maySmallStreetBegin(j) && !(j == number + 1 && isDirection(j))) return -1
  }
  return -1
}

/** "ave", and "st" before a comma. */
function isStreetHead(i: i32): bool {
  return isOf(i, STREET) && (isKnown(i, SURE_STREET) || (sizeOf(i) < 4 && byteAt(endOf(i)) == 0x2c))
}

/** "on Main Street", "near Elm St.": without a number where a preposition stands before it. */
export function findStreets(): void {
  for (let h = 0; h < headCount; h++) {
    const i = headAt(h)
    if (i < 2 || !isOf(i, STREET) || !isLarge(i) || !isFree(i)) continue
    if (sizeOf(i) < 3 && byteAt(endOf(i)) != 0x2e && byteAt(endOf(i)) != 0x2c) continue
    let start = i
    while (start > 0 && i - start < 3 && gapOf(start) == SPACE && isFree(start - 1)) {
      if (!isLarge(start - 1) || isOf(start - 1, STOPPER | TITLE)) break
      start--
    }
    const road = roadEnd(i)
    if (road >= 0 && gapOf(i) == SPACE && isKnown(i - 1, BEFORE_STREET)) {
      take(i, road, PLACED)
      continue
    }
    if (start == i || start == 0) continue
    // "E. Lincoln St"
    if (gapOf(start) == DOT_SPACE && shapeOf(start - 1) == INITIAL && isFree(start - 1) && start > 1) start--
    if (gapOf(start) != SPACE) continue
    if (isKnown(start - 1, BEFORE_STREET)) take(start, onwards(i), PLACED)
  }
}

/** "Highway 61 and Poplar", "Route 9": a road with a number and what it crosses; -1 where none begins here. */
function roadEnd(i: i32): i32 {
  const number = i + 1
  if (number >= count || gapOf(number) != SPACE || !isNumberOf(number, 1, 3)) return -1
  if (!isWord(i, 'highway') && !isWord(i, 'hwy') && !isWord(i, 'route') && !isWord(i, 'rte')) return -1
  const other = i + 3
  const crosses = other < count && isWord(i + 2, 'and') && gapOf(other) == SPACE && shapeOf(other) == CAPITALISED && isFree(other)
  return crosses ? other : number
}

function streetAfter(number: i32): i32 {
  const ordinal = isOrdinal(number)
  for (let j = number + 1; j < count && j <= number + 5; j++) {
    if (!goesOn(j)) return -1
    const size = sizeOf(j)
    if (isOf(j, STREET) && (j > number + 1 || (ordinal && size > 2)) && (isLarge(j) || (shapeOf(j) == SMALL && size > 3))) {
      // "5th avenue clinic"
      const next = j + 1
      return next < count && gapOf(next) == SPACE && isOf(next, PLAIN_FACILITY) ? next : j
    }
    if (!isLarge(j) && !isOrdinal(j)) return -1
  }
  return -1
}

/** City, State and ZIP behind a street or a city: the last word of them. */
export function onwards(from: i32): i32 {
  let end = from
  for (let left = 6; left > 0 && end + 1 < count; left--) {
    const next = end + 1
    const gap = gapOf(next)
    if (gap == APART) {
      if (!isLoose(endOf(end), startOf(next))) break
    } else if (gap != COMMA && gap != SPACE && gap != DOT_SPACE && gap != HYPHEN) break
    if (isNumberOf(next, 4, 5)) {
      end = next
      if (gap == HYPHEN) break
      continue
    }
    if (isKnown(next, IN_BUILDING)) {
      end = next
      if (end + 1 < count && gapOf(end + 1) != DOT_SPACE) end++
      continue
    }
    // "zelwick, oh 94356"
    if (isOf(next, STATE_CODE) && gap == COMMA && next + 1 < count && isNumberOf(next + 1, 5, 5)) {
      end = next
      continue
    }
    if (!isLarge(next) || isOf(next, STOPPER)) break
    if (!(gap == COMMA && isStrange(next)) && !isOf(next, STATE | STATE_CODE) && !isListed(next, PLACE)) break
    end = next
  }
  return end
}

/** Commas, full stops, semicolons and spaces, four at most. */
function isLoose(from: i32, to: i32): bool {
  if (to - from > 4 || to == from) return false
  for (let at = from; at < to; at++) {
    const byte = byteAt(at)
    if (byte != 0x2e && byte != 0x2c && byte != 0x3b && byte != 0x20) return false
  }
  return true
}

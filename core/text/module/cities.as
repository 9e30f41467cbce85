// Cities before their State, and counties.

import { onwards } from './addresses'
import { isFree, PLACED, take } from './claims'
import { CREDENTIAL, DIVISION, FIRST, PLACE, PLACE_PREFIX, PROPER, STATE, STATE_CODE, TITLE } from './classes'
import { byteAt } from './memory'
import { goesOn, isOf, isLarge, isListed, isStrange, stops } from './traits'
import { count, endOf, gapOf, markCount, markedAt, shapeOf } from './words'
import { CAPITALISED, CAPITALS, COMMA, INITIAL, SPACE } from './writing'

/** "Brooklyn, NY", "Houston, Texas 77002", "Cook County". */
export function findCities(): void {
  for (let m = 0; m < markCount; m++) {
    const i = markedAt(m)
    if (!isLarge(i) || !isFree(i)) continue
    if (isOf(i, DIVISION) && i > 0 && gapOf(i) == SPACE && isLarge(i - 1) && !stops(i - 1)) {
      const state = i + 1 < count && gapOf(i + 1) == COMMA && isLarge(i + 1) && isOf(i + 1, STATE | STATE_CODE)
      take(cityStart(i - 1), state ? onwards(i) : i, PLACED)
      continue
    }
    const next = i + 1
    // "Bend Oregon"
    if (next < count && shapeOf(next) == CAPITALISED && gapOf(next) == SPACE && isOf(next, STATE) && isListed(i, PLACE) && isCityBefore(i)) {
      take(cityStart(i), next, PLACED)
      continue
    }
    if (next >= count || gapOf(next) != COMMA || shapeOf(i) != CAPITALISED) continue
    const code = isOf(next, STATE_CODE) && (shapeOf(next) == CAPITALS || isShortened(next))
    const long = next + 1 < count && isOf(next, PLACE_PREFIX | PROPER) && gapOf(next + 1) == SPACE && isOf(next + 1, STATE)
    const whole = shapeOf(next) == CAPITALISED && (isOf(next, STATE) || (long && shapeOf(next + 1) == CAPITALISED))
    if (!code && !(whole && isListed(i, PLACE))) continue
    // "Smith, MD"
    if (isOf(next, CREDENTIAL) && (!isListed(i, PLACE) || followsName(i))) continue
    if (!isListed(i, PLACE) && !isStrange(i)) continue
    take(cityStart(i), onwards(long ? next + 1 : next), PLACED)
  }
}

/** Written as a name, and no part of the State's: "West Virginia". */
function isCityBefore(i: i32): bool {
  return shapeOf(i) == CAPITALISED && !isOf(i, PLACE_PREFIX | PROPER | STATE | TITLE) && !stops(i)
}

/** "Worcester, Mass." */
function isShortened(i: i32): bool {
  return shapeOf(i) == CAPITALISED && byteAt(endOf(i)) == 0x2e
}

function followsName(i: i32): bool {
  if (i == 0 || !goesOn(i)) return false
  return isOf(i - 1, TITLE) || shapeOf(i - 1) == INITIAL || (isListed(i - 1, FIRST) && shapeOf(i - 1) == CAPITALISED)
}

/** Of a city's name that ends there. */
export function cityStart(last: i32): i32 {
  let start = last
  while (start > 0 && last - start < 3 && goesOn(start) && isFree(start - 1)) {
    const before = start - 1
    if (!isLarge(before) || stops(before)) break
    if (!isListed(before, PLACE) && !isOf(before, PLACE_PREFIX) && !isStrange(before)) break
    start = before
  }
  return start
}

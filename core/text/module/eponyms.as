// Diseases, signs, scores and tests that are called after people: looked at and left.

import { asked, COMPOUND } from './asked'
import { isFree, KEPT, take } from './claims'
import { ENGLISH, EPONYM, EPONYM_HEAD, FAMOUS_EPONYM, HEADING, MEDICAL, SCORED, STOPPER, WEAK_EPONYM_HEAD } from './classes'
import { standsAt } from './facilities'
import { byteAt } from './memory'
import { isFirstName } from './name-parts'
import { digitsEnd, isAny, WORDLY } from './signs'
import { isOf, isLarge, isListed } from './traits'
import { anyClass, count, endOf, gapOf, headAt, headCount, isMarked, isOwned, joinCount, joinedAt, shapeOf, startOf } from './words'
import { CAPITALISED, CAPITALS, COMMA, HYPHEN, INITIAL, SMALL, SPACE } from './writing'

/** "Braden 18", "Morse fall 45", "Rankin II", "Lachman, McMurray": not "Rankin, 45". */
export function isScored(i: i32): bool {
  if (!isOf(i, SCORED)) return false
  if (i > 0 && gapOf(i) == COMMA && isOf(i - 1, FAMOUS_EPONYM)) return true
  let next = i + 1
  if (next < count && gapOf(next) == COMMA && isOf(next, FAMOUS_EPONYM)) return true
  if (next < count && shapeOf(next) == SMALL && gapOf(next) == SPACE) next++
  return next < count && gapOf(next) == SPACE && isScore(startOf(next))
}

/** One digit or two, or one to five in Roman numerals, which are no age and no part of a longer number. */
function isScore(from: i32): bool {
  const digits = digitsEnd(from, 2)
  if (digits > from) return isAlone(digits)
  let ones = from
  while (ones < from + 3 && (byteAt(ones) | 0x20) == 0x69) ones++
  if (ones > from && isAlone(ones)) return true
  // IV, V
  const five = ones == from + 1 ? ones : from
  return (byteAt(five) | 0x20) == 0x76 && isAlone(five + 1)
}

function isAlone(at: i32): bool {
  const byte = byteAt(at)
  if (isAny(at, WORDLY) || byte == 0x2f || byte == 0x2d) return false
  return byte != 0x20 || (byteAt(at + 1) | 0x20) != 0x79
}

/**
 * "Crohn's disease", "Wells score", "Lou Gehrig's disease", "non-Hodgkin lymphoma": looked at and left.
 * `supposed`: whether capitals were (caseless.as).
 */
export function keepEponyms(supposed: bool): void {
  const scored = (anyClass & SCORED) != 0
  keepJoined(supposed, scored)
  if (scored) keepScored()
  if ((anyClass & (EPONYM_HEAD | WEAK_EPONYM_HEAD)) == 0) return
  for (let h = 0; h < headCount; h++) {
    const i = headAt(h)
    if (i > 0 && isOf(i, EPONYM_HEAD | WEAK_EPONYM_HEAD)) keepBefore(i)
  }
}

/** "non-Hodgkin"; not the half of it that is scored by itself. */
function keepJoined(supposed: bool, scored: bool): void {
  for (let j = 0; j < joinCount; j++) {
    const next = joinedAt(j)
    const i = next - 1
    if (i < 0 || gapOf(next) != HYPHEN || !isLarge(next) || !isLarge(i) || !isFree(i) || !isFree(next)) continue
    if ((scored && isScored(i)) || !(supposed || isMarked(i))) continue
    if (asked(COMPOUND, startOf(i), endOf(next)) == 1) take(i, next, KEPT)
  }
}

/** "Braden 18". */
function keepScored(): void {
  for (let h = 0; h < headCount; h++) {
    const i = headAt(h)
    if (i + 1 < count && isFree(i) && isScored(i)) take(i, i, KEPT)
  }
}

/** "Wells risk score", "Framingham Heart Study": no "Kimler for heart failure", "Jorge reports heart failure". */
function mayStandBetween(i: i32): bool {
  return isOf(i, WEAK_EPONYM_HEAD) || (isListed(i, ENGLISH | MEDICAL) && !isOf(i, STOPPER | HEADING))
}

/** The name before a disease, a score or the like. */
function keepBefore(i: i32): void {
  const strong = isOf(i, EPONYM_HEAD)
  let last = i - 1
  if (gapOf(i) != SPACE && gapOf(i) != HYPHEN) return
  // "Wells risk score", "Framingham Heart Study", "Crohn's perianal disease"
  if (!isLarge(last) || isOf(last, WEAK_EPONYM_HEAD)) {
    if (last == 0 || gapOf(last) != SPACE || !mayStandBetween(last)) return
    last--
  }
  if (!isLarge(last) || !isFree(last)) return
  let start = last
  while (start > 0 && last - start < 3 && isFree(start - 1) && isLarge(start - 1)) {
    if (gapOf(start) != HYPHEN && gapOf(start) != SPACE) break
    if (isOf(start - 1, STOPPER)) break
    // "Ashlynn Tate DKA protocol": what is written in capitals is called after nobody before it.
    if (start == last && shapeOf(last) == CAPITALS && shapeOf(last - 1) == CAPITALISED) break
    start--
  }
  // "30 F Maria Lopez test results"
  if (shapeOf(start) == INITIAL && start + 1 < last && isFirstName(start + 1)) start++
  // Without a possessive a whole name before it is a person's: "Maria Lopez test results".
  const whole = (start < last && isFirstName(start)) || shapeOf(last) == INITIAL
  if (whole && !(strong && isOwned(last))) return
  if (!strong && isFirstName(last) && !isListed(last, EPONYM)) return
  // "seen at Sacred Heart"
  if (!strong && standsAt(start)) return
  take(start, last, KEPT)
}

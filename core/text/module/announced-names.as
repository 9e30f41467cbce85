// Names that a word before them announces: titles, "named", "her daughter".

import { isFree, NAMED, take } from './claims'
import { ENGLISH, EVERYDAY, FIRST, HEADING, MEDICAL, NAMING, PERSON, STOPPER, SURNAME, TITLE } from './classes'
import { KIN, OFFICE, POSSESSIVE, TERM } from './dictionary'
import { byteAt, QUOTE } from './memory'
import { mayBePart, nameAfter } from './name-parts'
import { isKnown, isOf, isLarge, isListed, isStrange, isWord, sizeOf } from './traits'
import { count, endOf, gapOf, headAt, headCount, shapeOf, startOf } from './words'
import { APART, CAPITALISED, CAPITALS, DOT, DOT_SPACE, INITIAL, SMALL, SPACE } from './writing'

/** "Mr. James T.", "Dr Patel", "DR. SMITH". */
export function findTitled(): void {
  for (let h = 0; h < headCount; h++) {
    const i = headAt(h)
    const next = i + 1
    if (next >= count) break
    if (!isOf(i, TITLE) || !isFree(i)) continue
    const gap = gapOf(next)
    if (gap != SPACE && gap != DOT_SPACE && gap != DOT) continue
    const long = sizeOf(i) > 5
    if (long && gap != SPACE) continue
    const end = nameAfter(next)
    if (end >= 0) take(i, end, NAMED)
    // "dr patel": whatever stands behind a short title is a name, if no list knows it for another word.
    else if (
      !long && shapeOf(next) == SMALL && isFree(next) && !isOf(next, STOPPER | HEADING | PERSON) && !isListed(next, ENGLISH | MEDICAL)
    )
      take(i, next, NAMED)
  }
}

/** "named Rose", "patient name: Maria Lopez", "her daughter Grace". */
export function findAnnounced(): void {
  for (let h = 0; h < headCount; h++) {
    const i = headAt(h)
    const next = i + 1
    if (next >= count) break
    if (!isOf(i, NAMING | PERSON)) continue
    const gap = gapOf(next)
    if (gap != SPACE && !(gap == APART && isColon(endOf(i), startOf(next)))) continue
    const from = gap == SPACE && isWord(next, 'is') ? next + 1 : next
    if (from >= count || !isFree(from)) continue
    if (!isLarge(from) || (shapeOf(from) == CAPITALS && !mayBePart(from))) continue
    if (isOf(from, HEADING | STOPPER) && shapeOf(from) != INITIAL) continue
    if (!isOf(i, NAMING)) {
      if (!isSomebodys(i, from, gap == SPACE)) continue
    }
    const end = nameAfter(from)
    if (end >= 0) take(from == next && gap == SPACE && (isReligious(i) || isRole(i)) ? i : from, end, NAMED)
  }
}

/** Whether a word may be the name of whom the word before it means. */
function isSomebodys(i: i32, from: i32, beside: bool): bool {
  if (isListed(from, FIRST) || isStrange(from)) return true
  // "Mother Deceased", "MD Aware"
  if (isKnown(from, TERM)) return false
  // "Patient: Talon Lucey"
  const next = from + 1
  if (next < count && gapOf(next) == SPACE && shapeOf(next) == CAPITALISED && isListed(next, SURNAME) && !isListed(next, ENGLISH | MEDICAL)) return true
  const surname = isListed(from, SURNAME)
  // "Attending: Bone", "RN Mavin reports"
  if (isKnown(i, OFFICE) && ((surname && !beside) || (shapeOf(i) == CAPITALS && beside && !isListed(from, MEDICAL)))) return true
  if (!isListed(from, EVERYDAY)) return surname || (i > 0 && isKnown(i - 1, POSSESSIVE))
  // "her son Wane", "Attending: Lawless"
  if (beside && isKnown(i, KIN)) return surname || !isListed(from, MEDICAL)
  return surname && !isListed(from, MEDICAL) && isKnown(i, OFFICE)
}

/** "Nurse Kelly Brannigan", "PA Jessica Thorne": written as part of the name. */
function isRole(i: i32): bool {
  return isLarge(i) && isKnown(i, OFFICE) && isOf(i, PERSON) && isFree(i)
}

/** "Sister Mary Bernadine" */
function isReligious(i: i32): bool {
  if (shapeOf(i) != CAPITALISED || gapOf(i + 1) != SPACE) return false
  return isWord(i, 'sister') || isWord(i, 'brother') || isWord(i, 'father') || isWord(i, 'mother')
}

/** A colon, two spaces at most, a quotation mark, each of them or none. */
function isColon(from: i32, to: i32): bool {
  let at = from
  if (at < to && byteAt(at) == 0x3a) at++
  for (let spaces = 0; spaces < 2 && at < to && byteAt(at) == 0x20; spaces++) at++
  if (at < to && (byteAt(at) == 0x22 || byteAt(at) == 0x27 || byteAt(at) == QUOTE)) at++
  return at == to
}

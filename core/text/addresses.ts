// Streets and what stands behind them: 45 CFR 164.514(b)(2)(i)(B).

import { type Claims, claim, isFree, take } from './claims.ts'
import * as classes from './classes.ts'
import { medical, place, surname } from './lexicon.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import {
  goesOn,
  is,
  isHouseNumber,
  isLarge,
  isNumberOf,
  isOrdinal,
  isStrange,
  isWord,
  those,
} from './traits.ts'

const box = those('box')

const unit = those('apt apartment suite ste unit floor')

const beforeStreets = those('on at near off along down from of')

/** "12 Elm Street, Springfield, IL 62704", "5th Avenue", "P.O. Box 12". */
export function findAddresses(claims: Claims): void {
  const { words } = claims
  for (let f = 0; f < words.forms; f += 1) {
    const i = words.formed[f] as number
    if (words.shape[i] !== shapes.number || !isFree(claims, i)) continue
    if (!mayHaveStreet(words, i) && !mayBeBoxed(words, i)) continue
    if ((words.end[i] as number) - (words.start[i] as number) > 8) continue
    if (!isHouseNumber(words, i)) continue
    const boxed = i > 0 && words.gap[i] === gaps.space && isWord(words, i - 1, box)
    const street = Math.max(streetAfter(words, i), smallStreetAfter(words, i))
    if (street < 0 && !boxed) continue
    let start = boxed ? i - 1 : i
    if (boxed)
      for (let n = 0; n < 2 && start > 0 && words.shape[start - 1] === shapes.initial; n += 1) start -= 1
    take(claims, start, onwards(words, Math.max(street, i)), claim.place)
  }
}

/** By the word behind a number: most are followed by a small one, or by a sign. */
function mayHaveStreet(words: Tokens, number: number): boolean {
  const next = number + 1
  if (next >= words.count || !goesOn(words, next)) return false
  if (words.shape[next] === shapes.number) return isOrdinal(words, next)
  return (
    words.shape[next] !== shapes.small || is(words, next, classes.street) || maySmallStreetBegin(words, next)
  )
}

/** In small letters these are streets; court, drive, place and way are other things too. */
const sureStreets = those('street avenue ave road rd boulevard blvd lane ln')

/** No function word, unit or short form, and nothing that is counted or measured. */
function maySmallStreetBegin(words: Tokens, i: number): boolean {
  if (words.shape[i] !== shapes.small || words.gap[i] !== gaps.space) return false
  if ((words.end[i] as number) - (words.start[i] as number) < 3) return false
  if (((words.flags[i] as number) & medical) !== 0 && ((words.flags[i] as number) & (place | surname)) === 0)
    return false
  return !is(words, i, classes.stopper | classes.heading | classes.month)
}

/** "12 elm street", "450 old mill rd": one to three words in small letters between. */
function smallStreetAfter(words: Tokens, number: number): number {
  for (let j = number + 1; j < words.count && j <= number + 4; j += 1) {
    if (words.gap[j] !== gaps.space) return -1
    if (j > number + 1 && words.shape[j] === shapes.small && isWord(words, j, sureStreets)) return j
    if (!maySmallStreetBegin(words, j)) return -1
  }
  return -1
}

/** By the length of the word before. */
function mayBeBoxed({ start, end, gap }: Tokens, number: number): boolean {
  if (number === 0 || gap[number] !== gaps.space) return false
  return (end[number - 1] as number) - (start[number - 1] as number) === 'box'.length
}

/** "on Main Street", "near Elm St.": without a number where a preposition stands before it. */
export function findStreets(claims: Claims): void {
  const { words } = claims
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
    if (i < 2 || !is(words, i, classes.street) || !isLarge(words, i) || !isFree(claims, i)) continue
    const long = (words.end[i] as number) - (words.start[i] as number)
    if (long < 3 && words.text[words.end[i] as number] !== '.') continue
    let start = i
    while (start > 0 && i - start < 3 && words.gap[start] === gaps.space && isFree(claims, start - 1)) {
      if (!isLarge(words, start - 1) || is(words, start - 1, classes.stopper | classes.title)) break
      start -= 1
    }
    if (start === i || start === 0 || words.gap[start] !== gaps.space) continue
    if (isWord(words, start - 1, beforeStreets)) take(claims, start, onwards(words, i), claim.place)
  }
}

function streetAfter(words: Tokens, number: number): number {
  const ordinal = isOrdinal(words, number)
  for (let j = number + 1; j < words.count && j <= number + 5; j += 1) {
    if (!goesOn(words, j)) return -1
    const long = (words.end[j] as number) - (words.start[j] as number)
    if (is(words, j, classes.street) && (j > number + 1 || (ordinal && long > 2))) {
      if (isLarge(words, j) || (words.shape[j] === shapes.small && long > 3)) {
        // "5th avenue clinic"
        const next = j + 1
        const clinic =
          next < words.count && words.gap[next] === gaps.space && is(words, next, classes.plainFacility)
        return clinic ? next : j
      }
    }
    if (!isLarge(words, j) && !isOrdinal(words, j)) return -1
  }
  return -1
}

/** City, State and ZIP behind a street or a city: the last word of them. */
export function onwards(words: Tokens, from: number): number {
  let end = from
  for (let left = 6; left > 0 && end + 1 < words.count; left -= 1) {
    const next = end + 1
    const gap = words.gap[next]
    if (
      gap !== gaps.comma &&
      gap !== gaps.space &&
      gap !== gaps.dotSpace &&
      gap !== gaps.hyphen &&
      gap !== gaps.apart
    )
      break
    if (gap === gaps.apart && !/^[.,; ]{1,4}$/.test(words.text.slice(words.end[end], words.start[next])))
      break
    const zip = isNumberOf(words, next, 4, 5)
    const apartment = isWord(words, next, unit)
    if (zip || apartment) {
      end = next
      if (zip && gap === gaps.hyphen) break
      if (apartment && end + 1 < words.count && words.gap[end + 1] !== gaps.dotSpace) end += 1
      continue
    }
    // "zelwick, oh 94356"
    const coded = is(words, next, classes.stateCode) && gap === gaps.comma && isZipAt(words, next + 1)
    if (coded) {
      end = next
      continue
    }
    if (!isLarge(words, next) || is(words, next, classes.stopper)) break
    const flags = words.flags[next] as number
    if (gap === gaps.comma && isStrange(words, next)) {
      end = next
      continue
    }
    if (is(words, next, classes.state) || is(words, next, classes.stateCode) || (flags & place) !== 0)
      end = next
    else break
  }
  return end
}

function isZipAt(words: Tokens, i: number): boolean {
  return i < words.count && isNumberOf(words, i, 5, 5)
}

// Cities before their State, and counties.

import { onwards } from './addresses.ts'
import { type Claims, claim, isFree, take } from './claims.ts'
import * as classes from './classes.ts'
import { first, place } from './lexicon.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { goesOn, is, isLarge, isStrange, stops } from './traits.ts'

/** "Brooklyn, NY", "Houston, Texas 77002", "Cook County". */
export function findCities(claims: Claims): void {
  const { words } = claims
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
    if (!isLarge(words, i) || !isFree(claims, i)) continue
    const flags = words.flags[i] as number
    const next = i + 1
    if (
      is(words, i, classes.division) &&
      i > 0 &&
      words.gap[i] === gaps.space &&
      isLarge(words, i - 1) &&
      !stops(words, i - 1)
    ) {
      take(claims, cityStart(claims, i - 1), i, claim.place)
      continue
    }
    if (next >= words.count || words.gap[next] !== gaps.comma || words.shape[i] !== shapes.capitalised)
      continue
    const code = words.shape[next] === shapes.capitals && is(words, next, classes.stateCode)
    const whole = words.shape[next] === shapes.capitalised && is(words, next, classes.state)
    if (!code && !(whole && (flags & place) !== 0)) continue
    // "Smith, MD"
    if (is(words, next, classes.credential) && ((flags & place) === 0 || followsName(words, i))) continue
    if ((flags & place) === 0 && !isStrange(words, i)) continue
    const start = cityStart(claims, i)
    take(claims, start, onwards(words, next), claim.place)
  }
}

function followsName(words: Tokens, i: number): boolean {
  if (i === 0 || !goesOn(words, i)) return false
  const flags = words.flags[i - 1] as number
  return (
    is(words, i - 1, classes.title) ||
    words.shape[i - 1] === shapes.initial ||
    ((flags & first) !== 0 && words.shape[i - 1] === shapes.capitalised)
  )
}

function cityStart(claims: Claims, last: number): number {
  const { words } = claims
  let start = last
  while (start > 0 && last - start < 3 && goesOn(words, start) && isFree(claims, start - 1)) {
    const before = start - 1
    if (!isLarge(words, before) || stops(words, before)) break
    const flags = words.flags[before] as number
    if ((flags & place) === 0 && !is(words, before, classes.placePrefix) && !isStrange(words, before)) break
    start = before
  }
  return start
}

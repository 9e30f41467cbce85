// Capitalised words that no rule has claimed: what the word before them and the lists say decides. Behind "at" almost
// everything is a place; elsewhere a word that is neither English nor medicine is somebody's or some place's name.

import { type Claim, type Claims, claim, isFree, take } from './claims.ts'
import * as classes from './classes.ts'
import { standsAt } from './facilities.ts'
import {
  english,
  eponym,
  everyday,
  first,
  frequent,
  lexicon,
  medical,
  place,
  slotOf,
  surname,
  wordHash,
} from './lexicon.ts'
import { isFirstName } from './name-parts.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { goesOn, is, isLarge, isStrange } from './traits.ts'
import { isVowel } from './word.ts'

export type LoneRules = { readonly names: boolean; readonly places: boolean; readonly shapes: boolean }

export function findLone(claims: Claims, rules: LoneRules): void {
  const { words } = claims
  let done = -1
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
    if (i <= done || !isFree(claims, i) || !isLarge(words, i)) continue
    let end = i
    while (
      end + 1 < words.count &&
      end - i < 6 &&
      goesOn(words, end + 1) &&
      isLarge(words, end + 1) &&
      isFree(claims, end + 1)
    ) {
      if (is(words, end + 1, classes.stopper)) break
      end += 1
    }
    judge(claims, i, end, rules)
    done = end
  }
}

function judge(claims: Claims, start: number, end: number, rules: LoneRules): void {
  const { words } = claims
  let from = start
  while (from <= end && is(words, from, classes.stopper | classes.title)) from += 1
  if (from > end) return
  const before = from > 0 && words.gap[from] === gaps.space ? from - 1 : -1
  // "at the Cleveland", "at our Miami"
  const article =
    before > 0 &&
    words.shape[before] === shapes.small &&
    is(words, before, classes.stopper) &&
    !is(words, before, classes.at | classes.towards | classes.beside)
  const lead = article ? before - 1 : before
  if (lead >= 0 && rules.places) {
    if (standsAt(words, from) && isPlaceBehindAt(words, from, end))
      return take(claims, from, end, claim.place)
    if (
      is(words, lead, classes.towards | classes.joiner | classes.motion) &&
      isPlaceBehindIn(words, lead, from, end)
    )
      return take(claims, from, end, claim.place)
  }
  for (let i = from; i <= end; i += 1) {
    const as = meaning(words, i, rules, lead)
    if (as !== claim.none) i = spread(claims, i, from, end, as)
  }
}

/** With the words beside it that may belong to the same name. */
function spread(claims: Claims, i: number, from: number, end: number, as: Claim): number {
  const { words } = claims
  const belongs = (j: number): boolean => {
    const flags = words.flags[j] as number
    if (is(words, j, classes.stopper | classes.acronym | classes.proper | classes.eponymHead)) return false
    if (words.shape[j] === shapes.initial) return j > i
    return (flags & (first | surname | place)) !== 0
      ? !is(words, j, classes.heading) &&
          ((flags & medical) === 0 || (flags & (frequent | eponym)) !== 0 || (flags & everyday) === 0)
      : isStrange(words, j)
  }
  let start = i
  while (
    start > from &&
    isFree(claims, start - 1) &&
    words.shape[start - 1] === shapes.capitalised &&
    belongs(start - 1)
  )
    start -= 1
  let last = i
  while (last < end && belongs(last + 1)) last += 1
  take(claims, start, last, as)
  return last
}

/** New York and Washington are a State and a city: they are taken for the city. */
function isState(words: Tokens, i: number): boolean {
  return (
    is(words, i, classes.state) &&
    !/^(?:york|washington)$/i.test(words.text.slice(words.start[i], words.end[i]))
  )
}

function isPlaceBehindAt(words: Tokens, from: number, end: number): boolean {
  const next = end + 1
  const number = next < words.count && words.gap[next] === gaps.space && words.shape[next] === shapes.number
  for (let i = from; i <= end; i += 1) {
    if (is(words, i, classes.proper | classes.month | classes.acronym) || isState(words, i)) continue
    if (words.shape[i] === shapes.initial) continue
    if (words.shape[i] === shapes.capitals) {
      if (!number) return true
      continue
    }
    const flags = words.flags[i] as number
    if ((flags & (place | surname)) !== 0 || isStrange(words, i)) return true
  }
  return false
}

function isPlaceBehindIn(words: Tokens, lead: number, from: number, end: number): boolean {
  const moved = /^(?:from|to)$/i.test(words.text.slice(words.start[lead], words.end[lead]))
  for (let i = from; i <= end; i += 1) {
    if (
      is(words, i, classes.proper | classes.month | classes.acronym | classes.eponymHead) ||
      isState(words, i)
    )
      continue
    const flags = words.flags[i] as number
    if (words.shape[i] === shapes.capitals) {
      // "transferred from MGH"
      if (moved && lead > 0 && is(words, lead - 1, classes.motion)) return true
      continue
    }
    if (words.shape[i] !== shapes.capitalised) continue
    if (is(words, i, classes.heading) && !is(words, i, classes.placePrefix)) continue
    if (is(words, i, classes.famousEponym)) continue
    if (isFirstName(words, i) && (flags & place) === 0) continue
    if ((flags & place) !== 0 && (flags & (everyday | english)) === 0) return true
    if ((flags & place) !== 0 && (flags & everyday) === 0 && (flags & medical) === 0) return true
    if (is(words, lead, classes.towards) && isStrange(words, i) && (flags & (first | surname)) === 0)
      return true
  }
  return false
}

/** What one capitalised word by itself is. */
function meaning(words: Tokens, i: number, rules: LoneRules, lead: number): Claim {
  if (words.shape[i] !== shapes.capitalised) {
    // "SMITH" among small letters.
    const flags = words.flags[i] as number
    const long = (words.end[i] as number) - (words.start[i] as number) >= 5
    if (words.shape[i] !== shapes.capitals || !long || (flags & (english | medical)) !== 0) return claim.none
    if (is(words, i, classes.acronym)) return claim.none
    return rules.names && (flags & frequent) !== 0 ? claim.name : claim.none
  }
  if (is(words, i, classes.stopper | classes.heading | classes.proper | classes.title | classes.acronym))
    return claim.none
  if (
    is(
      words,
      i,
      classes.eponymHead | classes.weakEponymHead | classes.credential | classes.street | classes.division,
    )
  )
    return claim.none
  const flags = words.flags[i] as number
  const beside = lead >= 0 && is(words, lead, classes.beside)
  if (is(words, i, classes.famousEponym) && !beside) return claim.none
  if (isState(words, i)) return claim.none
  if ((flags & (english | medical)) === 0) {
    if ((flags & place) !== 0 && (flags & (first | surname)) === 0)
      return rules.places ? claim.place : claim.none
    if ((flags & (first | surname)) !== 0)
      return rules.names && (words.end[i] as number) - (words.start[i] as number) > 2
        ? claim.name
        : claim.none
    if (!rules.shapes || hyphened(words, i) || isDerived(words, i)) return claim.none
    return isPronounceable(words, i) ? claim.name : claim.none
  }
  if (!rules.names && !rules.places) return claim.none
  if (words.possessive[i] === 1 && (flags & eponym) !== 0 && !beside) return claim.none
  if (isFirstName(words, i) && (flags & everyday) === 0) return rules.names ? claim.name : claim.none
  // An eponym that many people bear: "seen with Wilson".
  if ((flags & english) === 0 && (flags & frequent) !== 0 && (flags & surname) !== 0)
    return rules.names ? claim.name : claim.none
  if ((flags & english) === 0 && (flags & place) !== 0 && (flags & eponym) === 0 && words.possessive[i] === 0)
    return rules.places ? claim.place : claim.none
  if (beside && (flags & surname) !== 0 && (flags & (everyday | medical)) === 0)
    return rules.names ? claim.name : claim.none
  return claim.none
}

/** Three letters and a vowel: Hgb, Na and Tx are no names. */
function isPronounceable({ text, start, end }: Tokens, i: number): boolean {
  const [from, to] = [start[i] as number, end[i] as number]
  if (to - from < 3) return false
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at)
    if (isVowel(code)) return true
  }
  return false
}

const prefixes =
  /^(?:non|normo|hyper|hypo|brady|tachy|poly|micro|macro|peri|intra|extra|endo|hemi|pseudo|supra|infra|retro|anti|post|an?(?=\p{L}+(?:ic|ile|al|ous|ive)$))/iu

/** Letters behind the prefix, and with the shortest one. */
const leastBehind = 6
const shortestDerived = leastBehind + 1

/** A word of English or medicine behind a prefix: Normocephalic, Nontender, Afebrile. */
function isDerived({ text, start, end }: Tokens, i: number): boolean {
  const [from, to] = [start[i] as number, end[i] as number]
  if (to - from < shortestDerived) return false
  const word = text.slice(from, to)
  const length = prefixes.exec(word)?.[0].length ?? 0
  if (length === 0 || word.length - length < leastBehind) return false
  const { keys, flags } = lexicon()
  const rest = flags[slotOf(keys, wordHash(word, length, word.length))] as number
  return (rest & (length < 3 ? medical : english | medical)) !== 0
}

/** Part of a compound with a small or medical word: "T-cell", "Xa-level". */
function hyphened(words: Tokens, i: number): boolean {
  const next = i + 1
  return next < words.count && words.gap[next] === gaps.hyphen && words.shape[next] === shapes.small
}

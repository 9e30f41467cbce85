// Names that a word before them announces: titles, "named", "her daughter".

import { type Claims, claim, isFree, take } from './claims.ts'
import * as classes from './classes.ts'
import { english, everyday, first, medical, surname } from './lexicon.ts'
import { mayBePart, nameAfter } from './name-parts.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { is, isLarge, isStrange } from './traits.ts'

/** "Mr. James T.", "Dr Patel", "DR. SMITH". */
export function findTitled(claims: Claims): void {
  const { words } = claims
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
    if (i + 1 >= words.count) break
    if (!is(words, i, classes.title) || !isFree(claims, i)) continue
    const gap = words.gap[i + 1]
    if (gap !== gaps.space && gap !== gaps.dotSpace && gap !== gaps.dot) continue
    const long = (words.end[i] as number) - (words.start[i] as number) > 5
    if (long && gap !== gaps.space) continue
    const end = nameAfter(claims, i + 1)
    // "dr patel": whatever stands behind a short title is a name, if no list knows it for another word.
    const small =
      end < 0 &&
      !long &&
      words.shape[i + 1] === shapes.small &&
      isFree(claims, i + 1) &&
      !is(words, i + 1, classes.stopper | classes.heading | classes.person) &&
      ((words.flags[i + 1] as number) & (english | medical)) === 0
    if (end >= 0) take(claims, i, end, claim.name)
    else if (small) take(claims, i, i + 1, claim.name)
  }
}

/** "named Rose", "patient name: Maria Lopez", "her daughter Grace". */
export function findAnnounced(claims: Claims): void {
  const { words } = claims
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
    if (i + 1 >= words.count) break
    if (!is(words, i, classes.naming | classes.person)) continue
    const next = i + 1
    const gap = words.gap[next]
    const colon =
      gap === gaps.apart && /^:? {0,2}(?:is )?["'“]?$/.test(words.text.slice(words.end[i], words.start[next]))
    if (gap !== gaps.space && !colon) continue
    const from = gap === gaps.space && isIs(words, next) ? next + 1 : next
    if (from >= words.count || !isFree(claims, from)) continue
    const naming = is(words, i, classes.naming)
    if (!isLarge(words, from) || (words.shape[from] === shapes.capitals && !mayBePart(words, from))) continue
    if (is(words, from, classes.heading | classes.stopper) && words.shape[from] !== shapes.initial) continue
    const flags = words.flags[from] as number
    if (!naming && (flags & (first | surname)) === 0 && !isStrange(words, from)) continue
    if (!naming && (flags & everyday) !== 0 && (flags & first) === 0) continue
    const end = nameAfter(claims, from)
    if (end >= 0) take(claims, from, end, claim.name)
  }
}

function isIs({ text, start, end }: Tokens, i: number): boolean {
  const from = start[i] as number
  return (
    end[i] === from + 2 &&
    (text.charCodeAt(from) | 0x20) === 0x69 &&
    (text.charCodeAt(from + 1) | 0x20) === 0x73
  )
}

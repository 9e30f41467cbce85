// Names before degrees.

import { type Claims, claim, isFree, take } from './claims.ts'
import * as classes from './classes.ts'
import { isScored } from './eponyms.ts'
import { everyday } from './lexicon.ts'
import { inName, mayBePart } from './name-parts.ts'
import { gaps, shapes } from './tokens.ts'
import { is, isLarge } from './traits.ts'

/** "Patel, MD", "Maria Lopez RN". */
export function findDegreed(claims: Claims): void {
  const { words } = claims
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
    if (
      i === 0 ||
      !is(words, i, classes.credential) ||
      !isLarge(words, i) ||
      words.shape[i] === shapes.initial
    )
      continue
    if (words.gap[i] !== gaps.comma && words.gap[i] !== gaps.space) continue
    let start = i
    while (start > 0 && i - start < 4 && isFree(claims, start - 1) && (start === i || inName(words, start))) {
      const before = start - 1
      const particle =
        start < i && words.shape[before] === shapes.small && is(words, before, classes.particle)
      if (words.shape[before] !== shapes.initial && !mayBePart(words, before) && !particle) break
      if (is(words, before, classes.heading | classes.proper | classes.famousEponym | classes.acronym)) break
      if (isScored(words, before)) break
      start = before
    }
    const flags = words.flags[start] as number
    if (start < i && words.shape[start] !== shapes.initial && ((flags & everyday) === 0 || i - start > 1))
      take(claims, start, i - 1, claim.name)
  }
}

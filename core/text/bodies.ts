// Bodies that give guidelines: they name nobody, and their words are looked at and left.

import { type Claims, claim, take } from './claims.ts'
import * as classes from './classes.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { is, isLarge } from './traits.ts'

/** No body's name has more words behind its first. */
const mostWords = 7

export function findBodies(claims: Claims): void {
  const { words } = claims
  let done = -1
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
    if (i <= done || !is(words, i, classes.bodyStart) || words.shape[i] !== shapes.capitalised) continue
    let end = -1
    for (let j = i + 1; j < words.count && j <= i + mostWords && words.gap[j] === gaps.space; j += 1) {
      if (!isLarge(words, j) && !is(words, j, classes.joiner)) break
      if (is(words, j, classes.bodyHead) && isLarge(words, j)) end = j
      else if (end < 0 && is(words, j, classes.facility) && /^(?:college|academy)$/i.test(wordAt(words, j)))
        end = j
      else if (end >= 0 && isLarge(words, j)) end = j
    }
    if (end > 0) {
      take(claims, i, end, claim.kept)
      done = end
    }
  }
}

function wordAt({ text, start, end }: Tokens, i: number): string {
  return text.slice(start[i], end[i])
}

// Bodies that give guidelines: they name nobody, and their words are looked at and left.

import { KEPT, take } from './claims'
import { BODY_HEAD, BODY_START, FACILITY, JOINER } from './classes'
import { isOf, isLarge, isWord } from './traits'
import { count, gapOf, headAt, headCount, shapeOf } from './words'
import { CAPITALISED, SPACE } from './writing'

/** No body's name has more words behind its first. */
const mostWords = 7

export function findBodies(): void {
  let done = -1
  for (let h = 0; h < headCount; h++) {
    const i = headAt(h)
    if (i <= done || !isOf(i, BODY_START) || shapeOf(i) != CAPITALISED) continue
    let end = -1
    for (let j = i + 1; j < count && j <= i + mostWords && gapOf(j) == SPACE; j++) {
      if (!isLarge(j) && !isOf(j, JOINER)) break
      if (isOf(j, BODY_HEAD) && isLarge(j)) end = j
      else if (end < 0 && isOf(j, FACILITY) && (isWord(j, 'college') || isWord(j, 'academy'))) end = j
      else if (end >= 0 && isLarge(j)) end = j
    }
    if (end > 0) {
      take(i, end, KEPT)
      done = end
    }
  }
}

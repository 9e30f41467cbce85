// Names before degrees.

import { cityStart } from './cities'
import { isFree, NAMED, take } from './claims'
import { ACRONYM, AT, CREDENTIAL, EVERYDAY, FAMOUS_EPONYM, HEADING, PARTICLE, PLACE, PROPER, STATE_CODE, TOWARDS } from './classes'
import { isScored } from './eponyms'
import { inName, isGeneration, mayBePart } from './name-parts'
import { isOf, isLarge, isListed } from './traits'
import { gapOf, headAt, headCount, shapeOf } from './words'
import { COMMA, INITIAL, SMALL, SPACE } from './writing'

/** "Patel, MD", "Maria Lopez RN". */
export function findDegreed(): void {
  for (let h = 0; h < headCount; h++) {
    const i = headAt(h)
    if (i == 0 || !isOf(i, CREDENTIAL) || !isLarge(i) || shapeOf(i) == INITIAL) continue
    if (gapOf(i) != COMMA && gapOf(i) != SPACE) continue
    if (isTownBefore(i)) continue
    let start = i
    while (start > 0 && i - start < 4 && isFree(start - 1) && (start == i || inName(start))) {
      const before = start - 1
      const particle = start < i && shapeOf(before) == SMALL && isOf(before, PARTICLE)
      if (shapeOf(before) != INITIAL && !mayBePart(before) && !particle) break
      if (isOf(before, HEADING | PROPER | FAMOUS_EPONYM | ACRONYM)) break
      if (isScored(before)) break
      start = before
    }
    if (start == i || shapeOf(start) == INITIAL) continue
    const several = i - start > 1
    if (!several && isListed(start, EVERYDAY)) continue
    const generation = several && gapOf(i) == SPACE && isGeneration(i)
    take(start, generation ? i : i - 1, NAMED)
  }
}

/** "in Annapolis, MD", "from Silver Spring, MD": a State and no degree. */
function isTownBefore(i: i32): bool {
  if (i < 2 || gapOf(i) != COMMA || !isOf(i, STATE_CODE) || !isListed(i - 1, PLACE)) return false
  const start = cityStart(i - 1)
  return start > 0 && gapOf(start) == SPACE && isOf(start - 1, TOWARDS | AT)
}

// Diseases, signs, scores and tests that are called after people: looked at and left.

import { type Claims, claim, isFree, take } from './claims.ts'
import * as classes from './classes.ts'
import { english, eponym, type Lexicon, medical, slotOf, wordHash } from './lexicon.ts'
import { isFirstName } from './name-parts.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { is, isLarge, those } from './traits.ts'
import { lookUp } from './word-table.ts'

/** Scores, drains and curves that two people gave their names to, and that the list of medicine has not. */
const compounds = those('child-pugh kaplan-meier jackson-pratt swan-ganz')

/** "Braden 18", "Morse fall 45", "Rankin II", "Lachman, McMurray": not "Rankin, 45". */
export function isScored(words: Tokens, i: number): boolean {
  if (!is(words, i, classes.scored)) return false
  const beside = (j: number, by: number): boolean =>
    j >= 0 && j < words.count && words.gap[by] === gaps.comma && is(words, j, classes.famousEponym)
  if (beside(i - 1, i) || beside(i + 1, i + 1)) return true
  let next = i + 1
  if (next < words.count && words.shape[next] === shapes.small && words.gap[next] === gaps.space) next += 1
  if (next >= words.count || words.gap[next] !== gaps.space) return false
  const said = words.text.slice(words.start[next], (words.end[next] as number) + 4)
  return /^(?:\d{1,2}|i{1,3}|iv|v)(?![\w/-]| ?y)/i.test(said)
}

/** "Crohn's disease", "Wells score", "Lou Gehrig's disease", "non-Hodgkin lymphoma": looked at and left. */
export function keepEponyms(claims: Claims, { keys, flags }: Lexicon): void {
  const { words } = claims
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
    const next = i + 1
    if (next >= words.count) break
    if (isScored(words, i) && isFree(claims, i)) take(claims, i, i, claim.kept)
    if (
      words.gap[next] !== gaps.hyphen ||
      !isLarge(words, next) ||
      !isLarge(words, i) ||
      !isFree(claims, i, next)
    )
      continue
    const hash = wordHash(words.text, words.start[i] as number, words.end[next] as number)
    const listed = ((flags[slotOf(keys, hash)] as number) & medical) !== 0
    if (listed || lookUp(compounds, words.text, words.start[i] as number, words.end[next] as number) === true)
      take(claims, i, next, claim.kept)
  }
  if ((words.anyClass & (classes.eponymHead | classes.weakEponymHead)) === 0) return
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
    const strong = is(words, i, classes.eponymHead)
    if (i === 0) continue
    if (!strong && !is(words, i, classes.weakEponymHead)) continue
    let last = i - 1
    if (words.gap[i] !== gaps.space && words.gap[i] !== gaps.hyphen) continue
    // "Wells risk score", "Framingham Heart Study", "Crohn's perianal disease"
    if (!isLarge(words, last) || is(words, last, classes.weakEponymHead)) {
      if (
        last === 0 ||
        words.gap[last] !== gaps.space ||
        !((words.flags[last] as number) & (english | medical))
      )
        continue
      last -= 1
    }
    if (!isLarge(words, last) || !isFree(claims, last)) continue
    let start = last
    while (start > 0 && last - start < 3 && isFree(claims, start - 1) && isLarge(words, start - 1)) {
      const gap = words.gap[start]
      if (gap !== gaps.hyphen && gap !== gaps.space) break
      if (is(words, start - 1, classes.stopper)) break
      start -= 1
    }
    // Without a possessive a whole name before it is a person's: "Maria Lopez test results".
    const whole = (isFirstName(words, start) && start < last) || words.shape[last] === shapes.initial
    if (whole && !(strong && words.possessive[last] === 1)) continue
    if (!strong && isFirstName(words, last) && ((words.flags[last] as number) & eponym) === 0) continue
    take(claims, start, last, claim.kept)
  }
}

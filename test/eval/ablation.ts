// What each group of rules is worth: the same texts, with all groups but one. In this process, by the function that the
// command line calls.

import { findIdentifiers } from '../../core/text/find.ts'
import { ruleGroups } from '../../core/text/search.ts'
import { type Labelled, type Score, score } from './score.ts'

export function withoutGroups(texts: readonly Labelled[]): { name: string; score: Score }[] {
  const scored = (groups: ReadonlySet<(typeof ruleGroups)[number]>) =>
    score(texts, new Map(texts.map(({ id, text }) => [id, findIdentifiers(text, undefined, { groups })])))
  const all = new Set(ruleGroups)
  return [
    { name: 'all', score: scored(all) },
    // What a result itself tells is not there in texts by themselves.
    ...ruleGroups
      .filter((group) => group !== 'known')
      .map((group) => ({
        name: `without ${group}`,
        score: scored(new Set(ruleGroups.filter((one) => one !== group))),
      })),
  ]
}

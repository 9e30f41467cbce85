// What of a result may leave, compiled once.

import { fieldTree } from '../fields/compile.ts'
import { type PatternTree, patternTree } from '../pointer.ts'
import type { Returns, TextRule } from '../policy.ts'

export type ReturnRules = {
  readonly fields: PatternTree
  readonly patients: PatternTree
  readonly text: TextRule
  readonly media: 'Drop' | 'Keep'
  /** Whether a result may leave as it came: the whole document, text and media kept. */
  readonly whole: boolean
}

/** Throws TypeError for a field that names nothing. */
export function returnRules({ fields, patients, text, media }: Returns): ReturnRules {
  const tree = fieldTree(fields)
  return {
    fields: tree,
    patients: patternTree(patients),
    text,
    media,
    whole: tree.rule !== undefined && text === 'Keep' && media === 'Keep',
  }
}

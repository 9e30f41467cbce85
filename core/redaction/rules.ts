// What of a result may leave, compiled once: for everybody, and for the roles and purposes that have fields of their own.

import { resultCheck } from '../argument-check.ts'
import { fieldTree } from '../fields/compile.ts'
import { type PatternTree, patternTree, segmentsOf } from '../pointer.ts'
import type { Returns, TextRule } from '../policy.ts'

export type ReturnRules = {
  readonly fields: PatternTree
  /** Which of them are shown as pseudonyms. */
  readonly pseudonyms?: PatternTree
  readonly patients: PatternTree
  readonly text: TextRule
  readonly media: 'Drop' | 'Keep'
  /** Whether a result may leave as it came: the whole document, text and media kept. */
  readonly whole: boolean
  /** Segments of the pointer to the part that is the result. */
  readonly at?: readonly string[]
  /** Whether a structured result is what the policy's schema says of it. */
  readonly check?: (result: unknown) => boolean
}

/** Rules by role, then by purpose; `returns` where they hold none. */
export type Returning = {
  readonly returns: ReturnRules
  readonly returnsFor?: ReadonlyMap<string, ReadonlyMap<string, ReturnRules>>
}

/** Throws TypeError for a field, a pointer or a schema that does not compile. */
export function returning(returns: Returns): Returning {
  const base = returnRules(returns)
  if (returns.for === undefined || returns.for.length === 0) return { returns: base }
  const returnsFor = new Map<string, Map<string, ReturnRules>>()
  for (const [index, { roles, purposes, fields, text }] of returns.for.entries()) {
    // Records name the entry with the rule: the same fields may stand in several.
    const tree = fieldTree([...fields, ...(returns.pseudonyms ?? [])], `for[${index}] `)
    const own: ReturnRules = { ...base, fields: tree, text, whole: isWhole(tree, { ...returns, text }) }
    for (const role of roles) {
      const byPurpose = returnsFor.get(role) ?? new Map<string, ReturnRules>()
      returnsFor.set(role, byPurpose)
      for (const purpose of purposes) if (!byPurpose.has(purpose)) byPurpose.set(purpose, own)
    }
  }
  return { returns: base, returnsFor }
}

/** What is shown under this role, for this purpose: the first entry that names both, else what everybody is shown. */
export function returnsUnder(
  { returns, returnsFor }: Returning,
  { role, purpose }: { readonly role: { readonly name: string }; readonly purpose: string },
): ReturnRules {
  return returnsFor?.get(role.name)?.get(purpose) ?? returns
}

/** What is shown where no entry for a role and purpose decides. */
export function returnRules(returns: Returns): ReturnRules {
  const { fields, pseudonyms = [], patients, text, media, at, schema } = returns
  const tree = fieldTree([...fields, ...pseudonyms])
  return {
    fields: tree,
    ...(pseudonyms.length === 0 ? {} : { pseudonyms: fieldTree(pseudonyms) }),
    patients: patternTree(patients),
    text,
    media,
    whole: isWhole(tree, returns),
    ...(at === undefined ? {} : { at: segments(at) }),
    ...(schema === undefined ? {} : { check: resultCheck(schema) }),
  }
}

function isWhole({ rule }: PatternTree, { text, media, at, schema }: Returns): boolean {
  const kept = rule !== undefined && text === 'Keep' && media === 'Keep'
  return kept && at === undefined && schema === undefined
}

function segments(pointer: string): readonly string[] {
  const found = segmentsOf(pointer)
  if (found === undefined) throw new TypeError('returns.at is no JSON Pointer: it starts with /')
  return found
}

// Fields: what the policy names stays, with all below it, its text redacted; all else is gone. Default deny needs no
// detector: a place that nobody named is not looked at, it is left out.

import type { Json } from '../../core/canonical.ts'
import type { PatternTree } from '../pointer.ts'
import type { Survey } from './survey.ts'
import { add, identifies, redactText, type Tally, type TextRules } from './text.ts'

export type Projection = {
  readonly known: Survey
  readonly rules: TextRules
  readonly tally: Tally
  readonly kept: Record<string, number>
  /** Member names seen so far: whether each identifies somebody. They repeat more than anything else. */
  readonly memberNames: Map<string, boolean>
}

type Members = { [member: string]: Json }

/** The document with nothing but what `tree` names. An empty container of its kind when that is nothing. */
export function project(document: Json, tree: PatternTree, by: Projection): Json {
  return place(document, tree, by) ?? (Array.isArray(document) ? [] : {})
}

function place(value: Json, tree: PatternTree, by: Projection): Json | undefined {
  if (tree.rule !== undefined) return keep(value, tree.rule, by)
  if (typeof value !== 'object' || value === null) return dropped(by)
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item, index) => {
      const child = tree.named.get(String(index)) ?? tree.any
      return child === undefined ? dropped(by) : place(item, child, by)
    })
    // An element of which nothing stays would tell how many there are; an empty list tells that there is none to show.
    return items.filter((item) => item !== undefined)
  }
  return membersOf(value as { readonly [member: string]: Json }, by, (item, name) => {
    const child = tree.named.get(name) ?? tree.any
    return child === undefined ? dropped(by) : place(item, child, by)
  })
}

function keep(value: Json, rule: string, by: Projection): Json | undefined {
  if (typeof value === 'string') {
    const text = redactText(value, by.known, by.rules, by.tally)
    if (text !== undefined) add(by.kept, rule)
    return text
  }
  if (by.rules.text === 'Keep') {
    add(by.kept, rule)
    return value
  }
  if (typeof value === 'number' && by.known.ids.has(String(value))) {
    add(by.tally.dropped, 'identifier')
    return undefined
  }
  if (typeof value !== 'object' || value === null) {
    add(by.kept, rule)
    return value
  }
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((item) => keep(item, rule, by)).filter((item) => item !== undefined)
  }
  return membersOf(value as Members, by, (item) => keep(item, rule, by)) ?? {}
}

/**
 * A copy without the members that `stays` leaves out; undefined when none stays. A member's name is content too: one
 * that identifies somebody goes, with its value.
 */
function membersOf(
  value: { readonly [member: string]: Json },
  by: Projection,
  stays: (item: Json, name: string) => Json | undefined,
): Members | undefined {
  const members: Members = {}
  let any = false
  // Parsed JSON has no inherited members.
  for (const name in value) {
    const item = stays(value[name] as Json, name)
    if (item === undefined) continue
    if (identifying(name, by)) {
      add(by.tally.dropped, 'identifier')
      continue
    }
    // An assignment to __proto__ would set the prototype; no prototype at all would make every member slow.
    if (name === '__proto__') Object.defineProperty(members, name, { value: item, enumerable: true })
    else members[name] = item
    any = true
  }
  return any ? members : undefined
}

function identifying(name: string, { memberNames, known }: Projection): boolean {
  const before = memberNames.get(name)
  if (before !== undefined) return before
  const found = identifies(name, known)
  memberNames.set(name, found)
  return found
}

function dropped(by: Projection): undefined {
  add(by.tally.dropped, 'not-allowed')
}

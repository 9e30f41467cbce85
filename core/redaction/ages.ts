// Ages over 89 are one group (45 CFR 164.514(b)(2)(i)(C)): in members that are called an age, and in FHIR's Age.

import type { Json, JsonObject } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import type { Block } from './content.ts'
import type { Parts } from './results.ts'
import { ageGroup, oldest } from './safe-harbor.ts'

/** As a member's name is written: `age`, `patient_age`, `onsetAge`, `ageAtDeath`; not `page`, `stage` or `agent`. */
export function isAge(member: string): boolean {
  return /^(?:age|Age|AGE)$|^age[A-Z_]|[a-z]Age$|_age(?:_|$)/.test(member)
}

/** Whether such a member's value is an age of the group: a number, one in text, or FHIR's Age in years. */
export function isOld(value: unknown): boolean {
  if (typeof value === 'number') return value >= oldest
  if (typeof value === 'string')
    return /^\s{0,4}\d{2,3}(?:\.\d{1,4})?\s{0,4}$/.test(value) && Number(value) >= oldest
  return isObject(value) && typeof value['value'] === 'number' && value['value'] >= oldest && inYears(value)
}

function inYears({ code, unit }: { readonly [member: string]: unknown }): boolean {
  const said = code ?? unit
  return said === undefined || (typeof said === 'string' && /^(?:a|y|yr|yrs|years?)$/i.test(said))
}

/** The parts of a result with every such age as the group. Itself where there is none. */
export function agesGrouped(parts: Parts): Parts {
  const { structured, blocks } = parts
  return {
    ...parts,
    ...(structured === undefined ? {} : { structured: grouped(structured, '') }),
    blocks: blocks.map(inBlock),
  }
}

function inBlock(block: Block): Block {
  if ('resource' in block) return { ...block, inner: inBlock(block.inner) }
  return 'json' in block ? { ...block, json: grouped(block.json, '') } : block
}

/** `member`: by which name the value is called; items of a list as their list is. */
function grouped(value: Json, member: string): Json {
  if (isAge(member) && isOld(value)) return asGroup(value)
  if (Array.isArray(value)) return value.map((item: Json) => grouped(item, member))
  if (!isObject(value)) return value
  // Entries, so that a member called __proto__ stays one.
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, grouped(inner as Json, name)]),
  )
}

function asGroup(value: Json): Json {
  if (typeof value === 'number') return ageGroup(value)
  if (typeof value === 'string') return String(oldest)
  return { ...(value as JsonObject), value: oldest, comparator: '>=' }
}

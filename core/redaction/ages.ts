// Ages over 89 are one group (45 CFR 164.514(b)(2)(i)(C)): in members that are called an age, and in FHIR's Age.

import type { Json, JsonObject } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import { words } from '../words.ts'
import type { Block } from './content.ts'
import type { Parts } from './results.ts'
import { oldest } from './safe-harbor.ts'

type Unit = 'years' | 'months' | 'weeks' | 'days' | 'hours'

/** The youngest age of the group, in each unit. A year has 365.25 days. */
const group: { readonly [unit in Unit]: number } = {
  years: oldest,
  months: oldest * 12,
  weeks: Math.floor((oldest * 365.25) / 7),
  days: Math.floor(oldest * 365.25),
  hours: Math.floor(oldest * 365.25) * 24,
}

const spelt: { readonly [unit in Unit]: ReadonlySet<string> } = {
  years: words('a y yr yrs year years yo'),
  months: words('mo mos mth mths month months'),
  weeks: words('w wk wks week weeks'),
  days: words('d day days'),
  hours: words('h hr hrs hour hours'),
}

/** What is called an age, and is not how long somebody has lived. */
const otherAges = words(`
  gestation gestational postmenstrual postconceptional menstrual fetal foetal embryonic bone skeletal dental
  mental developmental percentile percentiles pct centile zscore score count
`)

/** In words: `patient_age`, `onsetAge` and `ageAtDeath` have one that is age; `page`, `stage` and `agent` have not. */
function wordsOf(member: string): string[] {
  return member
    .replaceAll(/([a-z\d])(?=[A-Z])/g, '$1 ')
    .toLowerCase()
    .split(/[^a-z]+/)
}

/** Whether a member is called an age of somebody, whatever its unit. */
export function isAge(member: string): boolean {
  const said = wordsOf(member)
  return said.includes('age') && !said.some((word) => otherAges.has(word))
}

/** `ageInMonths`, `age_days`; years where a name says nothing. */
function unitOfName(member: string): Unit {
  for (const word of wordsOf(member)) {
    // One letter is no unit in a name.
    const unit = word.length > 1 ? unitOf(word) : undefined
    if (unit !== undefined) return unit
  }
  return 'years'
}

function unitOf(word: string): Unit | undefined {
  const plain = word.toLowerCase()
  return (Object.keys(spelt) as Unit[]).find((unit) => spelt[unit].has(plain))
}

const numberAndUnit =
  /^\s{0,4}(\d{1,7}(?:\.\d{1,4})?)\s{0,4}-?(?:([A-Za-z]{1,6})(?:\/o)?\.?(?:[\s-]{1,4}old)?)?\s{0,4}$/

/** The value of a member that is called an age with it as the group; undefined where it is no age of the group. */
function asGroup(value: Json, member: string): Json | undefined {
  const unit = unitOfName(member)
  if (typeof value === 'number') return value >= group[unit] ? group[unit] : undefined
  if (typeof value === 'string') return textAsGroup(value, unit)
  return isObject(value) ? quantityAsGroup(value, unit) : undefined
}

function textAsGroup(text: string, byName: Unit): string | undefined {
  const [, digits, word] = numberAndUnit.exec(text) ?? []
  if (digits === undefined) return undefined
  // In a language that is not known it is years: nothing else is said without more.
  const most = group[word === undefined ? byName : (unitOf(word) ?? 'years')]
  return Number(digits) >= most ? text.replace(digits, String(most)) : undefined
}

/** FHIR's Age: UCUM's code says more than the unit for people. */
function quantityAsGroup(age: JsonObject, byName: Unit): JsonObject | undefined {
  const { value, code, unit } = age
  const [said] = [code, unit].filter((one) => typeof one === 'string')
  if (said === '%') return undefined
  const word = said?.replaceAll(/[^A-Za-z]/g, '')
  const most = group[word === undefined ? byName : (unitOf(word) ?? 'years')]
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const old = typeof value === 'number' ? value >= most : textAsGroup(`${value} ${word ?? ''}`, byName)
  if (old === false || old === undefined) return undefined
  return { ...age, value: typeof value === 'number' ? most : String(most), comparator: '>=' }
}

/** Whether the value of a member that is called an age is one of the group. */
export function isOld(value: unknown, member: string): boolean {
  return asGroup(value as Json, member) !== undefined
}

/** The parts of a result with every such age as the group. Itself where there is none. */
export function agesGrouped(parts: Parts): Parts {
  const { structured, blocks } = parts
  return {
    ...parts,
    ...(structured === undefined ? {} : { structured: grouped(structured, '', false) }),
    blocks: blocks.map(inBlock),
  }
}

function inBlock(block: Block): Block {
  if ('resource' in block) return { ...block, inner: inBlock(block.inner) }
  return 'json' in block ? { ...block, json: grouped(block.json, '', false) } : block
}

/** `member`: by which name the value is called; items of a list as their list is. `age`: whether that is an age. */
function grouped(value: Json, member: string, age: boolean): Json {
  const group = age ? asGroup(value, member) : undefined
  if (group !== undefined) return group
  if (Array.isArray(value)) return value.map((item: Json) => grouped(item, member, age))
  if (!isObject(value)) return value
  // Entries, so that a member called __proto__ stays one.
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, grouped(inner as Json, name, isAge(name))]),
  )
}

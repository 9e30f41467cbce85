// Ages over 89 are one group (45 CFR 164.514(b)(2)(i)(C)): in members that are called an age, and in FHIR's Age and Range.

import type { Json, JsonObject } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import { words } from '../words.ts'
import type { Block } from './content.ts'
import { wordsOf } from './name-words.ts'
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

/** Whether a member is called an age of somebody, whatever its unit. */
export function isAge(member: string): boolean {
  const said = wordsOf(member)
  return (
    (said.some((word) => word === 'age' || word === 'ages') ||
      /\byears? old$/.test(said.join(' ')) ||
      rangeOfAges.test(member)) &&
    !said.some((word) => otherAges.has(word))
  )
}

/** FHIR R4 has a Range under these names for ages alone (hl7.org/fhir/R4/condition.html, familymemberhistory.html). */
const rangeOfAges = /^(?:onset|abatement|deceased)Range$/

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

/** The value of a member that is called an age with it as the group; undefined where it is no age of the group. */
function asGroup(value: Json, member: string): Json | undefined {
  const unit = unitOfName(member)
  if (typeof value === 'number') return value >= group[unit] ? group[unit] : undefined
  if (typeof value === 'string') return textAsGroup(value, unit)
  return isObject(value) ? quantityAsGroup(value, unit, member.endsWith('Range')) : undefined
}

/** A number and the word behind it: `92 years`, `95-year-old`; several of them in `93y 2m`, `91-95` and `P93Y`. */
const numberAndWord = /(\d{1,7}(?:\.\d{1,4})?)(\s{0,4}-?)([A-Za-z]{0,12})/g
/** What stands in an age besides, and says nothing of its unit. */
const besides = words('p o old to and over above about approx plus m f male female man woman')
/** In a duration of ISO 8601 `M` is months. Elsewhere it is a man as often as not, and years where nothing says more. */
const inMonths = /^\s{0,4}P\d{1,7}M/i
/** No age, and not a number alone: a day, a year with its month. */
const dayLike = /\d{4}-\d|\d\/\d/
const longest = 40

function textAsGroup(text: string, byName: Unit): string | undefined {
  if (text.length > longest || dayLike.test(text)) return undefined
  if (spelledOut.test(text)) return String(group.years)
  const said = text.match(/[A-Za-z]+/g)?.filter((word) => !besides.has(word.toLowerCase())) ?? []
  const units = said.map(unitOf)
  const last = units.findLast((unit) => unit !== undefined)
  // One word of a language that is not known is years: nothing else is said without more. Several are a sentence.
  if (last === undefined && said.length > 1) return undefined
  const ofName = inMonths.test(text) ? 'months' : byName
  const ofAll = last ?? (said.length === 0 ? ofName : 'years')
  let isOld = false
  const left = text.replaceAll(numberAndWord, (all, digits: string, between: string, word: string) => {
    const most = group[unitOf(word) ?? ofAll]
    if (Number(digits) < most) return all
    isOld = true
    return `${most}${between}${word}`
  })
  return isOld ? left : undefined
}

const spelledOut = /^\s{0,4}(?:ninety|(?:an? |one )?hundred|nonagenarian|centenarian|supercentenarian)\b/i

/**
 * A quantity of a person's age as the group; undefined where it is none of it. `byName`: the unit where the quantity says none.
 * FHIR's Age: UCUM's code says more than the unit for people. An end of a Range has no comparator (SimpleQuantity).
 */
export function quantityAsGroup(age: JsonObject, byName: Unit, isEnd: boolean): JsonObject | undefined {
  const { value, code, unit } = age
  const [said] = [code, unit].filter((one) => typeof one === 'string')
  if (said === '%') return undefined
  const word = said?.replaceAll(/[^A-Za-z]/g, '')
  const most = group[word === undefined ? byName : (unitOf(word) ?? 'years')]
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const old = typeof value === 'number' ? value >= most : textAsGroup(`${value} ${word ?? ''}`, byName)
  if (old === false || old === undefined) return undefined
  const shown = { ...age, value: typeof value === 'number' ? most : String(most) }
  return isEnd ? shown : { ...shown, comparator: '>=' }
}

/** Whether the value of a member that is called an age is one of the group, or holds one. */
export function isOld(value: unknown, member: string): boolean {
  if (asGroup(value as Json, member) !== undefined) return true
  if (Array.isArray(value)) return value.some((item) => isOld(item, member))
  if (!isObject(value)) return false
  return Object.entries(value).some(([name, inner]) => {
    const called = ageWithin(value, name, member)
    return called !== undefined && isOld(inner, called)
  })
}

/** The ends of a range. */
const ends = words('low high min max minimum maximum from to lower upper')

/**
 * By which name what stands in an age is one as well: `years` of `{"years":93,"months":2}`, and the age's own for the ends of a
 * range. Undefined for all else.
 */
function ageWithin(
  age: { readonly [member: string]: unknown },
  name: string,
  member: string,
): string | undefined {
  // One with a value is a quantity, and judged whole.
  if ('value' in age) return undefined
  if (name.length > 1 && unitOf(name) !== undefined) return name
  return ends.has(name.toLowerCase()) ? member : undefined
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

/** The value of a member with every such age in it as the group. */
export function ageIn(value: Json, member: string): Json {
  return grouped(value, member, isAge(member))
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
    Object.entries(value).map(([name, inner]) => {
      const called = age ? ageWithin(value, name, member) : undefined
      return [name, grouped(inner as Json, called ?? name, called !== undefined || isAge(name))]
    }),
  )
}

// Values that are shown as something else: identifiers as pseudonyms. At the places that the policy names by place,
// whatever they are; elsewhere only where a text is long enough to be nothing but that identifier, or where an identifier
// was found inside of one: a patient whose number is 7 must not change a dose of 7.

import type { KeyObject } from 'node:crypto'
import type { Json } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import type { PatternTree } from '../pointer.ts'
import { fold } from '../text/normalize.ts'
import type { Block } from './content.ts'
import { hasIdForm } from './id-form.ts'
import { pseudonym } from './pseudonym.ts'
import type { Parts } from './results.ts'
import { learnId, type Survey } from './survey.ts'

/** What is shown, and under which word it is counted. */
export type Instead = readonly [shown: string, counted: 'pseudonym' | 'zip']

/**
 * The parts with pseudonyms at the places of `tree`, in all that is JSON. What stood there is searched in their texts, and so is
 * what else is `hidden`.
 */
export function withPseudonyms(
  parts: Parts,
  { tree, hidden = [] }: { readonly tree: PatternTree; readonly hidden?: readonly string[] },
  key: KeyObject,
  into: Survey,
): Parts {
  into.forgetSearched()
  for (const id of hidden) learnt(id, key, into)
  const { structured, blocks } = parts
  const made = new Map<string | number, string>()
  const shown = (value: string | number): string => {
    const before = made.get(value)
    if (before !== undefined) return before
    const own = learnt(value, key, into)
    made.set(value, own)
    return own
  }
  const inDocument = (document: Json): Json =>
    placed(document, { pointed: tree, element: undefined }, tree.resources, shown)
  const inBlock = (block: Block): Block => {
    if ('resource' in block) return { ...block, inner: inBlock(block.inner) }
    return 'json' in block ? { ...block, json: inDocument(block.json) } : block
  }
  return {
    ...parts,
    ...(structured === undefined ? {} : { structured: inDocument(structured) }),
    blocks: blocks.map(inBlock),
  }
}

/** A reference names its patient behind a type: who refers to somebody, in whatever version, has their pseudonym. */
const reference =
  /^(?:.{0,512}\/)?([A-Z][A-Za-z]{1,63}\/|urn:uuid:)([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/

/** What is shown in the place of a value, which is known from then on. */
function learnt(value: string | number, key: KeyObject, into: Survey): string {
  const text = String(value).trim()
  if (text === '') return String(value)
  const [, before = '', id = text] = reference.exec(text) ?? []
  const alias = pseudonym(id, key)
  const shown = `${before}${alias}`
  const folded = fold(id)
  for (const one of [id, folded]) {
    into.aliases.set(one, [alias, 'pseudonym'])
    if (hasIdForm(one)) into.instead.set(one, [alias, 'pseudonym'])
  }
  // A number by itself may be anything; behind the word Patient it is a patient's.
  into.instead.set(`Patient/${id}`, [`Patient/${alias}`, 'pseudonym'])
  if (hasIdForm(text)) into.instead.set(String(value), [shown, 'pseudonym'])
  // What is shown already stays so, and is counted where it stays.
  into.instead.set(shown, [shown, 'pseudonym'])
  if (hasIdForm(folded)) learnId(folded, into)
  return shown
}

type Told = { readonly pointed: PatternTree | undefined; readonly element: PatternTree | undefined }
type Shown = (value: string | number) => string

/** The value with every text and number that the fields of a tree name as it is shown, found as project.ts finds what it keeps. */
function placed(
  value: Json,
  { pointed, element }: Told,
  resources: PatternTree['resources'],
  shown: Shown,
): Json {
  if (pointed?.rule !== undefined) return leaves(value, shown)
  if (Array.isArray(value))
    return value.map((item: Json, index) => {
      const told = { pointed: pointed?.named.get(String(index)) ?? pointed?.any, element }
      return placed(item, told, resources, shown)
    })
  if (isObject(value)) {
    const type = value['resourceType']
    const own = typeof type === 'string' ? resources?.get(type) : element
    return mapped(value, (inner, name) => {
      // By it, places are found; it is nobody's.
      if (name === 'resourceType') return inner
      const found = own?.named.get(name)
      // Neither is what comes along with a place that is named, so that it can be read.
      const isCarrier = found?.carrier === true || (type === 'Bundle' && name === 'type')
      const told = {
        pointed: pointed?.named.get(name) ?? pointed?.any,
        element: isCarrier ? undefined : found,
      }
      return placed(inner, told, resources, shown)
    })
  }
  return element?.rule === undefined ? value : leaves(value, shown)
}

function leaves(value: Json, shown: Shown): Json {
  if (typeof value === 'string' || typeof value === 'number') return shown(value)
  if (Array.isArray(value)) return value.map((item: Json) => leaves(item, shown))
  return isObject(value) ? mapped(value, (inner) => leaves(inner, shown)) : value
}

/** Entries, so that a member called __proto__ stays one. */
function mapped(value: object, of: (inner: Json, name: string) => Json): Json {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, of(inner as Json, name)]))
}

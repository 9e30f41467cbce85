// Values that are shown as something else wherever a result has them: identifiers as pseudonyms, ZIP codes as their area.
// By value, not by place: who stands in one place under a pseudonym must not stand in another under their number.

import type { KeyObject } from 'node:crypto'
import type { Json } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import type { PatternTree } from '../pointer.ts'
import { fold } from '../text/normalize.ts'
import { pseudonym } from './pseudonym.ts'
import type { Parts } from './results.ts'
import { learnId, type Survey } from './survey.ts'

/** What is shown, and under which word it is counted. */
export type Instead = readonly [shown: string, counted: 'pseudonym' | 'zip']

/** Learns what stands at the places of `tree`, in every part of a result that is JSON. Texts are searched for it, too. */
export function learnPseudonyms(
  { structured, blocks }: Parts,
  tree: PatternTree,
  key: KeyObject,
  into: Survey,
): void {
  into.clean.clear()
  const learn = (document: Json): void =>
    values(document, { pointed: tree, element: undefined }, tree.resources, (value) => {
      learnOne(value, key, into)
    })
  if (structured !== undefined) learn(structured)
  for (const block of blocks) {
    const inner = 'resource' in block ? block.inner : block
    if ('json' in inner) learn(inner.json)
  }
}

/** A reference names its patient behind a type: who refers to somebody has their pseudonym. */
const reference = /^(?:.{0,512}\/)?([A-Z][A-Za-z]{1,63}\/|urn:uuid:)([A-Za-z0-9.-]{1,64})$/

function learnOne(value: string | number, key: KeyObject, into: Survey): void {
  const text = String(value).trim()
  if (text === '') return
  const [, before = '', id = text] = reference.exec(text) ?? []
  const shown = pseudonym(id, key)
  into.instead.set(String(value), [`${before}${shown}`, 'pseudonym'])
  const folded = fold(id)
  for (const one of [id, folded]) into.instead.set(one, [shown, 'pseudonym'])
  if (folded.length >= 4) learnId(folded, into)
}

type Told = { readonly pointed: PatternTree | undefined; readonly element: PatternTree | undefined }

/** Every text and number that the fields of a tree name, found as project.ts finds what it keeps. */
function values(
  value: Json,
  { pointed, element }: Told,
  resources: PatternTree['resources'],
  found: (value: string | number) => void,
): void {
  if (pointed?.rule !== undefined) return leaves(value, found)
  if (Array.isArray(value)) {
    value.forEach((item: Json, index) => {
      const told = { pointed: pointed?.named.get(String(index)) ?? pointed?.any, element }
      values(item, told, resources, found)
    })
  } else if (isObject(value)) {
    const type = value['resourceType']
    const own = typeof type === 'string' ? resources?.get(type) : element
    for (const name in value) {
      const told = { pointed: pointed?.named.get(name) ?? pointed?.any, element: own?.named.get(name) }
      values(value[name] as Json, told, resources, found)
    }
  } else if (element?.rule !== undefined) leaves(value, found)
}

function leaves(value: Json, found: (value: string | number) => void): void {
  if (typeof value === 'string' || typeof value === 'number') found(value)
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) leaves(inner as Json, found)
}

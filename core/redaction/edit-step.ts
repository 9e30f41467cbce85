// What the policy and the names around it say of a place in a document, found once for each way that leads there and
// remembered by names' numbers: the next document goes the same ways, and asks no name anything.

import { generationOfNames, nameOf } from '../json-names.ts'
import type { PatternTree } from '../pointer.ts'
import { heldBy } from './meanings.ts'
import { outermost, type Standing, standingWithin } from './standing.ts'
import { generationOfTerms, type Term, termOfName } from './terms.ts'

/** A place, in all documents that have it. */
export type Step = {
  readonly name: string
  /** What pointers say of it, and what the type of its resource does. */
  readonly tree: PatternTree | undefined
  readonly element: PatternTree | undefined
  /** Of the pointer that keeps it. */
  readonly rule: string | undefined
  readonly at: Standing
  /** Whether its name says that it is a ZIP code. */
  readonly isZip: boolean
  /** The reader's number of it; -1 where it has none. */
  number: number
  /** Of its name, if that is one by now (terms.ts). */
  term: Term | undefined
  /** Where its members are, by their names' numbers, and its items; null where nothing is said of them. */
  readonly members: Map<number, Step | null>
  items: Step | null | undefined
  /** The same place as a resource of this type. */
  readonly typed: Map<PatternTree | undefined, Step>
}

type Told = PatternTree | undefined

/** Most that are remembered, of all policies together: names may be data. */
const most = 16_384
let made = 0
let round = 1

type Root = { readonly step: Step; readonly names: number; readonly terms: number; readonly round: number }
const roots = new WeakMap<PatternTree, Root>()

/** The place of a whole document. */
export function rootStep(tree: PatternTree): Step {
  const names = generationOfNames()
  const terms = generationOfTerms()
  const known = roots.get(tree)
  if (known !== undefined && known.names === names && known.terms === terms && known.round === round)
    return known.step
  const step = stepTo('', tree, undefined, outermost)
  roots.set(tree, { step, names, terms, round })
  return step
}

function stepTo(name: string, tree: Told, element: Told, at: Standing): Step {
  made += 1
  if (made > most) forgetSteps()
  const isZip = heldBy(at.member) === 'zip'
  const [term, rule] = [termOfName(name), tree?.rule]
  return {
    name,
    tree,
    element,
    rule,
    at,
    isZip,
    number: -1,
    term,
    members: new Map(),
    items: undefined,
    typed: new Map(),
  }
}

/** Forgets all of them. */
export function forgetSteps(): void {
  made = 0
  round += 1
}

/** A member's place; null where nothing is said of it, nor, where resources are sought, of what it holds. */
export function memberStep(step: Step, number: number, seeks: boolean): Step | null {
  const known = step.members.get(number)
  if (known !== undefined) return known
  const name = nameOf(number)
  const tree = step.rule === undefined ? (step.tree?.named.get(name) ?? step.tree?.any) : step.tree
  const element = step.rule === undefined ? step.element?.named.get(name) : undefined
  const member =
    tree === undefined && !seeks ? null : stepTo(name, tree, element, standingWithin(step.at, name))
  step.members.set(number, member)
  return member
}

/** The place of an item of a list there, at this index. */
export function itemStep(step: Step, index: number, seeks: boolean): Step | null {
  // Kept with its list.
  if (step.rule !== undefined) return step
  const { name, tree, at } = step
  const element = step.element?.single === true ? undefined : step.element
  const own = hasNumbers(step) ? tree?.named.get(String(index)) : undefined
  if (own !== undefined) {
    // Beside members' numbers, which are not below zero.
    const known = step.members.get(-1 - index)
    if (known !== undefined) return known
    const item = stepTo(name, own, element, at)
    step.members.set(-1 - index, item)
    return item
  }
  if (step.items === undefined)
    step.items = tree?.any === undefined && !seeks ? null : stepTo(name, tree?.any, element, at)
  return step.items
}

/** Whether items of a list there may have places of their own. */
export function hasNumbers({ tree }: Step): boolean {
  return tree !== undefined && tree.named.size > 0
}

/** The same place where an object has a type of its own, and not that of what it stands in. */
export function typedStep(step: Step, element: Told): Step {
  let typed = step.typed.get(element)
  if (typed === undefined) {
    typed = stepTo(step.name, step.tree, element, step.at)
    step.typed.set(element, typed)
  }
  return typed
}

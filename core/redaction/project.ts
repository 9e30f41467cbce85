// Fields: what the policy names stays, with all below it, its text redacted; all else is gone. Default deny needs no
// detector: a place that nobody named is not looked at, it is left out.

import type { Json } from '../canonical.ts'
import type { PatternTree } from '../pointer.ts'
import { type Reading, readings } from '../text/prose.ts'
import { add, drop, type Tally } from './counts.ts'
import { decoded, isEncoding } from './encoded.ts'
import { hasIdForm } from './id-form.ts'
import { redactEncoded } from './inside.ts'
import type { Instead } from './instead.ts'
import { heldBy } from './meanings.ts'
import { momentLeft, yearOfMoment } from './moments.ts'
import { zipShown } from './said.ts'
import { outermost, type Standing, standingWithin } from './standing.ts'
import type { Survey } from './survey.ts'
import { isTermName, learnTermName } from './terms.ts'
import { counted, identifies, redactText, type TextRules, tellsOldAge } from './text.ts'

export type Projection = {
  readonly known: Survey
  readonly rules: TextRules
  readonly tally: Tally
  readonly kept: Record<string, number>
  /** Member names seen so far: whether each identifies somebody. They repeat more than anything else. */
  readonly memberNames: Map<string, boolean>
  /** Trees of FHIR elements, for resources that stand in a kept string as base64. */
  readonly resources?: PatternTree['resources']
  /** How every string is read, whatever member holds it: a server's message is free text all over. */
  readonly reading?: Reading
  /** Absent on the request path: then nothing is told, and nothing paid. */
  readonly trace?: Trace
}

/** As one begins: nothing is counted yet. */
export function projection(
  known: Survey,
  rules: TextRules,
  resources?: PatternTree['resources'],
): Projection {
  return {
    known,
    rules,
    tally: { redacted: {}, dropped: {} },
    kept: {},
    memberNames: new Map(),
    ...(resources === undefined ? {} : { resources }),
  }
}

/** Follows a projection from place to place, for whoever explains it. What is counted meanwhile stands in the tally. */
export type Trace = {
  /** On to a member or an item of this place. */
  into(step: string | number): void
  /** Back again. `gone`: the member's own name identifies somebody, so that nothing of it stays. */
  out(gone?: true): void
  /** This place is kept by a rule, or (undefined) nothing of it stays. */
  decided(rule: string | undefined): void
}

type Members = { [member: string]: Json }

/** The document with nothing but what `tree` names. An empty container of its kind when that is nothing. */
export function project(document: Json, tree: PatternTree, by: Projection): Json {
  const { resources } = tree
  const left =
    resources === undefined
      ? place(document, tree, outermost, by)
      : seek(document, { pointed: tree, element: undefined, at: outermost }, resources, {
          ...by,
          resources,
        })
  return left ?? (Array.isArray(document) ? [] : {})
}

function place(value: Json, tree: PatternTree, at: Standing, by: Projection): Json | undefined {
  if (tree.rule !== undefined) return keep(value, tree.rule, at, by)
  if (typeof value !== 'object' || value === null) return dropped(by)
  if (Array.isArray(value)) {
    const items: Json[] = []
    for (let index = 0; index < value.length; index += 1) {
      const child = tree.named.get(String(index)) ?? tree.any
      by.trace?.into(index)
      const item = child === undefined ? dropped(by) : place(value[index] as Json, child, at, by)
      by.trace?.out()
      // An element of which nothing stays would tell how many there are; an empty list tells that there is none to show.
      if (item !== undefined) items.push(item)
    }
    return items
  }
  return placeMembers(value as Members, tree, at, by)
}

function placeMembers(
  value: Members,
  tree: PatternTree,
  outer: Standing,
  by: Projection,
): Members | undefined {
  const members: Members = {}
  let any = false
  // Parsed JSON has no inherited members.
  for (const name in value) {
    const child = tree.named.get(name) ?? tree.any
    by.trace?.into(name)
    const item =
      child === undefined ? dropped(by) : place(value[name] as Json, child, standingWithin(outer, name), by)
    const gone = item === undefined || identifying(name, by)
    by.trace?.out(gone && item !== undefined ? true : undefined)
    if (gone) continue
    set(members, name, item)
    any = true
  }
  return any ? members : undefined
}

type Resources = NonNullable<PatternTree['resources']>
/** What a language says of a place: nothing, as a rule, of most places that lead to a resource. */
type Told = PatternTree | undefined
/** What is said of a place: by pointers, by its resource's type, and by its name. */
type Place = { readonly pointed: Told; readonly element: Told; readonly at: Standing }

/**
 * Like `place`, but goes down where nothing is named, too: a resource may stand anywhere. Nothing is made of what
 * holds nothing that stays.
 */
function seek(value: Json, place: Place, resources: Resources, by: Projection): Json | undefined {
  const { pointed, element, at } = place
  if (pointed?.rule !== undefined) return keep(value, pointed.rule, at, by)
  if (typeof value !== 'object' || value === null)
    return element?.rule === undefined ? dropped(by) : keep(value, element.rule, at, by)
  if (!Array.isArray(value)) return seekMembers(value as Members, place, resources, by)
  return seekItems(value, element?.single ? { ...place, element: undefined } : place, resources, by)
}

function seekItems(
  value: readonly Json[],
  { pointed, element, at }: Place,
  resources: Resources,
  by: Projection,
): Json[] | undefined {
  // FHIR has no empty lists, and one that nobody named is of no use.
  let items: Json[] | undefined = pointed === undefined ? undefined : []
  for (let index = 0; index < value.length; index += 1) {
    const own = pointed === undefined ? undefined : (pointed.named.get(String(index)) ?? pointed.any)
    by.trace?.into(index)
    const item = seek(value[index] as Json, { pointed: own, element, at }, resources, by)
    by.trace?.out()
    if (item === undefined) continue
    if (items === undefined) items = [item]
    else items.push(item)
  }
  return items
}

function seekMembers(
  value: Members,
  { pointed, element: within, at: outer }: Place,
  resources: Resources,
  by: Projection,
): Members | undefined {
  const type = value['resourceType']
  // By its own type, and not by what it stands in.
  const element = typeof type === 'string' ? resources.get(type) : within
  let members: Members | undefined
  let carried: [name: string, carrier: PatternTree][] | undefined
  let any = false
  for (const name in value) {
    const onPointed = pointed === undefined ? undefined : (pointed.named.get(name) ?? pointed.any)
    const onElement = element?.named.get(name)
    if (onPointed === undefined && onElement?.carrier === true) {
      // Has its place in the order, and is judged when all else is.
      members ??= {}
      members[name] = null
      carried ??= []
      carried.push([name, onElement])
      continue
    }
    by.trace?.into(name)
    const at = standingWithin(outer, name)
    const item = seek(value[name] as Json, { pointed: onPointed, element: onElement, at }, resources, by)
    const gone = item === undefined || identifying(name, by)
    by.trace?.out(gone && item !== undefined ? true : undefined)
    if (gone) continue
    members ??= {}
    set(members, name, item)
    any = true
  }
  for (const [name, carrier] of carried ?? []) {
    by.trace?.into(name)
    const place = { pointed: undefined, element: carrier, at: standingWithin(outer, name) }
    const item = any ? seek(value[name] as Json, place, resources, by) : dropped(by)
    by.trace?.out()
    if (item === undefined) delete members?.[name]
    else if (members !== undefined) members[name] = item
  }
  return any ? members : undefined
}

/** What stays of a kept place: itself where nothing of it changes, as in most of a record, else a copy. */
function keep(value: Json, rule: string, at: Standing, by: Projection): Json | undefined {
  if (typeof value !== 'object' || value === null) return keepScalar(value, rule, at, by)
  if (by.rules.text === 'Keep') {
    kept(rule, by)
    return value
  }
  return Array.isArray(value) ? keepItems(value, rule, at, by) : keepMembers(value as Members, rule, at, by)
}

/** The same for what holds nothing else. */
export function keepScalar<Scalar extends string | number | boolean | null>(
  value: Scalar,
  rule: string,
  at: Standing,
  by: Projection,
): Scalar | string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') {
    kept(rule, by)
    return value
  }
  const instead = by.rules.text === 'Keep' ? undefined : insteadOf(value, by.known, at.member)
  if (instead !== undefined) {
    // Counted first: whoever follows takes what is counted by then for this place's.
    const left = counted(instead, by.tally)
    kept(rule, by)
    return left
  }
  const year = at.moment && by.rules.text !== 'Keep' ? yearOfMoment(value) : undefined
  const left =
    year === undefined
      ? typeof value === 'string'
        ? keepText(value, rule, at, by)
        : keepNumber(value, at.member, by)
      : heldBy(at.member) === 'birth' && tellsOldAge(String(year), by.rules)
        ? drop('age', by.tally)
        : momentLeft(value, year, by.rules, by.tally)
  if (left === undefined) by.trace?.decided(undefined)
  else kept(rule, by)
  return left as Scalar | string | undefined
}

/** Whether a value is shown as something else because of the name it has. */
function isShownByName({ zips }: Survey, member: string): boolean {
  return zips > 0 && heldBy(member) === 'zip'
}

/** Before anything else is made of it: a number of eight letters may be read as an encoding. */
function insteadOf(value: string | number, known: Survey, member: string): Instead | undefined {
  if (value !== '' && isShownByName(known, member)) return zipShown(value)
  return typeof value === 'string' && known.instead.size > 0 ? known.instead.get(value) : undefined
}

/** A number is an identifier or a birth by the name it has; without one, only where it is as long as no measurement. */
function keepNumber(value: number, member: string, { known, rules, tally }: Projection): number | undefined {
  const { ids, births } = known
  if (rules.text === 'Keep' || (ids.size === 0 && births.size === 0)) return value
  const text = String(value)
  if (ids.has(text) && (hasIdForm(text) || isId(member))) return drop('identifier', tally)
  if (!births.has(text) || heldBy(member) !== 'birth') return value
  if (tellsOldAge(text, rules)) return drop('age', tally)
  return /^\d{4}$/.test(text) ? value : drop('date', tally)
}

function isId(member: string): boolean {
  const held = heldBy(member)
  return member === 'id' || held === 'id' || held === 'patient'
}

function keepText(value: string, rule: string, at: Standing, by: Projection): string | undefined {
  if (by.rules.text === 'Keep' && by.resources === undefined) return value
  const inner = decoded(value)
  if (inner !== undefined) return redactEncoded(value, inner, rule, { by, project })
  if (by.rules.text !== 'Keep' && isEncoding(value)) {
    add(by.tally.dropped, 'encoded')
    return undefined
  }
  return redactText(value, by.known, by.rules, by.tally, by.reading ?? at.reading)
}

function keepItems(value: readonly Json[], rule: string, at: Standing, by: Projection): readonly Json[] {
  let copy: Json[] | undefined
  for (let index = 0; index < value.length; index += 1) {
    by.trace?.into(index)
    const item = keep(value[index] as Json, rule, at, by)
    by.trace?.out()
    if (copy === undefined && item === value[index]) continue
    copy ??= value.slice(0, index)
    if (item !== undefined) copy.push(item)
  }
  return copy ?? value
}

function keepMembers(value: Members, rule: string, outer: Standing, by: Projection): Members {
  let copy: Members | undefined
  for (const name in value) {
    by.trace?.into(name)
    const item = keep(value[name] as Json, rule, standingWithin(outer, name), by)
    const stays = item !== undefined && !identifying(name, by)
    by.trace?.out(stays || item === undefined ? undefined : true)
    if (copy === undefined && stays && item === value[name]) continue
    copy ??= membersBefore(value, name)
    if (stays) set(copy, name, item)
  }
  return copy ?? value
}

function membersBefore(value: Members, end: string): Members {
  const members: Members = {}
  for (const name in value) {
    if (name === end) break
    set(members, name, value[name] as Json)
  }
  return members
}

function set(members: Members, name: string, item: Json): void {
  // An assignment to __proto__ would set the prototype; no prototype at all would make every member slow.
  if (name === '__proto__') Object.defineProperty(members, name, { value: item, enumerable: true })
  else members[name] = item
}

/** A member's name is content too: one that identifies somebody goes, with its value. */
export function identifying(name: string, { memberNames, known, tally }: Projection): boolean {
  let found = memberNames.get(name)
  if (found === undefined) {
    found = !isTermName(name, known) && identifiesAnew(name, known)
    memberNames.set(name, found)
  }
  if (found) add(tally.dropped, 'identifier')
  return found
}

function identifiesAnew(name: string, known: Survey): boolean {
  // A name of two words or more is somebody's, or a heading; of one word it is what the server calls its members.
  const found = identifies(name, known, /[ ,]/.test(name) ? readings.value : readings.term)
  if (!found) learnTermName(name)
  return found
}

function kept(rule: string, by: Projection): void {
  add(by.kept, rule)
  by.trace?.decided(rule)
}

function dropped(by: Projection): undefined {
  add(by.tally.dropped, 'not-allowed')
  by.trace?.decided(undefined)
}

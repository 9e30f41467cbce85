// Records of patients whom a caller may not see, taken out of what holds others' as well (45 CFR 164.312(a)(1), 164.502(b)).
// Only where records can be told apart: resources of FHIR by whom they are about, and elements of a list in which the policy
// says that patients stand (`returns.patients`). Whether enough was taken, a look at what is left decides, never this file.

import type { Json } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import type { PatternTree } from '../pointer.ts'
import { words } from '../words.ts'
import { type Owners, ownersOf } from './owner.ts'
import { look, survey } from './survey.ts'

export type Reach = {
  /** Whether a patient is within reach. */
  readonly within: (patient: string) => boolean
  /** Where patients stand, by policy. */
  readonly places: PatternTree
}

/** `records`: how many were taken out. `counts`: how many numbers that counted them were changed or taken out. */
export type Filtered = { readonly document: Json; readonly records: number; readonly counts: number }

type Members = { readonly [member: string]: Json }
/** A list's length before and after. */
type Change = { readonly before: number; readonly after: number }
type Work = { readonly reach: Reach; readonly changes: Change[]; records: number; counts: number }

/** Records that cannot be told apart. */
class Inseparable extends Error {}

/** The document without records of patients out of reach. Undefined where they cannot be told from the rest. */
export function reachFilter(document: Json, reach: Reach): Filtered | undefined {
  const work: Work = { reach, changes: [], records: 0, counts: 0 }
  try {
    const left = place(document, reach.places, work)
    return { document: left, records: work.records, counts: work.counts }
  } catch (cause) {
    if (cause instanceof Inseparable) return undefined
    throw cause
  }
}

function place(value: Json, tree: PatternTree | undefined, work: Work): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return filteredList(value, tree, work)
  const members = value as Members
  // A resource is one record, whoever else it speaks of; a Bundle is a list of them.
  if (typeof members['resourceType'] === 'string' && members['resourceType'] !== 'Bundle') return value
  return filteredMembers(members, tree, work)
}

function filteredMembers(members: Members, tree: PatternTree | undefined, work: Work): Json {
  const inner: Work = { ...work, changes: [], records: 0, counts: 0 }
  let copy: { [member: string]: Json } | undefined
  for (const name in members) {
    const item = members[name] as Json
    const left = place(item, childOf(tree, name), inner)
    if (left === item) continue
    copy ??= { ...members }
    copy[name] = left
  }
  work.records += inner.records
  if (copy === undefined || inner.changes.length === 0) return copy ?? members
  work.changes.push(...inner.changes)
  const counted = recounted(copy, inner)
  work.counts += inner.counts
  return counted
}

function childOf(tree: PatternTree | undefined, name: string): PatternTree | undefined {
  return tree?.named.get(name) ?? tree?.any
}

function filteredList(list: readonly Json[], tree: PatternTree | undefined, work: Work): Json {
  const left: Json[] = []
  let changed = false
  const foreign = list.some((item, at) => patientsIn(item, childOf(tree, String(at))).some(isOut(work)))
  if (!foreign) return list
  for (const [at, item] of list.entries()) {
    const kept = element(item, childOf(tree, String(at)), work)
    if (kept !== item) changed = true
    if (kept !== undefined) left.push(kept)
  }
  if (left.length < list.length) {
    work.records += list.length - left.length
    work.changes.push({ before: list.length, after: left.length })
  }
  return changed ? left : list
}

/** The element as it may stay; undefined when it may not. Throws Inseparable for what is no record. */
function element(item: Json, tree: PatternTree | undefined, work: Work): Json | undefined {
  if (!isObject(item)) throw new Inseparable()
  const resource = typeof item['resourceType'] === 'string' ? item : item['resource']
  if (isObject(resource) && typeof resource['resourceType'] === 'string')
    return resource['resourceType'] === 'Bundle'
      ? bundleElement(item as Members, tree, work)
      : mine(ownersOf(resource), work)
        ? item
        : undefined
  return elementByPlace(item as Members, tree, work)
}

function mine(owners: Owners, { reach }: Work): boolean {
  if (owners === undefined) throw new Inseparable()
  return owners.every((patient) => reach.within(patient))
}

function bundleElement(item: Members, tree: PatternTree | undefined, work: Work): Json {
  return filteredMembers(item, tree, work)
}

/** An element in which the policy says that patients stand. */
function elementByPlace(item: Members, tree: PatternTree | undefined, work: Work): Json | undefined {
  if (tree === undefined || tree.rule !== undefined) throw new Inseparable()
  const out = isOut(work)
  const own = ownPlaces(item, tree)
  if (own.some(out)) return undefined
  const all = patientsIn(item, tree)
  if (all.length === 0) throw new Inseparable()
  if (!all.some(out)) return item
  if (own.length === 0 && all.every(out)) return undefined
  return filteredMembers(item, tree, work)
}

function isOut({ reach }: Work): (patient: string) => boolean {
  return (patient) => !reach.within(patient)
}

/** Everybody whom a value names. */
function patientsIn(value: Json, tree: PatternTree | undefined): string[] {
  const known = survey()
  look(value, tree ?? nowhere, known)
  return [...known.patients]
}

const nowhere: PatternTree = { named: new Map() }

/** Whom an element names at the policy's places by itself, and in none of its lists. */
function ownPlaces(value: Json, tree: PatternTree): string[] {
  if (tree.rule !== undefined) return Array.isArray(value) ? [] : patientsIn(value, tree)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, item]) => {
    const child = childOf(tree, name)
    return child === undefined ? [] : ownPlaces(item as Json, child)
  })
}

/** Names of members that say how many there are, in small letters, without _ and -. */
const countNames = words(`
  count total totalcount totalresults totalrecords totalhits totalitems length hits matches numfound
  numresults numberofresults found returned returnedcount resultcount recordcount itemcount entrycount
`)

/**
 * Beside a list that became shorter, a number that was its length is its new one. Another number of such a name counts
 * what is not here, others' records among it, and goes.
 */
function recounted(members: { [member: string]: Json }, work: Work, deeper = true): Json {
  for (const [name, item] of Object.entries(members)) {
    if (typeof item === 'number' && countNames.has(name.toLowerCase().replaceAll(/[_-]/g, ''))) {
      const change = work.changes.find(({ before }) => before === item)
      if (change === undefined) delete members[name]
      else members[name] = change.after
      work.counts += 1
    } else if (deeper && isPlain(item)) members[name] = recounted({ ...item }, work, false)
  }
  return members
}

/** Says something about a list, such as which page it is, and holds none. */
function isPlain(value: Json): value is Members {
  return isObject(value) && Object.values(value).every((item) => typeof item !== 'object' || item === null)
}

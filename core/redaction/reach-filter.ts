// Records of patients whom a caller may not see, taken out of what holds others' as well (45 CFR 164.312(a)(1), 164.502(b)).
// Only where records can be told apart: resources of FHIR by whom they are about, and elements of a list in which the policy
// says that patients stand (`returns.patients`). Whether enough was taken, a look at what is left decides, never this file.

import type { Json } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import type { PatternTree } from '../pointer.ts'
import { isAboutRecords, ownersOf } from './owner.ts'
import { type Change, recounted } from './reach-counts.ts'
import { look, survey } from './survey.ts'

export type Reach = {
  /** Whether a patient is within reach. */
  readonly within: (patient: string) => boolean
  /** Addresses of a Bundle's entries that are about nobody. */
  readonly nobody: ReadonlySet<string>
  /** Where patients stand, by policy. */
  readonly places: PatternTree
}

/** `records`: how many were taken out. `counts`: how many numbers that counted them were changed or taken out. */
export type Filtered = { readonly document: Json; readonly records: number; readonly counts: number }

type Members = { readonly [member: string]: Json }
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
  if (typeof members['resourceType'] === 'string' && members['resourceType'] !== 'Bundle') {
    if (!isMine(members, work)) throw new Inseparable()
    return value
  }
  return filteredMembers(members, tree, work)
}

function filteredMembers(members: Members, tree: PatternTree | undefined, work: Work): Json {
  const inner: Work = { ...work, changes: [], records: 0, counts: 0 }
  const held: Change[] = []
  let copy: { [member: string]: Json } | undefined
  for (const name in members) {
    const item = members[name] as Json
    const left = place(item, childOf(tree, name), inner)
    if (left === item) continue
    copy ??= { ...members }
    copy[name] = left
    const own = inner.changes.find(({ list }) => list === item)
    if (own !== undefined) held.push(own)
  }
  work.records += inner.records
  if (copy === undefined || inner.changes.length === 0) return copy ?? members
  work.changes.push(...inner.changes)
  work.counts += inner.counts + recounted(copy, { changes: inner.changes, held })
  return copy
}

function childOf(tree: PatternTree | undefined, name: string): PatternTree | undefined {
  return tree?.named.get(name) ?? tree?.any
}

function filteredList(list: readonly Json[], tree: PatternTree | undefined, work: Work): Json {
  const left: Json[] = []
  let changed = false
  // Whether elements are records, these elements say; a resource says it of itself.
  const foreign = list.some(
    (item, at) =>
      resourceIn(item) === undefined && patientsIn(item, childOf(tree, String(at))).some(isOut(work)),
  )
  for (const [at, item] of list.entries()) {
    const below = childOf(tree, String(at))
    const resource = resourceIn(item)
    const kept =
      resource !== undefined
        ? record(item as Members, resource, below, work)
        : foreign
          ? element(item, below, work)
          : place(item, below, work)
    if (kept !== item) changed = true
    if (kept !== undefined) left.push(kept)
  }
  if (left.length < list.length) {
    work.records += list.length - left.length
    work.changes.push({ list, before: list.length, after: left.length })
  }
  return changed ? left : list
}

/** The resource that an element is, or that it holds as the entries of a Bundle do. */
function resourceIn(item: Json): Members | undefined {
  if (!isObject(item)) return undefined
  const resource = typeof item['resourceType'] === 'string' ? item : item['resource']
  return isObject(resource) && typeof resource['resourceType'] === 'string'
    ? (resource as Members)
    : undefined
}

/** An element with a resource, as it may stay; undefined when it may not. */
function record(
  item: Members,
  resource: Members,
  tree: PatternTree | undefined,
  work: Work,
): Json | undefined {
  if (resource['resourceType'] === 'Bundle') return filteredMembers(item, tree, work)
  return isMine(resource, work) ? item : undefined
}

function isMine(resource: Members, { reach }: Work): boolean {
  const owners = ownersOf(resource, reach.nobody)
  if (owners !== undefined) return owners.every((patient) => reach.within(patient))
  if (isAboutRecords(resource)) return false
  throw new Inseparable()
}

/** An element as it may stay; undefined when it may not. Throws Inseparable for what is no record. */
function element(item: Json, tree: PatternTree | undefined, work: Work): Json | undefined {
  if (!isObject(item)) throw new Inseparable()
  return elementByPlace(item as Members, tree, work)
}

/** An element in which the policy says that patients stand. */
function elementByPlace(item: Members, tree: PatternTree | undefined, work: Work): Json | undefined {
  if (tree === undefined || tree.rule !== undefined) throw new Inseparable()
  const out = isOut(work)
  const own = ownPlaces(item, tree)
  if (own.some(out)) return undefined
  const all = patientsIn(item, tree)
  if (all.length === 0) throw new Inseparable()
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

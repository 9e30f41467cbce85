// Whether a schema of results asks for what the fields take away.

import { isObject } from '../is-object.ts'
import { type PatternTree, segmentsOf, valueAt } from '../pointer.ts'

/**
 * The first place that a schema requires and that no field can keep, as a pointer. It follows `properties`, `required`,
 * `items`, `allOf` and references within the schema, and leaves to the moment of the result what only that can tell: conditions,
 * alternatives, a resource of a type that the schema does not fix.
 */
export function missingField(schema: unknown, tree: PatternTree): string | undefined {
  const within = { root: schema, resources: tree.resources, places: { left: mostPlaces } }
  return missing(schema, { pointed: tree, element: undefined }, within, '')
}

/** Most places that are looked at: a schema may require itself within itself, or twice as much at each step. */
const mostPlaces = 10_000

type Within = {
  readonly root: unknown
  readonly resources: PatternTree['resources']
  readonly places: { left: number }
}

/** What a schema says by itself, of places below it. */
type Said = { readonly properties: { [name: string]: unknown }; readonly required: string[]; items?: unknown }

/** What a schema and all that it stands for say together. `seen`: so that one that refers to itself ends. */
function saidBy(
  schema: unknown,
  root: unknown,
  into: Said = { properties: {}, required: [] },
  seen = new Set<unknown>(),
): Said {
  if (!isObject(schema) || seen.has(schema)) return into
  seen.add(schema)
  const { properties, required, items, allOf, $ref: reference } = schema
  for (const [name, one] of Object.entries(isObject(properties) ? properties : {})) {
    const before = Object.hasOwn(into.properties, name) ? into.properties[name] : undefined
    const both = before === undefined ? one : { allOf: [before, one] }
    Object.defineProperty(into.properties, name, { value: both, enumerable: true, configurable: true })
  }
  if (Array.isArray(required)) into.required.push(...required.map(String))
  if (isObject(items)) into.items ??= items
  for (const one of Array.isArray(allOf) ? (allOf as unknown[]) : []) saidBy(one, root, into, seen)
  const pointer = typeof reference === 'string' && reference.startsWith('#') ? reference.slice(1) : undefined
  const segments = pointer === undefined ? undefined : segmentsOf(pointer)
  if (segments !== undefined) saidBy(valueAt(root, segments), root, into, seen)
  return into
}

type Told = { readonly pointed: PatternTree | undefined; readonly element: PatternTree | undefined }

function missing(schema: unknown, told: Told, within: Within, place: string): string | undefined {
  const { pointed } = told
  const { root, resources } = within
  within.places.left -= 1
  if (!isObject(schema) || pointed?.rule !== undefined || within.places.left < 0) return undefined
  const { properties: members, required, items } = saidBy(schema, root)
  if (items !== undefined) {
    // A list is no place of its own in FHIR, and any place in it may be meant.
    const some = [...(pointed?.named.values() ?? [])]
    const next = pointed?.any ?? some[0]
    return missing(items, { pointed: next, element: told.element }, within, `${place}/0`)
  }
  const type = isObject(members['resourceType']) ? members['resourceType']['const'] : undefined
  const element = typeof type === 'string' ? resources?.get(type) : told.element
  for (const name of required) {
    const next = nextOf(name, { pointed, element })
    const member = `${place}/${name}`
    if (next.pointed === undefined && next.element === undefined) {
      // Anything may hold a resource, and so may an object whose type the schema leaves open be one.
      if (resources === undefined || (typeof type === 'string' && !holdsMore(members[name]))) return member
      continue
    }
    const below = missing(members[name], next, within, member)
    if (below !== undefined) return below
  }
  return undefined
}

function nextOf(name: string, { pointed, element }: Told): Told {
  return { pointed: pointed?.named.get(name) ?? pointed?.any, element: element?.named.get(name) }
}

function holdsMore(schema: unknown): boolean {
  return (
    isObject(schema) &&
    (schema['type'] === 'array' || schema['type'] === 'object' || schema['type'] === undefined)
  )
}

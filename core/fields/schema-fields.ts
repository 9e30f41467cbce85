// Whether a schema of results asks for what the fields take away.

import { isObject } from '../is-object.ts'
import type { PatternTree } from '../pointer.ts'

/**
 * The first place that a schema requires and that no field can keep, as a pointer. It follows `properties`, `required` and
 * `items`, and leaves to the moment of the result what only that can tell: references, conditions, a resource of a type that
 * the schema does not fix.
 */
export function missingField(schema: unknown, tree: PatternTree): string | undefined {
  return missing(schema, { pointed: tree, element: undefined }, tree.resources, '')
}

type Told = { readonly pointed: PatternTree | undefined; readonly element: PatternTree | undefined }

function missing(
  schema: unknown,
  told: Told,
  resources: PatternTree['resources'],
  place: string,
): string | undefined {
  const { pointed } = told
  if (!isObject(schema) || pointed?.rule !== undefined) return undefined
  const { properties, required, items } = schema
  if (isObject(items)) {
    // A list is no place of its own in FHIR, and any place in it may be meant.
    const some = [...(pointed?.named.values() ?? [])]
    const next = pointed?.any ?? some[0]
    return missing(items, { pointed: next, element: told.element }, resources, `${place}/0`)
  }
  const members = isObject(properties) ? properties : {}
  const type = isObject(members['resourceType']) ? members['resourceType']['const'] : undefined
  const element = typeof type === 'string' ? resources?.get(type) : told.element
  for (const name of Array.isArray(required) ? required : []) {
    const next = nextOf(String(name), { pointed, element })
    const member = `${place}/${String(name)}`
    if (next.pointed === undefined && next.element === undefined) {
      // Anything may hold a resource, and so may an object whose type the schema leaves open be one.
      if (resources === undefined || (typeof type === 'string' && !holdsMore(members[String(name)])))
        return member
      continue
    }
    const below = missing(members[String(name)], next, resources, member)
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

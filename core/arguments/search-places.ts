// Where a schema of arguments says that a FHIR search stands.

import type { Json } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import { searchFormat, searchIssue, searchKeyword } from './fhir-search.ts'

/** Keywords whose values are values, not schemas. */
const literal: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples'])

/**
 * Members on the way to each: the arguments themselves, one of them, or a property of one. Throws TypeError, in words for
 * whoever wrote the schema, for one that stands elsewhere, where the rules for searches could not see it.
 */
export function searchPlaces(schema: { readonly [keyword: string]: Json }): (readonly string[])[] {
  const places: string[][] = []
  collect(schema, [], places)
  if (countOf(schema) !== places.length)
    throw new TypeError(
      `${searchKeyword} and format ${searchFormat} may stand only at the arguments, or at a property of them`,
    )
  return places
}

/** The names that a search may hold, of every search in a schema. */
export function searchNames(schema: { readonly [keyword: string]: Json }): string[] {
  return searchPlaces(schema).flatMap((path) => {
    let at: Json | undefined = schema
    for (const member of path)
      at = (at as { [keyword: string]: { [name: string]: Json } })['properties']?.[member]
    const found = at as { readonly [keyword: string]: Json }
    const names = found[searchKeyword]
    return Array.isArray(names) ? (names as string[]) : Object.keys(found['properties'] ?? {})
  })
}

function collect(schema: unknown, path: readonly string[], places: string[][]): void {
  if (!isObject(schema)) return
  if (isSearch(schema)) {
    const issue = searchIssue(schema)
    if (issue !== undefined) throw new TypeError(issue)
    places.push([...path])
  }
  const { properties } = schema
  if (isObject(properties))
    for (const [name, property] of Object.entries(properties)) collect(property, [...path, name], places)
}

function isSearch(schema: { readonly [keyword: string]: unknown }): boolean {
  return searchKeyword in schema || schema['format'] === searchFormat
}

/** How many there are anywhere; a property may be called like a keyword. */
function countOf(schema: unknown, inProperties = false): number {
  if (Array.isArray(schema)) return schema.reduce<number>((sum, one) => sum + countOf(one), 0)
  if (!isObject(schema)) return 0
  const own = !inProperties && isSearch(schema) ? 1 : 0
  return Object.entries(schema).reduce(
    (sum, [keyword, value]) =>
      literal.has(keyword) && !inProperties
        ? sum
        : sum + countOf(value, keyword === 'properties' && !inProperties),
    own,
  )
}

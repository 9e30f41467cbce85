// The schemas that stand for values within a schema of arguments, each with its place and name.

import { isObject } from '../is-object.ts'
import { at } from './finding.ts'

export type Schema = { readonly [keyword: string]: unknown }
export type SchemaPlace = {
  schema: Schema
  /** JSON Pointer from the schema's root. */
  place: string
  /** The argument that it describes; empty for the root. */
  name: string
}

const maps = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions']
const lists = ['prefixItems', 'allOf', 'anyOf', 'oneOf']
const ones = [
  'items',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'if',
  'then',
  'else',
]

/** The root first, then all below it. A schema that stands in several places by reference comes once, where it is written. */
export function schemaPlaces(root: unknown): SchemaPlace[] {
  const found: SchemaPlace[] = []
  visit(root, '', '', found)
  return found
}

function visit(schema: unknown, place: string, name: string, found: SchemaPlace[]): void {
  if (!isObject(schema)) return
  found.push({ schema, place, name })
  for (const keyword of maps) {
    const map = schema[keyword]
    if (!isObject(map)) continue
    for (const [member, one] of Object.entries(map))
      visit(one, `${place}${at(keyword, member)}`, keyword === 'properties' ? member : name, found)
  }
  for (const keyword of lists) {
    const list = schema[keyword]
    if (Array.isArray(list))
      for (const [index, one] of list.entries()) visit(one, `${place}${at(keyword, index)}`, name, found)
  }
  for (const keyword of ones) visit(schema[keyword], `${place}${at(keyword)}`, name, found)
}

/** Names of the arguments that a schema describes at its root; undefined where something else than `properties` may. */
export function namedArguments(schema: Schema): ReadonlySet<string> | undefined {
  const opens = [
    '$ref',
    '$dynamicRef',
    'allOf',
    'anyOf',
    'oneOf',
    'if',
    'dependentSchemas',
    'dependencies',
    'patternProperties',
    'unevaluatedProperties',
  ]
  if (opens.some((keyword) => keyword in schema)) return undefined
  if (![undefined, false].includes(schema['additionalProperties'] as undefined)) return undefined
  return new Set(isObject(schema['properties']) ? Object.keys(schema['properties']) : [])
}

export function allows(schema: Schema, type: string): boolean {
  const types = schema['type']
  return types === undefined || types === type || (Array.isArray(types) && types.includes(type))
}

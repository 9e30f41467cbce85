// Arguments of a tool that its schema copies into HTTP headers (MCP 2026-07-28, x-mcp-header, SEP-2243). A header stands in
// logs of every hop, so the argument that names the patient can never be one.

import type { Json } from './canonical.ts'
import { isObject } from './is-object.ts'
import { pointerOf } from './pointer.ts'

export type ParamHeader = {
  /** In small letters, without `mcp-param-`. */
  readonly name: string
  /** Members on the way from the arguments to the value. */
  readonly path: readonly string[]
  readonly integer: boolean
}

/** A token of RFC 9110 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
const types: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean'])

/**
 * The headers that a schema declares. `patient`: JSON Pointer to the argument that names the patient. Throws TypeError, in
 * words for whoever wrote the schema, when a declaration is not as the revision says, or would tell the patient.
 */
export function paramHeaders(
  schema: { readonly [keyword: string]: Json },
  patient: string | undefined,
): ParamHeader[] {
  const found: ParamHeader[] = []
  declared(schema, [], found)
  if (countOf(schema) !== found.length)
    throw new TypeError(
      'x-mcp-header may stand only at a property of the arguments, or of a property of them',
    )
  for (const [at, { name, path }] of found.entries()) {
    if (found.findIndex((other) => other.name === name) !== at)
      throw new TypeError(`x-mcp-header ${name} stands there twice: give each argument a name of its own`)
    const pointer = pointerOf(...path)
    // A text in which the patient is named tells them as well.
    const tells = pointer === patient || pointer.startsWith(`${patient}/`)
    if (patient !== undefined && (tells || patient.startsWith(`${pointer}/`)))
      throw new TypeError(`x-mcp-header ${name} would put the patient into a header: take it away`)
  }
  return found
}

function declared(schema: unknown, path: readonly string[], found: ParamHeader[]): void {
  if (!isObject(schema)) return
  const { 'x-mcp-header': name, type, properties } = schema
  if (name !== undefined && path.length > 0) {
    if (typeof name !== 'string' || !token.test(name))
      throw new TypeError('x-mcp-header must be a name of an HTTP header: letters, digits and - only')
    if (!types.has(type))
      throw new TypeError(`x-mcp-header ${name}: its type must be string, integer or boolean`)
    found.push({ name: name.toLowerCase(), path, integer: type === 'integer' })
  }
  if (isObject(properties))
    for (const [member, property] of Object.entries(properties)) declared(property, [...path, member], found)
}

/** How often the keyword stands anywhere; a property may be called so as well. */
function countOf(schema: unknown, inProperties = false): number {
  if (Array.isArray(schema)) return schema.reduce<number>((sum, one) => sum + countOf(one), 0)
  if (!isObject(schema)) return 0
  return Object.entries(schema).reduce(
    (sum, [keyword, value]) =>
      sum +
      (keyword === 'x-mcp-header' && !inProperties ? 1 : 0) +
      (literal.has(keyword) && !inProperties ? 0 : countOf(value, keyword === 'properties' && !inProperties)),
    0,
  )
}

/** Keywords whose values are values, not schemas. */
const literal: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples'])

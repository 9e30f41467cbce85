// Identifiers of people in arguments where the patient's own argument will do (45 CFR 164.502(b)): a name or a number in the
// text of a question tells the server, its logs and its vendors who is meant, and is needed by none of them.

import type { Json, JsonObject } from '../canonical.ts'
import { findIdentifiers } from '../text/find.ts'
import type { IdentifierType } from '../text/span.ts'
import type { Violation } from './violation.ts'

/**
 * Kinds that a question about no particular person holds as well: since when, over which age, where, in which code system;
 * and numbers of orders, encounters and the like, by which they are asked for.
 */
const everyday: ReadonlySet<IdentifierType> = new Set([
  'DATE',
  'AGE',
  'GEOGRAPHIC_LOCATION',
  'URL',
  'UNIQUE_IDENTIFIER',
])

/** One small word, as most arguments are: nothing that is found has this form. */
const smallWord = /^[a-z_-]{0,32}$/

/** Keywords by which a schema says what a text holds: whoever wrote it decided that it may. */
const declaring = ['format', 'enum', 'const'] as const

/** Members on the way to each argument whose schema says what it holds. */
export type Declared = { readonly [member: string]: true | Declared }

/** Where a schema's properties say what they hold. Behind references and alternatives nothing counts as said. */
export function declaredIn(schema: { readonly [keyword: string]: Json }): Declared {
  const { properties } = schema
  const found: { [member: string]: true | Declared } = Object.create(null) as object as typeof found
  if (!isMap(properties)) return found
  for (const [name, property] of Object.entries(properties)) {
    if (!isMap(property)) continue
    const { items } = property
    const own = declaring.some((keyword) => keyword in property || (isMap(items) && keyword in items))
    found[name] = own ? true : declaredIn(isMap(items) ? items : property)
  }
  return found
}

/** The first argument that identifies somebody. `patient`: the argument that may, by its members. */
export function identifiedBy(
  args: JsonObject,
  declared: Declared,
  patient: readonly string[] | undefined,
): Violation | undefined {
  return look(args, declared, patient, [])
}

function look(
  value: unknown,
  declared: Declared | undefined,
  patient: readonly string[] | undefined,
  path: readonly string[],
): Violation | undefined {
  if (typeof value === 'string') {
    const said = identifies(value) || (digits.test(value) && identifies(announced(value, path)))
    return said ? { argument: path.join('.'), rule } : undefined
  }
  if (typeof value === 'number' && value >= leastNumber)
    return identifies(announced(value, path)) ? { argument: path.join('.'), rule } : undefined
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = look(item, declared, patient, path)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!isMap(value)) return undefined
  for (const name in value) {
    const below = declared?.[name]
    const leads = patient?.[0] === name
    if (below === true || (leads && patient.length === 1)) continue
    const found = look(value[name], below, leads ? patient.slice(1) : undefined, [...path, name])
    if (found !== undefined) return found
    // A name that the schema does not know may be an identifier as well; those that it knows are the policy's own.
    if (below === undefined && identifies(name)) return { argument: path.join('.') || 'arguments', rule }
  }
  return undefined
}

const rule = 'may hold no identifier of a person: the argument that names the patient says who is meant'

/** Digits say what they are by the name of their argument alone: a number of social security, of a telephone, of a record. */
const digits = /^[0-9]{6,32}$/
/** Smallest number that may be one. */
const leastNumber = 100_000

function announced(value: number | string, path: readonly string[]): string {
  const name = (path.at(-1) ?? '').slice(0, 64)
  return `${name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').replaceAll(/[_-]/g, ' ')}: ${value}`
}

function identifies(text: string): boolean {
  return !smallWord.test(text) && findIdentifiers(text).some(({ type }) => !everyday.has(type))
}

function isMap(value: unknown): value is { readonly [member: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

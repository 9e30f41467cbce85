// The elements of FHIR R4 (4.0.1), by type. Out of the official structure definitions by test/fhir-r4-table.ts: a row says
// which type a type extends, and its own elements with their types. A row is read when its type is first asked for.

import table from './fhir-r4.json' with { type: 'json' }

/** `member`: its name in JSON, where a choice (`value[x]`) has one for each of its types. */
export type Element = { readonly name: string; readonly member: string; readonly type: string }

const rows: ReadonlyMap<string, string> = new Map(Object.entries(table))
const read = new Map<string, readonly Element[]>()

/** Every element of a type that has elements, those that it inherits first. None for a primitive. */
export function elementsOf(type: string): readonly Element[] {
  let elements = read.get(type)
  if (elements === undefined && !rows.has(type)) return []
  if (elements === undefined) read.set(type, (elements = elementsIn(type)))
  return elements
}

function elementsIn(type: string): readonly Element[] {
  const [, ...own] = (rows.get(type) ?? '').split(' ')
  const base = baseOf(type)
  return [...(base === undefined ? [] : elementsOf(base)), ...own.flatMap(elementIn)]
}

function elementIn(text: string): Element[] {
  const [named = '', types = ''] = text.split(':')
  const name = named.replace('[x]', '')
  return types.split(',').map((type) => ({
    name,
    member: name === named ? name : `${name}${type.charAt(0).toUpperCase()}${type.slice(1)}`,
    type,
  }))
}

function baseOf(type: string): string | undefined {
  const base = rows.get(type)?.split(' ', 1)[0]
  return base === '' ? undefined : base
}

const lineages = new Map<string, readonly string[]>()

/** The type itself, and every type that it extends. Call it for types of the table alone: each is remembered. */
export function lineage(type: string): readonly string[] {
  let types = lineages.get(type)
  if (types === undefined) {
    const base = baseOf(type)
    lineages.set(type, (types = base === undefined ? [type] : [type, ...lineage(base)]))
  }
  return types
}

/** A type that stands by itself: a resource or a data type, and not a part of one (`Patient.contact`). */
export function isType(name: string): boolean {
  return rows.has(name) && !name.includes('.')
}

export function isPrimitive(type: string): boolean {
  return !rows.has(type)
}

export function isResource(type: string): boolean {
  return rows.has(type) && lineage(type).includes('Resource')
}

/** Names of all types that stand by themselves. */
export function typeNames(): readonly string[] {
  return [...rows.keys()].filter(isType)
}

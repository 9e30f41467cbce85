// What an output schema, or the shape of a sample, says of a result: a pointer for each leaf, those left out that by their
// name identify somebody; or the types of FHIR in it.

import { isObject } from '../../core/is-object.ts'
import { pointerOf } from '../../core/pointer.ts'
import { isCleanName } from './arguments.ts'
import type { Schema } from './catalogue.ts'
import { identifierIn, namesPatient } from './identifying.ts'
import type { Field } from './topics.ts'

export type Leaves = {
  readonly fields: readonly Field[]
  readonly left: readonly Field[]
  /** Places where patients stand. */
  readonly patients: readonly string[]
  /** Types of FHIR resources that it holds. */
  readonly types: readonly string[]
}

/** Most fields that a manifest may name for one result. */
const most = 256
/** Deepest place that is looked at. */
const deepest = 12

export function leavesOf(schema: Schema): Leaves {
  const fields: Field[] = []
  const left: Field[] = []
  const patients: string[] = []
  const types = new Set<string>()
  visit(schema, '', 0)
  return { fields: fields.slice(0, most), left, patients: patients.slice(0, 16), types: [...types] }

  function visit(at: unknown, path: string, depth: number): void {
    if (depth > deepest) return
    const node = resolved(at, schema)
    if (node === undefined) return
    for (const one of branchesOf(node)) visit(one, path, depth + 1)
    const type = resourceTypeOf(node)
    if (type !== undefined) {
      types.add(type)
      return
    }
    const { properties, items, additionalProperties } = node
    if (isObject(properties))
      for (const [name, member] of Object.entries(properties)) visitMember(member, name, path, depth)
    else if (isObject(additionalProperties)) visit(additionalProperties, `${path}/*`, depth + 1)
    if (isObject(items)) visit(items, `${path}/*`, depth + 1)
    if (path !== '' && isLeaf(node)) leaf(path, '', node)
  }

  function visitMember(member: unknown, name: string, path: string, depth: number): void {
    const place = `${path}${pointerOf(name)}`
    if (place.length > 250 || !/^[A-Za-z_$@][\w$@.-]{0,63}$/.test(name)) return
    if (!isCleanName(name)) {
      left.push({ path: `${path}/(a name)`, why: 'its own name may identify somebody' })
      return
    }
    const node = resolved(member, schema)
    if (namesPatient(name) && node !== undefined && isLeaf(node)) patients.push(place)
    const identifier = identifierIn(name)
    const inside = node !== undefined && !isLeaf(node)
    // A list of notes has codes and dates beside its text; a list of addresses has nothing that may stay.
    if (identifier !== undefined && !(inside && identifier.startsWith('free text'))) {
      left.push({ path: place, why: identifier })
      return
    }
    if (inside) visit(member, place, depth + 1)
    else leaf(place, name, node ?? {})
  }

  function leaf(path: string, name: string, node: Schema): void {
    if (fields.some((field) => field.path === path)) return
    fields.push({ path, why: reasonOf(name, node) })
  }
}

function reasonOf(name: string, { type, format, enum: values }: Schema): string {
  if (
    /[dD]ate|[tT]ime|born|[bB]irth|since|onset|_at$|[a-z]At$/.test(name) ||
    (typeof format === 'string' && format.startsWith('date'))
  )
    return 'a date: its year leaves (redaction.dates)'
  if (Array.isArray(values)) return 'one of fixed words'
  if (type === 'number' || type === 'integer') return 'a number'
  if (type === 'boolean') return 'yes or no'
  return 'names nobody by its name; its text is searched for identifiers'
}

/** Whether nothing is said of what stands below. */
function isLeaf(node: Schema): boolean {
  return (
    !isObject(node['properties']) &&
    !isObject(node['items']) &&
    !isObject(node['additionalProperties']) &&
    node['type'] !== 'object' &&
    node['type'] !== 'array' &&
    branchesOf(node).length === 0
  )
}

function branchesOf(node: Schema): unknown[] {
  return ['anyOf', 'oneOf', 'allOf'].flatMap((keyword) => {
    const branches = node[keyword]
    return Array.isArray(branches) ? (branches as unknown[]) : []
  })
}

/** References within the document, one step each; others are not followed. */
function resolved(at: unknown, root: Schema): Schema | undefined {
  if (!isObject(at)) return undefined
  const { $ref: reference } = at
  if (typeof reference !== 'string') return at
  const match = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(reference)
  const [, map = '', name = ''] = match ?? []
  const definitions = root[map]
  const found = isObject(definitions) ? definitions[name] : undefined
  return isObject(found) && !('$ref' in found) ? found : undefined
}

/** Of a FHIR resource: what its schema says of `resourceType`. */
function resourceTypeOf({ properties }: Schema): string | undefined {
  const said = isObject(properties) ? properties['resourceType'] : undefined
  if (!isObject(said)) return undefined
  const value: unknown = said['const'] ?? (Array.isArray(said['enum']) ? said['enum'][0] : undefined)
  // A bundle is looked into.
  return typeof value === 'string' && value !== 'Bundle' ? value : undefined
}

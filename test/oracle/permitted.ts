// What a list of fields permits of a FHIR resource, by FHIRPath over the original. It shares no code with redaction: a mistake
// there would have to be made once more in another language, by other people, to go unseen here.

import { evaluate, types } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'

type Resource = { readonly [member: string]: unknown }

/** A node of fhirpath.js, as far as it is read here. */
type Node = {
  readonly parentResNode: Node | null
  readonly propName: string | null
  /** Position in its list; null of what is in none. */
  readonly index: number | null
  readonly data: unknown
  readonly fhirNodeDataType: string | null
}

/** A place without its positions in lists, `/` between members -> the values that stand there. */
export type Leaves = ReadonlyMap<string, ReadonlySet<string>>

/** A JSON value that is no container, as text. */
export const leafText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

/**
 * Leaves that the fields let out. A field is a JSON Pointer with `*` (from the resource's own root), or an element path
 * such as `Patient.name`, which stands for every place where a resource of that type is.
 */
export function permitted(resource: Resource, fields: readonly string[]): Leaves {
  const found = new Map<string, Set<string>>()
  const pointers = fields.filter((field) => field === '' || field.startsWith('/')).map(asExpression)
  if (pointers.length > 0)
    for (const { node, place } of everyNode(resource))
      if (pointers.some((pointer) => pointer.test(place))) add(node, found)
      else if (isResource(node.data) && pointers.some((pointer) => pointer.test(`${place}/resourceType`)))
        put(`${placeOf(node)}/resourceType`, node.data['resourceType'], found)
  for (const field of fields.filter((one) => one !== '' && !one.startsWith('/')))
    for (const expression of elementPath(field)) {
      const named = nodesOf(resource, expression)
      const tops = new Set(named.map(({ data }) => data))
      for (const node of named) add(node, found)
      for (const node of nodesOf(resource, `${expression}.descendants()`))
        if (comesAlong(node, tops)) add(node, found)
    }
  if (fields.some((field) => /^[A-Z]/.test(field))) addFrames(resource, found)
  return found
}

/** What carries kept places, and says nothing by itself. */
const frames = ['Bundle.type', 'Extension.url', 'Parameters.parameter.name']

function addFrames(resource: Resource, found: Map<string, Set<string>>): void {
  for (const { node } of everyNode(resource)) if (isResource(node.data)) add(node, found)
  for (const frame of frames)
    for (const node of elementPath(frame).flatMap((one) => nodesOf(resource, one))) add(node, found)
}

/** Elements that tell by the side who somebody is, or hold other resources: a path above them does not name them. */
const apart = ['id', 'extension', 'modifierExtension', 'contained', 'resource', 'div', 'text', 'fullUrl']

/** Whether a node is there because one of the `tops` above it was named. */
function comesAlong(node: Node, tops: ReadonlySet<unknown>): boolean {
  if (tops.has(node.data)) return true
  const { parentResNode: above, propName } = node
  if (above === null || propName === null) return false
  const isReference = above.fhirNodeDataType === 'Reference'
  if (isReference && (propName === 'display' || propName === 'identifier')) return false
  const isNarrative = propName === 'text' && isResource(above.data)
  return (propName === 'text' ? !isNarrative : !apart.includes(propName)) && comesAlong(above, tops)
}

/** The nodes of a resource with their pointers, kept as long as the resource is: it is judged under many policies. */
function everyNode(resource: Resource): { node: Node; place: string }[] {
  const before = known.get(resource)
  if (before !== undefined) return before
  const nodes = [...nodesOf(resource, '$this'), ...nodesOf(resource, 'descendants()')]
  const made = nodes.map((node) => ({ node, place: placeOf(node, { positions: true }) }))
  known.set(resource, made)
  return made
}

const known = new WeakMap<Resource, { node: Node; place: string }[]>()

/** What a pointer pattern names, and all below it. */
function asExpression(pointer: string): RegExp {
  const segments = pointer.split('/').map((segment) => (segment === '*' ? '[^/]+' : escaped(segment)))
  return new RegExp(`^${segments.join('/')}(?:/|$)`)
}

export const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** An element path means resources anywhere, and the document itself. */
function elementPath(field: string): string[] {
  const [type = '', ...members] = field.split('.')
  const rest = members.map((member) => `.\`${member.replace('[x]', '')}\``).join('')
  // fhirpath.js gives extensions no type by which they could be asked for.
  if (type === 'Extension') return [`extension${rest}`, `descendants().extension${rest}`]
  return [`ofType(${type})${rest}`, `descendants().ofType(${type})${rest}`]
}

/** Every node below the resource with its FHIR type, such as `HumanName`; of Strings that are no element, `String`. */
export function typedNodes(resource: Resource): { type: string; value: unknown; within: string[] }[] {
  const nodes = everyNode(resource).map(({ node }) => node)
  const named = types(nodes)
  return nodes.map((node, at) => ({
    type: (named[at] ?? '').replace(/^\w+\./, ''),
    value: node.data,
    within: resourcesAround(node),
  }))
}

function nodesOf(resource: Resource, expression: string): Node[] {
  return evaluate(resource, expression, {}, r4, { resolveInternalTypes: false }) as Node[]
}

function add(node: Node, found: Map<string, Set<string>>): void {
  const { data } = node
  const place = placeOf(node)
  // The type of a resource is no element of it: whoever may see the resource sees that.
  if (isResource(data)) put(`${place}/resourceType`, data['resourceType'], found)
  else if (data !== null && data !== undefined && !isContainer(data)) put(place, data, found)
}

function put(place: string, value: unknown, found: Map<string, Set<string>>): void {
  const values = found.get(place) ?? new Set()
  values.add(leafText(value))
  found.set(place, values)
}

/** Numbers are objects of the library. */
function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !('toNumber' in value)
}

function isResource(value: unknown): value is Resource & { resourceType: string } {
  return typeof value === 'object' && value !== null && 'resourceType' in value
}

/** Extensions of a primitive stand in JSON beside it, in a member with `_` in front. */
function placeOf(node: Node, { positions = false, below = false } = {}): string {
  const { parentResNode: parent, data, index } = node
  if (parent === null) return ''
  const beside = below && !isContainer(data) ? '_' : ''
  const at = positions && index !== null ? `/${index}` : ''
  return `${placeOf(parent, { positions, below: true })}/${beside}${memberOf(node, parent)}${at}`
}

/** The member's name in JSON: of a choice with its type (`onsetDateTime`), below a primitive with `_`. */
function memberOf({ propName, fhirNodeDataType }: Node, { data }: Node): string {
  const name = propName ?? ''
  if (typeof data !== 'object' || data === null || name in data || `_${name}` in data) return name
  const type = fhirNodeDataType ?? ''
  return `${name}${type.charAt(0).toUpperCase()}${type.slice(1)}`
}

function resourcesAround({ parentResNode: parent }: Node): string[] {
  if (parent === null) return []
  return [...(isResource(parent.data) ? [parent.data.resourceType] : []), ...resourcesAround(parent)]
}

// A JSON Schema (2020-12) read so that it is closed: every value stands at a place (an argument, an item, what a
// reference is used for), and every place refuses what its schema does not describe. `true` and {} describe a value of any
// type without depth: a text, number, boolean or null, or a list of these, or an object without members. Whoever wants
// more says `additionalProperties: true` or `unevaluatedProperties: true`: nothing else opens an object.

import type { Json } from './canonical.ts'

type Schema = { [keyword: string]: Json }

/** Keywords that hold schemas for values below this one: each is a place of its own. */
const below = {
  maps: ['properties', 'patternProperties'],
  lists: ['prefixItems'],
  ones: ['items', 'additionalProperties', 'unevaluatedProperties', 'unevaluatedItems'],
} as const
/** Keywords that hold schemas for this same value, or for one whose place is elsewhere (`$defs`). */
const here = {
  maps: ['dependentSchemas', 'dependencies', '$defs', 'definitions'],
  lists: ['allOf', 'anyOf', 'oneOf'],
  ones: ['if', 'then', 'else', 'not', 'propertyNames', 'contentSchema'],
} as const
const references = ['$ref', '$dynamicRef', '$recursiveRef'] as const
/** Keywords through which another schema describes members or items of this same value. */
const composing = [...references, ...here.lists, 'if', 'then', 'else', 'dependentSchemas', 'dependencies']
/** Of these, `true` is the word for open. */
const opening: ReadonlySet<string> = new Set(['additionalProperties', 'unevaluatedProperties'])
/** Objects that are values, not schemas. An unknown keyword could hide a schema that a reference finds. */
const data: ReadonlySet<string> = new Set(['const', 'default', 'dependentRequired', '$vocabulary'])
const schemas: ReadonlySet<string> = new Set(
  [below, here].flatMap(({ maps, lists, ones }) => [...maps, ...lists, ...ones]),
)

const withoutDepth = { type: ['string', 'number', 'boolean', 'null'] }

/**
 * A copy in which every place is closed. It takes nothing that has a member or item beyond the schema, but it does not stand
 * for the schema's own rules: closed below `not`, `oneOf` or `if`, these may take what they refused. Ask both.
 * Throws TypeError, in words for whoever wrote the schema, when a reference leads to what is not closed.
 */
export function closedSchema(schema: Schema): Schema {
  return atPlace(schema) as Schema
}

/** A schema that stands for a whole value: where closing belongs. */
function atPlace(value: Json): Json {
  if (value === true) return atPlace({})
  if (!isSchema(value)) return value
  const schema = inPlace(value)
  if (allows(value, 'object') && !('additionalProperties' in value || 'unevaluatedProperties' in value)) {
    // Beside allOf and its like only unevaluatedProperties sees what the branches name.
    const composed = composing.some((keyword) => keyword in value)
    schema[composed ? 'unevaluatedProperties' : 'additionalProperties'] = false
  }
  if (allows(value, 'array') && !('items' in value || 'unevaluatedItems' in value))
    schema['unevaluatedItems'] = furtherItems(value)
  return schema
}

/** Items that nothing describes. A schema that tells them one by one has told all of them. */
function furtherItems(schema: Schema): Json {
  if ('prefixItems' in schema) return false
  const { contains } = schema
  return contains === undefined ? withoutDepth : { anyOf: [withoutDepth, atPlace(contains)] }
}

/** A schema that adds rules to a value whose place another schema stands for. */
function inPlace(value: Schema): Schema {
  for (const [keyword, held] of Object.entries(value)) {
    if (keyword === 'contains' || schemas.has(keyword) || data.has(keyword) || !isSchema(held)) continue
    throw new TypeError(`${keyword} is no keyword that may hold an object: take it away`)
  }
  for (const keyword of references) refuseAstray(value[keyword])
  const schema: Schema = { ...value }
  change(schema, below, atPlace)
  for (const keyword of opening) if (value[keyword] === true) schema[keyword] = true
  change(schema, here, (one) => (isSchema(one) ? inPlace(one) : one))
  return isolated(schema)
}

/** To ajv, `contains` describes every item of the list, those too that it does not match. Behind `not` it describes none. */
function isolated(schema: Schema): Schema {
  const { contains, minContains, maxContains, ...rest } = schema
  if (contains === undefined) return schema
  const rule = {
    contains: isSchema(contains) ? inPlace(contains) : contains,
    ...(minContains === undefined ? {} : { minContains }),
    ...(maxContains === undefined ? {} : { maxContains }),
  }
  const beside = Array.isArray(rest['allOf']) ? rest['allOf'] : []
  return { ...rest, allOf: [...beside, { not: { not: rule } }] }
}

type Keywords = typeof below | typeof here

function change(schema: Schema, { maps, lists, ones }: Keywords, to: (one: Json) => Json): void {
  for (const keyword of maps) {
    const map = schema[keyword]
    if (isSchema(map))
      schema[keyword] = Object.fromEntries(Object.entries(map).map(([name, one]) => [name, to(one)]))
  }
  for (const keyword of lists) {
    const list = schema[keyword]
    if (Array.isArray(list)) schema[keyword] = list.map((one: Json) => to(one))
  }
  for (const keyword of ones) {
    const one = schema[keyword]
    if (one !== undefined) schema[keyword] = to(one)
  }
}

/** A pointer may lead into an example or a default: such a schema would not be closed. */
function refuseAstray(reference: Json | undefined): void {
  if (typeof reference !== 'string') return
  const fragment = decodeURIComponent(reference.slice(reference.indexOf('#') + 1))
  if (!reference.includes('#') || !fragment.startsWith('/')) return
  // Where ajv sees a slash or a percent sign within a name, this would see another path.
  if (/%2[5f]/i.test(reference))
    throw new TypeError('a reference holds %2F or %25: give what it leads to a name of letters')
  const steps = fragment.slice(1).split('/')
  let at = 0
  while (at < steps.length) {
    const keyword = steps[at] ?? ''
    if (!schemas.has(keyword))
      throw new TypeError(`a reference leads through ${keyword}: let it lead to an entry of $defs`)
    at += named.has(keyword) ? 2 : 1
  }
}
const named: ReadonlySet<string> = new Set([...below.maps, ...below.lists, ...here.maps, ...here.lists])

function allows(schema: Schema, type: string): boolean {
  const types = schema['type']
  return types === undefined || types === type || (Array.isArray(types) && types.includes(type))
}

function isSchema(value: Json | undefined): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

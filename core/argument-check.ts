// Arguments against a tool's JSON Schema (2020-12). Closed where the schema does not say otherwise: an argument that
// nobody thought of is refused, at every level. Patterns run on RE2, in linear time, whatever they and the value are.

import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { RE2JS } from 're2js'
import type { Json } from './canonical.ts'

type JsonObject = { readonly [member: string]: Json | undefined }

/** What is wrong with the arguments: a name that the schema knows, and the rule; never a value. */
type Violation = { readonly argument: string; readonly rule: string }
export type ArgumentCheck = (args: JsonObject) => Violation | undefined

/** Formats whose checks take linear time. A schema with another one does not compile. */
const knownFormats = ['date', 'time', 'date-time', 'duration', 'uuid', 'email', 'ipv4', 'uri'] as const

type Schema = { [keyword: string]: Json }

/** Keywords that hold subschemas for values below this one. */
const below = {
  maps: ['properties', 'patternProperties'],
  lists: ['prefixItems'],
  ones: ['items', 'contains', 'additionalProperties', 'unevaluatedProperties', 'unevaluatedItems'],
} as const
/** Keywords that hold subschemas for this same value. */
const here = {
  lists: ['allOf', 'anyOf', 'oneOf'],
  ones: ['if', 'then', 'else', 'not'],
  maps: ['dependentSchemas'],
} as const

/** Compiles the check of a tool or prompt. Throws when the schema does not compile. */
export function argumentCheck(of: {
  arguments: { [member: string]: Json }
  with: { [member: string]: Json }
}): ArgumentCheck {
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allErrors: false,
    logger: false,
    code: { regExp: Object.assign((pattern: string) => linear(pattern), { code: 'linear' }) },
  })
  // ajv resolves references to anchors, but does not count the keyword among those it knows; the other is MCP's.
  ajv.addVocabulary(['$anchor', 'x-mcp-header'])
  formats.default(ajv, [...knownFormats])
  const validate = ajv.compile(closed(of.arguments))
  const names = propertyNames(of.arguments, new Set())
  const constants = Object.keys(of.with)
  return (args) => {
    const constant = constants.find((name) => Object.hasOwn(args, name))
    if (constant !== undefined)
      return { argument: constant, rule: 'is set by the policy, never by the caller' }
    return validate(args) ? undefined : violation(validate.errors?.[0], names)
  }
}

/** Compiled before, by the schema's object: whoever asks again and again has the same one until it changes. */
const judged = new WeakMap<object, string | undefined>()

/** Why a schema does not compile, in ajv's words; undefined when it does. */
export function schemaIssue(schema: { [member: string]: Json }): string | undefined {
  if (judged.has(schema)) return judged.get(schema)
  let issue: string | undefined
  try {
    argumentCheck({ arguments: schema, with: {} })
  } catch (cause) {
    issue = cause instanceof Error ? cause.message.slice(0, 300) : 'it is no JSON Schema'
  }
  judged.set(schema, issue)
  return issue
}

/** ajv tells patterns apart by toString; two that looked alike would be one, and one of them would not be checked. */
function linear(pattern: string): { test(text: string): boolean; toString(): string } {
  const expression = RE2JS.compile(pattern)
  return { test: (text) => expression.test(text), toString: () => pattern }
}

/** A copy in which every object is closed unless the schema itself says what else may stand there. */
function closed(schema: Schema): Schema {
  return atPlace({ ...schema, ...definitions(schema) })
}

function definitions(schema: Schema): Schema {
  const defs = schema['$defs']
  return isSchema(defs) ? { $defs: mapped(defs, inPlace) } : {}
}

/** A schema that stands for a whole value: the place where closing belongs. */
function atPlace(value: Json): Json & Schema {
  if (!isSchema(value)) return value as Json & Schema
  const schema = inPlace(value) as Schema
  const composed = ['$ref', '$dynamicRef', ...here.lists, ...here.ones, ...here.maps].some(
    (name) => name in schema,
  )
  if (
    allows(schema, 'object') &&
    !('additionalProperties' in schema) &&
    !('unevaluatedProperties' in schema)
  ) {
    // Beside allOf and its like only unevaluatedProperties sees what the branches name.
    schema[composed ? 'unevaluatedProperties' : 'additionalProperties'] = false
  }
  const itemsOpen = !('items' in schema) && !('prefixItems' in schema) && !('unevaluatedItems' in schema)
  if (allows(schema, 'array') && itemsOpen && !composed) {
    schema['items'] = { type: ['string', 'number', 'boolean', 'null'] }
  }
  return schema
}

/** A schema that adds rules to a value whose place another schema stands for. */
function inPlace(value: Json): Json {
  if (!isSchema(value)) return value
  const schema: Schema = { ...value }
  for (const name of below.maps) if (isSchema(schema[name])) schema[name] = mapped(schema[name], atPlace)
  for (const name of below.lists)
    if (Array.isArray(schema[name])) schema[name] = schema[name].map((one: Json) => atPlace(one))
  for (const name of below.ones) if (isSchema(schema[name])) schema[name] = atPlace(schema[name])
  for (const name of here.lists)
    if (Array.isArray(schema[name])) schema[name] = schema[name].map((one: Json) => inPlace(one))
  for (const name of here.ones) if (isSchema(schema[name])) schema[name] = inPlace(schema[name])
  for (const name of here.maps) if (isSchema(schema[name])) schema[name] = mapped(schema[name], inPlace)
  return schema
}

function allows(schema: Schema, type: string): boolean {
  const types = schema['type']
  return types === undefined || types === type || (Array.isArray(types) && types.includes(type))
}

function mapped(map: Schema, change: (value: Json) => Json): Schema {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value)]))
}

function isSchema(value: Json | undefined): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Every member name that the schema itself gives to an argument. */
function propertyNames(schema: Json, names: Set<string>): Set<string> {
  if (Array.isArray(schema)) for (const one of schema) propertyNames(one, names)
  else if (isSchema(schema)) {
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === 'properties' && isSchema(value)) for (const name of Object.keys(value)) names.add(name)
      propertyNames(value, names)
    }
  }
  return names
}

const unnamed = 'an argument that the schema does not name'

/** A name that only the caller gave may hold PHI, and so may be no part of the answer. */
function violation(error: ErrorObject | undefined, names: ReadonlySet<string>): Violation {
  if (error === undefined) return { argument: unnamed, rule: 'is refused' }
  const { keyword, instancePath, message = 'is refused', params } = error
  const segments = instancePath
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (segments.some((segment) => !names.has(segment) && !/^[0-9]{1,6}$/.test(segment))) {
    return { argument: unnamed, rule: 'breaks the rule for such arguments' }
  }
  const path = segments.join('.')
  if (
    keyword === 'additionalProperties' ||
    keyword === 'unevaluatedProperties' ||
    keyword === 'propertyNames'
  ) {
    return { argument: path === '' ? unnamed : `${unnamed}, in ${path}`, rule: 'is refused' }
  }
  if (keyword === 'required') {
    const missing = (params as { missingProperty: string }).missingProperty
    return { argument: path === '' ? missing : `${path}.${missing}`, rule: 'is required' }
  }
  return { argument: path === '' ? 'arguments' : path, rule: message }
}

// Arguments against a tool's JSON Schema (2020-12). Closed where the schema does not say otherwise (closed-schema.ts): an
// argument that nobody thought of is refused, at every level. Patterns run on RE2, in linear time, whatever they and the value are.

import { Ajv2020, type ErrorObject, type Options } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { RE2JS } from 're2js'
import type { Json, JsonObject } from './canonical.ts'
import { closedSchema } from './closed-schema.ts'
import { isObject } from './is-object.ts'
import { mendUnevaluated } from './unevaluated.ts'

/** What is wrong with the arguments: a name that the schema knows, and the rule; never a value. */
type Violation = { readonly argument: string; readonly rule: string }
export type ArgumentCheck = (args: JsonObject) => Violation | undefined

/** Formats whose checks take linear time. A schema with another one does not compile. */
const knownFormats = ['date', 'time', 'date-time', 'duration', 'uuid', 'email', 'ipv4', 'uri'] as const

/** A compiler that never saw the schema of schemas: a reference to it would be one to a schema that nobody closed. */
const alone: Options = { meta: false, validateSchema: false }
/** Judges schemas and compiles none. One for all: the schema of schemas takes longer to compile than most tools' schemas. */
const schemaOfSchemas = ajv({})

/** Compiles the check of a tool or prompt. Throws when the schema does not compile. */
export function argumentCheck(of: {
  arguments: { [member: string]: Json }
  with: { [member: string]: Json }
}): ArgumentCheck {
  if (schemaOfSchemas.validateSchema(of.arguments) !== true)
    throw new TypeError(`schema is invalid: ${schemaOfSchemas.errorsText()}`)
  const asWritten = ajv(alone).compile(of.arguments)
  const asClosed = ajv(alone).compile(closedSchema(of.arguments))
  const names = propertyNames(of.arguments, new Set())
  const constants = Object.keys(of.with)
  return (args) => {
    const constant = constants.find((name) => Object.hasOwn(args, name))
    if (constant !== undefined)
      return { argument: constant, rule: 'is set by the policy, never by the caller' }
    // Both: the one knows what is unnamed, the other keeps each rule as it was written.
    for (const validate of [asClosed, asWritten])
      if (!validate(args)) return violation(validate.errors?.[0], names)
    return undefined
  }
}

function ajv(options: Options): Ajv2020 {
  const made = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allErrors: false,
    logger: false,
    code: { regExp: Object.assign((pattern: string) => linear(pattern), { code: 'linear' }) },
    ...options,
  })
  // ajv resolves references to anchors, but does not count the keyword among those it knows; the other is MCP's.
  made.addVocabulary(['$anchor', 'x-mcp-header'])
  mendUnevaluated(made)
  formats.default(made, [...knownFormats])
  return made
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

/** Every member name that the schema itself gives to an argument. */
function propertyNames(schema: unknown, names: Set<string>): Set<string> {
  if (Array.isArray(schema)) for (const one of schema) propertyNames(one, names)
  else if (isObject(schema)) {
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === 'properties' && isObject(value)) for (const name of Object.keys(value)) names.add(name)
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

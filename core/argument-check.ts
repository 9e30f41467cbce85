// Arguments against a tool's JSON Schema (2020-12). Closed where the schema does not say otherwise (closed-schema.ts): an
// argument that nobody thought of is refused, at every level. Then against the rules of the policy: nobody asks for everybody, and nothing names anybody.

import type { ErrorObject } from 'ajv/dist/2020.js'
import { bulkCheck } from './arguments/bulk.ts'
import { searchKeyword } from './arguments/fhir-search.ts'
import { declaredIn, identifiedBy } from './arguments/identifiers.ts'
import { renaming } from './arguments/rename.ts'
import type { Violation } from './arguments/violation.ts'
import type { Json, JsonObject } from './canonical.ts'
import { closedSchema } from './closed-schema.ts'
import { isObject } from './is-object.ts'
import { segmentsOf } from './pointer.ts'
import type { BulkRule, IdentifierRule, Limits } from './policy.ts'
import { compilerOf, demandSchema } from './schema-compiler.ts'

/** What the caller is refused for: a row of the table of refusals. */
type ArgumentReason = 'argument-refused' | 'bulk-refused' | 'argument-identifies'
export type ArgumentCheck = (
  args: JsonObject,
) => (Violation & { readonly reason: ArgumentReason }) | undefined

/** What the arguments of a tool or prompt are judged by. Without a rule nothing is judged by it: a schema alone is a schema. */
type Judged = {
  readonly arguments: { [member: string]: Json }
  readonly with: { [member: string]: Json }
  readonly rename?: { readonly [argument: string]: string }
  readonly patient?: string
  readonly bulk?: BulkRule
  readonly identifiers?: IdentifierRule
  readonly limits?: Pick<Limits, 'records'>
}

/** Compiles the check of a tool or prompt. Throws when the schema does not compile. */
export function argumentCheck(of: Judged): ArgumentCheck {
  demandSchema(of.arguments)
  const asWritten = compilerOf(of.arguments).compile(of.arguments)
  const asClosed = compilerOf(of.arguments).compile(closedSchema(of.arguments))
  const names = propertyNames(of.arguments, new Set())
  const { rename = {}, limits = { records: Number.MAX_SAFE_INTEGER } } = of
  const constants = [
    ...Object.keys(of.with),
    ...renaming(rename).taken.filter((name) => !Object.hasOwn(rename, name)),
  ]
  const patient = of.patient === undefined ? undefined : segmentsOf(of.patient)
  const declared = declaredIn(of.arguments)
  const identifies = identifierCheck(of)
  const bulk = bulkCheck({ arguments: of.arguments, patient, records: limits.records, declared })
  return (args) => {
    const constant = constants.find((name) => Object.hasOwn(args, name))
    if (constant !== undefined)
      return refused({ argument: constant, rule: 'is set by the policy, never by the caller' })
    // Both: the one knows what is unnamed, the other keeps each rule as it was written.
    for (const validate of [asClosed, asWritten])
      if (!validate(args)) return refused(violation(validate.errors?.[0], names))
    const many = of.bulk === 'Forbidden' ? bulk(args) : undefined
    if (many !== undefined) return { reason: 'bulk-refused', ...known(many, names) }
    return identifies(args)
  }
}

/** The part of a check that judges arguments which are not whole yet: whether one identifies somebody. */
export function identifierCheck(of: Pick<Judged, 'arguments' | 'patient' | 'identifiers'>): ArgumentCheck {
  if (of.identifiers !== 'Refuse') return () => undefined
  const declared = declaredIn(of.arguments)
  const patient = of.patient === undefined ? undefined : segmentsOf(of.patient)
  const names = propertyNames(of.arguments, new Set())
  return (args) => {
    const somebody = identifiedBy(args, declared, patient)
    return somebody === undefined ? undefined : { reason: 'argument-identifies', ...known(somebody, names) }
  }
}

/** Compiles a schema of results, as it is written: what is too much there, the fields have taken away. Throws when it does not compile. */
export function resultCheck(schema: { [member: string]: Json }): (result: unknown) => boolean {
  demandSchema(schema)
  const validate = compilerOf(schema).compile(schema)
  return (result) => validate(result) === true
}

function refused(of: Violation): Violation & { readonly reason: ArgumentReason } {
  return { reason: 'argument-refused', ...of }
}

/** An argument that the schema opens for, but does not name, is not repeated. */
function known({ argument, rule }: Violation, names: ReadonlySet<string>): Violation {
  return argument === 'arguments' || argument.split('.').every((name) => names.has(name))
    ? { argument, rule }
    : { argument: unnamed, rule }
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
  if (keyword === searchKeyword)
    return {
      argument: path === '' ? 'arguments' : path,
      rule: 'must be a FHIR search by the names that the schema lists',
    }
  return { argument: path === '' ? 'arguments' : path, rule: message }
}

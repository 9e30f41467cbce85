// What a message may ask for: a tool, a resource or a prompt of the policy, compiled once. The rest of the request path
// does not tell them apart but where the protocol does.

import { type ArgumentCheck, argumentCheck, identifierCheck } from '../core/argument-check.ts'
import { renaming } from '../core/arguments/rename.ts'
import { variablesCheck } from '../core/arguments/variables.ts'
import type { Json, JsonObject } from '../core/canonical.ts'
import { isObject } from '../core/is-object.ts'
import { type ParamHeader, paramHeaders } from '../core/param-headers.ts'
import type { Kind } from '../core/permission.ts'
import { segmentsOf } from '../core/pointer.ts'
import type { Limits, Prompt, Resource, Tool } from '../core/policy.ts'
import { type Returning, returning } from '../core/redaction/rules.ts'
import { uriTemplate } from '../core/uri-template.ts'

export type Target = Returning & {
  readonly kind: Kind
  readonly name: string
  /** What the server calls it. For resources the URI says. */
  readonly from: string
  readonly check: ArgumentCheck
  /** Of arguments that are not whole: what of the check they must pass all the same. */
  readonly partialCheck?: ArgumentCheck
  /** Arguments under the server's own names. */
  readonly renamed: (args: JsonObject) => JsonObject
  /** Constants that join the arguments on their way to the server. */
  readonly with: JsonObject
  /** Arguments that stand in headers as well (MCP 2026-07-28). */
  readonly headers: readonly ParamHeader[]
  /** Segments of the pointer to the argument that names the patient. */
  readonly patient?: readonly string[]
  readonly limits: Limits
  /** Names of the arguments that the policy declares; absent: there are no others. */
  readonly declared?: ReadonlySet<string>
  /** The policy says where patients stand neither in arguments nor in the result. */
  readonly patientsUnknown?: true
  /** What the list of its kind says of it. */
  readonly listing: JsonObject
}

export type ResourceTarget = Target & {
  readonly kind: 'resources'
  readonly subscribe: boolean
  /** Values of the template's variables; undefined when the URI is another resource's. */
  match(uri: string): ReadonlyMap<string, string> | undefined
}

/** How records and metrics name it: by the policy's name, never by the caller's. */
export function nameIn({ kind, name }: Target): { tool?: string; resource?: string; prompt?: string } {
  if (kind === 'tools') return { tool: name }
  return kind === 'resources' ? { resource: name } : { prompt: name }
}

/** Which declared arguments these are; `*` where there are others: a name that the policy does not know may be content. */
export function argumentNames({ declared }: Target, args: JsonObject): string[] {
  const names = Object.keys(args).map((name) => (declared === undefined || declared.has(name) ? name : '*'))
  return names.length < 2 ? names : [...new Set(names)].toSorted()
}

export function toolTarget(tool: Tool): Target {
  return {
    kind: 'tools',
    name: tool.name,
    from: tool.from,
    check: argumentCheck(tool),
    renamed: renaming(tool.rename).apply,
    with: tool.with,
    headers: paramHeaders(tool.arguments, tool.patient),
    ...patientOf(tool.patient, tool.name),
    ...returning(tool.returns),
    limits: tool.limits,
    declared: declaredBy(tool.arguments),
    ...unknownIn(tool),
    listing: {
      name: tool.name,
      description: tool.description,
      inputSchema: tool.arguments,
      ...(tool.returns.schema === undefined ? {} : { outputSchema: tool.returns.schema }),
    },
  }
}

export function promptTarget(prompt: Prompt): Target {
  return {
    kind: 'prompts',
    name: prompt.name,
    from: prompt.from,
    check: argumentCheck({ ...prompt, with: {} }),
    partialCheck: identifierCheck(prompt),
    renamed: unchanged,
    with: {},
    headers: [],
    ...patientOf(prompt.patient, prompt.name),
    ...returning(prompt.returns),
    limits: prompt.limits,
    declared: declaredBy(prompt.arguments),
    ...unknownIn(prompt),
    listing: {
      name: prompt.name,
      description: prompt.description,
      arguments: promptArguments(prompt.arguments),
    },
  }
}

/** Its arguments are the values of the template's variables: the template is their schema. */
export function resourceTarget(resource: Resource): ResourceTarget {
  const template = uriTemplate(resource.uri)
  const uri = template.variables.length === 0 ? 'uri' : 'uriTemplate'
  return {
    kind: 'resources',
    name: resource.name,
    from: resource.name,
    check: variablesCheck(resource, template.variables),
    renamed: unchanged,
    with: {},
    headers: [],
    ...(resource.patient === undefined ? {} : { patient: [resource.patient] }),
    ...returning(resource.returns),
    limits: resource.limits,
    ...unknownIn(resource),
    listing: {
      [uri]: resource.uri,
      name: resource.name,
      description: resource.description,
      ...(resource.mimeType === undefined ? {} : { mimeType: resource.mimeType }),
    },
    subscribe: resource.subscribe,
    match: (one) => template.match(one),
  }
}

const unchanged = (args: JsonObject): JsonObject => args

function patientOf(pointer: string | undefined, name: string): { patient?: readonly string[] } {
  if (pointer === undefined) return {}
  const segments = segmentsOf(pointer)
  if (segments === undefined)
    throw new TypeError(`The patient of ${name} is no JSON Pointer: it starts with /`)
  return { patient: segments }
}

function declaredBy({ properties }: { readonly [keyword: string]: Json }): ReadonlySet<string> {
  return new Set(isObject(properties) ? Object.keys(properties) : [])
}

function unknownIn({ patient, returns }: Pick<Tool, 'patient' | 'returns'>): { patientsUnknown?: true } {
  return patient === undefined && returns.patients.length === 0 ? { patientsUnknown: true } : {}
}

/** How prompts/list names arguments: flat, without types. */
function promptArguments(schema: { readonly [keyword: string]: Json }): Json {
  const properties = schema['properties']
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) return []
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(properties).map(([name, property]) => {
    const described = typeof property === 'object' && property !== null ? property : {}
    const description = 'description' in described ? described['description'] : undefined
    return {
      name,
      ...(typeof description === 'string' ? { description } : {}),
      required: required.includes(name),
    }
  })
}

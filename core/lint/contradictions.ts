// What parts of a policy say of each other that cannot both be so. These are errors: such a tool can never be called, or
// the server locks.

import { compilePolicy } from '../compile.ts'
import { isObject } from '../is-object.ts'
import { segmentsOf } from '../pointer.ts'
import { at, type Found, type ServerRule, type Spec } from './finding.ts'
import { toolsOf } from './parts.ts'
import { namedArguments, type Schema } from './schema-places.ts'

/** Stands for the operator's own client CA, which an object cannot know. */
const someCa = 'the client CA of the operator'

export const contradictions: readonly ServerRule[] = [
  {
    id: 'policy-invalid',
    severity: 'error',
    control: 'accessControl',
    about:
      'What the operator cannot make a policy of: a schema that does not compile, a role that names what is not there, an argument that is a constant too.',
    why: 'Without a policy every call is refused: the server’s status says PolicyInvalid.',
    find: (server, { agreements }) => {
      const compiled = compilePolicy(server, { agreements, clientCa: someCa })
      return 'policy' in compiled
        ? []
        : compiled.issues
            .filter((issue) => !ownRule.test(issue))
            .map((issue) => ({
              ...placeOf(issue, server.spec),
              found: issue,
              write: 'what the sentence says',
            }))
    },
  },
  {
    id: 'patient-astray',
    severity: 'error',
    control: 'accessControl',
    about: 'patient points to an argument that the schema does not have.',
    why: 'No call can name its patient, and roles with patients: Bound or Panel are refused every one.',
    find: ({ spec }) => [
      ...toolsOf(spec).flatMap(({ tool, subject, place }) =>
        astray(tool.patient, tool.arguments, tool.name, subject, place),
      ),
      ...(spec.prompts ?? []).flatMap(({ name, patient, arguments: schema = {} }, index) =>
        astray(patient, schema, name, `prompts/${name}`, at('spec', 'prompts', index)),
      ),
    ],
  },
  {
    id: 'constant-required',
    severity: 'error',
    control: 'minimumNecessary',
    about: 'The schema requires of the caller what with sets.',
    why: 'A call with it is refused, for a constant is never the caller’s; a call without it lacks what is required.',
    find: ({ spec }) =>
      toolsOf(spec).flatMap(({ tool, subject, place }): Found[] =>
        requiredOf(tool.arguments)
          .filter(({ name }) => Object.hasOwn(tool.with ?? {}, name))
          .map(({ name, index }) => ({
            place: `${place}${at('arguments', 'required', index)}`,
            subject,
            found: `tool ${tool.name} requires ${name}, which with sets`,
            write: `required without ${name}: the constant goes to the server in any case`,
          })),
      ),
  },
  {
    id: 'required-unknown',
    severity: 'error',
    control: 'minimumNecessary',
    about: 'The schema requires an argument that it does not describe.',
    why: 'A call with it is refused as unknown, a call without it as incomplete.',
    find: ({ spec }) =>
      toolsOf(spec).flatMap(({ tool, subject, place }): Found[] => {
        const names = namedArguments(tool.arguments)
        if (names === undefined) return []
        return requiredOf(tool.arguments)
          .filter(({ name }) => !names.has(name) && !Object.hasOwn(tool.with ?? {}, name))
          .map(({ name, index }) => ({
            place: `${place}${at('arguments', 'required', index)}`,
            subject,
            found: `tool ${tool.name} requires ${name}, which properties does not describe`,
            write: `properties: {${name}: {type: string}}, or required without it`,
          }))
      }),
  },
]

function astray(
  patient: string | undefined,
  schema: Schema,
  name: string,
  subject: string,
  place: string,
): Found[] {
  const segments = patient === undefined ? [] : (segmentsOf(patient) ?? [])
  const [, missing] = walk(schema, segments)
  return missing === undefined
    ? []
    : [
        {
          place: `${place}/patient`,
          subject,
          found: `${name} takes no argument ${missing}, which patient points to`,
          write: `properties: {${missing}: {type: string}}, or the pointer to the argument that names the patient`,
        },
      ]
}

/** Follows segments as far as the schema says by `properties` alone; the second is the one that nothing describes. */
function walk(schema: Schema, segments: readonly string[]): [Schema | undefined, string | undefined] {
  let at: Schema = schema
  for (const segment of segments) {
    const searched: unknown = at['x-fhir-search']
    if (Array.isArray(searched) && searched.includes(segment)) return [at, undefined]
    const names = namedArguments(at)
    if (names === undefined) return [at, undefined]
    if (!names.has(segment))
      return [at, /^(?:0|[1-9]\d*)$/.test(segment) && 'items' in at ? undefined : segment]
    const next = (at['properties'] as { [name: string]: unknown })[segment]
    if (!isObject(next)) return [undefined, undefined]
    at = next
  }
  return [at, undefined]
}

function requiredOf(schema: Schema): { name: string; index: number }[] {
  const { required } = schema
  return Array.isArray(required)
    ? required.flatMap((name: unknown, index) => (typeof name === 'string' ? [{ name, index }] : []))
    : []
}

const kinds = { Tool: 'tools', Resource: 'resources', Prompt: 'prompts', Role: 'roles' } as const

/** What field-unknown says, with the place of the field itself. */
const ownRule = /^(?:Tool|Resource|Prompt) \S+: returns\.(?:for\[\d+\]\.)?fields: /

/** Where a sentence of the compiler belongs: it begins with what it speaks of, and mostly a path within it. */
function placeOf(issue: string, spec: Spec): { place: string; subject?: string } {
  const [, kind, name, rest = ''] = /^(Tool|Resource|Prompt|Role) ([^\s:]+)(?:: (.*))?/.exec(issue) ?? []
  if (kind === undefined || name === undefined) return { place: `/spec${pathAt(issue)}` }
  const list = kinds[kind as keyof typeof kinds]
  const index = (spec[list] ?? []).findIndex((one) => one.name === name)
  return index < 0
    ? { place: at('spec', list) }
    : { place: `${at('spec', list, index)}${pathAt(rest)}`, subject: `${list}/${name}` }
}

/** The pointer of a path such as `returns.for[0].roles` before a colon or a verb; empty where there is none. */
function pathAt(text: string): string {
  const path = /^([a-z][a-zA-Z]*(?:\[\d+\]|\.[a-z][a-zA-Z]*)*)(?=:| is no )/.exec(text)?.[1]
  return path === undefined ? '' : at(...path.split(/[.[]/).map((segment) => segment.replace(']', '')))
}

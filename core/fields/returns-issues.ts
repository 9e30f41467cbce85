// What a person must mend in what results may show: fields that name nothing, entries that decide nothing, and schemas that no
// result can keep.

import { resultCheck } from '../argument-check.ts'
import { emergencyPurposes } from '../grant.ts'
import { segmentsOf } from '../pointer.ts'
import type { Policy, Returns, ReturnsFor, Role } from '../policy.ts'
import { fieldTree } from './compile.ts'
import { fieldIssue } from './path.ts'
import { missingField } from './schema-fields.ts'

/** Sentences that say where, and what to write. */
export function returnsIssues({ tools, resources, prompts, roles }: Policy): string[] {
  const all = [
    ...tools.map(({ name, returns }) => ({ where: `Tool ${name}`, returns, more: [] as string[] })),
    ...resources.map(({ name, returns }) => ({
      where: `Resource ${name}`,
      returns,
      more: noSchema(returns),
    })),
    ...prompts.map(({ name, returns }) => ({ where: `Prompt ${name}`, returns, more: noSchema(returns) })),
  ]
  return all.flatMap(({ where, returns, more }) =>
    [...issuesOf(returns, roles), ...more].map((issue) => `${where}: returns.${issue}`),
  )
}

function noSchema({ schema }: Returns): string[] {
  return schema === undefined ? [] : ['schema is for tools alone: MCP has none for this']
}

function issuesOf(returns: Returns, roles: readonly Role[]): string[] {
  const { fields, pseudonyms = [], for: others = [], at } = returns
  const named = [
    ...fieldsIssues('fields', fields),
    ...fieldsIssues('pseudonyms', pseudonyms),
    ...others.flatMap((entry, index) => fieldsIssues(`for[${index}].fields`, entry.fields)),
  ]
  return [
    ...named,
    ...pseudonymIssues(returns),
    ...others.flatMap((entry, index) =>
      entryIssues(entry, others.slice(0, index), roles).map((issue) => `for[${index}]${issue}`),
    ),
    ...(at === undefined ? [] : atIssues(at)),
    // Of fields that name nothing no schema can be judged.
    ...(named.length > 0 ? [] : schemaIssues(returns)),
  ]
}

function fieldsIssues(where: string, fields: readonly string[]): string[] {
  return fields.map(fieldIssue).flatMap((issue) => (issue === undefined ? [] : [`${where}: ${issue}`]))
}

/** Text that is kept as it is has the identifiers that pseudonyms should hide. */
function pseudonymIssues({ pseudonyms = [], text, media, for: others = [] }: Returns): string[] {
  if (pseudonyms.length === 0) return []
  const kept = [
    ...(text === 'Keep' ? ['text'] : []),
    ...(media === 'Keep' ? ['media'] : []),
    ...others.flatMap((entry, index) => (entry.text === 'Keep' ? [`for[${index}].text`] : [])),
  ]
  return kept.map(
    (place) => `pseudonyms: ${place} Keep shows what they hide: write Redact or Drop there, or no pseudonyms`,
  )
}

function entryIssues(
  { roles: names, purposes }: ReturnsFor,
  before: readonly ReturnsFor[],
  roles: readonly Role[],
): string[] {
  const strange = names.filter((name) => !roles.some((role) => role.name === name))
  const unused = purposes.filter(
    (purpose) => !emergencyPurposes.has(purpose) && !roles.some((role) => role.purposes.includes(purpose)),
  )
  const decided = names.every((name) =>
    purposes.every((purpose) =>
      before.some((entry) => entry.roles.includes(name) && entry.purposes.includes(purpose)),
    ),
  )
  return [
    ...strange.map((name) => `.roles: no role is named ${name}: write a name out of spec.roles`),
    ...unused.map(
      (purpose) => `.purposes: no role has ${purpose}: write a purpose of a role, or give it to one`,
    ),
    ...(decided && before.length > 0
      ? [': entries above it decide for all its roles and purposes: put it first, or take it away']
      : []),
  ]
}

function atIssues(at: string): string[] {
  const segments = segmentsOf(at)
  if (segments === undefined) return [`at: ${at} is no JSON Pointer: write for example /record/conditions`]
  return segments.includes('*')
    ? ['at: there is one part, so no *: name the member, or the place in a list']
    : []
}

function schemaIssues({ schema, fields, pseudonyms = [], for: others = [] }: Returns): string[] {
  if (schema === undefined) return []
  if (schema['type'] !== 'object')
    return ['schema must have type object: MCP knows no other structured result']
  const broken = compileIssue(schema)
  if (broken !== undefined) return [`schema: ${broken}`]
  const lists = [
    { where: 'fields', fields },
    ...others.map((entry, index) => ({ where: `for[${index}].fields`, fields: entry.fields })),
  ]
  return lists.flatMap((list) => {
    const place = missingField(schema, fieldTree([...list.fields, ...pseudonyms]))
    return place === undefined
      ? []
      : [`schema requires ${place}, which ${list.where} never keep: name it there, or do not require it`]
  })
}

const judged = new WeakMap<object, string | undefined>()

/** Compiled once, by the schema's object: whoever asks again has the same one until it changes. */
function compileIssue(schema: NonNullable<Returns['schema']>): string | undefined {
  if (judged.has(schema)) return judged.get(schema)
  let issue: string | undefined
  try {
    resultCheck(schema)
  } catch (cause) {
    issue = cause instanceof Error ? cause.message.slice(0, 300) : 'it is no JSON Schema'
  }
  judged.set(schema, issue)
  return issue
}

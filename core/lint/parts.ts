// What a server gives out: tools, resources and prompts, each with its place. Rules that concern all of them go through
// here.

import { at, type Spec, some } from './finding.ts'
import { type Schema, schemaPlaces } from './schema-places.ts'

type Tool = Spec['tools'][number]
type Returns = Tool['returns']
type Limits = Tool['limits']

/** Fields that are kept together, and what becomes of their text. */
export type Kept = Pick<Returns, 'fields' | 'text' | 'reason'> & {
  /** JSON Pointer of what holds `fields`. */
  place: string
  /** For which roles and purposes; empty for those that no entry of `for` lists. */
  whom: string
}

export type Part = {
  list: 'tools' | 'resources' | 'prompts'
  name: string
  /** `tools/get_record`. */
  subject: string
  /** JSON Pointer. */
  place: string
  returns: Returns
  /** `returns` itself first, then its entries for some roles and purposes. */
  kept: readonly Kept[]
  limits: Limits
}

export function partsOf(spec: Spec): Part[] {
  return (['tools', 'resources', 'prompts'] as const).flatMap((list) =>
    (spec[list] ?? []).map(({ name, returns, limits }, index) => ({
      list,
      name,
      subject: `${list}/${name}`,
      place: at('spec', list, index),
      returns,
      kept: keptIn(returns, at('spec', list, index, 'returns')),
      limits,
    })),
  )
}

function keptIn(returns: Returns, place: string): Kept[] {
  const { fields, text, reason } = returns
  const base = { fields, place, whom: '', ...(text && { text }), ...(reason && { reason }) }
  const others = (returns.for ?? []).map(({ roles, purposes, ...kept }, index) => ({
    ...kept,
    place: `${place}${at('for', index)}`,
    whom: ` for ${some(roles)} (${some(purposes)})`,
  }))
  return [base, ...others]
}

/** Tools with their places. */
export function toolsOf(spec: Spec): { tool: Tool; subject: string; place: string }[] {
  return spec.tools.map((tool, index) => ({
    tool,
    subject: `tools/${tool.name}`,
    place: at('spec', 'tools', index),
  }))
}

type Arguments = { schema: Schema; name: string; subject: string; place: string; subjectName: string }

/** Every schema below the arguments of a tool or prompt. */
export function argumentsOf(spec: Spec): Arguments[] {
  const all = [
    ...spec.tools.map((tool, index) => ({ list: 'tools', index, ...tool })),
    ...(spec.prompts ?? []).map((prompt, index) => ({ list: 'prompts', index, ...prompt })),
  ]
  return all.flatMap(({ list, index, name: subjectName, arguments: root }) =>
    schemaPlaces(root).map(({ schema, place, name }) => ({
      schema,
      name,
      subjectName,
      subject: `${list}/${subjectName}`,
      place: `${at('spec', list, index, 'arguments')}${place}`,
    })),
  )
}

/** Fields that keep the whole document: its root, or every member of it. */
export const isWhole = (field: string): boolean => /^(?:\/\*)*$/.test(field)

/** Members under which servers put their records: to keep one whole is to keep the record. */
const containers =
  /^(?:\/(?:\*|result|results|data|items|entry|entries|records?|patients?|resources?|contents?|rows|response|body|document))+$/i

/** Fields below which everything is kept, whatever the server puts there: a FHIR type without an element among them. */
export const isOpenEnded = (field: string): boolean =>
  !isWhole(field) && (field.endsWith('/*') || containers.test(field) || /^[A-Z][A-Za-z]+$/.test(field))

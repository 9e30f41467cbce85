// What a server gives out: tools, resources and prompts, each with its place. Rules that concern all of them go through
// here.

import { at, type Spec } from './finding.ts'

type Tool = Spec['tools'][number]
export type Returns = Tool['returns']
type Limits = Tool['limits']

export type Part = {
  list: 'tools' | 'resources' | 'prompts'
  name: string
  /** `tools/get_record`. */
  subject: string
  /** JSON Pointer. */
  place: string
  returns: Returns
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
      limits,
    })),
  )
}

/** Tools with their places. */
export function toolsOf(spec: Spec): { tool: Tool; subject: string; place: string }[] {
  return spec.tools.map((tool, index) => ({
    tool,
    subject: `tools/${tool.name}`,
    place: at('spec', 'tools', index),
  }))
}

/** Fields that keep the whole document: its root, or every member of it. */
export const isWhole = (field: string): boolean => /^(?:\/\*)*$/.test(field)

/** Members under which servers put their records: to keep one whole is to keep the record. */
const containers =
  /^(?:\/(?:\*|result|results|data|items|entry|entries|records?|patients?|resources?|contents?|rows|response|body|document))+$/i

/** Fields below which everything is kept, whatever the server puts there. */
export const isOpenEnded = (field: string): boolean =>
  !isWhole(field) && (field.endsWith('/*') || containers.test(field))

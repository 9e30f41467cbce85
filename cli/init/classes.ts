// Classes of persons, and what each needs (45 CFR 164.514(d)(2)). Who treats and who bills are told apart always; where one of
// them would have every tool, each is told apart further, by what its tools are about.

import { hasEveryTool } from '../../core/lint/roles.ts'

export type Role = 'clinician' | 'prescriber' | 'laboratory' | 'billing' | 'registration'

type Part = { readonly name: string; readonly role: Role }
type Parts = {
  readonly tools: readonly Part[]
  readonly resources: readonly Part[]
  readonly prompts: readonly Part[]
}

type Class = {
  readonly role: Role
  readonly tools: readonly string[]
  readonly resources: readonly string[]
  readonly prompts: readonly string[]
}

/** `apart`: whether classes were told apart further. `undivided`: the class that has every tool, where that was no help. */
export type Classes = {
  readonly classes: readonly Class[]
  readonly apart: boolean
  readonly undivided?: Role
}

const broader: { readonly [role in Role]: Role } = {
  clinician: 'clinician',
  prescriber: 'clinician',
  laboratory: 'clinician',
  billing: 'billing',
  registration: 'billing',
}
const roles = Object.keys(broader) as Role[]

/** At least one: the API wants a role, and one that has nothing opens nothing. */
export function classesOf(parts: Parts): Classes {
  const few = classed(parts, (role) => broader[role])
  const undivided = undividedOf(few, parts)
  if (undivided === undefined) return { classes: few, apart: false }
  const more = classed(parts, (role) => role)
  return undividedOf(more, parts) === undefined
    ? { classes: more, apart: true }
    : { classes: few, apart: false, undivided }
}

function classed({ tools, resources, prompts }: Parts, classOf: (role: Role) => Role): Class[] {
  const all = roles.map((role): Class => {
    const names = (of: readonly Part[]): string[] =>
      of.filter((one) => classOf(one.role) === role).map(({ name }) => name)
    return { role, tools: names(tools), resources: names(resources), prompts: names(prompts) }
  })
  const used = all.filter((one) => one.tools.length + one.resources.length + one.prompts.length > 0)
  return used.length === 0 ? all.slice(0, 1) : used
}

function undividedOf(classes: readonly Class[], { tools }: Parts): Role | undefined {
  return classes.find((one) => hasEveryTool(one.tools, tools))?.role
}

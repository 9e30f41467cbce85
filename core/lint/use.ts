// What a policy allows and nobody used: out of the trail's records, which hold names, purposes and rules, and no content.

import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Control } from '../citations.ts'
import { counted } from '../counted.ts'
import type { AuditRecord } from '../record.ts'
import { at, type Found, type Severity, type Spec } from './finding.ts'
import { type Part, partsOf } from './parts.ts'

/** What was used of one server, within a span of time. */
export type Use = {
  calls: number
  /** `tools/get_diagnosis` -> how often it was called, and by which rules its results kept a value. */
  readonly parts: Map<string, { calls: number; readonly kept: Set<string> }>
  /** Role -> parts and purposes that it was used for. */
  readonly roles: Map<string, { readonly parts: Set<string>; readonly purposes: Set<string> }>
}

export function noUse(): Use {
  return { calls: 0, parts: new Map(), roles: new Map() }
}

type Intent = Extract<AuditRecord, { kind: 'intent' }>

/** Which part of a policy a call was for; undefined for lists and the like. */
function partOf({ tool, resource, prompt }: Intent): string | undefined {
  if (tool !== undefined) return `tools/${tool}`
  if (resource !== undefined) return `resources/${resource}`
  return prompt === undefined ? undefined : `prompts/${prompt}`
}

/** Takes the records of one chain in order: a result says what was kept, its intent of what. */
export function follow(use: Use): (record: AuditRecord) => void {
  const open = new Map<string, string>()
  return (record) => {
    if (record.kind === 'intent') {
      const part = partOf(record)
      if (part === undefined) return
      open.set(record.call, part)
      use.calls += 1
      called(use, part).calls += 1
      const role = use.roles.get(record.role) ?? { parts: new Set(), purposes: new Set() }
      use.roles.set(record.role, role)
      role.parts.add(part)
      role.purposes.add(record.purpose)
    } else if (record.kind === 'result') {
      const part = open.get(record.call)
      open.delete(record.call)
      if (part !== undefined) for (const rule of Object.keys(record.kept)) called(use, part).kept.add(rule)
    }
  }
}

function called(use: Use, part: string): { calls: number; readonly kept: Set<string> } {
  const known = use.parts.get(part)
  if (known !== undefined) return known
  const made = { calls: 0, kept: new Set<string>() }
  use.parts.set(part, made)
  return made
}

type UseRule = {
  id: string
  severity: Severity
  control: Control
  about: string
  why: string
  find: (spec: Spec, use: Use, during: string) => Found[]
}

/** In the order of docs/policy-linter.md. */
export const useRules: readonly UseRule[] = [
  {
    id: 'unused-part',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'A tool, resource or prompt that a role may use and that nobody called.',
    why: 'What nobody needs for a month is not necessary, and whoever takes over a login has it all the same.',
    find: (spec, use, during) =>
      partsOf(spec)
        .filter(({ list, name }) => spec.roles.some((role) => (role[list] ?? []).includes(name)))
        .filter(({ subject }) => !use.parts.has(subject))
        .map(({ list, name, subject, place }) => ({
          place: `${place}/name`,
          subject,
          found: `nobody called ${list.slice(0, -1)} ${name} ${during}`,
          write: 'no such entry, or only in the role that needs it at times',
        })),
  },
  {
    id: 'unused-role',
    severity: 'warning',
    control: 'accessByRole',
    about: 'A role under which nobody called.',
    why: 'Access that nobody uses is to be taken away when it is reviewed.',
    find: (spec, use, during) =>
      spec.roles.flatMap((role, index): Found[] =>
        use.roles.has(role.name)
          ? []
          : [
              {
                place: at('spec', 'roles', index, 'name'),
                subject: `roles/${role.name}`,
                found: `nobody called under role ${role.name} ${during}`,
                write: 'no such role, or none of the tools that others have too',
              },
            ],
      ),
  },
  {
    id: 'unused-in-role',
    severity: 'warning',
    control: 'rolesByNeed',
    about: 'A tool, resource or prompt that others use, and no one under this role.',
    why: 'The categories that a class of persons needs are those that it uses.',
    find: (spec, use, during) =>
      spec.roles.flatMap((role, index) => {
        const used = use.roles.get(role.name)
        if (used === undefined) return []
        return (['tools', 'resources', 'prompts'] as const).flatMap((list) =>
          (role[list] ?? []).flatMap((name, i): Found[] =>
            used.parts.has(`${list}/${name}`) || !use.parts.has(`${list}/${name}`)
              ? []
              : [
                  {
                    place: at('spec', 'roles', index, list, i),
                    subject: `roles/${role.name}`,
                    found: `nobody used ${name} under role ${role.name} ${during}`,
                    write: `${list} without ${name}`,
                  },
                ],
          ),
        )
      }),
  },
  {
    id: 'unused-purpose',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'A purpose of a role for which nobody called.',
    why: 'Each purpose is a reason under which a login may ask.',
    find: (spec, use, during) =>
      spec.roles.flatMap((role, index) => {
        const used = use.roles.get(role.name)
        if (used === undefined) return []
        return role.purposes.flatMap((purpose, i): Found[] =>
          used.purposes.has(purpose)
            ? []
            : [
                {
                  place: at('spec', 'roles', index, 'purposes', i),
                  subject: `roles/${role.name}`,
                  found: `nobody called under role ${role.name} for ${purpose} ${during}`,
                  write: `purposes without ${purpose}`,
                },
              ],
        )
      }),
  },
  {
    id: 'unused-field',
    severity: 'warning',
    control: 'minimumNecessaryDisclosures',
    about: 'A field that no result of a tool, resource or prompt held, though it was called.',
    why: 'The server does not give it, or not to these callers: the day it does, it leaves without anybody deciding it.',
    find: (spec, use, during) =>
      partsOf(spec).flatMap((part) => {
        const used = use.parts.get(part.subject)
        return used === undefined ? [] : fieldsUnused(part, used, during)
      }),
  },
]

function fieldsUnused(
  part: Part,
  used: { calls: number; kept: ReadonlySet<string> },
  during: string,
): Found[] {
  return part.kept.flatMap(({ fields, place, whom }, entry) =>
    fields.flatMap((field, index): Found[] => {
      // Records name the entry of returns.for with its rules; the entries stand after returns itself.
      const rule = entry === 0 ? field : `for[${entry - 1}] ${field}`
      return used.kept.has(rule) || (field === '' && used.kept.size > 0)
        ? []
        : [
            {
              place: `${place}${at('fields', index)}`,
              subject: part.subject,
              found: `no result of ${part.name}${whom} held ${field || 'a document'} ${during}, in ${counted(used.calls, 'call')}`,
              write: `fields without ${field}`,
            },
          ]
    }),
  )
}

/**
 * What was not used. `days`: how long the policy was watched, whole days; `wanted`: how long it should have been, below
 * which it is too early to say and everything is a note.
 */
export function unused(
  { spec }: HipaaMcpServer,
  use: Use,
  { days, wanted }: { days: number; wanted: number },
): (Found & Omit<UseRule, 'find' | 'about' | 'id'> & { rule: string })[] {
  const during = `in ${counted(days, 'day')}`
  return useRules.flatMap(({ id, severity, control, why, find }) =>
    find(spec, use, during).map((found) => ({
      rule: id,
      severity: days < wanted ? ('note' as const) : severity,
      control,
      why,
      ...found,
    })),
  )
}

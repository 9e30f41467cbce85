// Who may do what, for which purpose, about whom.

import { emergencyPurposes } from '../grant.ts'
import { breadthOf } from './broad-tools.ts'
import { at, type Found, type ServerRule, type Spec, some } from './finding.ts'
import { branchOf, type PurposeBranch } from './purpose-codes.ts'

type Role = Spec['roles'][number]

const rolesWhere = (
  spec: Spec,
  member: keyof Role,
  says: (role: Role) => { found: string; write: string } | undefined,
): Found[] =>
  spec.roles.flatMap((role, index) => {
    const said = says(role)
    return said === undefined
      ? []
      : [{ place: at('spec', 'roles', index, member), subject: `roles/${role.name}`, ...said }]
  })

/** Whether somebody with these tools has all that a server offers, where they are enough to be told apart. */
export function hasEveryTool(own: readonly string[], all: readonly { readonly name: string }[]): boolean {
  return all.length >= 3 && all.every(({ name }) => own.includes(name))
}

/** Words of tools that show what is wrong with somebody, rather than who pays for it. */
const clinical =
  /diagnos|condition|problem|medication|prescription|allerg|observation|vital|lab(?:s|_|$)|result|note|report|imaging|procedure|immuni[sz]|encounter|visit|symptom|genom|psych|mental|substance/i

/** Branches of purposes for which the clinical record is rarely needed. */
const administrative: ReadonlySet<PurposeBranch | undefined> = new Set(['HPAYMT', 'HOPERAT', 'HMARKT'])

const branchesOf = ({ purposes }: Role): Set<PurposeBranch | undefined> => new Set(purposes.map(branchOf))

function clinicalTools({ tools }: Spec, role: Role): string[] {
  return tools
    .filter(({ name }) => role.tools.includes(name))
    .filter(
      ({ name, from }) =>
        clinical.test(name) ||
        breadthOf(name)?.what === 'returns a record as a whole' ||
        (from !== undefined && clinical.test(from)),
    )
    .map(({ name }) => name)
}

export const roleRules: readonly ServerRule[] = [
  {
    id: 'role-with-all-tools',
    severity: 'warning',
    control: 'rolesByNeed',
    about: 'A role that has every tool, where there are three or more.',
    why: 'The classes of persons who need access, and the categories each needs, must be identified.',
    find: ({ spec }) =>
      rolesWhere(spec, 'tools', (role) =>
        hasEveryTool(role.tools, spec.tools)
          ? {
              found: `role ${role.name} has all ${spec.tools.length} tools`,
              write: 'the tools that this work needs, and a second role for the rest',
            }
          : undefined,
      ),
  },
  {
    id: 'role-reaches-any-patient',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'patients: Any on a role, though identity names a claim for the panel or the patient.',
    why: 'The tokens say whose patients these are, and the role does not ask.',
    find: ({ spec }) => {
      const { panel, patient } = spec.identity
      if (panel === undefined && patient === undefined) return []
      return rolesWhere(spec, 'patients', ({ name, patients }) =>
        patients === 'Any'
          ? {
              found: `role ${name} reaches every patient, though tokens name ${panel === undefined ? 'the patient' : 'the panel'}`,
              write: `patients: ${panel === undefined ? 'Bound' : 'Panel'}`,
            }
          : undefined,
      )
    },
  },
  {
    id: 'role-reaches-every-patient',
    severity: 'note',
    control: 'minimumNecessary',
    about: 'patients: Any on a role, where no claim says which patients a person has.',
    why: 'A person who treats twenty patients can look up all the others.',
    find: ({ spec }) =>
      spec.identity.panel !== undefined || spec.identity.patient !== undefined
        ? []
        : rolesWhere(spec, 'patients', ({ name, patients }) =>
            patients === 'Any'
              ? {
                  found: `role ${name} reaches every patient`,
                  write:
                    'identity: {panel: {claim: /panel}} and patients: Panel, if the issuer knows who treats whom',
                }
              : undefined,
          ),
  },
  {
    id: 'role-without-anything',
    severity: 'warning',
    control: 'accessByRole',
    about: 'A role that names no tool, resource or prompt.',
    why: 'Whoever has it may do nothing with it: it is forgotten, or something was.',
    find: ({ spec }) =>
      rolesWhere(spec, 'tools', ({ name, tools, resources = [], prompts = [] }) =>
        tools.length + resources.length + prompts.length === 0
          ? { found: `role ${name} may use nothing`, write: 'what it is for, or no such role' }
          : undefined,
      ),
  },
  {
    id: 'role-hidden',
    severity: 'warning',
    control: 'accessByRole',
    about: 'Two roles with one name in the tokens, the same scopes and the same rule about actors.',
    why: 'Every token that has the one has the other: what was kept apart is one role.',
    find: ({ spec }) => {
      const keys = spec.roles.map(({ when }) =>
        JSON.stringify([when.role, (when.scopes ?? []).toSorted(), when.actor ?? 'Forbidden']),
      )
      return spec.roles.flatMap((role, index): Found[] => {
        const first = keys.indexOf(keys[index] as string)
        return first === index
          ? []
          : [
              {
                place: at('spec', 'roles', index, 'when'),
                subject: `roles/${role.name}`,
                found: `role ${role.name} goes to the same tokens as ${spec.roles[first]?.name}`,
                write: 'another role or scope under when, or one role of the two',
              },
            ]
      })
    },
  },
  {
    id: 'purposes-wide',
    severity: 'warning',
    control: 'minimumNecessary',
    about:
      'A role with more than three purposes, or with purposes of treatment beside payment, operations, research or marketing.',
    why: 'What is necessary depends on the purpose: a role for all of them is cut to none.',
    find: ({ spec }) =>
      rolesWhere(spec, 'purposes', (role) => {
        const mixed =
          branchesOf(role).has('TREAT') && branchesOf(role).size > 1 && !branchesOf(role).has('PATRQT')
        return role.purposes.length > 3 || mixed
          ? {
              found: `role ${role.name} may call for ${some(role.purposes)}`,
              write:
                'a role for each: purposes: [TREAT] with clinical tools, purposes: [HPAYMT] with those of billing',
            }
          : undefined
      }),
  },
  {
    id: 'purpose-clinical',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'A role for payment, operations or marketing alone that has clinical tools.',
    why: 'Minimum necessary binds these purposes in law; diagnoses and notes are rarely part of it.',
    find: ({ spec }) =>
      rolesWhere(spec, 'tools', (role) => {
        if (![...branchesOf(role)].every((branch) => administrative.has(branch) && branch !== undefined))
          return undefined
        const found = clinicalTools(spec, role)
        return found.length === 0
          ? undefined
          : {
              found: `role ${role.name}, for ${some(role.purposes)}, has ${some(found)}`,
              write: 'tools that return what a claim needs: codes and dates of service, no notes',
            }
      }),
  },
  {
    id: 'purpose-unknown',
    severity: 'warning',
    control: 'audit',
    about: 'A purpose that is no code of HL7’s value set v3-PurposeOfUse.',
    why: 'Records and AuditEvents name the purpose by these codes: nobody else can read another one.',
    find: ({ spec }) =>
      spec.roles.flatMap((role, index) =>
        role.purposes.flatMap((code, i): Found[] =>
          branchOf(code) === undefined
            ? [
                {
                  place: at('spec', 'roles', index, 'purposes', i),
                  subject: `roles/${role.name}`,
                  found: `purpose ${code} of role ${role.name} is no code of HL7`,
                  write: 'purposes: [TREAT], HPAYMT, HOPERAT, PATRQT or another one of v3-PurposeOfUse',
                },
              ]
            : [],
        ),
      ),
  },
  {
    id: 'purpose-emergency',
    severity: 'warning',
    control: 'emergencyAccess',
    about: 'BTG or ETREAT among the everyday purposes of a role.',
    why: 'Who may always state the emergency needs no grant for it, and nobody reviews it.',
    find: ({ spec }) =>
      rolesWhere(spec, 'purposes', ({ name, purposes }) =>
        purposes.some((code) => emergencyPurposes.has(code))
          ? {
              found: `role ${name} may state an emergency at any time`,
              write: 'purposes: [TREAT]; for the emergency a BreakGlassGrant: hipaa-mcp break-glass request',
            }
          : undefined,
      ),
  },
]

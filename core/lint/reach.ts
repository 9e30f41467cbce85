// What nobody can reach, and what patients nobody is asked about.

import { isObject } from '../is-object.ts'
import { at, type Found, type ServerRule, type Spec } from './finding.ts'
import { isOpenEnded, isWhole, toolsOf } from './parts.ts'
import { namedArguments } from './schema-places.ts'

const lists = ['tools', 'resources', 'prompts'] as const

/** Arguments that name a patient, as servers call them. */
const patientArgument =
  /^(?:patient|subject|member|person|beneficiary)_?(?:id|identifier|ref|reference|number|mrn)?$|^mrn$/i

/** Words of tools and fields that show that a result is about a patient. */
const aboutPatients =
  /patient|subject|member|diagnos|condition|problem|medication|allerg|observation|vital|lab|note|encounter|visit|coverage|claim|immuni[sz]|procedure|appointment|birth|record|chart/i

export const reachRules: readonly ServerRule[] = [
  {
    id: 'part-unreachable',
    severity: 'warning',
    control: 'accessByRole',
    about: 'A tool, resource or prompt that no role names.',
    why: 'Nobody can call it, and it opens the day somebody adds its name to a role without looking at it again.',
    find: ({ spec }) =>
      lists.flatMap((list) =>
        (spec[list] ?? []).flatMap(({ name }, index): Found[] =>
          spec.roles.some((role) => (role[list] ?? []).includes(name))
            ? []
            : [
                {
                  place: at('spec', list, index, 'name'),
                  subject: `${list}/${name}`,
                  found: `no role names ${list.slice(0, -1)} ${name}`,
                  write: `${list}: [${name}] in the role that needs it, or no such entry`,
                },
              ],
        ),
      ),
  },
  {
    id: 'patient-missing',
    severity: 'warning',
    control: 'audit',
    about:
      'A tool that seems to return patient data and names no argument as the patient, or a resource template without one.',
    why: 'Before the call nothing says whom it is about: a panel cannot be checked, and a record of a call that fails names nobody.',
    find: ({ spec }) => [
      ...toolsOf(spec).flatMap(({ tool, subject, place }): Found[] => {
        if (tool.patient !== undefined || tool.returns.fields.length === 0) return []
        const argument = patientArgumentOf(tool.arguments)
        if (argument !== undefined)
          return [
            {
              place,
              subject,
              found: `tool ${tool.name} does not say that argument ${argument} is the patient`,
              write: `patient: ${at(argument)}`,
            },
          ]
        return tellsOfPatients(tool)
          ? [
              {
                place,
                subject,
                found: `tool ${tool.name} returns patient data and takes no patient`,
                write: 'patient_id among the arguments, required, and patient: /patient_id',
              },
            ]
          : []
      }),
      ...(spec.resources ?? []).flatMap(({ name, uri, patient }, index): Found[] => {
        const variable = /\{((?:patient|subject|member|person|mrn)[A-Za-z0-9_]*)\}/i.exec(uri)?.[1]
        return patient !== undefined || variable === undefined
          ? []
          : [
              {
                place: at('spec', 'resources', index),
                subject: `resources/${name}`,
                found: `resource ${name} does not say that {${variable}} is the patient`,
                write: `patient: ${variable}`,
              },
            ]
      }),
    ],
  },
  {
    id: 'patient-optional',
    severity: 'note',
    control: 'minimumNecessary',
    about: 'An argument that names the patient and that the schema does not require.',
    why: 'Callers read in the schema that they may leave it out, and every such call asks about everybody or is refused.',
    find: ({ spec }) =>
      toolsOf(spec).flatMap(({ tool, subject, place }): Found[] => {
        const [, argument, ...below] = (tool.patient ?? '').split('/')
        if (argument === undefined || below.length > 0) return []
        const { required } = tool.arguments as { required?: unknown }
        if (namedArguments(tool.arguments)?.has(argument) !== true) return []
        return Array.isArray(required) && required.includes(argument)
          ? []
          : [
              {
                place: `${place}/arguments`,
                subject,
                found: `tool ${tool.name} may be called without ${argument}`,
                write: `required: [${argument}]`,
              },
            ]
      }),
  },
]

function patientArgumentOf({ properties }: { readonly [keyword: string]: unknown }): string | undefined {
  return Object.keys(isObject(properties) ? properties : {}).find((name) => patientArgument.test(name))
}

function tellsOfPatients({ name, from = '', returns }: Spec['tools'][number]): boolean {
  return (
    [name, from, ...returns.fields].some((text) => aboutPatients.test(text)) ||
    (returns.patients ?? []).length > 0 ||
    returns.fields.some((field) => isWhole(field) || isOpenEnded(field))
  )
}

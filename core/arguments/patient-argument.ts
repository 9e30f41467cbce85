// The argument that names the patient: a value of its own, or a parameter of a FHIR search in one query string.

import type { Json } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import { segmentsOf, valueAt } from '../pointer.ts'
import { parametersOf, searchKeyword } from './fhir-search.ts'

/** What the arguments name as the patient, by the members that lead to it; a list where a search names several. */
export function patientArgument(args: unknown, pointer: readonly string[]): unknown {
  const value = valueAt(args, pointer)
  if (value !== undefined || pointer.length < 2) return value
  const search = valueAt(args, pointer.slice(0, -1))
  return typeof search === 'string' ? namedIn(search, pointer.at(-1) as string) : undefined
}

function namedIn(search: string, parameter: string): unknown {
  const found = (parametersOf(search) ?? []).filter(({ name }) => name.split(':', 1)[0] === parameter)
  return found.length > 1 ? found.map(({ value }) => value) : found[0]?.value
}

/** Why a pointer that leads into a text leads to no patient, in words for whoever wrote it. */
export function patientIssue(
  schema: { readonly [keyword: string]: Json },
  patient: string | undefined,
): string | undefined {
  const segments = patient === undefined ? undefined : segmentsOf(patient)
  if (segments === undefined) return undefined
  let at: unknown = schema
  for (const segment of segments) {
    if (!isObject(at)) return undefined
    if (at['type'] === 'string') {
      const names = at[searchKeyword]
      return Array.isArray(names) && names.includes(segment) && segment === segments.at(-1)
        ? undefined
        : `patient leads into a text: let it be a FHIR search, and list ${segment} in ${searchKeyword}`
    }
    const properties: unknown = at['properties']
    at = isObject(properties) ? properties[segment] : undefined
  }
  return undefined
}

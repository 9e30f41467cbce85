// Arguments that ask for everybody or for everything (45 CFR 164.502(b), 164.514(d)(5)): no patient, a wildcard, a list where one
// identifier belongs, more records than the policy says, a FHIR search that excludes, includes all or runs an operation.

import type { Json, JsonObject } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import { valueAt } from '../pointer.ts'
import { pageRule } from './counts.ts'
import type { Declared } from './identifiers.ts'
import { patientRule } from './one-patient.ts'
import { patientArgument } from './patient-argument.ts'
import { searchPlaces } from './search-places.ts'
import { searchRule } from './search-rules.ts'
import type { Violation } from './violation.ts'

export type BulkRules = {
  readonly arguments: { readonly [keyword: string]: Json }
  /** Members on the way to the argument that names the patient. */
  readonly patient: readonly string[] | undefined
  /** Most records that one call may ask for, and patients that it may name. */
  readonly records: number
  readonly declared: Declared
}

type Check = (args: JsonObject) => Violation | undefined

/** Compiles the check. Throws TypeError where a FHIR search stands in the schema where it could not be judged. */
export function bulkCheck({ arguments: schema, patient, records, declared }: BulkRules): Check {
  const places = searchPlaces(schema)
  return (args) => {
    const value = patient === undefined ? undefined : patientArgument(args, patient)
    const rule = patient === undefined ? undefined : patientRule(value, records)
    if (rule !== undefined) return { argument: patient?.join('.') ?? '', rule }
    for (const path of places) {
      const wrong = searchRule(
        valueAt(args, path),
        patient === undefined ? undefined : { named: value },
        records,
      )
      if (wrong !== undefined) return { argument: path.join('.') || 'arguments', rule: wrong }
    }
    return pageIn(args, records, []) ?? wildcardIn(args, declared, [])
  }
}

/** A number of records that is too large, at whatever depth. */
function pageIn(value: unknown, records: number, path: readonly string[]): Violation | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const list = Array.isArray(value)
  for (const [name, item] of Object.entries(value)) {
    const at = list ? path : [...path, name]
    const rule = list ? undefined : pageRule(name, item, records)
    if (rule !== undefined) return { argument: at.join('.'), rule }
    const found = pageIn(item, records, at)
    if (found !== undefined) return found
  }
  return undefined
}

/** A text that is nothing but a wildcard, wherever the schema does not say itself that it may be. */
function wildcardIn(
  value: unknown,
  declared: Declared | undefined,
  path: readonly string[],
): Violation | undefined {
  if (typeof value === 'string')
    return isWildcard(value) ? { argument: path.join('.'), rule: 'may not be a wildcard' } : undefined
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = wildcardIn(item, declared, path)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!isObject(value)) return undefined
  for (const name in value) {
    const below = declared?.[name]
    const found = below === true ? undefined : wildcardIn(value[name], below, [...path, name])
    if (found !== undefined) return found
  }
  return undefined
}

/** Two looks, since one expression for both would try every star of a long text as the one. */
function isWildcard(text: string): boolean {
  return star.test(text) && nothingElse.test(text)
}
const star = /[*＊∗⁎﹡]/u
const nothingElse = /^[\s.*?%＊∗⁎﹡？％\p{Cf}]+$/u

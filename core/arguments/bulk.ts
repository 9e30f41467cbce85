// Arguments that ask for everybody or for everything (45 CFR 164.502(b), 164.514(d)(5)): no patient, a wildcard, a list where one
// identifier belongs, more records than the policy says, a FHIR search that excludes, includes all or runs an operation.

import type { Json, JsonObject } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import { valueAt } from '../pointer.ts'
import { patientIn } from '../redaction/patients.ts'
import { words } from '../words.ts'
import { type Parameter, parametersOf } from './fhir-search.ts'
import type { Declared } from './identifiers.ts'
import { patientArgument } from './patient-argument.ts'
import { searchPlaces } from './search-places.ts'
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
  const named = Object.keys(schema['properties'] ?? {})
  const pages = new Map(named.map((name) => [name, pageNames.has(plain(name))]))
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
    for (const name in args) {
      const paged = pages.get(name) ?? pageNames.has(plain(name))
      const wrong = paged ? countRule(args[name], records) : undefined
      if (wrong !== undefined) return { argument: name, rule: wrong }
    }
    return wildcardIn(args, declared, [])
  }
}

/** Names of arguments that say how many records to return, in small letters, without _ and -. */
const pageNames = words(`
  count limit pagesize perpage maxresults maxrecords maxcount numresults rows top topk take
`)

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '')
}

/** What no identifier holds, and wildcards, lists, conditions and operations do. */
const noIdentifier = /[*%?,;&=$<>!'"`\\(){}[\]^#\p{Cc}]|\|$/u
/** Words that mean everybody, and what is left of a reference that names nobody. */
const everybody = words('all any every everyone everybody patient patient/ null undefined none')

function patientRule(value: unknown, records: number): string | undefined {
  if (!Array.isArray(value)) return onePatient(value)
  if (value.length === 0) return 'names no patient'
  if (value.length > records) return `names more than ${records} patients (limits.records)`
  for (const one of value) {
    const rule = onePatient(one)
    if (rule !== undefined) return rule
  }
  return undefined
}

function onePatient(value: unknown): string | undefined {
  if (value === undefined || value === null) return 'is required: it names the patient'
  const text = scalar(value) ?? '*'
  const word = text.trim().toLowerCase()
  if (word === '') return 'names no patient'
  const one = !everybody.has(word) && !noIdentifier.test(text) && patientIn(value) !== undefined
  return one ? undefined : 'must be the identifier of one patient'
}

/** As the server reads it; undefined for what is no text, number or truth value. */
function scalar(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** Parameters that name patients (FHIR R4 compartmentdefinition-patient.html), and resources by their ids. */
const patientNames = words('patient subject beneficiary individual subscriber')
/** Modifiers that ask for all but some (FHIR R4 search.html#modifiers). */
const excluding = words('not not-in missing')

/** What is wrong with a name, whatever its value. */
export function nameRule(name: string): string | undefined {
  const [base = '', modifier] = name.split(':', 2)
  const [chained = '', ...chain] = base.split('.')
  if (base === '_revinclude') return 'may not search by _revinclude: it adds what refers to each record'
  if (modifier !== undefined && excluding.has(modifier))
    return `may not search by ${base}:${modifier}: it asks for all but some`
  if (patientNames.has(chained) && chain.length > 0 && !(chain.length === 1 && byId.has(chain[0] as string)))
    return `may not search by ${base}: patients are named by an identifier`
  return undefined
}
const byId = words('identifier _id')

function searchRule(
  search: unknown,
  patient: { readonly named: unknown } | undefined,
  records: number,
): string | undefined {
  if (search === undefined) return undefined
  const parameters = parametersOf(search)
  if (parameters === undefined) return 'must be a FHIR search'
  const seen = new Set<string>()
  let narrowed = patient !== undefined
  for (const parameter of parameters) {
    const base = parameter.name.split(':', 1)[0] as string
    const rule = nameRule(parameter.name) ?? valueRule(parameter, base, records)
    if (rule !== undefined) return rule
    if (patientNames.has(base) || base === '_id') {
      if (seen.has(base)) return `may name ${base} once`
      seen.add(base)
      if (base !== '_id' && patient !== undefined && !same(parameter.value, patient.named))
        return `may not name another ${base} than the argument that names the patient`
    }
    narrowed ||= !base.startsWith('_') || base === '_id'
  }
  return narrowed ? undefined : 'must search by something: without a parameter it asks for everything'
}

function valueRule({ name, value }: Parameter, base: string, records: number): string | undefined {
  if (base === '_count') return countRule(value, records, 0)
  const text = scalar(value)?.trim() ?? ''
  if (text === '') return `may not leave ${base} empty: it asks for everything`
  if (base === '_include' && text.includes('*')) return 'may not include everything that is referred to'
  if (/^[*%?\s]+$/.test(text)) return `may not search ${base} by a wildcard`
  // Behind a $ within a value stands another part of it (search.html#composite).
  if (/(?:^|\/)\$[a-z]/i.test(text)) return `may not run an operation in ${base}`
  if (patientNames.has(base) || base === '_id') {
    const rule = base === '_id' ? idRule(text) : onePatient(value)
    if (rule !== undefined) return `${base} ${rule}`
  }
  return name.length > 0 ? undefined : 'must name what it searches by'
}

function idRule(text: string): string | undefined {
  return noIdentifier.test(text) ? 'must be one id' : undefined
}

function same(value: unknown, named: unknown): boolean {
  const one = patientIn(value)
  const all: readonly unknown[] = Array.isArray(named) ? named : [named]
  return one !== undefined && all.some((other) => patientIn(other) === one)
}

function countRule(value: unknown, records: number, least = 1): string | undefined {
  if (value === undefined) return undefined
  const count = typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : value
  return Number.isSafeInteger(count) && (count as number) >= least && (count as number) <= records
    ? undefined
    : `must be a whole number from ${least} to ${records} (limits.records)`
}

/** A text that is nothing but a wildcard, wherever the schema does not say itself that it may be. */
function wildcardIn(
  value: unknown,
  declared: Declared | undefined,
  path: readonly string[],
): Violation | undefined {
  if (typeof value === 'string')
    return /^[\s.*?%]*\*[\s.*?%]*$/.test(value)
      ? { argument: path.join('.'), rule: 'may not be a wildcard' }
      : undefined
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

// FHIR R4 searches that ask for everybody or for everything (search.html): what no name of a parameter may be, and no value.

import { patientIn } from '../redaction/patients.ts'
import { words } from '../words.ts'
import { countRule } from './counts.ts'
import { type Parameter, parametersOf } from './fhir-search.ts'
import { onePatient } from './one-patient.ts'

/** Parameters that name patients (FHIR R4 compartmentdefinition-patient.html), whatever type is said of them. */
const patientNames = words('patient subject beneficiary individual subscriber')
/** Parameters that name patients unless another type is said. */
const perhapsPatients = words('actor for')
/** Modifiers that ask for all but some (search.html#modifiers). */
const excluding = words('not not-in missing')
/** How a chain may go on from a patient. */
const byId = words('identifier _id')
/** Parameters that no call may have, each with why. */
const never: ReadonlyMap<string, string> = new Map([
  ['_revinclude', 'it adds what refers to each record'],
  ['_has', 'it finds patients by what their records say'],
  ['_filter', 'it is a search within the search'],
  ['_query', 'what it runs is not known'],
])

/** A link of a chain (search.html#chaining): `subject:Patient.name` has two. */
type Link = { readonly base: string; readonly modifier: string | undefined }

function linksOf(name: string): readonly Link[] {
  return name.split('.').map((link) => {
    const [base = '', modifier] = link.split(':', 2)
    return { base, modifier }
  })
}

function isPatient({ base, modifier }: Link): boolean {
  if (patientNames.has(base) || modifier === 'Patient') return true
  return perhapsPatients.has(base) && modifier === undefined
}

/** What is wrong with a name, whatever its value. */
export function nameRule(name: string): string | undefined {
  const links = linksOf(name)
  for (const [at, link] of links.entries()) {
    const { base, modifier } = link
    const why = never.get(base)
    if (why !== undefined) return `may not search by ${base}: ${why}`
    if (modifier !== undefined && excluding.has(modifier))
      return `may not search by ${base}:${modifier}: it asks for all but some`
    const rest = links.slice(at + 1)
    if (isPatient(link) && rest.length > 0 && !(rest.length === 1 && byId.has(rest[0]?.base as string)))
      return `may not search by ${name}: patients are named by an identifier`
  }
  return undefined
}

/** What is wrong with a search. `patient`: whom an argument names, where one does. */
export function searchRule(
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
    const { name, value } = parameter
    const base = name.split(':', 1)[0] as string
    const aboutPatient = linksOf(name).some(isPatient)
    const rule = nameRule(name) ?? valueRule(parameter, aboutPatient, records)
    if (rule !== undefined) return rule
    if (aboutPatient || base === '_id') {
      if (seen.has(base)) return `may name ${base} once`
      seen.add(base)
      if (aboutPatient && patient !== undefined && !same(value, patient.named))
        return `may not name another ${base} than the argument that names the patient`
    }
    narrowed ||= !base.startsWith('_') || base === '_id'
  }
  return narrowed ? undefined : 'must search by something: without a parameter it asks for everything'
}

function valueRule({ name, value }: Parameter, aboutPatient: boolean, records: number): string | undefined {
  const base = name.split(':', 1)[0] as string
  if (base === '_count') return countRule(value, records)
  const text = textOf(value)
  if (text === '') return `may not leave ${base} empty: it asks for everything`
  if (base === '_include' && text.includes('*')) return 'may not include everything that is referred to'
  if (text.split(',').some(isWild)) return `may not search ${base} by a wildcard`
  // Behind a $ within a value stands another part of it (search.html#composite).
  if (/(?:^|\/)\$[a-z]/i.test(text)) return `may not run an operation in ${base}`
  if (base === '_id' && !fhirId.test(text)) return '_id must be one id'
  const rule = aboutPatient ? onePatient(value) : undefined
  if (rule !== undefined) return `${base} ${rule}`
  return name.length > 0 ? undefined : 'must name what it searches by'
}

const fhirId = /^[A-Za-z0-9.-]{1,64}$/

function textOf(value: unknown): string {
  if (typeof value === 'string') return value.trim()
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/**
 * One of the values of a parameter: nothing but what stands for anything, or with it at its beginning or end. A `%` behind the
 * system of a quantity is its unit, and a `*` within is one of an allele's name.
 */
function isWild(text: string): boolean {
  if (/^[*%?_.+\s\p{Cf}]+$/u.test(text)) return true
  const [first, last] = [text.charAt(0), text.charAt(text.length - 1)]
  return wild.has(first) || (wild.has(last) && !text.endsWith('|%'))
}
const wild = words('* % ＊ ％ ∗ ⁎ ﹡')

function same(value: unknown, named: unknown): boolean {
  const one = patientIn(value)
  const all: readonly unknown[] = Array.isArray(named) ? named : [named]
  return one !== undefined && all.some((other) => patientIn(other) === one)
}

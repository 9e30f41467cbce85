// By what else a patient within reach is called in a result: identifiers of their Patient resource, and the address of its
// entry in a Bundle.

import { isObject } from '../is-object.ts'
import { identifierOf } from './fhir-identifier.ts'
import { isAboutNobody } from './owner.ts'
import { patientIn } from './patients.ts'

export type Signs = {
  /** A list for each Patient resource, its id first, of what it is called by. */
  readonly same: string[][]
  /** Addresses of entries alone: a list of the id of the Patient and its address. */
  readonly addresses: string[][]
  /** Addresses of entries that are about nobody. */
  readonly nobody: Set<string>
}

export function signsOf(documents: readonly unknown[]): Signs {
  const signs: Signs = { same: [], addresses: [], nobody: new Set() }
  for (const document of documents) add(document, signs)
  return signs
}

function add(value: unknown, signs: Signs): void {
  if (Array.isArray(value)) {
    for (const item of value) add(item, signs)
    return
  }
  if (!isObject(value)) return
  if (value['resourceType'] === 'Patient') addPatient(value, signs)
  const { fullUrl, resource } = value
  if (typeof fullUrl === 'string' && isObject(resource)) addAddress(fullUrl, resource, signs)
  for (const name in value) add(value[name], signs)
}

function addPatient(patient: { readonly [member: string]: unknown }, { same }: Signs): void {
  const id = patientIn(patient['id'])
  if (id === undefined) return
  const { identifier } = patient
  const identifiers: readonly unknown[] = Array.isArray(identifier) ? identifier : [identifier]
  same.push([id, ...identifiers.flatMap((one) => identifierOf(one) ?? [])])
}

/** Addresses by which a Bundle's entries refer to each other (FHIR R4 bundle.html#references). */
function addAddress(fullUrl: string, resource: { readonly [member: string]: unknown }, signs: Signs): void {
  if (isAboutNobody(resource['resourceType'])) signs.nobody.add(fullUrl)
  if (resource['resourceType'] !== 'Patient') return
  const [id, address] = [patientIn(resource['id']), patientIn(fullUrl)]
  if (id !== undefined && address !== undefined) signs.addresses.push([id, address])
}

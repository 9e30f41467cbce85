// The last word on a document for a caller who may not see everybody: whether anything in it names a patient out of reach, in
// whatever form, or in a form that cannot be told.

import { isObject } from '../is-object.ts'
import { identifierOf } from './fhir-identifier.ts'
import { isReference, ownersOf, ownersSaid } from './owner.ts'
import { patientIn } from './patients.ts'
import { namedBy } from './record-numbers.ts'

type Members = { readonly [member: string]: unknown }
/** `within`: whether a patient is within reach. `nobody`: addresses of entries that are about nobody. */
export type Judging = {
  readonly within: (patient: string) => boolean
  readonly nobody: ReadonlySet<string>
}

export function mentionsOther(document: unknown, by: Judging, key = ''): boolean {
  if (typeof document === 'string') return addressesOther(document, by)
  if (Array.isArray(document)) return document.some((item) => mentionsOther(item, by, key))
  if (!isObject(document)) return false
  if (resourceOfOther(document, by) || refersToOther(document, by)) return true
  const { patients, numbers } = namedBy(document, key)
  if (!patients.every(by.within) || !numbers.every(by.within)) return true
  for (const name in document) if (mentionsOther(document[name], by, name)) return true
  return false
}

/** Within another resource a record needs no owner of its own, but a person does. */
const persons: ReadonlySet<unknown> = new Set(['Patient', 'RelatedPerson', 'Person'])

function resourceOfOther(value: Members, { within, nobody }: Judging): boolean {
  const { resourceType } = value
  if (typeof resourceType !== 'string') return false
  if (!persons.has(resourceType) && ownersSaid(value).length === 0) return false
  return ownersOf(value, nobody)?.every(within) !== true
}

/** How a reference to a patient may be spelt that is none by FHIR, and that a server follows all the same. */
const toPatient = /(?:^|\/)patient(?:[/?]|%2f)/i

function refersToOther({ reference, type, identifier }: Members, { within }: Judging): boolean {
  if (typeof reference === 'string') {
    if (type !== 'Patient' && !toPatient.test(reference)) return false
    const patient = patientIn(reference)
    return patient === undefined || !isReference(reference) || !within(patient)
  }
  if (type !== 'Patient' || !isObject(identifier)) return false
  const named = identifierOf(identifier)
  return named === undefined || !within(named)
}

/** Addresses of Patients, in whatever letters, where a text is an address: in prose "patient/family" is nobody. */
const address = /(?:^|[^A-Za-z])patient(?:\/|%2f)([A-Za-z0-9.-]{1,64})/gi

function addressesOther(text: string, { within }: Judging): boolean {
  if (text.length > 2048 || /\s/.test(text) || !/patient(?:\/|%2f)/i.test(text)) return false
  return [...text.matchAll(address)].some(([, patient = '']) => !within(patient))
}

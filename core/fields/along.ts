// What comes along with a named element: all that its type says of it, but nothing that tells by the side who somebody is.

import { words } from '../words.ts'
import { type Element, lineage } from './fhir-r4.ts'

/** Elements that need a name of their own, by the type that has them. */
const neverAlong: { readonly [type: string]: ReadonlySet<string> } = {
  Element: new Set(['id', 'extension']),
  BackboneElement: new Set(['modifierExtension']),
  Resource: new Set(['id']),
  // A narrative says all that the resource does, in one string.
  DomainResource: new Set(['text', 'contained', 'extension', 'modifierExtension']),
  Narrative: new Set(['div']),
  // The name of whoever is referred to, and their number.
  Reference: new Set(['display', 'identifier']),
  // Who wrote it: the patient's family, as often as not.
  Annotation: new Set(['author']),
  Extension: new Set(['value']),
  'Bundle.entry': new Set(['fullUrl']),
}

export function comesAlong(type: string, { name }: Element): boolean {
  return !lineage(type).some((one) => neverAlong[one]?.has(name))
}

/** Types that tell who somebody is. An extension may hold any type: `Extension.value` alone names none of these. */
const telling = words(`
  HumanName Address ContactPoint Identifier Reference Attachment Annotation Signature ContactDetail
  Contributor Meta
`)

/** Whether `Extension.value` means a value of this type, too. */
export function isPlainValue({ type }: Element): boolean {
  return !telling.has(type)
}

/** Elements without which what is kept beside them would mean nothing. They stay only with it. */
export const carriers: { readonly [type: string]: string } = {
  Extension: 'url',
  'Parameters.parameter': 'name',
}

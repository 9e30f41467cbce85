// Pieces of FHIR R4 that the exports are made of.

export type FhirObject = { readonly [member: string]: unknown }

export function coded(system: string, code: string, display?: string): FhirObject {
  return { system, code, ...(display === undefined ? {} : { display }) }
}

export function concept(system: string, code: string, display?: string): FhirObject {
  return { coding: [coded(system, code, display)] }
}

/** System of identifiers that are tokens of patients, equal for equal patients of one server. */
const tokenSystem = 'https://hipaa-mcp.dev/fhir/patient-token'

/** A logical reference. An identifier of the form `system|value` has both. */
export function identified(type: string, identifier: string, token = false): FhirObject {
  if (token) return { type, identifier: { system: tokenSystem, value: identifier } }
  const bar = identifier.lastIndexOf('|')
  const value =
    bar < 0 ? { value: identifier } : { system: identifier.slice(0, bar), value: identifier.slice(bar + 1) }
  return { type, identifier: value }
}

/** Something that must be there and is not known. */
export const absent: FhirObject = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
}

// Whose record a FHIR resource is (FHIR R4 compartmentdefinition-patient.html): a patient's, several patients', nobody's, or
// not to be told.

import { isObject } from '../is-object.ts'
import { words } from '../words.ts'
import { patientIn } from './patients.ts'

type Resource = { readonly [member: string]: unknown }

/** `patients`: empty for what is about nobody. Undefined where the resource does not say. */
export type Owners = readonly string[] | undefined

/** Elements that refer to whom a resource is about. */
const owning = ['subject', 'patient', 'beneficiary', 'individual', 'for', 'actor'] as const

/** Types outside of the patient compartment, as far as they describe no case: terms, places, people at work, rules. */
const aboutNobody = words(`
  ActivityDefinition CapabilityStatement ChargeItemDefinition CodeSystem CompartmentDefinition ConceptMap Device
  DeviceDefinition Endpoint HealthcareService InsurancePlan Library Location Measure Medication
  MedicationKnowledge NamingSystem ObservationDefinition OperationDefinition OperationOutcome Organization
  OrganizationAffiliation PlanDefinition Practitioner PractitionerRole Questionnaire SearchParameter Slot
  SpecimenDefinition StructureDefinition StructureMap Substance ValueSet
`)

export function ownersOf(resource: Resource): Owners {
  const type = resource['resourceType']
  if (type === 'Patient') {
    const id = patientIn(resource['id'])
    return id === undefined ? undefined : [id]
  }
  const references = owning.flatMap((member) => listOf(resource[member]))
  for (const one of listOf(resource['participant']))
    if (isObject(one)) references.push(...listOf(one['actor']))
  if (references.length === 0) return typeof type === 'string' && aboutNobody.has(type) ? [] : undefined
  const owners: string[] = []
  for (const reference of references) {
    const patients = referred(reference)
    if (patients === undefined) return undefined
    owners.push(...patients)
  }
  return owners
}

/** Whom a reference is to: a patient, nobody, or who knows. */
function referred(reference: unknown): Owners {
  if (!isObject(reference)) return undefined
  const { reference: literal, identifier, type } = reference
  if (typeof literal === 'string') {
    const patient = patientIn(literal)
    if (patient !== undefined) return named(literal) ? [patient] : undefined
    const to = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/.exec(
      literal,
    )
    return to !== null && aboutNobody.has(to[1] as string) ? [] : undefined
  }
  // A logical reference says its type or does not (FHIR R4 references.html#logical).
  const value = isObject(identifier) ? identifier['value'] : undefined
  return typeof value === 'string' && (type === undefined || type === 'Patient') ? [value] : undefined
}

/** A reference to a patient, and not any text: one within the resource (#p) names nobody outside of it. */
function named(literal: string): boolean {
  return literal.startsWith('urn:') || /(?:^|\/)Patient\//.test(literal)
}

function listOf(value: unknown): unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

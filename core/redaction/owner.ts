// Whose record a FHIR resource is (FHIR R4 compartmentdefinition-patient.html): a patient's, several patients', nobody's, or
// not to be told.

import { isObject } from '../is-object.ts'
import { words } from '../words.ts'
import { identifierOf } from './fhir-identifier.ts'
import { patientIn } from './patients.ts'

type Resource = { readonly [member: string]: unknown }

/** `patients`: empty for what is about nobody. Undefined where the resource does not say. */
export type Owners = readonly string[] | undefined

/** Elements that refer to whom a resource is about. */
const owning = ['subject', 'patient', 'beneficiary', 'individual', 'for', 'actor', 'securityContext'] as const

/** Types outside of the patient compartment, as far as they describe no case: terms, places, people at work, rules. */
const aboutNobody = words(`
  ActivityDefinition CapabilityStatement ChargeItemDefinition CodeSystem CompartmentDefinition ConceptMap Device
  DeviceDefinition Endpoint EventDefinition GraphDefinition HealthcareService ImplementationGuide InsurancePlan Library
  Location Measure Medication MedicationKnowledge NamingSystem ObservationDefinition OperationDefinition OperationOutcome
  Organization OrganizationAffiliation PlanDefinition Practitioner PractitionerRole Questionnaire SearchParameter Slot
  SpecimenDefinition StructureDefinition StructureMap Substance ValueSet
`)
/** Types that tell of records, not of a case: without a patient of their own they are nobody's to see. */
const aboutRecords = words('AuditEvent Linkage MessageHeader Provenance')

export function isAboutNobody(type: unknown): boolean {
  return typeof type === 'string' && aboutNobody.has(type)
}

export function isAboutRecords({ resourceType }: Resource): boolean {
  return typeof resourceType === 'string' && aboutRecords.has(resourceType)
}

/** `nobody`: addresses of entries of the same Bundle that are about nobody. */
export function ownersOf(resource: Resource, nobody: ReadonlySet<string> = none): Owners {
  const type = resource['resourceType']
  if (type === 'Patient') {
    const id = patientIn(resource['id'])
    return id === undefined ? undefined : [id]
  }
  const references = ownersSaid(resource)
  if (references.length === 0) return isAboutNobody(type) ? [] : undefined
  const owners: string[] = []
  for (const reference of references) {
    const patients = referred(reference, nobody)
    if (patients === undefined) return undefined
    owners.push(...patients)
  }
  return owners
}

const none: ReadonlySet<string> = new Set()

/** What a resource says of whom it is about, whatever it is. */
export function ownersSaid(resource: Resource): readonly unknown[] {
  const references = owning.flatMap((member) => listOf(resource[member]))
  for (const one of listOf(resource['participant']))
    if (isObject(one)) references.push(...listOf(one['actor']))
  return references
}

/** Whom a reference is to: a patient, nobody, or who knows. */
function referred(reference: unknown, nobody: ReadonlySet<string>): Owners {
  if (!isObject(reference)) return undefined
  const { reference: literal, identifier, type } = reference
  if (typeof literal === 'string') {
    if (nobody.has(literal)) return []
    const patient = patientIn(literal)
    if (patient !== undefined && isReference(literal)) return [patient]
    const to = typeOf(literal)
    return to !== undefined && aboutNobody.has(to) ? [] : undefined
  }
  // A logical reference says its type or does not (FHIR R4 references.html#logical).
  const named = type === undefined || type === 'Patient' ? identifierOf(identifier) : undefined
  return named === undefined ? undefined : [named]
}

/** A reference to a patient, and not any text: one within the resource (#p) names nobody outside of it. */
export function isReference(literal: string): boolean {
  return literal.startsWith('urn:') || /(?:^|\/)Patient\//.test(literal)
}

/** The type that a reference names: literal (`Practitioner/x`) or conditional (`Practitioner?identifier=x`). */
function typeOf(literal: string): string | undefined {
  const conditional = /^([A-Z][A-Za-z]{1,63})\?/.exec(literal)?.[1]
  if (conditional !== undefined) return conditional
  return /(?:^|\/)([A-Z][A-Za-z]{1,63})\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/.exec(
    literal,
  )?.[1]
}

function listOf(value: unknown): unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

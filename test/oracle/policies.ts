// Policies to judge: for each role and purpose a tool with its own list of fields, narrow and wide, sensible and careless.

import type { Policy, Role, Tool } from '../../core/policy.ts'
import { aRole, aTool, someLimits } from '../support/policy.ts'

export type Row = {
  readonly tool: string
  readonly role: string
  readonly purpose: string
  readonly fields: readonly string[]
  readonly text: 'Redact' | 'Drop' | 'Keep'
}

/** Members in which FHIR resources of any type keep what was found, not whom it was found in. */
const clinical = [
  '/code',
  '/status',
  '/clinicalStatus',
  '/verificationStatus',
  '/category',
  '/valueQuantity',
  '/valueCodeableConcept',
  '/component/*/code',
  '/component/*/valueQuantity',
  '/interpretation',
  '/dosageInstruction/*/text',
  '/medicationCodeableConcept',
  '/type',
]
const times = [
  '/birthDate',
  '/effectiveDateTime',
  '/onsetDateTime',
  '/issued',
  '/period',
  '/authoredOn',
  '/recordedDate',
  '/created',
]
const written = [
  '/note',
  '/text',
  '/conclusion',
  '/comment',
  '/title',
  '/description',
  '/extension',
  '/presentedForm',
  '/content',
]
const people = [
  '/name',
  '/telecom',
  '/address',
  '/identifier',
  '/subject',
  '/performer',
  '/contact',
  '/photo',
  '/contained',
]
const inBundle = (fields: readonly string[]) => fields.map((field) => `/entry/*/resource${field}`)

// biome-ignore format: a table reads best as a table
export const rows: readonly Row[] = [
  { tool: 'codes', role: 'Coder', purpose: 'HPAYMT', fields: [...clinical, ...inBundle(clinical)], text: 'Redact' },
  { tool: 'when', role: 'Scheduler', purpose: 'HOPERAT', fields: [...times, ...inBundle(times)], text: 'Redact' },
  { tool: 'notes', role: 'Clinician', purpose: 'TREAT', fields: [...written, ...inBundle(written)], text: 'Redact' },
  { tool: 'contacts', role: 'Clerk', purpose: 'HOPERAT', fields: [...people, ...inBundle(people)], text: 'Redact' },
  { tool: 'all', role: 'Clinician', purpose: 'ETREAT', fields: [''], text: 'Redact' },
  { tool: 'all_but_text', role: 'Researcher', purpose: 'HRESCH', fields: [''], text: 'Drop' },
  { tool: 'names_kept', role: 'Registrar', purpose: 'TREAT', fields: ['/name', '/entry/*/resource/name', '/code'], text: 'Keep' },
  { tool: 'members', role: 'Analyst', purpose: 'HRESCH', fields: ['/*/text', '/*/*/display', '/entry/*/resource/*/text'], text: 'Redact' },
  { tool: 'paths', role: 'Clinician', purpose: 'HOPERAT', fields: ['Observation.code', 'Observation.value', 'Condition', 'Patient.gender', 'Patient.birthDate', 'Encounter.period', 'DocumentReference.content'], text: 'Redact' },
  { tool: 'types', role: 'Coder', purpose: 'HRESCH', fields: ['Coding.code', 'Quantity', 'HumanName.family', 'Reference.reference', 'Extension.value', 'Resource.id'], text: 'Redact' },
  { tool: 'paths_kept', role: 'Registrar', purpose: 'HOPERAT', fields: ['Patient', 'Practitioner.name', 'Encounter.participant', 'Location', '/entry/*/fullUrl'], text: 'Keep' },
  { tool: 'elements', role: 'Nurse', purpose: 'TREAT', fields: ['Observation.code', 'Observation.value[x]', 'Observation.effectiveDateTime', 'Condition.code.text', 'MedicationRequest.medication', 'Patient.gender', 'Patient.birthDate'], text: 'Redact' },
  { tool: 'people_by_type', role: 'Registrar', purpose: 'HOPERAT', fields: ['HumanName', 'Address', 'Patient.contact', 'Reference.display', 'Narrative.div', 'Extension.value'], text: 'Redact' },
  { tool: 'both', role: 'Nurse', purpose: 'ETREAT', fields: ['/entry/*/resource/code', 'Observation.note.text', '/text'], text: 'Redact' },
  { tool: 'nothing', role: 'Analyst', purpose: 'HOPERAT', fields: ['/no/such/member'], text: 'Redact' },
]

/** A policy in which every row is a tool of its role, for its purpose alone. */
export function policyOf(given: readonly Row[]): Partial<Policy> {
  const limits = someLimits({ callsPerMinute: 1_000_000, patientsPerHour: 100_000, resultBytes: 8_388_608 })
  const tools = given.map(
    ({ tool, fields, text }): Tool =>
      aTool({
        name: tool,
        with: {},
        returns: { fields: [...fields], patients: [], text, media: 'Drop' },
        limits,
      }),
  )
  const roles = given.map(
    ({ tool, role, purpose }): Role =>
      aRole({
        name: `${role}-${purpose}`.toLowerCase(),
        when: { role, scopes: [], actor: 'Forbidden' },
        purposes: [purpose],
        tools: [tool],
      }),
  )
  return { tools, roles }
}

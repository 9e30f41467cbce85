// Synthetic patient records in FHIR R4, the same for the same seed. Notes hold free text that names the patient, as real
// ones do: what a field list lets through is then still full of identifiers.

import { type Random, seeded } from './random.ts'
import {
  cities,
  clinicians,
  diagnoses,
  familyNames,
  givenNames,
  measurements,
  streets,
} from './vocabulary.ts'

/** A FHIR R4 resource as raw JSON. */
export type Resource = { resourceType: string; id: string; [member: string]: unknown }

/** A visit's note, as an EHR hands it out: its text stands beside its date and author. */
export type Note = { id: string; date: string; title: string; author: string; text: string }

/** All that the EHR has of one patient. */
export type PatientRecord = {
  patient: Resource
  conditions: Resource[]
  medications: Resource[]
  observations: Resource[]
  encounters: Resource[]
  notes: Note[]
  subject: { reference: string }
}

/** What identifies the generated patient, apart from the resource: what a search for leaks looks for. */
export type Identifiers = {
  given: string
  family: string
  mrn: string
  ssn: string
  phone: string
  email: string
  birthDate: string
  line: string
}

/** `count` records; record `n` of a seed is the same whatever the count. */
export function records(seed: number, count: number): PatientRecord[] {
  return Array.from({ length: count }, (_, at) => record(seed, at))
}

function record(seed: number, at: number): PatientRecord {
  const random = seeded(Math.imul(seed, 7919) + at)
  const id = patientId(at)
  const gender = random.pick(['female', 'male'] as const)
  const home = random.pick(cities)
  const given = random.pick(givenNames[gender])
  const family = random.pick(familyNames)
  const person: Identifiers = {
    given,
    family,
    mrn: `MRN-${String(4_000_000 + random.between(0, 999_999)).padStart(7, '0')}`,
    // Numbers from 900 on are never given out by the Social Security Administration; 555-01xx is reserved for fiction.
    ssn: `9${digits(random, 2)}-${random.between(10, 99)}-${digits(random, 4)}`,
    phone: `(${home.area}) 555-01${digits(random, 2)}`,
    email: `${given}.${family}@example.org`.toLowerCase(),
    birthDate: day(random, 1941, 2006),
    line: `${random.between(1, 980)} ${random.pick(streets)}`,
  }
  const subject = { reference: `Patient/${id}`, display: `${given} ${family}` }
  const [main, other] = [random.pick(diagnoses), random.pick(diagnoses)]
  const found = main === other ? [main] : [main, other]
  const visits = Array.from({ length: 2 }, (_, n) => ({
    id: `${id}-visit-${n + 1}`,
    on: day(random, 2024, 2025),
  }))

  return {
    patient: patientOf(id, gender, person, home),
    conditions: found.map((diagnosis, n) => ({
      resourceType: 'Condition',
      id: `${id}-condition-${n + 1}`,
      clinicalStatus: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
      },
      code: {
        coding: [
          { system: 'http://snomed.info/sct', code: diagnosis.snomed, display: diagnosis.text },
          { system: 'http://hl7.org/fhir/sid/icd-10-cm', code: diagnosis.icd, display: diagnosis.text },
        ],
        text: diagnosis.text,
      },
      subject,
      onsetDateTime: day(random, 2012, 2024),
      recorder: { display: random.pick(clinicians) },
      note: [{ text: `${given} reports ${diagnosis.complaint}.` }],
    })),
    medications: found.map(({ drug }, n) => ({
      resourceType: 'MedicationRequest',
      id: `${id}-medication-${n + 1}`,
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: {
        coding: [
          { system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: drug.rxnorm, display: drug.text },
        ],
        text: drug.text,
      },
      subject,
      authoredOn: day(random, 2024, 2025),
      requester: { display: random.pick(clinicians) },
      dosageInstruction: [{ text: drug.dose }],
    })),
    observations: measurements.map((measured, n) => ({
      resourceType: 'Observation',
      id: `${id}-observation-${n + 1}`,
      status: 'final',
      code: {
        coding: [{ system: 'http://loinc.org', code: measured.loinc, display: measured.text }],
        text: measured.text,
      },
      subject,
      effectiveDateTime: day(random, 2024, 2025),
      valueQuantity: {
        value: random.between(measured.low, measured.high),
        unit: measured.unit,
        system: 'http://unitsofmeasure.org',
      },
    })),
    encounters: visits.map(({ id, on }) => ({
      resourceType: 'Encounter',
      id,
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject,
      period: { start: `${on}T09:00:00Z`, end: `${on}T09:30:00Z` },
    })),
    notes: visits.map(({ id, on }, n) => ({
      id: `${id}-note`,
      date: on,
      title: n === 0 ? 'History and physical note' : 'Progress note',
      author: random.pick(clinicians),
      text: noteText(n, on, person, found[n % found.length] as (typeof diagnoses)[number]),
    })),
    subject: { reference: subject.reference },
  }
}

/** Identifier of the patient at a place of the list: `patient-0001` is the first. */
export const patientId = (at: number): string => `patient-${String(at + 1).padStart(4, '0')}`

/** An identifier of a patient, its type a code of HL7 v2 table 0203. */
const typed = (code: string, system: string, value: string) => ({
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code }] },
  system,
  value,
})

function patientOf(id: string, gender: string, person: Identifiers, home: (typeof cities)[number]): Resource {
  return {
    resourceType: 'Patient',
    id,
    identifier: [
      typed('MR', 'https://clinic.example.org/mrn', person.mrn),
      typed('SS', 'http://hl7.org/fhir/sid/us-ssn', person.ssn),
    ],
    name: [{ use: 'official', family: person.family, given: [person.given] }],
    telecom: [
      { system: 'phone', value: person.phone, use: 'home' },
      { system: 'email', value: person.email },
    ],
    gender,
    birthDate: person.birthDate,
    address: [
      { line: [person.line], city: home.city, state: home.state, postalCode: home.postalCode, country: 'US' },
    ],
  }
}

function noteText(
  n: number,
  on: string,
  person: Identifiers,
  { text, complaint }: (typeof diagnoses)[number],
): string {
  const { given, family, mrn, ssn, phone, email, birthDate } = person
  const [year, month, date] = on.split('-')
  return n === 0
    ? `${given} ${family} (${mrn}, born ${birthDate}) was seen on ${on} with ${complaint}. Assessment: ${text}. ` +
        `SSN ${ssn} on file. Call ${phone} with results, or write to ${email}.`
    : `Follow-up of ${month}/${date}/${year}: Mx. ${family} is better. Plan for ${text} unchanged; ${given} will phone from ${phone}.`
}

const digits = (random: Random, length: number): string =>
  String(random.between(0, 10 ** length - 1)).padStart(length, '0')

const two = (value: number): string => String(value).padStart(2, '0')

/** A day between the years, ISO 8601. Days stop at 28, so that every month has them. */
function day(random: Random, from: number, to: number): string {
  return `${random.between(from, to)}-${two(random.between(1, 12))}-${two(random.between(1, 28))}`
}

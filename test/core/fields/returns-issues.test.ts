// What a person is told to mend in what results may show.

import { expect } from 'vitest'
import { fieldTree } from '../../../core/fields/compile.ts'
import { returnsIssues } from '../../../core/fields/returns-issues.ts'
import { missingField } from '../../../core/fields/schema-fields.ts'
import { parsePolicy } from '../../../core/parse-policy.ts'
import { policyText, type Returns } from '../../../core/policy.ts'
import { aPolicy, aRole, aTool } from '../../support/policy.ts'
import { verifies } from '../../verifies.ts'

const usual: Returns = { fields: ['/code'], patients: [], text: 'Redact', media: 'Drop' }
const issuesOf = (returns: Partial<Returns>): string[] =>
  returnsIssues(
    aPolicy({
      roles: [aRole(), aRole({ name: 'billing', purposes: ['HPAYMT'] })],
      tools: [aTool({ returns: { ...usual, ...returns } })],
    }),
  ).map((issue) => issue.replace('Tool get_diagnosis: returns.', ''))

const entry = { roles: ['clinician'], purposes: ['TREAT'], fields: ['/a'], text: 'Redact' as const }
const entries: [when: string, entries: Returns['for'] & object, issues: string[]][] = [
  ['for a role and a purpose of the policy', [entry], []],
  ['for an emergency, whose purposes are no role’s', [{ ...entry, purposes: ['BTG', 'ETREAT'] }], []],
  [
    'for a role that there is not',
    [{ ...entry, roles: ['clinicain'] }],
    ['for[0].roles: no role is named clinicain: write a name out of spec.roles'],
  ],
  [
    'for a purpose that no role has',
    [{ ...entry, purposes: ['HRESCH'] }],
    ['for[0].purposes: no role has HRESCH: write a purpose of a role, or give it to one'],
  ],
  [
    'that others before it decide',
    [entry, { ...entry, roles: ['billing'] }, { ...entry, roles: ['clinician', 'billing'] }],
    ['for[2]: entries above it decide for all its roles and purposes: put it first, or take it away'],
  ],
  [
    'with a field that names nothing',
    [{ ...entry, fields: ['Patient.nme'] }],
    ['for[0].fields: Patient.nme: Patient has no element nme: did you mean name?'],
  ],
]
for (const [when, others, issues] of entries)
  verifies('minimum:by-role', `an entry ${when} is ${issues.length === 0 ? 'accepted' : 'reported'}`, () => {
    expect(issuesOf({ for: others })).toEqual(issues)
  })

verifies('minimum:result-part', 'a part is a plain pointer', () => {
  expect(issuesOf({ at: '/record/conditions' })).toEqual([])
  expect(issuesOf({ at: '/record/*' })).toEqual([
    'at: there is one part, so no *: name the member, or the place in a list',
  ])
  expect(issuesOf({ at: 'record' })).toEqual([
    'at: record is no JSON Pointer: write for example /record/conditions',
  ])
})

const object = (properties: object, required: string[]) =>
  ({ type: 'object', properties, required }) as NonNullable<Returns['schema']>
const patient = (required: string[]) =>
  object({ resourceType: { const: 'Patient' }, contained: { type: 'array' } }, required)
const schemas: [
  when: string,
  fields: string[],
  schema: NonNullable<Returns['schema']>,
  issue: string | undefined,
][] = [
  ['that requires what is kept', ['/a/b'], object({ a: object({ b: {} }, ['b']) }, ['a']), undefined],
  [
    'that requires a member below a kept one',
    ['/a'],
    object({ a: object({ b: {} }, ['b']) }, ['a']),
    undefined,
  ],
  ['that requires nothing', [], object({ a: {} }, []), undefined],
  ['that requires what is not kept', ['/a/b'], object({ a: object({ c: {} }, ['c']) }, ['a']), '/a/c'],
  [
    'that requires it of every item',
    ['/all/*/code'],
    object({ all: { type: 'array', items: object({}, ['code', 'onset']) } }, ['all']),
    '/all/0/onset',
  ],
  ['of a resource that is kept so', ['Patient.name'], patient(['resourceType', 'name']), undefined],
  ['of a resource that is not', ['Patient.name'], patient(['resourceType', 'gender', 'name']), '/gender'],
  ['of a resource in which others may stand', ['Patient.name'], patient(['contained']), undefined],
  [
    'that says it by reference',
    ['/a/b'],
    { ...object({ a: { $ref: '#/$defs/a' } }, ['a']), $defs: { a: object({ c: {} }, ['c']) } },
    '/a/c',
  ],
  [
    'that says it by reference of every item',
    ['/all/*/code'],
    {
      ...object({ all: { type: 'array', items: { $ref: '#/$defs/one' } } }, ['all']),
      $defs: { one: object({}, ['code', 'onset']) },
    },
    '/all/0/onset',
  ],
  [
    'that says it in parts',
    ['/a/b'],
    object({ a: { type: 'object', allOf: [object({ b: {} }, ['b']), object({ c: {} }, ['c'])] } }, ['a']),
    '/a/c',
  ],
  [
    'that refers to itself',
    ['/a/a'],
    {
      ...object({ a: { $ref: '#/$defs/a' } }, ['a']),
      $defs: { a: object({ a: { $ref: '#/$defs/a' } }, []) },
    },
    undefined,
  ],
  ['of whatever resource', ['Patient.name'], object({}, ['gender']), undefined],
]
for (const [when, fields, schema, place] of schemas)
  verifies(
    'minimum:output-schema',
    `a schema ${when} is ${place === undefined ? 'accepted' : 'reported'}`,
    () => {
      expect(issuesOf({ fields, schema })).toEqual(
        place === undefined
          ? []
          : [`schema requires ${place}, which fields never keep: name it there, or do not require it`],
      )
    },
  )

verifies('minimum:output-schema', 'a schema that requires twice as much at each step takes no longer', () => {
  const steps = Array.from({ length: 60 }, (_, at) => {
    const next = { $ref: `#/$defs/s${at + 1}` }
    return [`s${at}`, object({ a: next, b: next }, ['a', 'b'])]
  })
  const schema = {
    ...object({ a: { $ref: '#/$defs/s0' } }, ['a']),
    $defs: { ...Object.fromEntries(steps), s60: object({}, ['c']) },
  }
  const from = performance.now()

  expect(missingField(schema, fieldTree([`${'/*'.repeat(62)}/x`]))).toBeUndefined()
  expect(performance.now() - from).toBeLessThan(2_000)
})

verifies('minimum:output-schema', 'a schema must be kept by the fields of every role and purpose', () => {
  expect(issuesOf({ schema: object({}, ['code']), for: [entry] })).toEqual([
    'schema requires /code, which for[0].fields never keep: name it there, or do not require it',
  ])
})

verifies('minimum:output-schema', 'a schema that does not compile, or is of no object, is reported', () => {
  expect(issuesOf({ schema: { type: 'object', properties: { a: { colour: 1 } } } })).toEqual([
    expect.stringContaining('schema: strict mode: unknown keyword: "colour"'),
  ])
  expect(issuesOf({ schema: { type: 'array' } })).toEqual([
    'schema must have type object: MCP knows no other structured result',
  ])
})

verifies('minimum:output-schema', 'a resource has none', () => {
  const resource = {
    name: 'labs',
    uri: 'ehr://labs',
    description: '',
    subscribe: false,
    limits: aTool().limits,
  }
  const returns = { ...usual, schema: object({}, []) }

  expect(returnsIssues(aPolicy({ resources: [{ ...resource, returns }] }))).toEqual([
    'Resource labs: returns.schema is for tools alone: MCP has none for this',
  ])
})

verifies('minimum:by-role', 'a sidecar takes every member of it, and none that it does not know', () => {
  const read = (returns: object) =>
    parsePolicy(policyText(aPolicy({ tools: [aTool({ returns: { ...usual, ...returns } })] })))
  const whole = { for: [entry], at: '/a', schema: object({}, []) }

  expect(read(whole)?.tools[0]?.returns).toEqual({ ...usual, ...whole })
  for (const wrong of [
    { for: [{ ...entry, media: 'Keep' }] },
    { for: [{ ...entry, text: undefined }] },
    { for: [{ ...entry, fields: ['name'] }] },
    { at: 'a' },
    { schema: 'Patient' },
  ])
    expect(read(wrong)).toBeUndefined()
})

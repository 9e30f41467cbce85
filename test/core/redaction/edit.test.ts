// A document that is cut where it lies is the one that is built anew, whatever it holds.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { scan } from '../../../core/json-scan.ts'
import { patternTree } from '../../../core/pointer.ts'
import type { Returns } from '../../../core/policy.ts'
import { edit } from '../../../core/redaction/edit.ts'
import { lookOver } from '../../../core/redaction/edit-survey.ts'
import { type Projection, project } from '../../../core/redaction/project.ts'
import { returnRules } from '../../../core/redaction/rules.ts'
import { look, type Survey, survey } from '../../../core/redaction/survey.ts'
import { forgetTerms } from '../../../core/redaction/terms.ts'
import type { TextRules } from '../../../core/redaction/text.ts'
import { records } from '../../sample/fhir.ts'
import { dataFolder } from '../../support/data-folder.ts'
import { verifies } from '../../verifies.ts'

type Left = { readonly shown: Json; readonly by: Projection }

const projection = (known: Survey, rules: TextRules): Projection => ({
  known,
  rules,
  tally: { redacted: {}, dropped: {} },
  kept: {},
  memberNames: new Map(),
})

function builtAnew(text: string, { fields, patients }: Rules, rules: TextRules): Left {
  const document = JSON.parse(text) as Json
  const known = survey()
  look(document, patients, known)
  const by = projection(known, rules)
  return { shown: JSON.parse(JSON.stringify(project(document, fields, by))) as Json, by }
}

type Rules = Pick<ReturnType<typeof returnRules>, 'fields' | 'patients'>

/** Undefined where the document is left to JSON.parse. */
function cut(
  text: string,
  { fields, patients }: Rules,
  rules: TextRules,
): (Left & { text: string }) | undefined {
  // Not at the beginning of its bytes, as an answer's result is not.
  const before = '{"result":'
  const bytes = Buffer.from(`${before}${text}}`)
  const tape = scan(bytes, before.length, bytes.length - 1)
  if (tape === undefined) return undefined
  const known = survey()
  lookOver(tape, 0, patients, known)
  const by = projection(known, rules)
  const left = edit(tape, 0, fields, by)
  return { shown: JSON.parse(left) as Json, by, text: left }
}

const account = ({ kept, tally, known }: Projection) => ({
  kept,
  ...tally,
  patients: [...known.patients].toSorted(),
  old: known.old > 0,
  births: [...known.births].toSorted(),
  instead: [...known.instead].map((one) => one.join()).toSorted(),
  starts: [...known.starts].toSorted(),
  names: [...known.names].toSorted(),
  ids: [...known.ids].toSorted(),
  same: [...new Set(known.same.map((one) => one.join()))].toSorted(),
})

function expectSame(text: string, rules: Rules, textRules: TextRules): void {
  const one = cut(text, rules, textRules)
  const other = builtAnew(text, rules, textRules)
  if (one === undefined) throw new Error('The document was not read where it lies')

  expect(one.shown).toEqual(other.shown)
  expect(JSON.stringify(one.shown)).toBe(JSON.stringify(other.shown))
  expect(account(one.by)).toEqual(account(other.by))
}

const words = fc.constantFrom(
  'Flügel',
  'Anna',
  'anna fluegel',
  'all is well',
  'MRN-123456',
  'Patient/p-77',
  'see Patient/p-78 today',
  '2020-01-02',
  '2020-01-02T03:04:05Z',
  'seen on 2/3/2020',
  'a "quoted" word',
  'back\\slash',
  'Ж',
  '😀 ok',
  'call 208-555-0162',
  'urn:uuid:p-79',
  'active',
  '',
  'E11.9',
  '/ and \n line',
  'http://loinc.org',
  '83099',
  '83099-1234',
  '83701',
  '1921',
  '1931-02-03',
  '95 years',
  '123456',
  // A FHIR resource, JSON and text inside of base64, with line ends and without.
  ...[
    '{"resourceType":"Patient","name":[{"family":"Zimmer"}],"id":"p-80"}',
    '{"subject":{"reference":"Patient/p-81"}}',
    'seen by Anna on 2020-01-02, Patient/p-82',
  ].flatMap((text) => {
    const one = Buffer.from(text).toString('base64')
    return [one, `${one.slice(0, 20)}\r\n${one.slice(20)}`, `${one} `]
  }),
)
const scalars: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: words },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }).filter((one) => one.isWellFormed()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Json>(
      0,
      12,
      -3.5,
      123456,
      true,
      false,
      null,
      4_247_813,
      83_099,
      92,
      1921,
      1200,
      1_140,
    ),
  },
)
const memberNames = fc.constantFrom(
  'a',
  'b',
  'c',
  'code',
  'name',
  'family',
  'given',
  'text',
  'display',
  'reference',
  'subject',
  'patient',
  'mrn',
  'phone',
  'firstName',
  'patient_id',
  'ssn',
  'dob',
  'Anna',
  'Flügel',
  'identifier',
  'value',
  'id',
  'address',
  'line',
  'city',
  'telecom',
  'contact',
  'valueAddress',
  'postalCode',
  'age',
  'age_months',
  'zip',
  'birthDate',
  'yearOfBirth',
  '__proto__',
  'p-77',
  '2020-01-02',
)
const types = fc.constantFrom('Patient', 'Practitioner', 'Condition', 'RelatedPerson', 'Bundle', 'Nothing')

/** An object of these members, in their order; `__proto__` is one like any other. */
const object = (members: readonly (readonly [string, Json])[]): Json => {
  const made: { [member: string]: Json } = {}
  for (const [name, value] of members)
    Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true })
  return made
}

const { document } = fc.letrec<{ document: Json; members: [string, Json][] }>((tie) => ({
  members: fc.uniqueArray(fc.tuple(memberNames, tie('document')), {
    selector: ([name]) => name,
    maxLength: 5,
  }),
  document: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    { weight: 2, arbitrary: scalars },
    { weight: 3, arbitrary: tie('members').map(object) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(types, tie('members'), fc.boolean())
        .map(([type, members, last]) =>
          object(last ? [...members, ['resourceType', type]] : [['resourceType', type], ...members]),
        ),
    },
    { weight: 2, arbitrary: fc.array(tie('document'), { maxLength: 4 }) },
  ),
}))
const segment = fc.oneof(
  memberNames.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1')),
  fc.constantFrom('*', '*', '*', '0', '1', 'resourceType'),
)
const pointers = fc.array(
  fc.array(segment, { maxLength: 4 }).map((segments) => segments.map((one) => `/${one}`).join('')),
  { maxLength: 4 },
)
const paths = fc.subarray(
  [
    'Patient.name',
    'Patient.address.city',
    'Condition.code',
    'HumanName.family',
    'Bundle.entry',
    'Extension.value',
  ],
  { maxLength: 3 },
)
const textRules: fc.Arbitrary<TextRules> = fc.record(
  {
    dates: fc.constantFrom('Year', 'Drop', 'Shift'),
    text: fc.constantFrom('Redact', 'Redact', 'Drop', 'Keep'),
    bornFrom: fc.constant(1937),
    shift: fc.constantFrom(-20, 7),
  },
  { requiredKeys: ['dates', 'text'] },
)

/** Ways in which servers write the same document. */
const writers: readonly ((value: Json) => string)[] = [
  (value) => JSON.stringify(value),
  (value) => ` ${JSON.stringify(value, null, 2)}\n`,
  (value) => JSON.stringify(value, null, '\t').replaceAll('\n', '\r\n'),
  (value) => JSON.stringify(value).replaceAll('/', String.raw`\/`),
  // Of values alone: a name with an escape is left to JSON.parse.
  (value) =>
    JSON.stringify(value).replaceAll(/"(?:[^"\\]|\\.)*"(?!:)/g, (text) =>
      text.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ),
]

const rulesFor = (fields: string[], patients: string[]): Rules => {
  const returns: Returns = { fields, patients: [], text: 'Redact', media: 'Drop' }
  return { fields: returnRules(returns).fields, patients: patternTree(patients) }
}

verifies(
  'minimum:fields',
  'whatever the document, the fields and how its server wrote it: what is cut out of its bytes is what is built anew',
  () => {
    let cutOnes = 0
    fc.assert(
      fc.property(
        document,
        pointers,
        paths,
        pointers,
        textRules,
        fc.constantFrom(...writers),
        (value, pointed, elements, patients, rules, write) => {
          const text = write(value)
          if (cut(text, rulesFor([], []), rules) === undefined) return
          cutOnes += 1
          expectSame(text, rulesFor([...pointed, ...elements], patients), rules)
        },
      ),
      { numRuns: 1_000 },
    )
    expect(cutOnes).toBeGreaterThan(800)
  },
)

type Asked = { readonly value: Json; readonly pointed: string[]; readonly rules: TextRules }

/** What leaves, and what is counted. */
function left({ value, pointed, rules }: Asked) {
  const made = cut(JSON.stringify(value), rulesFor(pointed, []), rules)
  return made === undefined ? undefined : { text: made.text, ...account(made.by) }
}

test('whatever was cut before, a document is cut as if it were the first', () => {
  const one = fc.record({
    value: document,
    pointed: fc.oneof(fc.constant<string[]>(['']), pointers),
    rules: textRules,
  })
  fc.assert(
    fc.property(fc.array(one, { maxLength: 6 }), one, (before, last) => {
      forgetTerms()
      const cold = left(last)
      forgetTerms()
      // All of its texts and names in a document about nobody, under rules that let most stay: all are learnt.
      left({
        value: [last.value, spread(last.value)],
        pointed: [''],
        rules: { dates: 'Year', text: 'Redact' },
      })
      for (const other of before) left(other)
      expect(left(last)).toEqual(cold)
    }),
    { numRuns: 400 },
  )
})

/** Every text and every name of a document, in a list: there they say nothing of anybody. */
function spread(value: Json): Json[] {
  if (typeof value !== 'object' || value === null) return [value]
  const names = Array.isArray(value) ? [] : Object.keys(value)
  return [...names, ...Object.values(value).flatMap((inner) => spread(inner as Json))]
}

const birthsBefore: { what: string; document: Json }[] = [
  { what: 'a birth', document: { patient: { birthDate: '1921', note: 'x' } } },
  { what: 'a FHIR birth', document: { resourceType: 'Patient', birthDate: '1921' } },
  { what: 'a birth by another name', document: { yearOfBirth: '1921', at: '1921' } },
]
for (const { what, document } of birthsBefore)
  verifies('minimum:text', `a year that was kept once does not keep the year of ${what} over 89`, () => {
    const rules: TextRules = { dates: 'Year', text: 'Redact', bornFrom: 1937 }
    cut('{"visits":[{"year":"1921"}]}', rulesFor([''], []), rules)

    expect(cut(JSON.stringify(document), rulesFor([''], []), rules)?.text).not.toContain('1921')
  })

test('whole synthetic records are cut as they are built anew', () => {
  for (const record of records(7, 20)) {
    const text = JSON.stringify(record)
    for (const fields of [[''], ['/conditions'], ['/notes/*/text', '/patient'], ['/conditions/*/code'], []])
      expectSame(text, rulesFor(fields, ['/subject/reference']), { dates: 'Year', text: 'Redact' })
  }
})

test.runIf(dataFolder !== undefined)('FHIR resources of others are cut as they are built anew', () => {
  const found = ['us-core', 'synthea'].flatMap((one) => {
    const inner = join(dataFolder as string, 'fhir', one)
    return readdirSync(inner)
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFileSync(join(inner, name), 'utf8'))
  })
  expect(found.length).toBeGreaterThan(50)
  for (const text of found)
    for (const fields of [
      [''],
      ['/name', '/entry/*/resource/code'],
      ['Condition.code', 'Patient.name', 'Extension.value'],
    ])
      expectSame(text, rulesFor(fields, []), { dates: 'Year', text: 'Redact' })
})

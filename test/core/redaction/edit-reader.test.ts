// What the reader remembers from document to document, and what it does not take: none of it changes what leaves.

import { expect, test } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { scan } from '../../../core/json-scan.ts'
import { edit } from '../../../core/redaction/edit.ts'
import { lookOver } from '../../../core/redaction/edit-survey.ts'
import { project, projection } from '../../../core/redaction/project.ts'
import { returnRules } from '../../../core/redaction/rules.ts'
import { look, survey } from '../../../core/redaction/survey.ts'
import { verifies } from '../../verifies.ts'

const rules = { dates: 'Year', text: 'Redact', bornFrom: 1937 } as const

/** What leaves of a document under these fields, and what is counted: cut where it lies, and built anew. */
function both(text: string, fields: string[]) {
  const { fields: tree, patients } = returnRules({ fields, patients: [], text: 'Redact', media: 'Drop' })
  const tape = scan(Buffer.from(text))
  if (tape === undefined) throw new Error('The document was not read where it lies')
  const [ours, theirs] = [survey(), survey()]
  lookOver(tape, 0, patients, ours)
  look(JSON.parse(text), patients, theirs)
  const [cutting, building] = [projection(ours, rules), projection(theirs, rules)]
  const cut = JSON.parse(edit(tape, 0, tree, cutting)) as Json
  const built = project(JSON.parse(text) as Json, tree, building)
  const told = ({ tally, kept, known }: typeof cutting) => ({
    tally,
    kept,
    patients: [...known.patients].toSorted(),
    names: [...known.names].toSorted(),
    ids: [...known.ids].toSorted(),
    starts: [...known.starts].toSorted(),
  })
  return {
    ours: { left: cut, ...told(cutting) },
    theirs: { left: JSON.parse(JSON.stringify(built)) as Json, ...told(building) },
  }
}

function expectSame(document: Json, fields: string[]): Json {
  const { ours, theirs } = both(JSON.stringify(document), fields)
  expect(ours).toEqual(theirs)
  return ours.left
}

/** A map whose names are data: each leads on its own way. */
const mapOf = (count: number, from: number): Json =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `v${from + at}`,
      { a: { b: { c: { d: at }, e: 'active' }, f: '2020-01-02' }, g: [at] },
    ]),
  )

verifies('minimum:fields', 'more ways through documents than are remembered', () => {
  for (let round = 0; round < 4; round += 1)
    expectSame({ map: mapOf(800, round * 800), name: 'active' }, ['/map', '/name'])
})

test('one document has more ways than are remembered', () => {
  const names = Array.from({ length: 150 }, (_, at) => `w${at}`)
  const inner = Object.fromEntries(names.map((name) => [name, 'active']))

  expectSame(Object.fromEntries(names.map((name) => [name, inner])), [''])
})

test('a document that needs more memory than is kept is cut like any other, and those after it', () => {
  const patient = { resourceType: 'Patient', id: 'p-90', name: [{ family: 'Zimmer' }] }
  const many = Array.from({ length: 9_000 }, (_, at) => ({
    code: { text: 'Asthma', coding: [{ system: 'http://snomed.info/sct', code: String(at) }] },
    note: at % 1_000 === 0 ? 'seen by Zimmer' : 'well',
  }))
  const left = expectSame({ patient, many }, ['/many'])

  expect(JSON.stringify(left)).not.toContain('Zimmer')
  expectSame({ patient, note: 'Zimmer was here', at: '2020-01-02' }, ['/note', '/at'])
})

test.each([
  [{ patient: { birthDate: '1921-02-03' }, onset: '1921-02-03' }, '1921'],
  [{ patient: { name: 'Asthma Smith' }, code: 'Asthma' }, 'Asthma'],
  [{ patient: { mrn: 'Asthma-7' }, code: 'Asthma-7' }, 'Asthma'],
  [{ patient: { name: 'Onset Smith' }, Onset: 'active' }, 'Onset'],
  [{ patient: { mrn: '----' }, code: '----' }, '----'],
])('what is known to be clean is judged anew where a result says it of somebody: %j', (document, hidden) => {
  // All of it, of nobody: each text, day and name is learnt.
  const known = JSON.parse(JSON.stringify(document), (_, value: Json) =>
    value !== null && typeof value === 'object' && !Array.isArray(value) && 'patient' in value
      ? { other: Object.values(value), ...value, patient: undefined }
      : value,
  ) as Json
  for (let round = 0; round < 3; round += 1) expectSame(known, [''])
  for (let round = 0; round < 3; round += 1)
    expect(JSON.stringify(expectSame(document, ['/onset', '/code', '/Onset']))).not.toContain(hidden)
})

verifies(
  'minimum:text',
  'the same object tells of nobody in a practitioner, and of a patient elsewhere',
  () => {
    const named = { family: 'Zimmer', given: ['Ada'] }
    const left = expectSame(
      {
        one: { resourceType: 'Practitioner', x: named },
        other: { resourceType: 'Condition', x: named },
        note: 'Zimmer was here',
      },
      ['/note'],
    )

    expect(left).toEqual({ note: '[NAME] was here' })
  },
)

test('an encoding is looked into where the alphabet is that for URLs, and where nothing pads it', () => {
  for (const id of ['p-91', 'p-912', 'p-9123?>']) {
    const inner = Buffer.from(`{"resourceType":"Patient","id":"${id}","name":[{"family":"Quandt>?~"}]}`)
    for (const text of [inner.toString('base64url'), inner.toString('base64').replace(/=+$/, '')])
      expect(JSON.stringify(expectSame({ a: text, note: 'Quandt was here' }, ['/note']))).not.toContain(
        'Quandt',
      )
  }
})

test('an encoding is looked into, whatever kind of space ends it', () => {
  const inner = Buffer.from('{"resourceType":"Patient","id":"p-91","name":[{"family":"Quandt"}]}').toString(
    'base64',
  )
  for (const end of ['', ' ', '  ', '\u00a0', '\u3000 '])
    expectSame({ a: `${inner}${end}`, note: 'Quandt, p-91' }, ['/note'])
})

verifies('minimum:text', 'who is told of in a list is told of item by item', () => {
  const list = [{ display: 'Liv Wurst' }, { reference: 7, display: 'Suma Ito' }, { name: 'Mobu Bahn' }]
  for (const member of ['subject', 'patient', 'beneficiary']) {
    const note = 'Wurst, Ito and Bahn'
    const left = expectSame({ [member]: list, deep: [[{ [member]: [list] }]], note }, ['/note'])
    expect(JSON.stringify(left)).not.toMatch(/Wurst|Ito/)
  }
})

const patientNamed = (id: string): string =>
  JSON.stringify({
    patient: { resourceType: 'Patient', id, name: [{ family: `Zim${id}` }] },
    note: `Zim${id}`,
  })

test('a tape stays what it was when another document is read', () => {
  const one = scan(Buffer.from(patientNamed('a-1')))
  const before = [...(one?.entries ?? [])]
  scan(Buffer.from('{"other":["document"]}'))

  expect(before).not.toEqual([])
  expect([...(one?.entries ?? [])]).toEqual(before)
})

test('a document is read again where another one has stood in its place since', () => {
  const [one, other] = ['a-1', 'b-2'].map((id) => scan(Buffer.from(patientNamed(id))))
  if (one === undefined || other === undefined) throw new Error('The documents were not read where they lie')
  const { fields, patients } = returnRules({
    fields: ['/note'],
    patients: [],
    text: 'Redact',
    media: 'Drop',
  })
  const known = survey()
  for (const tape of [one, other, one]) lookOver(tape, 0, patients, known)

  expect([...known.patients]).toEqual(['a-1', 'b-2'])
  for (const tape of [other, one, other])
    expect(edit(tape, 0, fields, projection(known, rules))).toMatch(/^\{"note":"\[NAME\](?:-\d)?"\}$/)
})

test('what stands twice is found, whatever numbers its names have', () => {
  const names = Array.from({ length: 200 }, (_, at) => `n${at}`)
  const text = (more: string): string => `{${names.map((name) => `"${name}":{"n0":1}`).join(',')}${more}}`

  expect(scan(Buffer.from(text('')))).toBeDefined()
  for (const name of ['n0', 'n63', 'n64', 'n199'])
    expect(scan(Buffer.from(text(`,"${name}":1`)))).toBeUndefined()
})

// What stands in base64 is looked into, wherever it stands and whatever it is called.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { fieldTree } from '../../../core/fields/compile.ts'
import { contentsOf, redactContents } from '../../../core/redaction/content.ts'
import { decoded, textOf } from '../../../core/redaction/encoded.ts'
import { blocks, projected, surveyed } from '../../support/redaction.ts'
import { verifies } from '../../verifies.ts'

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64')
const plain = (text: unknown): string => Buffer.from(text as string, 'base64').toString('utf8')

const patient = { resourceType: 'Patient', id: 'pat-77', name: [{ family: 'Fluegel' }], gender: 'female' }
const note = 'Ms Fluegel called from 555-123-4567'
const attached = (
  data: string,
): { resourceType: string; content: { attachment: { [member: string]: string } }[] } => ({
  resourceType: 'DocumentReference',
  content: [{ attachment: { contentType: 'text/plain', data } }],
})
const dataOf = (shown: Json): unknown =>
  (shown as ReturnType<typeof attached>).content?.[0]?.attachment['data']

verifies('minimum:encoded', 'a note in an attachment is redacted and encoded anew', () => {
  const { shown } = projected([patient, attached(base64(note))], ['/1'])

  expect(plain(dataOf((shown as Json[])[0] as Json))).toMatch(/\[NAME\] called from \[PHONE\]$/)
})

verifies('minimum:encoded', 'a note that names nobody is as it came', () => {
  const data = base64('Take two tablets a day')

  expect(dataOf(projected(attached(data), ['DocumentReference.content']).shown)).toBe(data)
})

verifies(
  'minimum:encoded',
  'an identifier that stands in the encoding alone is found in all other texts',
  () => {
    const document = { a: base64(JSON.stringify(patient)), b: 'Seen by Fluegel' }

    expect(projected(document, ['/b']).shown).toEqual({ b: 'Seen by [NAME]' })
    expect([...surveyed(document).patients]).toEqual(['pat-77'])
    expect([...surveyed({ a: base64('see Patient/p-9 there') }).patients]).toEqual(['p-9'])
  },
)

verifies('minimum:encoded', 'resources in it are cut by the paths of their types', () => {
  const document = {
    resourceType: 'Binary',
    contentType: 'application/fhir+json',
    data: base64(JSON.stringify(patient)),
  }
  const { shown } = projected(document, ['Binary.data', 'Patient.gender'], { text: 'Keep' })

  expect(JSON.parse(plain((shown as { data: string }).data))).toEqual({
    resourceType: 'Patient',
    gender: 'female',
  })
})

verifies('minimum:encoded', 'resources in it that no path names go with it', () => {
  const document = {
    resourceType: 'Binary',
    contentType: 'application/fhir+json',
    data: base64(JSON.stringify(patient)),
  }

  expect(projected(document, ['Binary']).shown).toEqual({
    resourceType: 'Binary',
    contentType: 'application/fhir+json',
  })
})

verifies('minimum:encoded', 'a pointer that keeps it keeps the JSON inside, redacted', () => {
  const { shown } = projected({ file: base64(JSON.stringify(patient)) }, ['/file'])

  expect(JSON.parse(plain((shown as { file: string }).file))).toEqual({
    ...patient,
    id: '[ID]',
    name: [{ family: '[NAME]' }],
  })
})

const dropped: [when: string, value: string, rule: string][] = [
  ['JSON that is broken', base64('{"name":"Fluegel"'), 'content-like-json'],
  [
    'bytes in lines',
    (
      Buffer.alloc(300, 0xfa)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\r\n'),
    'encoded',
  ],
  ['bytes', Buffer.alloc(300, 0xfa).toString('base64'), 'encoded'],
  ['an address that holds its content', `data:text/plain;base64,${base64('Fluegel')}`, 'encoded'],
]
for (const [when, value, rule] of dropped)
  verifies('minimum:encoded', `${when} is dropped`, () => {
    const { shown, account } = projected({ file: value }, ['/file'])

    expect(shown).toEqual({})
    expect(account.tally.dropped).toEqual({ [rule]: 1 })
  })

verifies('minimum:encoded', 'a text that breaks its lines is looked into as well', () => {
  const data = (base64(`${note}. `.repeat(5)).match(/.{1,76}/g) ?? []).join('\n')

  expect(plain((projected({ patient, data }, ['/data']).shown as { data: string }).data)).not.toContain(
    'Fluegel',
  )
})

verifies('minimum:encoded', 'whatever is encoded, however deep: a name in it is not in what leaves', () => {
  const layer = fc.constantFrom<(inner: string) => string>(
    (inner) => base64(inner),
    (inner) => base64(JSON.stringify({ inner })),
    (inner) => base64(JSON.stringify([{ a: 'b' }, inner])),
  )
  fc.assert(
    fc.property(
      fc.array(layer, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', '/'),
      (layers, place) => {
        const data = layers.reduce((inner, encode) => encode(inner), 'Seen: Ms Fluegel, today')
        const { shown } = projected({ patient, data }, [place === '' ? '' : '/data'])
        let text = JSON.stringify(shown)
        for (let depth = 0; depth < 5; depth += 1) {
          expect(text).not.toContain('Fluegel')
          text = text.replace(/[A-Za-z0-9+/]{12,}={0,2}/g, (one) => decoded(one) ?? one)
        }
        expect(text).toMatch(/Seen: .*\[NAME\], today/)
      },
    ),
    { numRuns: 60 },
  )
})

const forms: [which: string, encode: (text: string) => string][] = [
  ['the alphabet for URLs', (text) => Buffer.from(text).toString('base64url')],
  ['that alphabet, padded', (text) => base64(text).replaceAll('+', '-').replaceAll('/', '_')],
  ['no padding', (text) => base64(text).replace(/=+$/, '')],
]
for (const [which, encode] of forms)
  verifies('minimum:encoded', `base64 in ${which} is looked into, and leaves so`, () => {
    // Of lengths that want no padding, one and two, and letters that the alphabets write differently.
    for (const end of ['', '.', '..']) {
      const came = encode(`Seen??>>~~: Ms Fluegel, today${end}`)
      const { shown } = projected({ patient, came }, ['/came'])
      const left = (shown as { came: string }).came

      expect(plain(left)).toMatch(/Seen.*\[NAME\], today/)
      // One that needs no padding does not say whether it would have some.
      const says = came.length % 4 !== 0 || came.endsWith('=')
      if (says) expect(left).toBe(encode(plain(left)))
      const alone = JSON.stringify({ resourceType: 'Patient', id: 'pat-78', note: `??>>~~${end}` })
      expect([...surveyed({ a: encode(alone) }).patients]).toEqual(['pat-78'])
      expect(blocks([{ type: 'text', text: `Result: ${came}` }], ['/x']).shown).toEqual([])
    }
  })

test('words and codes are no encoding', () => {
  for (const word of [
    'EncounterDiagnosisOfRecord',
    'urn_oid_2_16_840_1_113883_6_96-Concept',
    '7f0c1b9e-3C4d-4e0a-9b1f-0a1b2c3d4e5f',
    'MedicationRequest-2024-03-A7',
    'Diabetes',
    'Hypertension',
    'finished',
    '386661006123',
    'encounterDiagnosis12',
    'BP12/80X',
  ])
    expect(decoded(word)).toBeUndefined()
})

/** A resource's contents, as they leave under these fields. */
function contents(resource: { [member: string]: Json }, fields: string[], media: 'Drop' | 'Keep' = 'Drop') {
  const { account } = projected({}, [])
  const shower = {
    by: account,
    returns: { fields: fieldTree(fields), patients: fieldTree([]), text: 'Redact', media, whole: false },
  } as const
  return redactContents({ uri: 'ehr://labs', ...resource }, contentsOf(resource), shower)
}

const types = [
  'application/json',
  'application/fhir+json; fhirVersion=4.0',
  'text/plain',
  'text/markdown;charset=utf-8',
]
for (const mimeType of types)
  verifies('minimum:encoded', `a blob of ${mimeType} is cut like text, and leaves as a blob`, () => {
    const shown = contents({ mimeType, blob: base64(JSON.stringify(patient)) }, ['Patient.gender'])

    expect(JSON.parse(plain(shown?.['blob']))).toEqual({ resourceType: 'Patient', gender: 'female' })
    expect(shown).not.toHaveProperty('text')
  })

const others: [when: string, resource: { [member: string]: Json }][] = [
  ['of another type', { mimeType: 'application/pdf', blob: base64('{"gender":"female"}') }],
  ['of no type', { blob: base64('{"gender":"female"}') }],
  ['of XML', { mimeType: 'application/fhir+xml', blob: base64('<Patient/>') }],
  ['of XML as text', { mimeType: 'text/xml', blob: base64('<Patient/>') }],
  ['that is no UTF-8', { mimeType: 'text/plain', blob: Buffer.from([0xff, 0xfe, 0x41]).toString('base64') }],
  ['that is no base64', { mimeType: 'text/plain', blob: '{"gender":"female"}' }],
]
for (const [when, resource] of others)
  verifies(
    'minimum:encoded',
    `a blob ${when} is dropped, and stays as it is only where bytes are kept`,
    () => {
      expect(contents(resource, ['/gender'])).toBeUndefined()
      expect(contents(resource, ['/gender'], 'Keep')?.['blob']).toBe(resource['blob'])
    },
  )

const texts: [when: string, text: string, rule: string][] = [
  ['a text that is nothing but an encoding', base64('Anna Fluegel, by herself'), 'content-encoded'],
  [
    'a record in XML',
    '<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"><id value="p-1"/></Patient>',
    'content-like-xml',
  ],
  [
    'a record in XML without a prologue',
    '<ClinicalDocument xmlns="urn:hl7-org:v3"><title/></ClinicalDocument>',
    'content-like-xml',
  ],
  ['an encoding behind a space', ` ${base64('Anna Fluegel, by herself')}`, 'content-encoded'],
  ['an encoding behind a word', `Result: ${base64('Anna Fluegel, by herself')}`, 'content-encoded'],
  ['a record in XML without a name space', '<patient><hiv>positive</hiv></patient>', 'content-like-xml'],
  ['a record in XML behind a word', 'Found: <patient hiv="positive"/>', 'content-like-xml'],
  ['a record as Python writes it', "Result: {'hivStatus': 'positive'}", 'content-like-json'],
  ['a record as a string has it', 'Here: {\\"hivStatus\\": \\"positive\\"}', 'content-like-json'],
  ['a record without quotes', 'Here: {hivStatus: "positive"}', 'content-like-json'],
  ['a record in YAML', 'hivStatus: positive\ndx: asthma', 'content-like-yaml'],
  ['a record in CSV', 'id,dx,hiv\n1,asthma,positive', 'content-like-table'],
  ['a table in Markdown', '| id | dx |\n|----|----|\n| 1 | asthma |', 'content-like-table'],
  ['a record in HL7 v2', 'MSH|^~\\&|LAB\rPID|||p-1||Fluegel^Anna', 'content-like-hl7v2'],
]
for (const [when, text, rule] of texts)
  verifies('minimum:encoded', `${when} is dropped, since no field can cut it`, () => {
    const { shown, account } = blocks([{ type: 'text', text }], ['/gender', 'Patient.gender'])

    expect(shown).toEqual([])
    expect(account.tally.dropped).toEqual({ [rule]: 1 })
  })

verifies('minimum:encoded', 'bytes that are spaces, and then no bytes, take no longer than others', () => {
  const start = performance.now()

  expect(textOf(`${' '.repeat(200_000)}!`)).toBeUndefined()
  expect(textOf(`${base64('Anna')}${' '.repeat(200_000)}`)).toBe('Anna')
  expect(performance.now() - start).toBeLessThan(1000)
})

verifies('minimum:fields', 'a record that was written as JSON twice is cut by its fields', () => {
  const text = JSON.stringify(JSON.stringify({ hivStatus: 'positive', dx: 'asthma' }))

  expect(blocks([{ type: 'text', text }], ['/dx']).shown).toEqual([
    { type: 'text', text: JSON.stringify({ dx: 'asthma' }) },
  ])
})

const notes = [
  'Assessment: stable asthma\nPlan: continue, follow up in 2 weeks',
  'Allergies: none. Vitals: BP 120/80, HR 70',
  '"Take two tablets a day"',
  '<p>Take <b>two</b> tablets</p> when HR > 70 and BP < 120',
  'Take two, rest, and come again\nThen stop, rest, and call',
  'asthma: stable since 2019',
]
for (const text of notes)
  verifies('minimum:text-terms', `a note is no record: ${JSON.stringify(text)}`, () => {
    expect(blocks([{ type: 'text', text }], ['/dx']).shown).toEqual([{ type: 'text', text }])
  })

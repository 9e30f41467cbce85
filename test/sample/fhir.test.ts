import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fromBundle, identifiersOf, source } from './bundle.ts'
import { records } from './fhir.ts'

test('the same seed gives the same records, whatever the count', () => {
  expect(records(7, 2)).toEqual(records(7, 5).slice(0, 2))
  expect(records(7, 1)).not.toEqual(records(8, 1))
})

test('every generated identifier is one that nobody can have', () => {
  for (const record of records(3, 200)) {
    const { ssn, phone, email } = identifiersOf(record)

    expect(ssn).toMatch(/^9\d\d-\d\d-\d{4}$/)
    expect(phone).toMatch(/^\(\d{3}\) 555-01\d\d$/)
    expect(email).toMatch(/@example\.org$/)
  }
})

test('the notes name the patient, so that a field list alone does not make them harmless', () => {
  for (const record of records(5, 50)) {
    const { given, family, mrn, ssn, phone, email, birthDate } = identifiersOf(record)
    const text = record.notes.map((note) => note.text).join('\n')

    for (const part of [given, family, mrn, ssn, phone, email, birthDate]) expect(text).toContain(part)
  }
})

test('every resource of a record belongs to its patient', () => {
  for (const { patient, conditions, medications, observations, encounters, subject } of records(9, 20)) {
    expect(subject.reference).toBe(`Patient/${patient.id}`)
    for (const resource of [...conditions, ...medications, ...observations, ...encounters])
      expect(resource['subject']).toMatchObject(subject)
  }
})

test('a bundle gives the records of its patients, and of no other', async () => {
  const note = Buffer.from('Seen today.').toString('base64')
  const path = await bundle([
    {
      fullUrl: 'urn:uuid:a',
      resource: { resourceType: 'Patient', id: 'a', name: [{ family: 'Larkmoor', given: ['Ilse'] }] },
    },
    { fullUrl: 'urn:uuid:b', resource: { resourceType: 'Patient', id: 'b' } },
    { resource: { resourceType: 'Condition', id: 'c1', ...of('a') } },
    { resource: { resourceType: 'Condition', id: 'c2', ...of('b') } },
    {
      resource: {
        resourceType: 'DocumentReference',
        id: 'd',
        date: '2025-02-03',
        ...of('a'),
        content: [{ attachment: { contentType: 'text/plain', data: note } }],
      },
    },
  ])

  const [a, b] = await fromBundle(path)

  expect(a?.conditions.map(({ id }) => id)).toEqual(['c1'])
  expect(a?.conditions[0]?.['subject']).toEqual({ reference: 'Patient/a' })
  expect(a?.notes).toEqual([{ id: 'd', date: '2025-02-03', title: 'Note', author: '', text: 'Seen today.' }])
  expect(b?.conditions.map(({ id }) => id)).toEqual(['c2'])
  await rm(path)
})

test('a file that is no bundle, or holds no patient, is refused with what to give instead', async () => {
  const path = await bundle([])

  await expect(fromBundle(path)).rejects.toThrow('give a bundle of whole records')
  await writeFile(path, '{"resourceType":"Patient","id":"a"}')
  await expect(fromBundle(path)).rejects.toThrow('give a file whose resourceType is Bundle')
  await rm(path)
})

test('without a data folder the generator serves, and the source says so', async () => {
  const { records: made, says } = await source({ seed: 1, count: 3 })

  expect(made).toHaveLength(3)
  expect(says).toBe('3 generated FHIR R4 patients (seed 1), no bundles given')
})

const of = (id: string) => ({ subject: { reference: `urn:uuid:${id}` } })

async function bundle(entry: unknown[]): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'bundle-')), 'bundle.json')
  await writeFile(path, JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry }))
  return path
}

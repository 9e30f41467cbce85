import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { dataFolder } from '../support/data-folder.ts'
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
})

test('a file that is no bundle, or holds no patient, is refused with what to give instead', async () => {
  const path = await bundle([])

  await expect(fromBundle(path)).rejects.toThrow('give a bundle of whole records')
  await writeFile(path, '{"resourceType":"Patient","id":"a"}')
  await expect(fromBundle(path)).rejects.toThrow('give a file whose resourceType is Bundle')
  await writeFile(path, 'null')
  await expect(fromBundle(path)).rejects.toThrow('give a file whose resourceType is Bundle')
  await rm(path)
  await expect(fromBundle(path)).rejects.toThrow('cannot be read: give the path of a FHIR bundle')
})

test('a file that is not JSON is refused without a word of it', async () => {
  const path = await bundle([])
  await writeFile(path, '{"resourceType":"Bundle","entry":[{"resource":{"family":"Larkmoor"}')

  const refusal = await fromBundle(path).catch((error: unknown) => String(error))

  expect(refusal).toContain('is not JSON: give a FHIR R4 bundle in JSON')
  expect(refusal).not.toContain('Larkmoor')
})

test('a patient that nothing can refer to is refused', async () => {
  const path = await bundle([{ resource: { resourceType: 'Patient', name: [{ family: 'Larkmoor' }] } }])

  await expect(fromBundle(path)).rejects.toThrow('holds a Patient without an id')
})

test('a named bundle’s patients come first, and those of the data folder stay out', async () => {
  const path = await bundle([{ resource: { resourceType: 'Patient', id: 'named' } }])
  const data = await mkdtemp(join(tmpdir(), 'data-'))
  await mkdir(join(data, 'fhir', 'synthea'), { recursive: true })
  await copyFile(
    await bundle([{ resource: { resourceType: 'Patient', id: 'of-the-folder' } }]),
    join(data, 'fhir', 'synthea', 'a.json'),
  )

  const named = await source({ seed: 1, count: 2, data, bundle: path })
  const all = await source({ seed: 1, count: 2, data })

  expect(named.records.map(({ patient }) => patient.id)).toEqual(['named', 'patient-0001', 'patient-0002'])
  expect(named.says).toBe('2 generated FHIR R4 patients (seed 1), 1 from 1 bundle')
  expect(all.records[0]?.patient.id).toBe('of-the-folder')
  await rm(data, { recursive: true })
})

// Synthea's own, where the test data are; else the generator's, which are held to the same.
const whole = (
  await source({ seed: 1, count: dataFolder ? 0 : 3, ...(dataFolder ? { data: dataFolder } : {}) })
).records

test('a patient is whole: identifiers, diagnoses, and notes that name them', () => {
  expect(whole.length).toBeGreaterThanOrEqual(3)
  for (const record of whole) {
    const { given, family, mrn, ssn, phone, birthDate } = identifiersOf(record)

    expect([given, family, mrn, ssn, phone, birthDate]).not.toContain('')
    expect(record.conditions.length).toBeGreaterThan(0)
    expect(record.notes.map(({ text }) => text).join('\n')).toContain(given)
  }
})

const of = (id: string) => ({ subject: { reference: `urn:uuid:${id}` } })

async function bundle(entry: unknown[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-'))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'bundle.json')
  await writeFile(path, JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry }))
  return path
}

// Records of others in a result: taken out where they can be told from the rest, and the result refused where not.

import fc from 'fast-check'
import { expect } from 'vitest'
import type { Json, JsonObject } from '../../../core/canonical.ts'
import { patternTree } from '../../../core/pointer.ts'
import { withinReach } from '../../../core/redaction/aliases.ts'
import { partsWithin } from '../../../core/redaction/reach-parts.ts'
import { surveyOf, toolResult } from '../../../core/redaction/results.ts'
import { verifies } from '../../verifies.ts'

/** What is left of a document for whom p-1 alone is within reach. */
function left(document: Json, patients: string[] = [], reach = ['p-1']) {
  const places = patternTree(patients)
  const parts = toolResult.apart({ content: [], structuredContent: document })
  if (parts === undefined) throw new Error('it is a result')
  const found = partsWithin(parts, surveyOf(parts, places), { reach, places })
  return found === undefined ? 'refused' : { document: found.parts.structured, dropped: found.dropped }
}

const about = (patient: string, more: JsonObject = {}): JsonObject => ({
  resourceType: 'Observation',
  subject: { reference: `Patient/${patient}` },
  ...more,
})
const entry = (resource: JsonObject): JsonObject => ({ resource })
const bundle = (...resources: JsonObject[]): JsonObject => ({
  resourceType: 'Bundle',
  type: 'searchset',
  total: resources.length,
  entry: resources.map(entry),
})
const mine = about('p-1', { valueString: 'mine' })
const other = about('p-9', { valueString: 'other' })
const practitioner = { resourceType: 'Practitioner', id: 'd-1' }
const patient = (id: string, more: JsonObject = {}): JsonObject => ({ resourceType: 'Patient', id, ...more })

const cases: { when: string; document: Json; patients?: string[]; shown: Json; counts?: number }[] = [
  {
    when: 'entries of a Bundle, its total with them',
    document: bundle(mine, other, practitioner),
    shown: { ...bundle(mine, practitioner) },
    counts: 1,
  },
  {
    when: 'a Bundle of one page of several: a total that counts others too goes',
    document: { ...bundle(mine, other), total: 40 },
    shown: { resourceType: 'Bundle', type: 'searchset', entry: [entry(mine)] },
    counts: 1,
  },
  {
    when: 'all of a Bundle',
    document: bundle(other),
    shown: { ...bundle(), total: 0 },
    counts: 1,
  },
  {
    when: 'Patients themselves',
    document: bundle(patient('p-1'), patient('p-9')),
    shown: bundle(patient('p-1')),
    counts: 1,
  },
  {
    when: 'a list of resources without a Bundle, and the count beside it',
    document: { count: 2, page: 1, observations: [other, mine] },
    shown: { count: 1, page: 1, observations: [mine] },
    counts: 1,
  },
  {
    when: 'a list at the top',
    document: [mine, other],
    shown: [mine],
  },
  {
    when: 'a resource about both',
    document: bundle(mine, {
      resourceType: 'Appointment',
      participant: [
        { actor: { reference: 'Patient/p-1' } },
        { actor: { reference: 'Patient/p-9' } },
        { actor: { reference: 'Practitioner/d-1' } },
      ],
    }),
    shown: bundle(mine),
    counts: 1,
  },
  {
    when: 'coverage by its beneficiary',
    document: [
      { resourceType: 'Coverage', beneficiary: { reference: 'Patient/p-9' } },
      { resourceType: 'Coverage', beneficiary: { reference: 'Patient/p-1' } },
    ],
    shown: [{ resourceType: 'Coverage', beneficiary: { reference: 'Patient/p-1' } }],
  },
  {
    when: 'references to a Patient by the address of its entry',
    document: {
      resourceType: 'Bundle',
      entry: [
        { fullUrl: 'urn:uuid:aa', resource: patient('p-1') },
        { fullUrl: 'urn:uuid:bb', resource: patient('p-9') },
        entry({ resourceType: 'Condition', subject: { reference: 'urn:uuid:aa' }, id: 'c-1' }),
        entry({ resourceType: 'Condition', subject: { reference: 'urn:uuid:bb' }, id: 'c-2' }),
      ],
    },
    shown: {
      resourceType: 'Bundle',
      entry: [
        { fullUrl: 'urn:uuid:aa', resource: patient('p-1') },
        entry({ resourceType: 'Condition', subject: { reference: 'urn:uuid:aa' }, id: 'c-1' }),
      ],
    },
  },
  {
    when: 'a Bundle in a Bundle',
    document: { resourceType: 'Bundle', entry: [entry(bundle(mine, other)), entry(bundle(other))] },
    shown: {
      resourceType: 'Bundle',
      entry: [entry(bundle(mine)), entry({ resourceType: 'Bundle', type: 'searchset', total: 0, entry: [] })],
    },
    counts: 2,
  },
  {
    when: 'elements in which the policy says that patients stand',
    patients: ['/results/*/mrn'],
    document: {
      results: [
        { mrn: 'p-1', code: 'E11' },
        { mrn: 'p-9', code: 'F32' },
      ],
      meta: { total: 2, page: 1 },
      total_count: 2,
      returned: 7,
    },
    shown: { results: [{ mrn: 'p-1', code: 'E11' }], meta: { total: 1, page: 1 }, total_count: 1 },
    counts: 3,
  },
  {
    when: 'lists in lists: a ward of others goes whole, a ward of both in part',
    patients: ['/wards/*/patients/*/id'],
    document: {
      wards: [
        { ward: 'A', count: 2, patients: [{ id: 'p-1' }, { id: 'p-9' }] },
        { ward: 'B', count: 1, patients: [{ id: 'p-8' }] },
      ],
      count: 2,
    },
    shown: { wards: [{ ward: 'A', count: 1, patients: [{ id: 'p-1' }] }], count: 1 },
    counts: 2,
  },
  {
    when: 'an element of another with lists about the caller’s patient',
    patients: ['/results/*/mrn', '/results/*/relatives/*/mrn'],
    document: {
      results: [
        { mrn: 'p-9', code: 'F32', relatives: [{ mrn: 'p-1' }] },
        { mrn: 'p-1', code: 'E11', relatives: [] },
      ],
    },
    shown: { results: [{ mrn: 'p-1', code: 'E11', relatives: [] }] },
  },
  {
    when: 'a patient who is called by a number that the Patient resource has',
    document: bundle(patient('x-7', { identifier: [{ value: 'p-1' }] }), about('x-7'), other),
    shown: bundle(patient('x-7', { identifier: [{ value: 'p-1' }] }), about('x-7')),
    counts: 1,
  },
]
for (const { when, document, patients, shown, counts } of cases)
  verifies('access:reach-filter', when, () => {
    const found = left(document, patients)

    expect(found).toMatchObject({ document: shown })
    expect(found).toHaveProperty('document', shown)
    expect((found as { dropped: JsonObject }).dropped['out-of-reach-count'] ?? 0).toBe(counts ?? 0)
  })

const inseparable: { when: string; document: Json; patients?: string[] }[] = [
  { when: 'a document about another', document: other },
  { when: 'a member beside others', document: { patient: { patient_id: 'p-9' }, code: 'F32' } },
  {
    when: 'a list of which the policy says nothing',
    document: { results: [{ patient_id: 'p-1' }, { patient_id: 'p-9' }] },
  },
  {
    when: 'columns',
    patients: ['/ids/*'],
    document: { ids: ['p-1', 'p-9'], codes: ['E11', 'F32'] },
  },
  {
    when: 'references beside what they are about',
    document: {
      subjects: [{ reference: 'Patient/p-1' }, { reference: 'Patient/p-9' }],
      codes: ['E11', 'F32'],
    },
  },
  {
    when: 'an element about nobody among others',
    patients: ['/results/*/mrn'],
    document: { results: [{ mrn: 'p-1' }, { mrn: 'p-9' }, { code: 'F32' }] },
  },
  {
    when: 'a resource that does not say whom it is about',
    document: bundle(mine, other, { resourceType: 'Observation' }),
  },
  {
    when: 'a resource about a group',
    document: bundle(mine, other, { resourceType: 'Observation', subject: { reference: 'Group/g' } }),
  },
  {
    when: 'a resource about somebody within itself',
    document: bundle(mine, other, { resourceType: 'Observation', subject: { reference: '#p' } }),
  },
  {
    when: 'another named in a record that stays',
    document: bundle(about('p-1', { performer: [{ reference: 'Patient/p-9' }] }), other),
  },
  {
    when: 'another named in the words of a record that stays',
    document: bundle(about('p-1', { note: [{ text: 'as with Patient/p-9' }] }), other),
  },
  {
    when: 'a number that two Patients have',
    document: bundle(
      patient('p-1'),
      patient('x-7', { identifier: [{ value: 'p-1' }], contained: [{ note: 'Patient/x-7' }] }),
      { resourceType: 'Basic', code: { text: 'Patient/x-7' } },
    ),
  },
  {
    when: 'members called by patients',
    patients: ['/patients/*/id'],
    document: { patients: { a: { id: 'p-1' }, b: { id: 'p-9' } } },
  },
]
for (const { when, document, patients } of inseparable)
  verifies('access:reach-filter', `${when}: refused whole`, () => {
    expect(left(document, patients)).toBe('refused')
  })

verifies('access:reach-filter', 'text beside records that were taken out goes too', () => {
  const parts = toolResult.apart({
    content: [
      { type: 'text', text: 'Two found: one has F32' },
      { type: 'image', data: 'AA==', mimeType: 'image/png' },
      { type: 'text', text: JSON.stringify(bundle(mine, other)) },
    ],
    structuredContent: bundle(mine, other),
  })
  if (parts === undefined) throw new Error('it is a result')
  const places = patternTree([])
  const found = partsWithin(parts, surveyOf(parts, places), { reach: ['p-1'], places })

  expect(found?.parts.blocks).toEqual([
    { unfiltered: 'out-of-reach-text' },
    { unfiltered: 'out-of-reach-text' },
    { same: true },
  ])
  expect(found?.dropped).toEqual({ 'out-of-reach': 1, 'out-of-reach-count': 1, 'out-of-reach-beside': 2 })
})

verifies('access:reach-filter', 'where nobody else is concerned the parts are the same', () => {
  const parts = toolResult.apart({
    content: [{ type: 'text', text: 'fine' }],
    structuredContent: bundle(mine),
  })
  if (parts === undefined) throw new Error('it is a result')
  const places = patternTree([])

  expect(partsWithin(parts, surveyOf(parts, places), { reach: ['p-1'], places })?.parts).toBe(parts)
})

verifies(
  'access:reach-filter',
  'whatever is returned: no mark of another stays, and every mark of one’s own',
  () => {
    const own = ['p-1', 'p-2']
    const everybody = fc.constantFrom(...own, 'p-8', 'p-9')
    const resource = everybody.map((id) => about(id, { valueString: `«${id}»` }))
    const record = everybody.map((id) => ({ mrn: id, says: `«${id}»`, count: 3 }))
    const documents = fc.oneof(
      fc.array(resource).map((all): Json => ({ ...bundle(...all), total: all.length })),
      fc.array(resource).map((all): Json => ({ deep: { list: all }, total: all.length })),
      fc.array(fc.array(resource)).map(
        (all): Json => ({
          resourceType: 'Bundle',
          entry: all.map((one) => entry(bundle(...one))),
        }),
      ),
      fc.array(record).map((results): Json => ({ results, size: results.length, total: results.length })),
    )
    fc.assert(
      fc.property(documents, (document) => {
        const found = left(document, ['/results/*/mrn'], own)
        if (found === 'refused') throw new Error('these can be told apart')
        const [before, after] = [JSON.stringify(document), JSON.stringify(found.document)]
        for (const id of own) expect(after.split(`«${id}»`).length).toBe(before.split(`«${id}»`).length)
        expect(after).not.toMatch(/p-8|p-9/)
        const { results, total } = found.document as { results?: Json[]; total?: number }
        if (results !== undefined) expect(total).toBe(results.length)
      }),
      { numRuns: 500 },
    )
  },
)

verifies('access:reach-filter', 'a number that two Patients have is the sign of neither', () => {
  const within = withinReach(
    [
      ['a', 'n-1', 'n-2'],
      ['b', 'n-1'],
    ],
    ['n-2'],
  )

  expect(['a', 'n-2', 'n-1', 'b'].map(within)).toEqual([true, true, false, false])
  expect(
    withinReach(
      [
        ['a', 'n-1'],
        ['b', 'n-1'],
      ],
      ['n-1'],
    )('a'),
  ).toBe(false)
})

verifies('access:reach-filter', 'thousands of Patients who share a number take no time', () => {
  const reach = Array.from({ length: 512 }, (_, at) => `q${at}`)
  const signs = Array.from({ length: 8000 }, (_, at) => [`q${511 - (at % 512)}`, `m${at}`, 'shared'])
  const start = process.threadCpuUsage()
  const within = withinReach([['z'], ...signs], reach)

  expect(['q1', 'm7', 'shared', 'z'].map(within)).toEqual([true, true, true, false])
  // Microseconds of this thread: what else runs on the machine does not count.
  expect(process.threadCpuUsage(start).user).toBeLessThan(500_000)
})

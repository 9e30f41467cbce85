import { expect, test } from 'vitest'
import { ActivityReview, type Review } from '../../../core/export/activity-review.ts'
import { Calls } from '../../../core/export/told.ts'
import type { AuditRecord } from '../../../core/record.ts'
import type { Relation } from '../../../core/record-call.ts'
import { anIntent, aPatient, aRefusal, aResult, at, aWho } from '../records.ts'
import { someTold } from './some-told.ts'

const begin = 1_790_000_000_000
const dayMs = 86_400_000

/** What a review of the second of two days says. */
function reviewed(records: readonly AuditRecord[]): Review {
  const calls = new Calls()
  const review = new ActivityReview(begin + dayMs, begin + 2 * dayMs)
  for (const [index, record] of records.entries()) {
    const said = calls.take({ origin: 'o', index }, record)
    if (said !== undefined) review.take(said.told)
  }
  for (const { told } of calls.unanswered()) review.take(told)
  return review.review('clinic/ehr')
}

let number = 0
/** A call of somebody on a day, counted from zero. */
function called(
  sub: string,
  day: number,
  patients: readonly number[],
  said: { tool?: string } = {},
): AuditRecord[] {
  const id = `c-${(number += 1)}`
  const time = at(begin + day * dayMs + 1000)
  return [
    anIntent(id, { at: time, who: aWho({ sub }), ...said }),
    aResult(id, { at: time, patients: patients.map(aPatient) }),
  ]
}
const unusualOf = ({ persons }: Review): { [sub: string]: string[] } =>
  Object.fromEntries(persons.map(({ sub, unusual }) => [sub, unusual]))

/** Three people who did the same on both days. */
const everyday = (): AuditRecord[] =>
  ['a', 'b', 'c'].flatMap((sub) => [0, 1].flatMap((day) => called(sub, day, [1, 2])))

test('an ordinary day has nothing unusual, and counts what lies in the period alone', () => {
  const review = reviewed(everyday())

  expect(unusualOf(review)).toEqual({ a: [], b: [], c: [] })
  expect(review.persons[0]).toMatchObject({ calls: 1, patients: 2, roles: ['clinician'] })
  expect(review.tools).toEqual([{ name: 'get_diagnosis', calls: 3, persons: 3, patients: 2 }])
})

test('whoever looked at their own record, or at one on the VIP list, stands before all others', () => {
  const many = Array.from({ length: 12 }, (_, patient) => called('b', 1, [patient])).flat()
  const time = at(begin + dayMs + 2000)
  const near = (sub: string, relations: Relation[]): AuditRecord[] => [
    anIntent(`near-${sub}`, { at: time, who: aWho({ sub }), tool: 'get_diagnosis' }),
    aResult(`near-${sub}`, { at: time, patients: [aPatient(1)], relations }),
  ]
  const review = reviewed([...everyday(), ...many, ...near('c', ['own', 'vip']), ...near('a', ['surname'])])

  expect(review.persons.map(({ sub }) => sub)).toEqual(['c', 'b', 'a'])
  expect(unusualOf(review)).toMatchObject({
    c: ['looked at the own record, 1 time', 'looked at a record on the VIP list, 1 time'],
    a: ['looked at a record with the same family name, 1 time'],
  })
})

test('many patients beside others in the role are unusual, and stand first', () => {
  const many = Array.from({ length: 12 }, (_, patient) => called('b', 1, [patient])).flat()
  const review = reviewed([...everyday(), ...many])

  expect(review.persons[0]?.sub).toBe('b')
  expect(unusualOf(review)['b']).toEqual(['12 patients, where others in the role have 2'])
})

test('a tool that nobody else used, a new person, and many refusals are unusual', () => {
  const time = at(begin + dayMs + 5)
  const review = reviewed([
    ...everyday(),
    ...called('a', 1, [1], { tool: 'export_all' }),
    ...called('new', 1, [1]),
    ...Array.from({ length: 5 }, (_, i) => aRefusal(`r-${i}`, { at: time, who: aWho({ sub: 'c' }) })),
  ])

  expect(unusualOf(review)).toEqual({
    a: ['nobody else used export_all'],
    new: ['not seen before this period'],
    c: ['5 of 6 calls were refused'],
    b: [],
  })
  expect(review.refusals).toEqual([{ reason: 'tool-unknown', times: 5, persons: 1 }])
})

test('emergencies, breach signals and results that are not known are unusual', () => {
  const review = new ActivityReview(-Infinity, Infinity)
  for (const told of someTold()) review.take(told)
  const made = review.review('clinic/ehr')

  expect(made.persons[0]).toMatchObject({
    sub: 'nurse-7',
    emergencies: ['bg-1'],
    unusual: [
      'a breach rule was broken, 1 time',
      'emergency access: bg-1',
      '1 call may have run, with no known result',
    ],
  })
  const kinds = made.events.map(({ kind }) => kind)
  for (const kind of ['signal', 'held', 'unsealed', 'witness-refused', 'legal-hold'])
    expect(kinds).toContain(kind)
})

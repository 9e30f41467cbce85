// Which rules search a string: all of them in free text, and in a structure by the member that holds it.

import { expect } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { scan } from '../../../core/json-scan.ts'
import { patternTree } from '../../../core/pointer.ts'
import { edit } from '../../../core/redaction/edit.ts'
import { projection } from '../../../core/redaction/project.ts'
import { completionResult, promptResult } from '../../../core/redaction/results.ts'
import { survey } from '../../../core/redaction/survey.ts'
import { blocks, projected } from '../../support/redaction.ts'
import { verifies } from '../../verifies.ts'

const free: readonly (readonly [text: string, left: string])[] = [
  ['Patient: Mary Smith', 'Patient: [NAME]'],
  ['- Mary Smith (asthma)\n- John Brown (HIV)', '- [NAME] (asthma)\n- [NAME] (HIV)'],
  ['Dr. Mary Smith', '[NAME]'],
  ['Name: Maria Garcia', 'Name: [NAME]'],
  ['GARCIA, MARIA', '[NAME]'],
  ['Smith, John', '[NAME]'],
  ['Boston, MA', '[PLACE]'],
  ['12 Main Street, Springfield', '[PLACE]'],
  ['Daughter Linda Garcia will pick up meds', 'Daughter [NAME] will pick up meds'],
]
for (const [text, left] of free) {
  verifies('minimum:text', `a text block is searched whole: ${text}`, () => {
    expect(blocks([{ type: 'text', text }], ['/x']).shown).toEqual([{ type: 'text', text: left }])
  })
  verifies('minimum:text', `a value of a structure is searched for people: ${text}`, () => {
    expect(projected({ who: text }, ['/who']).shown).toEqual({ who: left })
  })
}

const shower = () => ({
  by: projection(survey(), { dates: 'Year', text: 'Redact' }),
  returns: {
    fields: patternTree([]),
    patients: patternTree([]),
    text: 'Redact' as const,
    media: 'Drop' as const,
    whole: false,
  },
})

verifies('minimum:text', 'what completes an argument names nobody', () => {
  const values = [
    'Mary Smith',
    'Smith, John',
    'Linda Davis (Room 4)',
    '12 Main Street, Springfield',
    'asthma',
  ]
  const result = { completion: { values } }
  const parts = completionResult.apart(result)

  expect(parts && completionResult.together(result, parts, shower())).toMatchObject({
    completion: { values: ['asthma'] },
  })
})

verifies('minimum:text', 'the description of a prompt is searched whole', () => {
  const result = { description: 'For Mary Smith', messages: [] }
  const parts = promptResult.apart(result)

  expect(parts && promptResult.together(result, parts, shower())).toMatchObject({
    description: 'For [NAME]',
  })
})

verifies('minimum:text', 'a member that is called after somebody goes, with its value', () => {
  expect(
    projected({ 'Mary Smith': 'asthma', 'Smith, John': 'asthma', 'Heart Rate': 70 }, ['/*']).shown,
  ).toEqual({
    'Heart Rate': 70,
  })
})

verifies('minimum:text-terms', 'codes and their words stay, in FHIR and elsewhere', () => {
  const record: Json = {
    code: {
      coding: [{ system: 'http://loinc.org', code: '1', display: 'Mary Smith stain' }],
      text: 'Mary Grant',
    },
    valueQuantity: { value: 1, unit: 'Bethesda U' },
    drug: 'Tylenol Forte',
    category: ['Jackson Pratt'],
  }

  expect(projected(record, ['']).shown).toEqual(record)
})

verifies(
  'minimum:text',
  'a name that stood as a code before is found where it is none, cut in bytes too',
  () => {
    const record: Json = { code: 'Mary Grant', who: 'Mary Grant' }
    const left = { code: 'Mary Grant', who: '[NAME]' }

    expect(projected(record, ['']).shown).toEqual(left)
    const tape = scan(Buffer.from(JSON.stringify(record)))
    const by = projection(survey(), { dates: 'Year', text: 'Redact' })
    for (let times = 0; times < 2; times += 1)
      expect(tape && JSON.parse(edit(tape, 0, patternTree(['']), by))).toEqual(left)
  },
)

verifies(
  'minimum:text',
  'moments in digits are shown as their year where their member says that they are, cut in bytes too',
  () => {
    const record: Json = {
      seenAt: '1709634600',
      created_at: 1709634600,
      time: 1709634600000,
      date: ['20240305', '202403051030'],
      effective: '2024-064',
      birthTime: 478310400,
      start_time_ms: 478310400000,
      ts: -478310400,
      // In March 1970, in milliseconds.
      updatedAt: 5900000000,
      TIMESTAMP: 1709634600.123,
      'Visit Date': '1709634600123456',
      code: '1709634600',
      count: 1709634600,
      downtime: 43200000,
    }
    const left = {
      seenAt: '2024',
      created_at: 2024,
      time: 2024,
      date: ['2024', '2024'],
      effective: '2024',
      birthTime: 1985,
      start_time_ms: 1985,
      ts: 1954,
      updatedAt: 1970,
      TIMESTAMP: 2024,
      'Visit Date': '2024',
      code: '1709634600',
      count: 1709634600,
      downtime: 43200000,
    }

    expect(projected(record, ['']).shown).toEqual(left)
    expect(projected({ seenAt: '1709634600', date: 20240305 }, [''], { dates: 'Drop' }).shown).toEqual({})
    const tape = scan(Buffer.from(JSON.stringify(record)))
    const by = projection(survey(), { dates: 'Year', text: 'Redact' })
    expect(tape && JSON.parse(edit(tape, 0, patternTree(['']), by))).toEqual(left)
  },
)

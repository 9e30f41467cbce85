import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Finding } from '../../../core/lint/finding.ts'
import { lintAgreement, lintServer } from '../../../core/lint/lint.ts'
import { agreementRules, allRules, serverRules } from '../../../core/lint/rules.ts'
import { valueAt } from '../../../core/pointer.ts'
import { verifies } from '../../verifies.ts'
import { aCleanAgreement, aCleanServer, context } from './a-server.ts'
import { agreementCases, type Change, cases, known, rename, returns } from './cases.ts'

verifies('minimum:linter', 'in a server that is as narrow as it can be, nothing', () => {
  expect(lintServer(aCleanServer(), known)).toEqual([])
  expect(lintAgreement(aCleanAgreement(), context)).toEqual([])
})

describe('each rule finds what it is for, and what is no error is none by another rule', () => {
  for (const [rule, place, change] of cases)
    verifies('minimum:linter', `${rule} at ${place}`, () => {
      const all = lintServer(aCleanServer(change), known)
      const own = all.filter((one) => one.rule === rule)

      expect(own.map((one) => one.place)).toContain(place)
      if (own[0]?.severity !== 'error') expect(all.filter(({ severity }) => severity === 'error')).toEqual([])
    })
})

test.each(agreementCases)('%s at %s', (rule, place, changes) => {
  const found = lintAgreement(aCleanAgreement(changes), context)

  expect(found.map((one) => [one.rule, one.place])).toEqual([[rule, place]])
})

test('every rule has a case, an id of its own, a citation and a sentence that says why', () => {
  const ids = allRules.map(({ id }) => id)
  const shown = new Set([...cases, ...agreementCases].map(([rule]) => rule))

  expect([...serverRules, ...agreementRules].map(({ id }) => id).filter((id) => !shown.has(id))).toEqual([])
  expect(new Set(ids).size).toBe(ids.length)
  for (const { id, about, why } of allRules) {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/)
    expect(`${about} ${why}`).toMatch(/^[^|\n]+\.$/)
  }
})

test('every finding has a place that is there, or whose holder is, and says what to write', () => {
  for (const [, , change] of cases) {
    const server = aCleanServer(change)
    for (const { place, write, found } of lintServer(server, known)) {
      const segments = place.slice(1).split('/')
      // What is left out has no place of its own; defaults are spelled out nowhere.
      expect(valueAt(server, segments) ?? valueAt(server, segments.slice(0, -1)), place).toBeDefined()
      expect(write).not.toBe('')
      expect(found).not.toMatch(/undefined|\[object/)
    }
  }
})

test.each([
  ['Patient.nmae', 'Patient.name'],
  ['Patent.name', 'Patient.name'],
  ['Qzx.qzx', 'a path such as'],
])('a field %s that is none is told with %s', (field, near) => {
  const [error] = lintServer(aCleanServer(returns({ fields: [field] })), known)

  expect([error?.rule, error?.write]).toEqual(['field-unknown', expect.stringContaining(near) as string])
})

describe('names that are narrow are not called broad', () => {
  for (const name of [
    'get_diagnosis',
    'list_medications',
    'check_coverage',
    'read_notes',
    'request_refill',
    'fetch_labs',
    'run_glucose_report',
    'get_patient_allergies',
    'lookup_code',
    'download_letter',
  ])
    test(name, () => {
      const found = lintServer(aCleanServer(rename(name)), known)
      expect(found.filter(({ rule }) => rule === 'broad-tool')).toEqual([])
    })
})

const threeWide: Change = (spec) => {
  spec.profile = 'Development'
  for (const tool of spec.tools.slice(0, 2)) tool.limits = { callsPerMinute: 6000 }
}
const linted = (accepted: string): Finding[] => lintServer(aCleanServer(threeWide, accepted), known)

describe('findings are accepted by a line of the annotation', () => {
  verifies('minimum:linter-accepted', 'of a rule, and of a rule for one part alone', () => {
    const all = linted('profile-development: a cluster without patients\nlimits-wide: a ward at once')
    const one = linted('limits-wide tools/get_diagnosis: rounds ask for the ward')

    expect(all.map(({ accepted }) => accepted)).toEqual([
      'a ward at once',
      'a ward at once',
      'a cluster without patients',
    ])
    expect(one.map(({ subject, accepted }) => [subject, accepted])).toEqual([
      ['tools/get_diagnosis', 'rounds ask for the ward'],
      ['tools/list_medications', undefined],
      [undefined, undefined],
    ])
  })

  verifies(
    'minimum:linter-accepted',
    'but never an error, nor without a reason, nor for what is not there',
    () => {
      const found = lintServer(
        aCleanServer(
          returns({ fields: [''] }),
          'whole-record-unjustified: we need all of it\nlimits-wide:\ntls-old: an old load balancer',
        ),
        known,
      )

      expect(found.map(({ rule, accepted }) => [rule, accepted])).toEqual([
        ['whole-record-unjustified', undefined],
        ['accepted-error', undefined],
        ['accepted-malformed', undefined],
        ['accepted-unused', undefined],
      ])
    },
  )

  test('no annotation whatever takes an error away', () => {
    const lines = fc.array(
      fc.tuple(fc.constantFrom('whole-record-unjustified', 'whole-record', '*', ''), fc.string()),
      { maxLength: 5 },
    )
    fc.assert(
      fc.property(lines, (all) => {
        const accepted = all.map(([rule, reason]) => `${rule}: ${reason}`).join('\n')
        const server = aCleanServer(returns({ fields: [''] }), accepted)
        const errors = lintServer(server, known).filter(({ severity }) => severity === 'error')
        expect(errors.map((one) => one.accepted)).toEqual([undefined])
      }),
      { numRuns: 100 },
    )
  })
})

import { expect, test } from 'vitest'
import type { Row, Status } from './checks.ts'
import { differences, type Explanation, explain } from './compare.ts'

const aRow = (changes: Partial<Row> = {}): Row => ({
  leg: '2026-07-28',
  scenario: 'tools-list',
  id: 'tools-list',
  name: 'ToolsList',
  status: 'SUCCESS',
  scored: true,
  ...changes,
})
const withStatuses = (...statuses: Status[]): Row[] => statuses.map((status) => aRow({ status }))

test('two runs that found the same in another order do not differ', () => {
  const rows = [aRow(), aRow({ scenario: 'caching' }), aRow({ status: 'WARNING' })]

  expect(differences(rows, rows.toReversed())).toEqual([])
})

test('a check that fails behind the sidecar is a difference, with the suite’s words', () => {
  const found = differences([aRow()], [aRow({ status: 'FAILURE', says: 'got 403' })])

  expect(found).toEqual([
    {
      leg: '2026-07-28',
      scenario: 'tools-list',
      id: 'tools-list',
      name: 'ToolsList',
      scored: true,
      bare: 'SUCCESS',
      through: 'FAILURE',
      says: 'got 403',
    },
  ])
})

test('of checks with one id it counts how often each status occurs', () => {
  const found = differences(
    withStatuses('SUCCESS', 'SUCCESS', 'FAILURE'),
    withStatuses('SUCCESS', 'FAILURE', 'FAILURE'),
  )

  expect(found.map(({ bare, through }) => [bare, through])).toEqual([
    ['1 FAILURE, 2 SUCCESS', '1 SUCCESS, 2 FAILURE'],
  ])
})

test('one check fewer is a difference, though all that are left succeed', () => {
  expect(differences(withStatuses('SUCCESS', 'SUCCESS'), withStatuses('SUCCESS'))).toHaveLength(1)
})

test('a check that only one run has is absent in the other, and no status', () => {
  const [lost] = differences([aRow()], [])
  const [new_] = differences([], [aRow({ status: 'INFO' })])

  expect([lost?.bare, lost?.through]).toEqual(['SUCCESS', 'absent'])
  expect([new_?.bare, new_?.through]).toEqual(['absent', 'INFO'])
})

test.each<[string, Partial<Row>]>([
  ['revision', { leg: '2025-11-25' }],
  ['scenario', { scenario: 'ping' }],
  ['id', { id: 'other' }],
  ['name', { name: 'Other' }],
])('checks of another %s are other checks', (_, change) => {
  expect(differences([aRow()], [aRow(change)])).toHaveLength(2)
})

const explanation: Explanation = {
  leg: '2026-07-28',
  scenario: 'tools-list',
  check: 'tools-list',
  bare: 'SUCCESS',
  through: 'WARNING',
  reason: 'a control that may not yield',
  test: 'test/conformance/compare.test.ts',
}

test('a difference is explained only as far as the explanation goes', () => {
  const asSaid = differences([aRow()], [aRow({ status: 'WARNING' })])
  const worse = differences([aRow()], [aRow({ status: 'FAILURE' })])

  expect(explain(asSaid, [explanation]).explained.map(({ by }) => by)).toEqual([explanation])
  expect(explain(asSaid, [explanation]).unexplained).toEqual([])
  expect(explain(worse, [explanation]).unexplained).toEqual(worse)
})

test('an explanation of one revision does not cover the other', () => {
  const other = differences([aRow({ leg: '2025-11-25' })], [aRow({ leg: '2025-11-25', status: 'WARNING' })])

  expect(explain(other, [explanation]).unexplained).toEqual(other)
})

test('an explanation that explains nothing any more is stale', () => {
  expect(explain([], [explanation]).stale).toEqual([explanation])
})

import { expect, test } from 'vitest'
import type { Row } from './checks.ts'
import { differences } from './compare.ts'
import { differencesTable, summary, troubles } from './report.ts'

const long = 'sep-2663-server-returns-missing-capability-when-required'.repeat(3)
const aRow = (changes: Partial<Row> = {}): Row => ({
  leg: '2026-07-28',
  scenario: 'http-custom-header-server-validation',
  id: long,
  name: 'Name',
  status: 'SUCCESS',
  scored: true,
  ...changes,
})
const failed = aRow({ status: 'FAILURE', says: `${'word '.repeat(200)}${long.repeat(9)}` })

test('the summary counts scenarios that hold no failure, scored ones apart, and every status', () => {
  const rows = [
    aRow({ scenario: 'one' }),
    aRow({ scenario: 'one', status: 'FAILURE' }),
    aRow({ scenario: 'two', status: 'WARNING' }),
    aRow({ scenario: 'three', scored: false, status: 'SKIPPED' }),
  ]

  expect(summary('bare', rows).split('\n')[1]?.split(/\s+/)).toEqual('2026-07-28 1/2 1/1 1 1 1 1'.split(' '))
})

test('differences stand by scenario, the scored before the others', () => {
  const bare = [
    aRow({ scenario: 'a', scored: false }),
    aRow({ scenario: 'b', id: 'x' }),
    aRow({ scenario: 'b', id: 'y' }),
  ]
  const table = differencesTable(differences(bare, []).map((difference) => ({ difference })))

  expect(table.split('\n').filter((line) => !line.startsWith(' '))).toEqual([
    '2026-07-28  scored  b',
    '2026-07-28  other   a',
  ])
})

test('no line is wider than 80 columns, whatever the suite says', () => {
  const found = differences([aRow()], [failed]).map((difference) => ({ difference }))
  const all = [summary('through', [failed]), troubles([failed]), differencesTable(found)].join('\n')

  expect(all.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(all).toContain('FAILURE')
})

import { expect, test } from 'vitest'
import type { Row } from './checks.ts'
import type { Difference } from './compare.ts'
import { conformanceDocument, type Found } from './document.ts'

const row: Row = {
  leg: '2026-07-28',
  scenario: 'ping',
  id: 'a-check',
  name: 'ACheck',
  status: 'SUCCESS',
  scored: true,
}
const difference: Difference = {
  leg: '2026-07-28',
  scenario: 'ping',
  id: 'a-check',
  name: 'ACheck',
  scored: true,
  bare: 'SUCCESS',
  through: 'WARNING',
}
const by = {
  leg: '2026-07-28',
  scenario: 'ping',
  check: 'a-check',
  bare: 'SUCCESS',
  through: 'WARNING',
  reason: 'A control may not yield.',
  test: 'test/a.test.ts',
} as const

const documentOf = (found: Partial<Found> = {}): string =>
  conformanceDocument({
    on: { suite: '1.2.3', cluster: 'Kubernetes v1.99.0', machine: '2 cores' },
    bare: [row],
    unguarded: [row],
    through: [row],
    explained: [],
    unexplained: [],
    ...found,
  })

test('each difference stands in the document, explained ones with reason and test', () => {
  const text = documentOf({
    explained: [{ difference, by }],
    unexplained: [{ ...difference, scenario: 'tools-list', scored: false }],
  })

  expect(text).toContain('2 checks differ between bare and through, 1 of them without an explanation.')
  expect(text).toContain(
    '- 2026-07-28, scored, `ping`, `a-check` (ACheck): SUCCESS → WARNING: A control may not yield. Test: [`test/a.test.ts`]',
  )
  expect(text).toContain('- 2026-07-28, not scored, `tools-list`, `a-check` (ACheck): SUCCESS → WARNING\n')
})

test('a run without differences says that nothing changes', () => {
  const text = documentOf()

  expect(text).toContain('Nothing.')
  expect(text).not.toContain('Not explained')
  expect(text).toContain('2 cores, Kubernetes v1.99.0.')
})

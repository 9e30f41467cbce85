import { expect, test } from 'vitest'
import { type Disclosure, summed } from '../../../core/export/accounting.ts'

const disclosure = (said: Partial<Disclosure>): Disclosure => ({
  date: '2026-09-21T15:00:00.000Z',
  recipient: { sub: 'researcher-3', iss: 'https://id.example.test', client: 'cohort-agent' },
  what: 'list_cohort: /code',
  purpose: 'HRESCH',
  outcome: 'ok',
  accounted: true,
  call: 'c-1',
  chain: 'hipaa-mcp.dev/clinic/ehr/pod/0',
  record: 1,
  ...said,
})

test('what one person had by two clients, or through a service, is not summed up as one recipient', () => {
  const { recipient } = disclosure({})
  const of = [
    recipient,
    recipient,
    { ...recipient, client: 'other-agent' },
    { ...recipient, actor: 'svc-1' },
  ].map((to, i) => disclosure({ recipient: to, date: `2026-09-2${i + 1}T15:00:00.000Z` }))

  expect(summed(of).map(({ recipient: to, times, first, last }) => [to, times, first, last])).toEqual([
    [recipient, 2, '2026-09-21T15:00:00.000Z', '2026-09-22T15:00:00.000Z'],
    [{ ...recipient, client: 'other-agent' }, 1, '2026-09-23T15:00:00.000Z', '2026-09-23T15:00:00.000Z'],
    [{ ...recipient, actor: 'svc-1' }, 1, '2026-09-24T15:00:00.000Z', '2026-09-24T15:00:00.000Z'],
  ])
})

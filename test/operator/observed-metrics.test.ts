import { expect, test } from 'vitest'
import { observeWorld } from '../../operator/observed-metrics.ts'
import { anAgreement, aWorld } from './world.ts'

type Point = { value: number; attributes?: object }

/** What a scrape of the operator's own metrics would give of one. */
function seen(name: string, agreements: ReturnType<typeof anAgreement>[], leads = true, more = {}): Point[] {
  const read = new Map<string, () => Point[]>()
  observeWorld({ observed: (_, called, __, points) => void read.set(called, points) }, {
    world: aWorld({ agreements }).world,
    leading: () => leads,
    ...more,
  } as never)
  return read.get(name)?.() ?? []
}

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000 + 60_000).toISOString()

test('days left and standing of each agreement, of the leader alone', () => {
  const labs = anAgreement('labs', { expires: inDays(29) })
  const over = anAgreement('over', { expires: inDays(-3) })

  expect(seen('hipaa_mcp_agreement_days_left', [labs, over])).toEqual([
    { value: 29, attributes: { agreement: 'labs' } },
    { value: 0, attributes: { agreement: 'over' } },
  ])
  expect(seen('hipaa_mcp_agreement_active', [labs, over])).toEqual([
    { value: 1, attributes: { agreement: 'labs' } },
    { value: 0, attributes: { agreement: 'over' } },
  ])
  expect(seen('hipaa_mcp_agreement_active', [labs], false)).toEqual([])
})

test('what pods say is a series each, by whether admission puts it right', () => {
  const asked = new Map([
    ['dns-policy', 2],
    ['node', 0],
  ])

  expect(seen('hipaa_mcp_admission_put_right_total', [], false, { asked })).toEqual([
    { value: 2, attributes: { what: 'dns-policy' } },
  ])
  expect(seen('hipaa_mcp_admission_let_stand_total', [], false, { asked })).toEqual([
    { value: 0, attributes: { what: 'node' } },
  ])
})

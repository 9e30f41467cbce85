// What of an app's own metrics leaves, and why the rest does not.

import { describe, expect, test } from 'vitest'
import type { AppMetrics, MetricLabel } from '../../../core/policy.ts'
import { MetricsFilter } from '../../../sidecar/app-metrics/filter.ts'
import { verifies } from '../../verifies.ts'

const rule = (names: string[], labels: MetricLabel[] = []): AppMetrics => ({
  port: 9100,
  path: '/metrics',
  names,
  labels,
})

async function filtered(text: string, of: AppMetrics, filter = new MetricsFilter()) {
  const { text: left, dropped } = await filter.filter(text, of)
  const kept = left.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  return { left, kept, dropped: Object.fromEntries(dropped) }
}

const gauge = (value: string) => `# TYPE g gauge\ng{who="${value}"} 1\n`
const bound = (value: number) => `# TYPE d histogram\nd_bucket{le="${value}"} 1\n`
const code = { name: 'code', values: ['200', '500'] }

const requests = `# HELP http_requests_total Requests of Mary Smith, MRN 778812
# TYPE http_requests_total counter
http_requests_total{method="GET",code="200",path="/patients/778812"} 3 1700000000000
http_requests_total{method="GET",code="200",path="/patients/4711"} 4
http_requests_total{method="GET",code="500",path="/patients/4711"} 1
`

verifies(
  'transmission:app-metrics',
  'what the policy names leaves, without help, times and other labels',
  async () => {
    expect(
      await filtered(requests, rule(['http_requests_total'], [{ name: 'method', values: ['GET'] }, code])),
    ).toEqual({
      left: `# TYPE http_requests_total counter
http_requests_total{code="200",method="GET"} 7
http_requests_total{code="500",method="GET"} 1
`,
      kept: 2,
      dropped: {},
    })
  },
)

test('blanks where the format allows them, and a label without a value, which is none', async () => {
  const text = '#  TYPE  a_total \t counter\na_total {code="200",method=""} 2\na_total{code="200"} 1\n'
  const { left } = await filtered(text, rule(['a_total'], [code, { name: 'method', values: ['GET'] }]))

  expect(left).toBe('# TYPE a_total counter\na_total{code="200"} 3\n')
})

test('a histogram of more bounds than leave keeps its last one', async () => {
  const bounds = Array.from({ length: 70 }, (_, i) => `d_bucket{le="${i}"} ${i}`)
  const { left, dropped } = await filtered(
    ['# TYPE d histogram', ...bounds, 'd_bucket{le="+Inf"} 70', 'd_count 70', ''].join('\n'),
    rule(['d']),
  )

  expect(left).toContain('d_bucket{le="+Inf"} 70')
  expect(dropped).toEqual({ 'too-many': 6 })
})

verifies('transmission:app-metrics', 'no name, help text or label of the app leaves by itself', async () => {
  const text = `# HELP smith_mary_diabetes 1
# TYPE smith_mary_diabetes gauge
smith_mary_diabetes 1
last_patient{name="Mary Smith"} 1
# Mary Smith was here
${requests}`
  const { left, dropped } = await filtered(text, rule(['http_requests_total']))

  expect(left).toBe('# TYPE http_requests_total counter\nhttp_requests_total 8\n')
  expect(dropped).toEqual({ 'name-undeclared': 2 })
})

describe('values of a declared label', () => {
  const others =
    'Smith|smith|Smith_J|Maria|kowalczyk|Mary_Smith|dob-1931.4.12|1931_04_12|A1234_5678|GETS|get|GET '
      .split('|')
      .concat('/patients/4711', 'a\\"} 1', 'a\\nb', 'constructor', '__proto__')
  const who = { name: 'who', values: ['GET', 'get_diagnosis', 'a b', '/patients/{id}'] }

  for (const value of who.values)
    test(`${value} leaves: the policy has it`, async () => {
      expect((await filtered(gauge(value), rule(['g'], [who]))).left).toContain(`who="${value}"`)
    })

  for (const value of others)
    verifies('transmission:app-metrics', `${value} does not leave: the policy has it not`, async () => {
      const { left, dropped } = await filtered(gauge(value), rule(['g'], [who]))
      expect(left).toBe('')
      expect(dropped).toEqual({ 'value-undeclared': 1 })
    })

  verifies(
    'transmission:app-metrics',
    'bounds are so many while the process lives, so that no text is spelled by them',
    async () => {
      const filter = new MetricsFilter()
      const kept = []
      for (let value = 0; value < 100; value += 1)
        kept.push(await filtered(bound(value), rule(['d']), filter))

      expect(kept.filter((one) => one.kept === 1)).toHaveLength(64)
      // What was let through once still is.
      expect((await filtered(bound(0), rule(['d']), filter)).kept).toBe(1)
      expect(kept.at(-1)?.dropped).toEqual({ 'too-many': 1 })
    },
  )
})

describe('by type', () => {
  test('a histogram is added up over other labels, its bounds as numbers', async () => {
    const text = `# TYPE d histogram
d_bucket{le="0.50",route="/a"} 1
d_bucket{le="+Inf",route="/a"} 2
d_bucket{le="0.5",route="/b"} 4
d_bucket{le="+Inf",route="/b"} 5
d_sum{route="/a"} 0.25
d_sum{route="/b"} 1.5
d_count{route="/a"} 2
d_count{route="/b"} 5
d_created{route="/a"} 1700000000
`
    expect(await filtered(text, rule(['d']))).toEqual({
      left: `# TYPE d histogram
d_bucket{le="0.5"} 5
d_bucket{le="+Inf"} 7
d_sum 1.75
d_count 7
`,
      kept: 4,
      dropped: { 'name-undeclared': 1 },
    })
  })

  test('a bound that is text is dropped', async () => {
    const { left, dropped } = await filtered('# TYPE d histogram\nd_bucket{le="Smith"} 1\n', rule(['d']))
    expect({ left, dropped }).toEqual({ left: '', dropped: { 'value-form': 1 } })
  })

  test('a gauge, a quantile and what has no type are not added up: with other labels they are dropped', async () => {
    const text = `# TYPE temperature gauge
temperature{room="1"} 20
temperature 21
# TYPE s summary
s{quantile="0.99"} 3
s{quantile="0.99",room="1"} 4
bare{room="1"} 1
bare 2
`
    expect(await filtered(text, rule(['temperature', 's', 'bare']))).toEqual({
      left: `# TYPE temperature gauge
temperature 21
# TYPE s summary
s{quantile="0.99"} 3
# TYPE bare gauge
bare 2
`,
      kept: 3,
      dropped: { 'label-undeclared': 3 },
    })
  })

  test('a counter is named by its family or by what its samples are called (OpenMetrics)', async () => {
    const text = '# TYPE jobs counter\njobs_total 3 # {trace_id="Smith"} 1.0\n# EOF\n'
    for (const name of ['jobs', 'jobs_total'])
      expect((await filtered(text, rule([name]))).left, name).toBe('# TYPE jobs counter\njobs_total 3\n')
  })
})

describe('what is no metric', () => {
  for (const line of [
    'g',
    'g{',
    'g{a="1" 2',
    'g{a=1} 2',
    '{"g", a="1"} 2',
    'g{a="1"} Smith',
    'g 0x10',
    'g constructor',
    'g __proto__',
    'g{a="1",a="2"} 1',
    'g 1 2 3',
    `g{a="${'y'.repeat(5_000)}"} 1`,
    '<html>Mary Smith</html>',
  ])
    test(`is dropped and counted: ${line.slice(0, 24)}`, async () => {
      expect(await filtered(`${line}\n`, rule(['g'], [{ name: 'a', values: ['1'] }]))).toEqual({
        left: '',
        kept: 0,
        dropped: { malformed: 1 },
      })
    })

  test('hostile text takes no longer than its length', async () => {
    const line = `g${'{a="'.repeat(1_000)}`
    const text = `${line}\n${'g{a="\\\\'.repeat(400)}\n`.repeat(140)
    const began = process.cpuUsage()
    await new MetricsFilter().filter(text, rule(['g'], [{ name: 'a', values: ['1'] }]))
    const used = process.cpuUsage(began)
    const before = process.cpuUsage()
    JSON.parse(JSON.stringify(text.split('\n').map((one) => one.split(''))))
    const other = process.cpuUsage(before)
    expect(used.user).toBeLessThan(other.user * 20)
  })

  test('more lines than are read, and more series than are kept, are counted', async () => {
    const lines = Array.from({ length: 20_010 }, () => 'x 1').join('\n')
    expect((await filtered(lines, rule(['g']))).dropped).toEqual({
      'name-undeclared': 20_000,
      'too-many': 10,
    })

    const names = Array.from({ length: 3_000 }, (_, index) => `g_${index}`)
    const many = names.map((name) => `${name} 1`).join('\n')
    expect(await filtered(many, rule(names))).toMatchObject({ kept: 2_000, dropped: { 'too-many': 1_000 } })
  })
})

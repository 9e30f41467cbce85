import { expect, test } from 'vitest'
import { parsePolicy } from '../../core/parse-policy.ts'
import { policyText } from '../../core/policy.ts'
import { rulesOf } from '../../sidecar/rules.ts'
import { direct, report, yardstick } from './report.ts'
import { makeWork } from './work.ts'

test('the work is 600 bytes in and 4 KB out', async () => {
  const { request, result } = await makeWork(8080)

  expect(Buffer.byteLength(request)).toBe(600)
  expect(Buffer.byteLength(`{"jsonrpc":"2.0","id":1,"result":${result}}`)).toBe(4_096)
})

test('the bench’s policy is one that a sidecar takes', async () => {
  const { policy } = await makeWork(8080)

  expect(parsePolicy(policyText(policy))).toEqual(policy)
  expect(() => rulesOf(policy)).not.toThrow()
})

const figures = (microseconds: number, p50: number) => ({
  microseconds,
  perSecond: 1_000,
  p50,
  p99: 2 * p50,
  memory: 50e6,
})

test('the table states medians, ratios to nginx, and latency over the server alone', async () => {
  const measured = new Map([
    [direct, [figures(0, 0.1), figures(0, 0.1), figures(0, 0.1)]],
    [yardstick, [figures(10, 0.3), figures(90, 0.3), figures(12, 0.3)]],
    ['sidecar', [figures(60, 0.8), figures(61, 0.8), figures(10, 0.8)]],
  ])

  const { table } = report({
    machine: 'm',
    rounds: 3,
    seconds: 1,
    rate: 500,
    measured,
    work: await makeWork(1),
  })

  expect(table).toMatch(/sidecar +\| 60 +\| 5\.0 × +\| 1000 +\| 0\.70 \/ 1\.40 +\| 50 MB/)
})

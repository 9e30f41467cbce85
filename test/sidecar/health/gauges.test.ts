// Series as Prometheus gets them, over several scrapes.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { type Id, idOf } from '../../../core/log.ts'
import { type Metrics, metricSet } from '../../../sidecar/metrics.ts'

async function scrape(metrics: Metrics): Promise<string> {
  const server = createServer((request, response) => metrics.serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`)).text()
  } finally {
    server.close()
  }
}

test('a lock that was lifted does not show any more', async () => {
  const metrics = metricSet('clinic/ehr')
  let locked: Id | undefined = idOf('lockdown')
  metrics.gauge({
    name: 'locked',
    description: 'd',
    read: () => (locked === undefined ? [{ value: 0 }] : [{ value: 1, labels: { reason: locked } }]),
  })

  expect(await scrape(metrics)).toContain('hipaa_mcp_locked{server="clinic/ehr",reason="lockdown"} 1')
  locked = undefined
  const after = await scrape(metrics)

  expect(after).toContain('hipaa_mcp_locked{server="clinic/ehr"} 0')
  expect(after).toContain('hipaa_mcp_locked{server="clinic/ehr",reason="lockdown"} 0')
})

test('a gauge whose name ends in seconds is a gauge, and a duration a histogram', async () => {
  const metrics = metricSet('clinic/ehr')
  metrics.gauge({ name: 'orders_age_seconds', description: 'd', read: () => [{ value: 7 }] })
  metrics.recorded({ kind: 'intent', milliseconds: 3 })

  const text = await scrape(metrics)

  expect(text).toContain('hipaa_mcp_orders_age_seconds{server="clinic/ehr"} 7')
  expect(text).toContain(
    'hipaa_mcp_record_ack_seconds_bucket{server="clinic/ehr",kind="intent",le="0.0025"} 0',
  )
  expect(text).toContain(
    'hipaa_mcp_record_ack_seconds_bucket{server="clinic/ehr",kind="intent",le="0.005"} 1',
  )
})

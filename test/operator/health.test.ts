import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { idOf } from '../../core/log.ts'
import { serveHealth } from '../../operator/health.ts'
import { openMetrics } from '../../operator/metrics.ts'

test('health says why a replica is not ready, and metrics bear their customary names', async () => {
  const metrics = openMetrics()
  let reasons = ['starting']
  const queue = metrics.queue('hipaamcpserver', () => 3)
  queue.added()
  queue.worked('error', 0.1, 0.2)
  queue.retried()
  metrics.apiAnswered('GET', 200)
  metrics.observed('counter', 'hipaa_mcp_breach_signals_total', 'Signals', () => [
    { value: 2, attributes: { server: idOf('clinic/ehr') } },
  ])
  const server = await serveHealth({ port: 0, metrics, reasons: () => reasons })
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)
    return { status: answer.status, text: await answer.text() }
  }

  expect(await get('/livez')).toMatchObject({ status: 200 })
  expect(await get('/readyz')).toEqual({ status: 503, text: '{"ready":false,"reasons":["starting"]}\n' })
  reasons = []
  expect(await get('/readyz')).toMatchObject({ status: 200 })
  expect(await get('/elsewhere')).toMatchObject({ status: 404 })
  expect(await get('/livez?verbose')).toMatchObject({ status: 200 })
  // No URL at all: whoever reaches the port must not end the process by asking for it.
  expect(await get('//')).toMatchObject({ status: 404 })
  const { text } = await get('/metrics')
  for (const line of [
    'controller_runtime_reconcile_total{controller="hipaamcpserver",result="error"} 1',
    'controller_runtime_reconcile_errors_total{controller="hipaamcpserver"} 1',
    'workqueue_adds_total{name="hipaamcpserver"} 1',
    'workqueue_retries_total{name="hipaamcpserver"} 1',
    'workqueue_depth{name="hipaamcpserver"} 3',
    'rest_client_requests_total{method="GET",code="200"} 1',
    'hipaa_mcp_breach_signals_total{server="clinic/ehr"} 2',
  ])
    expect(text).toContain(line)
  expect(text).toContain('controller_runtime_reconcile_time_seconds_bucket')

  server.closeAllConnections()
  server.close()
  await metrics.shutdown()
})

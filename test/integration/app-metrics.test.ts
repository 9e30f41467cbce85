// A real Prometheus scrapes the app's own metrics by way of a whole sidecar.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { type Running, run } from '../../sidecar/run.ts'
import { prometheus as asking } from '../demo/prometheus.ts'
import { authority } from '../sample/certificates.ts'
import { aLog, anInstallation, sidecarConfig, someOrders, until } from '../sidecar/installation.ts'
import { aResolver } from '../sidecar/resolver.ts'
import { freePort } from '../support/free-port.ts'
import { aPolicy } from '../support/policy.ts'
import { verifies } from '../verifies.ts'

const app = `# HELP http_requests_total Requests of Mary Smith
# TYPE http_requests_total counter
http_requests_total{method="GET",path="/patients/778812"} 3
http_requests_total{method="GET",path="/patients/4711"} 4
http_requests_total{method="Mary_Smith",path="/"} 1
# TYPE d_seconds histogram
d_seconds_bucket{le="0.5"} 1
d_seconds_bucket{le="+Inf"} 2
d_seconds_sum 0.75
d_seconds_count 2
# TYPE patient_last gauge
patient_last{name="Mary Smith"} 778812
`

/** Labels that Prometheus adds. */
const ofScrape = new Set(['instance', 'job'])

async function aSidecar(): Promise<Running> {
  const installation = await anInstallation()
  const resolver = await aResolver('localhost', '127.0.0.1')
  const serving = createServer((_request, response) => response.end(app))
  serving.listen(0, '127.0.0.1')
  await once(serving, 'listening')
  const { port } = serving.address() as AddressInfo
  const sidecar = await run({
    config: sidecarConfig(installation, resolver.address, 8080),
    version: '1',
    log: aLog(),
    onFatal: () => undefined,
    ports: { calls: 0, health: 0, egress: 0, dns: 0 },
    token: installation.token,
    trailFolder: installation.folder(),
  })
  onTestFinished(async () => {
    await sidecar.stop().catch(() => undefined)
    serving.close()
    resolver.close()
    await installation.end()
  })
  expect((await fetch(`http://127.0.0.1:${sidecar.ports().health}/app-metrics`)).status).toBe(404)
  const policy = aPolicy({
    tls: { minVersion: 'TLSv1.3', clientCa: (await authority('callers')).cert },
    workload: {
      port: 8080,
      path: '/mcp',
      transport: 'StreamableHttp',
      metrics: {
        port,
        path: '/metrics',
        names: ['http_requests_total', 'd_seconds'],
        labels: [{ name: 'method', values: ['GET'] }],
      },
    },
  })
  installation.channel.tell(someOrders(policy))
  return sidecar
}

verifies(
  'transmission:app-metrics',
  'Prometheus has the numbers that are declared, and no word of a patient',
  async () => {
    const sidecar = await aSidecar()
    const health = `127.0.0.1:${sidecar.ports().health}`
    const folder = await mkdtemp(join(tmpdir(), 'app-metrics-'))
    const scrape = (job: string, path: string) => ({
      job_name: job,
      scrape_interval: '1s',
      metrics_path: path,
      static_configs: [{ targets: [health] }],
    })
    await writeFile(
      join(folder, 'prometheus.yaml'),
      stringify({ scrape_configs: [scrape('app', '/app-metrics'), scrape('sidecar', '/metrics')] }),
    )
    const own = await freePort()
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${own}`,
      ],
      { stdio: 'ignore' },
    )
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    })
    const ask = asking(async (path) => await (await fetch(`http://127.0.0.1:${own}${path}`)).text())
    const asked = async (question: string) =>
      (await ask.instant(question).catch(() => [])).map(({ labels, points }) => ({
        labels: Object.fromEntries(Object.entries(labels).filter(([name]) => !ofScrape.has(name))),
        value: points[0]?.[1],
      }))

    await until('scraped', async () => (await asked('http_requests_total')).length > 0, 60_000)

    expect(await asked('http_requests_total')).toEqual([
      { labels: { __name__: 'http_requests_total', method: 'GET' }, value: 7 },
    ])
    expect(await asked('d_seconds_bucket{le="0.5"}')).toEqual([
      { labels: { __name__: 'd_seconds_bucket', le: '0.5' }, value: 1 },
    ])
    expect(await asked('up{job="app"}')).toMatchObject([{ value: 1 }])
    const everything = JSON.stringify(await asked('{job="app"}'))
    expect(everything).not.toMatch(/smith|778812|patient|4711/i)
    await until(
      'what was dropped is counted',
      async () =>
        (await asked('hipaa_mcp_app_metrics_dropped_total{reason="value-undeclared"} > 0')).length > 0,
      30_000,
    )
  },
  120_000,
)

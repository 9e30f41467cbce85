// A real Prometheus scrapes the product; the dashboard is drawn from its answers.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { claim } from '../claims.ts'
import { drawDashboard } from '../dashboard-picture.ts'
import { until } from '../kubectl.ts'
import { type Ask, alertsOf, type Dashboard, prometheus, questionsOf } from '../prometheus.ts'
import { type Clinic, monitoring as namespace, out } from '../scene.ts'
import { say } from '../screen.ts'

const monitoring = join(import.meta.dirname, '..', '..', '..', 'config', 'monitoring')

/** The Prometheus of the demo, through the API server: so it works on any cluster. */
export const askThrough = ({ kubectl }: Pick<Clinic, 'kubectl'>): Ask =>
  prometheus(
    async (path) =>
      await kubectl.run([
        'get',
        '--raw',
        `/api/v1/namespaces/${namespace}/services/prometheus:9090/proxy${path}`,
      ]),
  )

export const dashboard = async (): Promise<Dashboard> =>
  JSON.parse(await readFile(join(monitoring, 'dashboard.json'), 'utf8')) as Dashboard

export const rules = async (): Promise<string> => await readFile(join(monitoring, 'rules.yaml'), 'utf8')

/** What an installation has only where somebody set it up: the demo does not, and promtool's tests ask about it. */
const notSetUp = /\bhipaa_mcp_(?:agreement_|archive_|copy_|sealing_|witness_|witnesses\b|unwitnessed_)/

/** Questions of panels and alerts that Prometheus has no series for. */
async function withoutData(ask: Ask): Promise<string[]> {
  const asked = [
    ...questionsOf(await dashboard()),
    ...alertsOf(await rules()).map(({ alert, measure }) => ({ panel: `alert ${alert}`, expr: measure })),
  ]
  const empty: string[] = []
  for (const { panel, expr } of asked.filter(({ expr }) => !notSetUp.test(expr)))
    if ((await ask.instant(expr)).length === 0) empty.push(`${panel}: ${expr}`)
  return empty
}

/** Names of the alerts that fire now. */
async function firing(ask: Ask): Promise<string[]> {
  const series = await ask.instant('ALERTS{alertstate="firing"}')
  return series.map(({ labels }) => labels['alertname'] ?? '')
}

export async function dashboards(clinic: Clinic, seconds: number): Promise<string> {
  const ask = askThrough(clinic)
  let empty: string[] = []
  await until(
    'every panel and alert has data',
    90,
    async () => {
      empty = await withoutData(ask)
      return empty.length === 0 ? true : undefined
    },
    async () => await Promise.resolve(empty.join('; ')),
  ).catch(() => undefined)
  claim(
    'every query of the dashboard and of its alerts returns data from a real Prometheus',
    empty.length === 0,
    empty.join('; '),
  )
  const alerts = await until('the breach alert fires', 60, async () => {
    const names = await firing(ask)
    return names.includes('HipaaMcpBreachSignal') ? names : undefined
  })
  claim(
    'the breach signal is an alert that fires',
    alerts.includes('HipaaMcpBreachSignal'),
    alerts.join(', '),
  )
  const picture = join(out, 'dashboard.png')
  await drawDashboard(await dashboard(), ask, picture, Math.min(3_600, Math.max(90, seconds)))
  say(`The dashboard as a picture: ${picture}`)
  return picture
}

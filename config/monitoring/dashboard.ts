// The Grafana dashboard as code. Every metric in it is one of the product's own; labels hold names out of the policy,
// never a patient, a person or an argument.

import {
  BigValueColorMode,
  BigValueGraphMode,
  type DataSourceRef,
  GraphGradientMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  VisibilityMode,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

const source: DataSourceRef = { type: 'prometheus', uid: '$datasource' }
const of = '{server=~"$server"}'

type Stat = {
  title: string
  says: string
  expr: string
  unit?: string
  decimals?: number
  steps?: [number | null, string][]
}

const well: [number | null, string][] = [[null, 'green']]
/** Green at nothing, red from one on. */
const never: [number | null, string][] = [
  [null, 'green'],
  [1, 'red'],
]

const stats: Stat[] = [
  {
    title: 'Calls served, last hour',
    says: 'Calls that were answered with a result of the server.',
    expr: `sum(increase(hipaa_mcp_calls_total{server=~"$server", outcome="ok"}[1h]))`,
    decimals: 0,
    steps: well,
  },
  {
    title: 'Refused, last hour',
    says: 'Requests that policy refused. Each is a record in the trail.',
    expr: `sum(increase(hipaa_mcp_calls_total{server=~"$server", outcome="refused"}[1h])) or vector(0)`,
    decimals: 0,
    steps: [[null, 'blue']],
  },
  {
    title: 'Records committed',
    says: 'Records that the collector committed since it started.',
    expr: 'sum(hipaa_mcp_collector_records_total)',
    decimals: 0,
    steps: well,
  },
  {
    title: 'Pods that refuse everything',
    says: 'Locked: by a person, by orders that are missing or too old, or because nothing can be recorded.',
    expr: `sum(hipaa_mcp_locked${of})`,
    decimals: 0,
    steps: never,
  },
  {
    title: 'Breach signals',
    says: 'Patterns of access that a breach rule names. 45 CFR 164.402: each needs a risk assessment.',
    expr: 'sum(hipaa_mcp_breach_signals) or vector(0)',
    decimals: 0,
    steps: never,
  },
  {
    title: 'Next certificate ends in',
    says: 'Until the first certificate of any pod ends. Sidecars renew at two thirds of the validity.',
    expr: `min(hipaa_mcp_certificate_expiry_timestamp_seconds${of}) - time()`,
    unit: 's',
    decimals: 0,
    steps: [
      [null, 'red'],
      [3_600, 'green'],
    ],
  },
]

function stat({ title, says, expr, unit = 'short', decimals = 0, steps = well }: Stat): StatBuilder {
  return new StatBuilder()
    .title(title)
    .description(says)
    .datasource(source)
    .unit(unit)
    .decimals(decimals)
    .span(4)
    .height(4)
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps(steps.map(([value, color]) => ({ value, color }))),
    )
    .withTarget(new DataqueryBuilder().refId('A').expr(expr).instant())
}

type Series = {
  title: string
  says: string
  unit: string
  targets: [expr: string, legend: string][]
  /** Columns of Grafana's 24. Half of them where it is left out: two stand in a row. */
  span?: 12 | 24
}

/** Two quantiles of a histogram, over all its other labels. */
const quantiles = (metric: string, selector: string, name = ''): [string, string][] =>
  ['0.5', '0.99'].map((q) => [
    `histogram_quantile(${q}, sum by (le) (rate(${metric}_bucket${selector}[$__rate_interval])))`,
    `${name}p${Number(q) * 100}`,
  ])

const traffic: Series[] = [
  {
    title: 'Calls by outcome',
    says: 'Requests per second, by what became of them.',
    unit: 'reqps',
    targets: [[`sum by (outcome) (rate(hipaa_mcp_calls_total${of}[$__rate_interval]))`, '{{outcome}}']],
  },
  {
    title: 'Refusals by reason',
    says: 'Refusals per second, by the reason that their records name.',
    unit: 'reqps',
    targets: [[`sum by (reason) (rate(hipaa_mcp_refusals_total${of}[$__rate_interval]))`, '{{reason}}']],
  },
  {
    title: 'Time of a call',
    says: 'From the request to the last byte of the answer, the server and both records included.',
    unit: 's',
    targets: quantiles('hipaa_mcp_call_seconds', of),
  },
  {
    title: 'Time until a record is kept',
    says: 'What a sidecar waits for the acknowledgement, and what the collector needs for a commit.',
    unit: 's',
    targets: [
      ...quantiles('hipaa_mcp_record_ack_seconds', of, 'acknowledged '),
      ...quantiles('hipaa_mcp_collector_commit_seconds', '', 'committed '),
    ],
  },
]

const trail: Series[] = [
  {
    title: 'Chains: records and witnessed size',
    says: 'Acknowledged records of the live chains, and how many of them a cosigned checkpoint covers.',
    unit: 'short',
    targets: [
      [`sum by (server) (hipaa_mcp_chain_size${of})`, '{{server}} records'],
      [`sum by (server) (hipaa_mcp_witnessed_size${of})`, '{{server}} witnessed'],
    ],
  },
  {
    title: 'Connections of the servers',
    says: 'What guarded servers opened under an agreement or to a store, and what was refused.',
    unit: 'cps',
    targets: [[`sum by (decision) (rate(hipaa_mcp_egress_total${of}[$__rate_interval]))`, '{{decision}}']],
  },
  {
    title: 'Refused by admission',
    says: 'Requests at the API server that admission or one of its policies refused. Who asked is in the trail.',
    unit: 'reqps',
    targets: [['sum by (kind) (rate(hipaa_mcp_admission_refusals_total[$__rate_interval]))', '{{kind}}']],
    span: 24,
  },
]

function timeseries({ title, says, unit, targets, span = 12 }: Series): TimeseriesBuilder {
  const panel = new TimeseriesBuilder()
    .title(title)
    .description(says)
    .datasource(source)
    .unit(unit)
    .min(0)
    .span(span)
    .height(8)
    .lineWidth(2)
    .fillOpacity(12)
    .gradientMode(GraphGradientMode.Opacity)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
  targets.forEach(([expr, legend], at) => {
    panel.withTarget(
      new DataqueryBuilder()
        .refId('ABCDEFGH'[at] as string)
        .expr(expr)
        .legendFormat(legend)
        .range(),
    )
  })
  return panel
}

/** One line a server: is it open, which generation, how old its orders and its newest record. */
function servers(): TableBuilder {
  const columns: [string, string][] = [
    [`max by (server) (hipaa_mcp_locked${of})`, 'Locked'],
    [`min by (server) (hipaa_mcp_policy_generation${of})`, 'Generation in force'],
    [`max by (server) (hipaa_mcp_orders_age_seconds${of})`, 'Operator last heard, s'],
    [`sum by (server) (hipaa_mcp_chain_size${of})`, 'Records'],
    [`sum by (server) (hipaa_mcp_in_flight${of})`, 'In flight'],
  ]
  const panel = new TableBuilder()
    .title('Servers')
    .description('What each server’s pods report of themselves.')
    .datasource(source)
    .span(24)
    .height(4)
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        renameByName: Object.fromEntries([
          ['server', 'Server'],
          ...columns.map(([, name], at) => [`Value #${'ABCDE'[at]}`, name]),
        ]),
      },
    })
  columns.forEach(([expr, name], at) => {
    panel.withTarget(
      new DataqueryBuilder()
        .refId('ABCDE'[at] as string)
        .expr(expr)
        .legendFormat(name)
        .instant()
        .format(PromQueryFormat.Table),
    )
  })
  return panel
}

/** The dashboard's JSON text, as Grafana's sidecar or provisioning reads it. */
export function dashboardText(): string {
  const board = new DashboardBuilder('hipaa-mcp')
    .uid('hipaa-mcp')
    .description('Guarded MCP servers: calls, refusals, the trail, breach signals.')
    .tags(['hipaa-mcp', 'mcp'])
    .readonly()
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('server')
        .label('Server')
        .datasource(source)
        .query('label_values(hipaa_mcp_policy_generation, server)')
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .includeAll(true)
        .allValue('.+')
        .multi(true),
    )
  for (const one of stats) board.withPanel(stat(one))
  board.withRow(new RowBuilder('Calls'))
  for (const one of traffic) board.withPanel(timeseries(one))
  board.withRow(new RowBuilder('Trail and egress'))
  for (const one of trail) board.withPanel(timeseries(one))
  board.withPanel(servers())
  return `${JSON.stringify(board.build(), undefined, 2)}\n`
}

// The sidecar's one metric set, for Prometheus. No label can hold PHI: every value is out of a closed set of ours, or a
// name out of the policy.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import type { Id } from '../core/log.ts'
import type { Egress } from '../core/policy.ts'
import type { Entry } from '../core/record.ts'
import type { ScrapeOutcome } from './app-metrics/door.ts'
import type { DropReason } from './app-metrics/filter.ts'
import type { Watch } from './deps.ts'
import type { Reason as EgressReason } from './egress/reasons.ts'

/** What a series of ours is told apart by, besides its server. */
export type Labels = {
  readonly certificate?: 'channel' | 'server'
  readonly kind?: Egress['kind']
  readonly reason?: EgressReason | Id
}

/** Read whenever somebody scrapes. `labels` besides server; several series, or none at all, are fine. */
type Gauge = { name: string; description: string; read: () => { value: number; labels?: Labels }[] }

export interface Metrics {
  /** For the request path. */
  readonly calls: Watch
  /** For the trail. */
  recorded(seen: { kind: Entry['kind']; milliseconds: number }): void
  /** For egress: what became of a connection, and its kind or the reason. */
  egress(decision: 'opened' | 'refused', label: Labels): void
  /** For the app's own metrics: what came of asking it, and how many of its samples did not leave, and why. */
  appScraped(outcome: ScrapeOutcome): void
  appDropped(reason: DropReason, count: number): void
  gauge(gauge: Gauge): void
  /** Answers a scrape. */
  serve(request: IncomingMessage, response: ServerResponse): void
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** `server`: `namespace/name`, a label of every series. */
export function metricSet(server: string): Metrics {
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  })
  const provider = new MeterProvider({ readers: [exporter] })
  const meter = provider.getMeter('hipaa-mcp')
  const own = { server }
  // The exporter adds `_total` to counters.
  const counter = (name: string, description: string) =>
    meter.createCounter(`hipaa_mcp_${name}`, { description })
  const seconds = (name: string, description: string) =>
    meter.createHistogram(`hipaa_mcp_${name}_seconds`, {
      description,
      advice: { explicitBucketBoundaries: buckets },
    })

  const calls = counter('calls', 'Requests answered, by outcome')
  const callSeconds = seconds('call', 'Time from the head of a request to its answer')
  const stageSeconds = seconds('stage', 'Time of one stage of the pipeline')
  const refusals = counter('refusals', 'Refusals, by reason and stage')
  const handshakes = counter('handshakes_failed', 'TLS handshakes of callers that failed, by reason')
  const emergencies = counter('break_glass_calls', 'Calls under a break-glass grant')
  // So that the first one is seen as an increase.
  emergencies.add(0, own)
  const faults = counter('faults', 'Unexpected errors of the sidecar, by stage')
  const ackSeconds = seconds('record_ack', 'Time until a record was acknowledged')
  const records = counter('records', 'Acknowledged records, by kind')
  const egress = counter('egress', 'Connections of the server, by decision')
  const appScrapes = counter('app_metrics_scrapes', 'Questions to the server for its own metrics, by outcome')
  const appSamples = counter('app_metrics_dropped', 'Samples of the server that did not leave, by reason')

  return {
    calls: {
      call({ tool, outcome, milliseconds }) {
        calls.add(1, { ...own, outcome, ...(tool === undefined ? {} : { tool }) })
        callSeconds.record(milliseconds / 1000, { ...own, outcome })
      },
      refusal: ({ reason, stage }) => refusals.add(1, { ...own, reason, stage }),
      stage: ({ stage, milliseconds }) => stageSeconds.record(milliseconds / 1000, { ...own, stage }),
      fault: ({ stage }) => faults.add(1, { ...own, stage }),
      handshake: ({ reason }) => handshakes.add(1, { ...own, reason }),
      emergency: () => emergencies.add(1, own),
    },
    recorded({ kind, milliseconds }) {
      records.add(1, { ...own, kind })
      ackSeconds.record(milliseconds / 1000, { ...own, kind })
    },
    egress: (decision, label) => egress.add(1, { ...own, decision, ...label }),
    appScraped: (outcome) => appScrapes.add(1, { ...own, outcome }),
    appDropped: (reason, count) => appSamples.add(count, { ...own, reason }),
    gauge({ name, description, read }) {
      // The SDK repeats the last value of a series that is not observed any more: a lock that was lifted would show for
      // ever. What was there once is therefore 0 when it is gone.
      const once = new Map<string, Labels>()
      meter.createObservableGauge(`hipaa_mcp_${name}`, { description }).addCallback((result) => {
        const gone = new Map(once)
        for (const { value, labels = {} } of read()) {
          const key = JSON.stringify(labels)
          once.set(key, labels)
          gone.delete(key)
          result.observe(value, { ...own, ...labels })
        }
        for (const labels of gone.values()) result.observe(0, { ...own, ...labels })
      })
    },
    serve: (request, response) => exporter.getMetricsRequestHandler(request, response),
  }
}

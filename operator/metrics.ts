// The operator's metrics, under the names that controller-runtime made customary, so that existing dashboards work.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { metrics } from '@opentelemetry/api'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { type Id, idOf } from '../core/log.ts'
import type { LogFindingKind } from '../core/log-identifiers.ts'
import type { AttemptSource, AttemptTarget } from '../core/network.ts'
import type { What } from './admission/asked.ts'
import type { RefusalCounts } from './admission/told-refusals.ts'
import type { QueueObserver } from './cluster/queue.ts'
import type { TrailVolume } from './recovery/standing.ts'
import type { EvictionCause } from './rollout/evict.ts'

/** What series are told apart by: names of objects, and words out of closed sets. No other label has a place. */
type Labels = {
  readonly agreement?: Id
  readonly server?: Id
  readonly name?: Id | 'hipaa-mcp-operator'
  readonly kind?: LogFindingKind | Id
  readonly type?: Id
  readonly cause?: EvictionCause
  readonly what?: What
  readonly outcome?: 'evicted' | 'deleted' | 'held' | RefusalCounts['outcome']
  readonly from?: AttemptSource
  readonly to?: AttemptTarget
  readonly state?:
    | 'Requested'
    | 'Lapsed'
    | 'Active'
    | 'Expired'
    | 'ReviewOverdue'
    | 'Reviewed'
    | TrailVolume['state']
}
type Sample = { value: number; attributes?: Labels }

export interface Metrics {
  /** Answers a scrape in Prometheus' text format. */
  serve(request: IncomingMessage, response: ServerResponse): void
  /** Measures of one queue's keys and work. */
  queue(controller: string, depth: () => number): QueueObserver
  apiAnswered(method: string, status: number): void
  /** Read at each scrape. `counter`: what is given only grows. */
  observed(kind: 'gauge' | 'counter', name: string, description: string, read: () => Sample[]): void
  shutdown(): Promise<void>
}

const seconds = { advice: { explicitBucketBoundaries: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60] } }

export function openMetrics(): Metrics {
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  })
  const provider = new MeterProvider({ readers: [exporter] })
  metrics.setGlobalMeterProvider(provider)
  const meter = metrics.getMeter('hipaa-mcp-operator')

  const reconciled = meter.createCounter('controller_runtime_reconcile_total', {
    description: 'Reconciliations by controller and result',
  })
  const errors = meter.createCounter('controller_runtime_reconcile_errors_total', {
    description: 'Reconciliations that failed',
  })
  const reconcileTime = meter.createHistogram('controller_runtime_reconcile_time_seconds', {
    description: 'Length of a reconciliation',
    ...seconds,
  })
  const added = meter.createCounter('workqueue_adds_total', { description: 'Keys added to a queue' })
  const retried = meter.createCounter('workqueue_retries_total', {
    description: 'Keys put back after a failure',
  })
  const waited = meter.createHistogram('workqueue_queue_duration_seconds', {
    description: 'How long a key waited',
    ...seconds,
  })
  const worked = meter.createHistogram('workqueue_work_duration_seconds', {
    description: 'How long the work on a key took',
    ...seconds,
  })
  const answered = meter.createCounter('rest_client_requests_total', {
    description: 'Answers of the API server by method and status; code 0 is none',
  })

  const observed: Metrics['observed'] = (kind, name, description, read) => {
    const made =
      kind === 'gauge'
        ? meter.createObservableGauge(name, { description })
        : meter.createObservableCounter(name, { description })
    made.addCallback((result) => {
      for (const { value, attributes } of read()) result.observe(value, attributes)
    })
  }

  return {
    serve: (request, response) => exporter.getMetricsRequestHandler(request, response),
    queue: (controller, depth) => {
      observed('gauge', 'workqueue_depth', 'Keys that wait', () => [
        { value: depth(), attributes: { name: idOf(controller) } },
      ])
      // So that a rate over the first failure is not lost.
      for (const result of ['success', 'error', 'requeue_after']) reconciled.add(0, { controller, result })
      errors.add(0, { controller })
      return {
        added: () => added.add(1, { name: controller }),
        retried: () => retried.add(1, { name: controller }),
        worked: (result, wait, took) => {
          reconciled.add(1, { controller, result })
          if (result === 'error') errors.add(1, { controller })
          reconcileTime.record(took, { controller })
          waited.record(wait, { name: controller })
          worked.record(took, { name: controller })
        },
      }
    },
    apiAnswered: (method, status) => answered.add(1, { method, code: String(status) }),
    observed,
    shutdown: async () => await provider.shutdown(),
  }
}

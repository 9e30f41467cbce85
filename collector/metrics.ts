// The collector's metrics. Every label comes from a table or from a chain's origin; none from a record's content.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import type { Identity } from '../core/identifiers.ts'
import { type Id, idOf } from '../core/log.ts'
import type { Archive } from './archive/archive.ts'
import { observeArchive } from './archive/metrics.ts'
import type { Bodies } from './bodies.ts'
import type { Copies } from './copies/copies.ts'
import { observeCopies } from './copies/metrics.ts'
import { gaugesOf } from './gauges.ts'
import type { Reason } from './refusals.ts'
import { serverOf } from './registry.ts'
import { observeSealing } from './sealing/metrics.ts'
import type { Report, Trail } from './trail.ts'

/** A signal counts as present for so long after it was last seen. */
const signalMs = 86_400_000

const commitBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export type Metrics = {
  report: Report
  /** A request was not done; of a pod where the caller is one. */
  turnedAway: (reason: Reason, identity: Identity | undefined) => void
  /** A witness outside the cluster would not sign. */
  refused: (witness: Id, reason: string) => void
  /** Adds what is held of requests when somebody scrapes. */
  watchBodies(bodies: Pick<Bodies, 'bytes'>): void
  /** Adds what is read from the trail when somebody scrapes. */
  watch(trail: Trail, now: () => number): void
  /** Likewise of the archive. */
  watchArchive(archive: Archive, now: () => number): void
  /** Likewise of copies. */
  watchCopies(copies: Copies): void
  answer(request: IncomingMessage, response: ServerResponse): void
}

export function openMetrics(): Metrics {
  const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true })
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('hipaa-mcp')
  const records = meter.createCounter('hipaa_mcp_collector_records', {
    description: 'Records committed, by server and kind',
  })
  const commits = meter.createHistogram('hipaa_mcp_collector_commit_seconds', {
    description: 'Time until what was sent would survive power loss',
    advice: { explicitBucketBoundaries: commitBounds },
  })
  const refused = meter.createCounter('hipaa_mcp_witness_refusals', {
    description: 'Refusals of witnesses outside the cluster to sign the registry log, by witness and reason',
  })
  const turnedAway = meter.createCounter('hipaa_mcp_collector_refusals', {
    description: 'Requests that the collector did not do, by reason; of sidecars by server as well',
  })
  return {
    turnedAway: (reason, identity) => {
      if (identity === undefined || !('server' in identity)) return turnedAway.add(1, { reason })
      const { namespace, server } = identity
      turnedAway.add(1, { reason, namespace: idOf(namespace), server: idOf(server) })
    },
    refused: (witness, reason) => refused.add(1, { witness, reason }),
    report: {
      record: (labels) => records.add(1, labels),
      commit: (seconds) => commits.record(seconds),
    },
    watchBodies(bodies) {
      gaugesOf(meter)('hipaa_mcp_collector_body_bytes', 'Bytes of requests that are held now').addCallback(
        (result) => result.observe(bodies.bytes),
      )
    },
    watch(trail, now) {
      const gauge = gaugesOf(meter)
      const chains = gauge('hipaa_mcp_chains', 'Chains that live, and those that ended within a day, by how')
      const signals = gauge(
        'hipaa_mcp_breach_signals',
        'Breach signals seen within a day, by server and rule',
      )
      const last = gauge(
        'hipaa_mcp_last_record_timestamp_seconds',
        'When the newest record of a server was written, seconds since 1970',
      )
      const lag = gauge(
        'hipaa_mcp_witnessed_lag',
        'Records that no cosigned checkpoint covers yet, by server',
      )
      const unwitnessed = gauge(
        'hipaa_mcp_unwitnessed_seconds',
        'Since a quorum of witnesses outside the cluster signed, or since the trail began',
      )
      const late = gauge(
        'hipaa_mcp_witness_late',
        'Whether that is longer than the configuration allows: 0 or 1',
      )
      const states = gauge(
        'hipaa_mcp_witnesses',
        'Witnesses outside the cluster, 1 for the state in which each is',
      )
      meter.addBatchObservableCallback(
        (result) => {
          const summaries = trail.summaries()
          for (const state of ['live', 'closed', 'succeeded', 'silent', 'recovered', 'corrupt'] as const)
            result.observe(chains, summaries.filter((chain) => chain.state === state).length, { state })
          for (const [key, group] of Map.groupBy(summaries, serverOf)) {
            const [namespace, server] = key.split('/') as [string, string]
            const newest = Math.max(
              ...group.map(({ lastRecord }) => Date.parse(lastRecord ?? '')).filter(Number.isFinite),
            )
            if (Number.isFinite(newest)) result.observe(last, newest / 1000, { namespace, server })
            const live = group.filter(({ state }) => state === 'live')
            result.observe(
              lag,
              live.reduce((sum, { size, witnessed }) => sum + size - witnessed, 0),
              { namespace, server },
            )
          }
          const outside = trail.witnesses
          const report = outside?.report()
          if (outside !== undefined) result.observe(unwitnessed, outside.window())
          if (report !== undefined) result.observe(late, report.late ? 1 : 0)
          for (const { name, state } of report?.witnesses ?? [])
            for (const each of ['new', 'cosigns', 'unreachable', 'refuses'])
              result.observe(states, each === state ? 1 : 0, { witness: idOf(name), state: each })
          const present = trail.signals().filter(({ lastSeen }) => Date.parse(lastSeen) > now() - signalMs)
          for (const group of Map.groupBy(present, (s) => `${s.namespace}/${s.server}/${s.rule}`).values()) {
            const { namespace, server, rule } = group[0] as (typeof group)[number]
            result.observe(signals, group.length, { namespace, server, rule })
          }
        },
        [chains, signals, last, lag, unwitnessed, late, states],
      )
      observeSealing(meter, () => trail.sealing)
    },
    watchArchive: (archive, now) => observeArchive(meter, archive, now),
    watchCopies: (copies) => observeCopies(meter, copies),
    answer: (request, response) => exporter.getMetricsRequestHandler(request, response),
  }
}

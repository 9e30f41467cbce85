// Gauges and counters that are read off what is known at the moment of a scrape.

import { X509Certificate } from 'node:crypto'
import { standing } from '../core/agreement.ts'
import { idOf } from '../core/log.ts'
import { logFindingKinds } from '../core/log-identifiers.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import { isPutRight, type What } from './admission/asked.ts'
import type { ToldRefusals } from './admission/told-refusals.ts'
import type { WatchedSecrets } from './authority/watch-secrets.ts'
import type { ListWatch } from './cluster/list-watch.ts'
import type { Named } from './cluster/store.ts'
import type { Metrics } from './metrics.ts'
import { keyOf } from './observe.ts'
import { trailVolumeStates, trailVolumes } from './recovery/standing.ts'
import type { Evictor } from './rollout/evict.ts'
import type { LogCounts } from './server-logs/watch.ts'
import type { Outside, World } from './world.ts'

export type Observed = {
  world: World
  outside: Outside
  all: readonly ListWatch<Named>[]
  leading: () => boolean
  /** Our own certificate for channel and collector, PEM. */
  certificate: { current(): { cert: string } }
  /** What was found in servers' own logs. */
  logs: () => readonly LogCounts[]
  /** Pods that were evicted since the start. */
  evictions: Evictor['counts']
  /** What admission refused since the start, and what of it waits for the collector. */
  refusals: ToldRefusals['counts']
  /** The same by resource and subresource. */
  refused: ReadonlyMap<string, number>
  /** What pods that were let in guarded said, since the start. */
  asked: ReadonlyMap<What, number>
  /** Whether the Secrets of the CAs hold what this replica has. */
  secrets: WatchedSecrets['held']
}

const grantStates = ['Requested', 'Lapsed', 'Active', 'Expired', 'ReviewOverdue', 'Reviewed'] as const

/** States of a condition as numbers, as kube-state-metrics does. */
const states = { True: 1, False: 0, Unknown: -1 } as const

export function observeWorld(metrics: Pick<Metrics, 'observed'>, seen: Observed): void {
  const { world, outside, all, leading, certificate, logs, evictions, refusals, refused, asked, secrets } =
    seen
  metrics.observed('gauge', 'leader_election_master_status', '1 while this replica reconciles', () => [
    { value: leading() ? 1 : 0, attributes: { name: 'hipaa-mcp-operator' } },
  ])
  metrics.observed(
    'gauge',
    'hipaa_mcp_watch_stale_seconds',
    'Seconds since the API server last said anything about a kind',
    () =>
      all
        .filter((one) => one.hasSynced())
        .map((one) => ({ value: one.staleSeconds(), attributes: { kind: idOf(one.kind.kind) } })),
  )
  metrics.observed(
    'gauge',
    'hipaa_mcp_operator_certificate_expiry_timestamp_seconds',
    'End of validity of the operator’s own certificate',
    () => [{ value: new X509Certificate(certificate.current().cert).validToDate.getTime() / 1000 }],
  )
  metrics.observed(
    'gauge',
    'hipaa_mcp_ca_secret_held',
    'Whether the Secret of a CA holds what this replica loaded: 1, or 0 where it is gone or another',
    () => secrets().map(({ name, held }) => ({ value: held ? 1 : 0, attributes: { name: idOf(name) } })),
  )
  // Only the leader follows the trail and writes status: one series a server, not one a replica.
  const servers = () => (leading() ? world.servers.all() : [])
  const grantsOf = ({ metadata }: HipaaMcpServer) =>
    world.grants.in(metadata.namespace ?? '').filter(({ spec }) => spec.server === metadata.name)
  metrics.observed(
    'counter',
    'hipaa_mcp_breach_signals_total',
    'Breach signals that the collector knows of',
    () =>
      servers().map((server) => ({
        value: (outside.trail()?.signals ?? []).filter(
          (signal) => `${signal.namespace}/${signal.server}` === keyOf(server),
        ).length,
        attributes: { server: keyOf(server) },
      })),
  )
  metrics.observed(
    'counter',
    'hipaa_mcp_server_log_identifiers_total',
    'Identifiers found in what servers log themselves, by kind, in the part that was read',
    () =>
      logs().flatMap(({ server, found }) =>
        logFindingKinds.map((kind) => ({ value: found[kind], attributes: { server: idOf(server), kind } })),
      ),
  )
  metrics.observed(
    'counter',
    'hipaa_mcp_server_log_read_bytes_total',
    'Bytes of servers’ own logs that were read',
    () => logs().map(({ server, bytes }) => ({ value: bytes, attributes: { server: idOf(server) } })),
  )
  metrics.observed(
    'counter',
    'hipaa_mcp_evictions_total',
    'Pods that were ended because they were unguarded, did not conform, could not prove their guard or were entered under a grant that is over, and those that a budget held',
    () => evictions().map(({ cause, outcome, count }) => ({ value: count, attributes: { cause, outcome } })),
  )
  metrics.observed(
    'counter',
    'hipaa_mcp_admission_refusals_total',
    'Requests that admission refused, or one of its policies, by resource and subresource',
    () => [...refused].map(([resource, value]) => ({ value, attributes: { kind: idOf(resource) } })),
  )
  metrics.observed(
    'counter',
    'hipaa_mcp_admission_refusals_recorded_total',
    'Requests that admission refused and that are on record: recorded one by one, or counted',
    () =>
      refusals()
        .filter(({ outcome }) => outcome !== 'waiting')
        .map(({ outcome, count }) => ({ value: count, attributes: { outcome } })),
  )
  metrics.observed(
    'gauge',
    'hipaa_mcp_admission_refusals_waiting',
    'Requests that admission refused and that the collector does not have on record yet',
    () => refusals().flatMap(({ outcome, count }) => (outcome === 'waiting' ? [{ value: count }] : [])),
  )
  for (const [name, right, description] of [
    ['hipaa_mcp_admission_put_right_total', true, 'and admission put right'],
    ['hipaa_mcp_admission_let_stand_total', false, 'and few others do: it stands'],
  ] as const)
    metrics.observed('counter', name, `What pods that came in guarded say ${description}`, () =>
      [...asked]
        .filter(([what]) => isPutRight(what) === right)
        .map(([what, value]) => ({ value, attributes: { what } })),
    )
  metrics.observed('gauge', 'hipaa_mcp_condition', 'Conditions of servers: 1 True, 0 False, -1 Unknown', () =>
    servers().flatMap((server) =>
      (server.status?.conditions ?? []).map(({ type, status }) => ({
        value: states[status],
        attributes: { server: keyOf(server), type: idOf(type) },
      })),
    ),
  )
  // As it stands at this moment: status is written once a day.
  const agreements = () =>
    (leading() ? world.agreements.all() : []).map((object) => {
      const { name } = object.metadata
      return { ...standing(object, Date.now()), attributes: { agreement: idOf(name) } }
    })
  metrics.observed('gauge', 'hipaa_mcp_agreement_days_left', 'Whole days until an agreement ends', () =>
    agreements().map(({ daysLeft, attributes }) => ({ value: daysLeft, attributes })),
  )
  metrics.observed('gauge', 'hipaa_mcp_agreement_active', '1 while the hosts of an agreement are open', () =>
    agreements().map(({ active, attributes }) => ({ value: active ? 1 : 0, attributes })),
  )
  metrics.observed('gauge', 'hipaa_mcp_trail_volumes', 'Volumes of pods’ own trails, by state', () => {
    const volumes = leading() ? trailVolumes(world) : []
    return trailVolumeStates.map((state) => ({
      value: volumes.filter((volume) => volume.state === state).length,
      attributes: { state },
    }))
  })
  metrics.observed('gauge', 'hipaa_mcp_break_glass_grants', 'Break-glass grants by server and state', () =>
    servers().flatMap((server) =>
      grantStates.map((state) => ({
        value: grantsOf(server).filter(({ status }) => status?.state === state).length,
        attributes: { server: keyOf(server), state },
      })),
    ),
  )
  metrics.observed(
    'gauge',
    'hipaa_mcp_break_glass_uses',
    'Calls under the break-glass grants that are there, from the trail',
    () =>
      servers().map((server) => ({
        value: grantsOf(server).reduce((sum, { status }) => sum + (status?.uses ?? 0), 0),
        attributes: { server: keyOf(server) },
      })),
  )
  metrics.observed(
    'gauge',
    'hipaa_mcp_network_proof_timestamp_seconds',
    'When it was proved last that the network enforces a server’s policies; 0 before the first time',
    () =>
      servers().map((server) => ({
        value: (Date.parse(server.status?.network?.lastProof ?? '') || 0) / 1000,
        attributes: { server: keyOf(server) },
      })),
  )
  metrics.observed(
    'gauge',
    'hipaa_mcp_network_attempts_open',
    'Connections that a policy forbids and that came about when they were tried last',
    () =>
      servers().flatMap((server) =>
        (server.status?.network?.attempts ?? []).map(({ from, to, open }) => ({
          value: open,
          attributes: { server: keyOf(server), from, to },
        })),
      ),
  )
  for (const [name, read, description] of [
    ['hipaa_mcp_pods_expected', 'expected', 'Pods of a server'],
    ['hipaa_mcp_pods_guarded', 'guarded', 'Pods of a server that are guarded'],
  ] as const)
    metrics.observed('gauge', name, description, () =>
      servers().map((server) => ({
        value: server.status?.pods?.[read] ?? 0,
        attributes: { server: keyOf(server) },
      })),
    )
}

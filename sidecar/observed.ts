// Gauges: what the parts of the sidecar say of themselves at the moment of a scrape.

import { idOf } from '../core/log.ts'
import type { Identity } from './channel/identity.ts'
import type { Labels, Metrics } from './metrics.ts'
import { refusedInPod } from './network/refused.ts'
import type { OrdersKeeper } from './orders.ts'
import type { RunningTrail } from './trail/begin.ts'
import { pressureSteps } from './trail/pressure.ts'

export type Parts = {
  identity: Pick<Identity, 'current'>
  orders: Pick<OrdersKeeper, 'standing' | 'age'>
  trail: () => RunningTrail | undefined
  inFlight: () => number
}

type Series = { value: number; labels?: Labels }[]

/** Registers every gauge. */
export function measure(metrics: Pick<Metrics, 'gauge'>, { identity, orders, trail, inFlight }: Parts): void {
  const gauges: { [name: string]: [description: string, read: () => Series] } = {
    locked: ['1 while every call is refused', () => lockedSeries(orders.standing().locked)],
    policy_generation: [
      'Generation of the policy that was read last',
      () => one(orders.standing().inForce?.generation),
    ],
    orders_age_seconds: [
      'Time since the operator said that its orders are current',
      () => one(seconds(orders.age())),
    ],
    certificate_expiry_timestamp_seconds: [
      'End of validity',
      () => {
        const certificates = identity.current()
        if (certificates === undefined) return []
        return [
          { value: certificates.channelUntil / 1000, labels: { certificate: 'channel' } },
          { value: certificates.serverUntil / 1000, labels: { certificate: 'server' } },
        ]
      },
    ],
    trail_waiting_bytes: ['Records that wait for acknowledgement', () => one(trail()?.chain.waitingBytes)],
    trail_unshipped_bytes: [
      'Acknowledged on the volume, not yet at the collector',
      () => one(trail()?.unshipped()),
    ],
    trail_trouble: [
      '1 while nothing can be recorded',
      () => {
        const running = trail()
        const reason = running === undefined ? 'trail-not-begun' : running.chain.trouble()
        return reason === undefined ? [] : [{ value: 1, labels: { reason: idOf(reason) } }]
      },
    ],
    trail_pressure: [
      '1 while the trail falls behind, 2 while it takes no new call, 0 otherwise',
      () => {
        const running = trail()
        if (running === undefined) return []
        const { step, reason } = running.chain.pressure() ?? {}
        if (step === undefined || reason === undefined) return [{ value: 0 }]
        return [{ value: pressureSteps[step], labels: { reason: idOf(reason) } }]
      },
    ],
    chain_size: ['Acknowledged records of this chain', () => one(trail()?.chain.size)],
    witnessed_size: ['Size of the newest cosigned checkpoint', () => one(trail()?.home.witnessed())],
    in_flight: ['Calls being served', () => one(inFlight())],
    pod_connections_failed: [
      'TCP connections that a process of this pod began and nobody took; the packet filter refuses those past the sidecar',
      () => one(refusedInPod()?.connections),
    ],
    pod_datagrams_refused: [
      'Datagrams of this pod that were refused within it, by the packet filter or for want of a listener',
      () => one(refusedInPod()?.datagrams),
    ],
  }
  for (const [name, [description, read]] of Object.entries(gauges)) metrics.gauge({ name, description, read })
}

function one(value: number | undefined): Series {
  return value === undefined ? [] : [{ value }]
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000
}

function lockedSeries(locked: string | undefined): Series {
  return locked === undefined ? [{ value: 0 }] : [{ value: 1, labels: { reason: idOf(locked) } }]
}

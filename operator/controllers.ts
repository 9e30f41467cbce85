// What only the leader does: reconcile servers and agreements, follow the trail, keep trail volumes.

import { leftAloneAfterFault } from './access-changes.ts'
import { type AgreementReconciler, reconcileAgreement } from './agreements.ts'
import type { Client } from './cluster/client.ts'
import type { Events } from './cluster/events.ts'
import { type Queue, workQueue } from './cluster/queue.ts'
import { type GrantReconciler, reconcileGrant } from './grants.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { keyOf } from './observe.ts'
import { type Reconciler, reconcile } from './reconcile.ts'
import { keepTrailVolumes, type RecoverySettings } from './recovery/keep.ts'
import type { Evictor } from './rollout/evict.ts'
import type { Outside, World } from './world.ts'

export type ControllersOptions = {
  world: World
  outside: Outside
  client: Client
  events: Events
  leading: () => boolean
  generation: () => number
  metrics: Pick<Metrics, 'queue'>
  log: Log
  now?: () => number
  recovery: RecoverySettings
  evictor: Evictor
  recordGone: GrantReconciler['recordGone']
  collector: GrantReconciler['collector']
}

export type Controllers = {
  server(key: string): void
  /** Something changed that no watch brings, and any server may depend on it. */
  everyServer(): void
  agreement(name: string): void
  /** `namespace/name` of a break-glass grant. */
  grant(key: string): void
  volumes(): void
  /** Begins with everything that is known: what changed before this replica led has been forgotten. */
  start(): void
  stop(): Promise<void>
}

export function controllers(options: ControllersOptions): Controllers {
  const { now = Date.now, ...rest } = options
  const collector = leftAloneAfterFault(options.collector)
  const deps: Reconciler & AgreementReconciler & GrantReconciler = { ...rest, collector, now }
  const { world, log, recovery } = options
  const queueOf = (name: string, work: (key: string) => Promise<number | undefined>): Queue => {
    const queue: Queue = workQueue({
      name,
      work,
      log,
      observe: options.metrics.queue(name, () => queue.depth()),
    })
    return queue
  }
  const servers = queueOf('hipaamcpserver', async (key) => await reconcile(key, deps))
  const agreements = queueOf(
    'businessassociateagreement',
    async (name) => await reconcileAgreement(name, deps),
  )
  const grants = queueOf('breakglassgrant', async (key) => await reconcileGrant(key, deps))
  const volumes = queueOf('trail-volume', async () => await keepTrailVolumes({ ...rest, now, recovery }))
  const queues = [servers, agreements, grants, volumes]
  let running = false
  /** A leader that loses the lease and has it again must not begin before what ran has ended. */
  let wanted = false
  let ended: Promise<void> = Promise.resolve()
  const when =
    (queue: Queue) =>
    (key: string): void => {
      if (running) queue.add(key)
    }
  return {
    server: when(servers),
    everyServer: () => {
      for (const server of world.servers.all()) when(servers)(keyOf(server))
    },
    agreement: when(agreements),
    grant: when(grants),
    volumes: () => when(volumes)('all'),
    start: () => {
      wanted = true
      void ended.then(() => {
        if (wanted && !running) begin()
      })
    },
    stop: async () => {
      wanted = false
      running = false
      ended = Promise.all(queues.map(async (queue) => await queue.stop())).then(() => {})
      await ended
    },
  }

  function begin(): void {
    running = true
    for (const queue of queues) queue.start()
    for (const server of world.servers.all()) servers.add(keyOf(server))
    for (const { metadata } of world.agreements.all()) agreements.add(metadata.name)
    for (const grant of world.grants.all()) grants.add(keyOf(grant))
    volumes.add('all')
  }
}

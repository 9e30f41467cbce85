// Which replica reconciles: the holder of a Lease. Webhooks and the control channel run on every replica.

import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf, type Log } from '../log.ts'
import { ApiError, type Client } from './client.ts'
import { kinds } from './kinds.ts'

export type LeaderOptions = {
  client: Pick<Client, 'get' | 'create' | 'replace'>
  namespace: string
  name: string
  /** This process, unlike any other: the pod's name and UID. */
  identity: string
  /** Called when this process becomes the leader, and when it is it no longer. */
  onChange: (leading: boolean) => void
  log: Log
  /** Milliseconds. Others wait `lease`; we give up after `renew`, earlier, so that never two lead at once. */
  timing?: { lease: number; renew: number; retry: number }
}

export interface Leader {
  /** False as soon as the renewal is overdue, even before the timer noticed: ask before every write. */
  leading(): boolean
  start(): void
  /** Gives the lease up, so that another replica need not wait for it to run out. */
  stop(): Promise<void>
}

type Lease = {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace: string; resourceVersion?: string }
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

/** The API wants six digits after the second; a Date has three. */
export function microTime(now: Date): string {
  return now.toISOString().replace('Z', '000Z')
}

export function leaderElection(options: LeaderOptions): Leader {
  const { client, namespace, name, identity, onChange, log } = options
  const timing = options.timing ?? { lease: 15_000, renew: 10_000, retry: 2_000 }
  const stopping = new AbortController()
  let leading = false
  /** Monotonic: when the renewal that succeeded was sent. The wall clock of another machine is never compared. */
  let renewed = Number.NEGATIVE_INFINITY
  /** What the lease looked like, and since when by our own clock: only so a foreign holder is known to be gone. */
  let observed = { version: '', since: 0 }
  let running: Promise<void> | undefined

  const overdue = (): boolean => performance.now() - renewed > timing.renew
  const become = (now: boolean): void => {
    if (leading === now) return
    leading = now
    log.info(now ? 'This replica reconciles from now on' : 'This replica no longer reconciles')
    onChange(now)
  }

  async function attempt(): Promise<void> {
    const sent = performance.now()
    const seen = await client.get<Lease>(kinds.lease, namespace, name)
    const version = seen?.metadata.resourceVersion ?? ''
    if (version !== observed.version) observed = { version, since: performance.now() }
    const holder = seen?.spec?.holderIdentity ?? ''
    const theirs = (seen?.spec?.leaseDurationSeconds ?? 0) * 1000
    if (holder !== '' && holder !== identity && performance.now() - observed.since < theirs) {
      become(false)
      return
    }
    const now = microTime(new Date())
    const wanted: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace, ...(version === '' ? {} : { resourceVersion: version }) },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(timing.lease / 1000),
        acquireTime: holder === identity ? (seen?.spec?.acquireTime ?? now) : now,
        renewTime: now,
        leaseTransitions: (seen?.spec?.leaseTransitions ?? 0) + (holder === identity ? 0 : 1),
      },
    }
    // The resourceVersion decides between two who try at once: one gets a Conflict (or AlreadyExists).
    if (seen === undefined) await client.create(kinds.lease, wanted)
    else await client.replace(kinds.lease, wanted)
    // The time before the call: the lease runs at the others' side from some moment after it.
    renewed = sent
    become(true)
  }

  async function run(): Promise<void> {
    const dog = setInterval(
      () => {
        if (leading && overdue()) become(false)
      },
      Math.min(500, timing.retry),
    )
    try {
      while (!stopping.signal.aborted) {
        try {
          await attempt()
        } catch (error) {
          const conflict = error instanceof ApiError && error.status === 409
          if (!conflict) log.warn('The lease could not be read or renewed', { error: codeOf(error) })
          if (leading && overdue()) become(false)
        }
        const jitter = timing.retry * 0.2 * Math.random()
        await sleep(timing.retry + jitter, undefined, { signal: stopping.signal }).catch(() => {})
      }
    } finally {
      clearInterval(dog)
    }
  }

  async function release(): Promise<void> {
    const held = await client.get<Lease>(kinds.lease, namespace, name)
    if (held?.spec?.holderIdentity !== identity) return
    await client.replace(kinds.lease, {
      ...held,
      spec: { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(new Date()) },
    })
  }

  return {
    leading: () => leading && !overdue(),
    start: () => {
      running ??= run()
    },
    stop: async () => {
      stopping.abort()
      await running
      const led = leading
      become(false)
      if (led)
        await release().catch((error: unknown) =>
          log.warn('The lease could not be given up: another replica waits until it runs out', {
            error: codeOf(error),
          }),
        )
    },
  }
}

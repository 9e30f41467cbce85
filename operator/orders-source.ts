// What each pod is told (45 CFR 164.312(a)(1)): assembled from what is seen, on every replica, leader or not.

import { hash } from 'node:crypto'
import { standing, turnsOf } from '../core/agreement.ts'
import type { Orders } from '../core/wire.ts'
import type { BusinessAssociateAgreement } from '../crds/businessassociateagreement.generated.ts'
import { grantOrders, mostRevocations, nextAccessTurn, revocationOrders, timeOf } from './access-orders.ts'
import { keysIn } from './desired/keys.ts'
import { codeOf, idOf, type Log } from './log.ts'
import { keysOf, observe, type Seen } from './observe.ts'
import { judge } from './readiness.ts'
import { trailVolumeOf } from './trail-volumes.ts'
import { vipTokens } from './vip-list.ts'
import type { Outside, World } from './world.ts'

export interface OrdersSource {
  /** Whole orders for one pod at this moment; undefined while nothing can be said yet. Never waits. */
  for(namespace: string, name: string, podUid: string): Orders | undefined
  /** Called whenever `for` may answer differently. Returns how to stop. */
  subscribe(namespace: string, name: string, listener: () => void): () => void
  /** Resolves when this replica has seen at least what the one that gave out `generation` had seen. */
  caughtUp(generation: number): Promise<void>
  /**
   * Whether the API server was heard of within two minutes, by each watch. Without that a heartbeat, which says that orders are
   * current, would be a lie: the pods count their maxPolicyAge from the last one.
   */
  fresh(): boolean
}

/** A list-watch of something that orders are made of. */
export type Input = {
  hasSynced(): boolean
  lastSeen(): number
  staleSeconds(): number
  refresh(): Promise<void>
}

/** Longer than a watch may be silent and then take to open again. */
const freshSeconds = 120

export type OrdersOptions = {
  world: World
  outside: Outside
  /** List-watches whose revisions make the generation. */
  inputs: readonly Input[]
  /** Every list-watch of `world`: a pod, a claim or a namespace that is not seen may be what orders should be locked by. */
  watched: readonly Pick<Input, 'staleSeconds'>[]
  log: Log
  now?: () => number
}

export type OrdersSourceWithChanges = OrdersSource & {
  /** Something changed that orders may hang on; without a namespace, something that all hang on. */
  changed(namespace?: string, name?: string): void
  stop(): void
}

/** The longest that a timer can wait, milliseconds. */
const longestTimer = 2 ** 31 - 1

export function ordersSource(options: OrdersOptions): OrdersSourceWithChanges {
  const { world, outside, inputs, watched, log, now = Date.now } = options
  const listeners = new Map<string, Set<() => void>>()
  const timers = new Map<string, NodeJS.Timeout>()
  const due = new Set<string>()

  /**
   * The newest etcd revision that any input was seen at. It only grows in this process; `caughtUp` carries it over to
   * another replica, which relists whatever it saw last at an older one.
   */
  const newest = (): number => Math.max(...inputs.map((input) => input.lastSeen()))

  /** Pod -> hash of what it was told last: orders that say the same keep their generation, and the pod its caches. */
  const told = new Map<string, { says: string; generation: number }>()
  /** A pod that comes from another replica may hold orders of up to this generation. */
  let floor = 0

  function generationOf(pod: string, orders: Orders): number {
    // The hash: a whole policy for each pod that ever was would add up.
    const says = hash('sha256', JSON.stringify(orders), 'base64')
    const before = told.get(pod)
    const generation = before?.says === says ? Math.max(before.generation, floor) : newest()
    told.set(pod, { says, generation })
    return generation
  }

  function tell(key: string): void {
    // All changes of one turn of the event loop are one call.
    if (due.has(key) || !listeners.has(key)) return
    due.add(key)
    setImmediate(() => {
      due.delete(key)
      for (const listener of listeners.get(key) ?? []) {
        try {
          listener()
        } catch (error) {
          log.error('A listener of orders failed', { key: idOf(key), error: codeOf(error) })
        }
      }
      plan(key)
    })
  }

  /** An agreement begins and ends by the clock, and a grant ends, without any object changing. */
  function plan(key: string): void {
    clearTimeout(timers.get(key))
    timers.delete(key)
    const [namespace = '', name = ''] = key.split('/')
    const seen = observe(world, outside, namespace, name)
    const next = seen === undefined ? undefined : turnOf(seen, now())
    if (next === undefined || !listeners.has(key)) return
    const timer = setTimeout(() => tell(key), Math.min(next, longestTimer))
    timer.unref()
    timers.set(key, timer)
  }

  return {
    for: (namespace, name, podUid) => {
      if (!inputs.every((input) => input.hasSynced())) return undefined
      const orders = ordersFor(world, outside, { namespace, name, podUid }, 0, now())
      if (orders === undefined) return undefined
      const generation = generationOf(`${namespace}/${name}/${podUid}`, orders)
      return { ...orders, generation }
    },
    subscribe: (namespace, name, listener) => {
      const key = `${namespace}/${name}`
      const set = listeners.get(key) ?? new Set()
      listeners.set(key, set.add(listener))
      plan(key)
      return () => {
        set.delete(listener)
        if (set.size > 0) return
        listeners.delete(key)
        clearTimeout(timers.get(key))
        timers.delete(key)
        for (const pod of told.keys()) if (pod.startsWith(`${key}/`)) told.delete(pod)
      }
    },
    caughtUp: async (wanted) => {
      await Promise.all(
        inputs.map(async (input) => {
          if (!input.hasSynced() || input.lastSeen() < wanted) await input.refresh()
        }),
      )
      // A generation that never was (a pod may claim anything) raises nothing for the others.
      floor = Math.max(floor, Math.min(wanted, newest()))
    },
    fresh: () => watched.every((input) => input.staleSeconds() < freshSeconds),
    changed: (namespace, name) => {
      for (const key of listeners.keys()) {
        const [ofNamespace, ofName] = key.split('/')
        if (namespace !== undefined && namespace !== ofNamespace) continue
        if (name !== undefined && name !== ofName) continue
        tell(key)
      }
    },
    stop: () => {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
      listeners.clear()
    },
  }
}

/**
 * The orders of one pod. A server that fails a check gets a lock, never yesterday's policy; one that is gone locks the
 * pods that still run. Undefined only where there are no keys: without them no record could be written.
 */
export function ordersFor(
  world: World,
  outside: Outside,
  pod: { namespace: string; name: string; podUid: string },
  generation: number,
  now: number,
): Orders | undefined {
  const { namespace, name, podUid } = pod
  const keys = keysIn(keysOf(world, namespace, name))
  if (keys === undefined) return undefined
  const seen = observe(world, outside, namespace, name)
  if (seen === undefined) {
    const nothing = { jwks: {}, agreements: [], grants: [], revocations: [], volumeRetained: false }
    return { generation, keys, locked: 'server-deleted', ...nothing }
  }
  const revocations = revocationOrders(seen.revocations, now)
  const locked =
    judge(seen).find(({ locks }) => locks !== undefined)?.locks ??
    (revocations.length > mostRevocations ? 'too-many-revocations' : undefined)
  const vip = vipTokens(seen.vipList, keys, `${namespace}/${name}`)
  return {
    generation,
    ...('policy' in seen.compiled ? { policy: seen.compiled.text, hash: seen.compiled.hash } : {}),
    ...(locked === undefined ? {} : { locked }),
    keys,
    jwks: keySetsOf(seen, outside),
    ...(vip === undefined ? {} : { vip }),
    ...(Object.keys(seen.credentials).length === 0 ? {} : { credentials: seen.credentials }),
    agreements: [...seen.agreements].map(([agreement, object]) => agreementOrder(agreement, object, now)),
    grants: grantOrders(seen.grants, now),
    revocations: revocations.slice(0, mostRevocations),
    volumeRetained: trailVolumeOf(world, namespace, podUid)?.spec.persistentVolumeReclaimPolicy === 'Retain',
  }
}

function keySetsOf({ server }: Seen, outside: Outside): Orders['jwks'] {
  return Object.fromEntries(
    server.spec.identity.issuers.flatMap((issuer) => {
      const keySet = outside.keySet(issuer)
      return keySet === undefined ? [] : [[issuer.url, keySet]]
    }),
  )
}

function agreementOrder(
  name: string,
  agreement: BusinessAssociateAgreement | undefined,
  now: number,
): Orders['agreements'][number] {
  if (agreement === undefined)
    return { name, active: false, until: new Date(0).toISOString(), reason: 'Missing' }
  const { active, reason, until } = standing(agreement, now)
  const { expires } = agreement.spec
  // Its own words where the contract decides.
  return { name, active, until: until === Date.parse(expires) ? expires : timeOf(until), reason }
}

/** Milliseconds until something of a server's orders or status changes by the clock; undefined when nothing does. */
export function turnOf({ agreements, grants, revocations }: Seen, now: number): number | undefined {
  const turns = [nextTurn(agreements.values(), now), nextAccessTurn(grants, revocations, now)]
  const coming = turns.filter((turn) => turn !== undefined)
  return coming.length === 0 ? undefined : Math.min(...coming)
}

/** Milliseconds until the next agreement begins or ends; undefined when none ever does. */
export function nextTurn(
  agreements: Iterable<BusinessAssociateAgreement | undefined>,
  now: number,
): number | undefined {
  const turns = [...agreements]
    .flatMap((agreement) => (agreement === undefined ? [] : turnsOf(agreement)))
    .map((time) => time - now)
    .filter((left) => left > 0)
  return turns.length === 0 ? undefined : Math.min(...turns)
}

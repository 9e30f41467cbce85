// Egress by name, wired: the pod's resolver, the listener behind every name, and what the trail hears of both.

import { Resolver } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { ports as fixedPorts } from '../../core/identifiers.ts'
import type { Orders } from '../in-force.ts'
import type { Trail } from '../trail/trail.ts'
import { countRefusals } from './counts.ts'
import { realPlace, type World } from './dial.ts'
import { startListener } from './listener.ts'
import { domainOf, type Names, namesOf, noNames, type Target } from './names.ts'
import type { Reason } from './reasons.ts'
import { startResolver } from './resolver.ts'
import { undeclaredSources } from './suffixes.ts'

/** Names under wildcards that one process takes: each is the app's choice, and stays. */
const mostAsked = 256

export type EgressOptions = {
  orders: Orders
  trail: Pick<Trail, 'note'>
  /** The cluster's resolver: an address, or `address:port`. */
  dns: string
  /** DNS search domains of the pod. */
  search: readonly string[]
  /** Of the server. */
  namespace: string
  /** Names out of the policy and reasons out of a table only; `error` is ours. */
  log?: (event: {
    event: 'egress-refused' | 'egress-names-ambiguous' | 'egress-counts-lost'
    source: string
    reason?: Reason
    error?: unknown
  }) => void
  metrics?: { opened: (kind: Target['kind']) => void; refused: (reason: Reason) => void }
  /** 0 takes any free one. */
  ports?: { egress: number; dns: number }
  periods?: { refusalsMs?: number; reviewMs?: number; setupMs?: number }
  /** The outside world; a test puts its own in place. */
  world?: Partial<World>
}

export type RunningEgress = {
  ports: { egress: number; dnsUdp: number; dnsTcp: number }
  /** Ends listeners and connections and records what is still counted: before the trail closes. */
  close: () => Promise<void>
}

/**
 * Resolves when the app may look up names. Rejects when a port cannot be bound. What holds from then on:
 * a connection leaves only for a declared name, recorded before; to a third party only while an agreement is active and
 * only as TLS for that very name; to a store only as verified TLS. It ends within a second of what allowed it.
 */
export async function startEgress(options: EgressOptions): Promise<RunningEgress> {
  const { orders, trail, search, namespace, metrics } = options
  const { refusalsMs = 60_000, reviewMs = 250, setupMs = 15_000 } = options.periods ?? {}
  const ports = options.ports ?? fixedPorts
  const refusals = countRefusals(trail, refusalsMs)
  const refused = (source: string, reason: Reason, error?: unknown): void => {
    metrics?.refused(reason)
    // As seldom as the trail: an app that tries all day fills no log either. An asterisk is no sign of a log.
    if (refusals.count(source, reason))
      options.log?.({
        event: 'egress-refused',
        source: source.replace('*', ''),
        reason,
        ...(error === undefined ? {} : { error }),
      })
  }

  const asked = new Set<string>()
  let names: Names = noNames
  let ready = false
  const readNames = (): void => {
    const { inForce } = orders.standing()
    // A lock without a policy opens nothing new; the names stay, for the stores' connections that do.
    if (inForce === undefined) return
    const before = names.ambiguous.join()
    names = namesOf(inForce.policy.egress, { namespace, search }, names, asked)
    ready = true
    if (names.ambiguous.join() !== before) {
      for (const source of names.ambiguous) options.log?.({ event: 'egress-names-ambiguous', source })
    }
  }
  readNames()
  /** A name under a wildcard becomes a name when it is first asked for. */
  const addressOf = (name: string): string | undefined => {
    const known = names.addresses.get(name)
    const domain = domainOf(name)
    if (known !== undefined || domain === undefined || !names.wildcards.has(domain)) return known
    // It was asked for before and means nothing, or is one too many: all names are made anew for a new one alone.
    if (asked.has(name)) return undefined
    if (asked.size >= mostAsked) {
      refused(`*.${domain}`, 'too-many-names')
      return undefined
    }
    asked.add(name)
    readNames()
    return names.addresses.get(name)
  }
  const sourceOf = undeclaredSources({
    search,
    key: () => orders.standing().inForce?.keys.hashes,
    everyMs: refusalsMs,
  })

  const withoutIPv4 = !Object.values(networkInterfaces())
    .flat()
    .some((one) => one?.family === 'IPv4' && !one.internal)
  const resolver = await startResolver({
    host: '127.0.0.1',
    port: ports.dns,
    lookup: () => ({ ready, addressOf, search, withoutIPv4 }),
    undeclared: (name) => refused(sourceOf(name), 'undeclared-name'),
  })
  const listener = await startListener({
    port: ports.egress,
    orders,
    names: () => names,
    world: { resolve: clusterResolver(options.dns), place: realPlace, ...options.world },
    record: async ({ declared, kind }, rules) => {
      const reason = rules === undefined ? {} : { reason: rules }
      await trail.note({ kind: 'counted', what: 'egress-opened', source: declared, count: 1, ...reason })
      metrics?.opened(kind)
    },
    refused,
    setupMs,
  }).catch(async (error: unknown) => {
    await resolver.close()
    throw error
  })

  const stopListening = orders.onChange(() => {
    readNames()
    listener.review()
  })
  // Agreements end by the clock, and connections that are not set up in time.
  const clock = setInterval(listener.review, reviewMs)
  clock.unref()

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    stopListening()
    clearInterval(clock)
    await Promise.all([resolver.close(), listener.close()])
    const lost = await refusals.close()
    if (lost > 0) options.log?.({ event: 'egress-counts-lost', source: 'undeclared' })
  }
  return {
    ports: { egress: listener.port, dnsUdp: resolver.udpPort, dnsTcp: resolver.tcpPort },
    close: async () => await (closing ??= close()),
  }
}

function clusterResolver(address: string): World['resolve'] {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  resolver.setServers([address])
  return async (name) => {
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    const [four = [], six = []] = found.map((one) => (one.status === 'fulfilled' ? one.value : []))
    // In turns: a pod of one family fails at once with the other's addresses, and shall not run out of tries on them.
    return Array.from({ length: Math.max(four.length, six.length) }, (_, at) =>
      [four[at], six[at]].filter((address) => address !== undefined),
    ).flat()
  }
}

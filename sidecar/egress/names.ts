// Policy -> names -> addresses of 127.64.0.0/10. Pure. A guarded pod knows no other names.

import type { Egress } from '../../core/policy.ts'

/** One place that the pod may reach, behind one address. */
export type Target =
  | {
      kind: 'agreement'
      name: string
      port: number
      /** Any active one of these opens it. */
      agreements: readonly string[]
    }
  | {
      kind: 'store'
      name: string
      port: number
      ca: string
      /** Names to ask the cluster's resolver for, in order. */
      lookups: readonly string[]
      /** Names for which the store's certificate may be. */
      identities: readonly string[]
    }

/** Where the pod is: its namespace and the DNS search domains that the kubelet gives it. */
export type Place = { namespace: string; search: readonly string[] }

export type Names = {
  /** Lower-case name without trailing dot -> address. */
  addresses: ReadonlyMap<string, string>
  targets: ReadonlyMap<string, Target>
  /** Names that mean two things, and therefore nothing. */
  ambiguous: readonly string[]
  /** Key of a target -> address, for as long as this process lives. */
  allotted: ReadonlyMap<string, string>
}

export const noNames: Names = { addresses: new Map(), targets: new Map(), ambiguous: [], allotted: new Map() }

/**
 * Addresses are handed out in the order of the names. One that was handed out before stays with its name and is never
 * handed to another: an app that remembers an address across a change of policy must not reach somebody else.
 */
export function namesOf(egress: readonly Egress[], place: Place, before: Names = noNames): Names {
  const groups = new Map<string, Egress[]>()
  for (const entry of egress) {
    const key = keyOf(entry, place)
    groups.set(key, [...(groups.get(key) ?? []), entry])
  }
  const allotted = new Map(before.allotted)
  const targets = new Map<string, Target>()
  const owners = new Map<string, Set<string>>()
  const unclear: string[] = []
  for (const [key, entries] of [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const address = allotted.get(key) ?? addressAt(allotted.size)
    allotted.set(key, address)
    const target = targetOf(entries, place)
    if (target === undefined) {
      unclear.push(...entries.map(({ host }) => host))
      continue
    }
    targets.set(address, target)
    const answering = target.kind === 'store' ? target.identities : [target.name]
    for (const name of answering) owners.set(name, (owners.get(name) ?? new Set()).add(address))
  }
  const clear = [...owners].filter(([name, { size }]) => size === 1 && !unclear.includes(name))
  return {
    addresses: new Map(clear.map(([name, [address = '']]) => [name, address])),
    targets,
    ambiguous: [
      ...new Set([...unclear, ...[...owners.keys()].filter((name) => (owners.get(name)?.size ?? 0) > 1)]),
    ],
    allotted,
  }
}

const base = (127 << 24) | (64 << 16)
const room = 2 ** 22

function addressAt(index: number): string {
  if (index + 1 >= room) throw new RangeError('No address is left for another egress name: restart the pod')
  const value = base + index + 1
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')
}

/** Entries of one key share a target if they agree on it; else there is none, and nobody reaches either. */
function targetOf(entries: readonly Egress[], place: Place): Target | undefined {
  const [first] = entries
  if (first === undefined) return undefined
  if (first.kind === 'agreement') {
    const agreements = entries.flatMap((entry) => (entry.kind === 'agreement' ? [entry.agreement] : []))
    if (agreements.length !== entries.length || entries.some(({ port }) => port !== first.port))
      return undefined
    return { kind: 'agreement', name: first.host, port: first.port, agreements }
  }
  const same = entries.every(
    (entry) => entry.kind === 'store' && entry.port === first.port && entry.ca === first.ca,
  )
  if (!same) return undefined
  const host = first.host
  const { port, ca } = first
  return {
    kind: 'store',
    name: host,
    port,
    ca,
    lookups: lookupsOf(host, place),
    identities: [...new Set([host, ...aliasesOf(host, place)])],
  }
}

function keyOf(entry: Egress, place: Place): string {
  return entry.kind === 'store' ? (aliasesOf(entry.host, place).at(-1) ?? entry.host) : entry.host
}

/** `cluster.local` of `svc.cluster.local`; the kubelet always gives that one. */
function clusterDomain({ search }: Place): string {
  return search.find((domain) => domain.startsWith('svc.'))?.slice('svc.'.length) ?? 'cluster.local'
}

/** All names of the Service that a host means, shortest first; none for a host that can be no Service. */
function aliasesOf(host: string, place: Place): string[] {
  const domain = clusterDomain(place)
  const bare = host.endsWith(`.svc.${domain}`) ? host.slice(0, -`.${domain}`.length) : host
  const [service, namespace = place.namespace, svc = 'svc', ...rest] = bare.split('.')
  if (svc !== 'svc' || rest.length > 0) return []
  const short = namespace === place.namespace ? [service as string] : []
  return [
    ...short,
    `${service}.${namespace}`,
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.${domain}`,
  ]
}

/** As the pod's own resolver would look it up with `ndots:5`: search domains first, then as it stands. */
function lookupsOf(host: string, place: Place): string[] {
  if (host.endsWith(`.${clusterDomain(place)}`)) return [host]
  return [...place.search.map((domain) => `${host}.${domain}`), host]
}

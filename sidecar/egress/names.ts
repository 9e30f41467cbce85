// Policy -> names -> addresses of 127.64.0.0/10. Pure. A guarded pod knows no other names.

import { modelVendorOf } from '../../core/model-vendors.ts'
import type { Egress, ModelRules, PlainProtocol } from '../../core/policy.ts'
import { anywhere, type Ranges } from './addresses.ts'

/** One place that the pod may reach, behind one address. */
export type Target = {
  kind: Egress['kind']
  name: string
  /** As the policy has it, for records: of a name under a wildcard the app chose a part. */
  declared: string
  port: number
  /** `Tls` is the app's own, untouched; `Model` is read call by call; TLS is put on the others. */
  protocol: PlainProtocol | 'Tls' | 'Model'
  /** PEM. Absent: public CAs. */
  ca?: string
  /** Names to ask the cluster's resolver for, in order. */
  lookups: readonly string[]
  /** Names for which its certificate may be. */
  identities: readonly string[]
  /** Ranges of one network in which it may be. */
  ranges: Ranges
  /** Of a vendor of models. */
  model?: ModelRules
  /** Of a vendor of models, behind anything but the gate: nobody sees what is asked of it. */
  unproved: boolean
  /** Of a third party: any active one of these opens it. */
  agreements: readonly string[]
}

/** Where the pod is: its namespace and the DNS search domains that the kubelet gives it. */
export type Place = { namespace: string; search: readonly string[] }

export type Names = {
  /** Lower-case name without trailing dot -> address. */
  addresses: ReadonlyMap<string, string>
  targets: ReadonlyMap<string, Target>
  /** Domains under which any one label is declared. */
  wildcards: ReadonlySet<string>
  /** Names that mean two things, or a store that is no Service of the cluster, and therefore nothing. */
  ambiguous: readonly string[]
  /** Key of a target -> address, for as long as this process lives. */
  allotted: ReadonlyMap<string, string>
}

export const noNames: Names = {
  addresses: new Map(),
  targets: new Map(),
  wildcards: new Set(),
  ambiguous: [],
  allotted: new Map(),
}

/** An entry, and the host as the policy has it. */
type Declared = Egress & { declared: string }

/** The domain under which a name would be the one label of a wildcard; undefined for a name that cannot be. */
export function domainOf(name: string): string | undefined {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.(.+)$/.exec(name)?.[1]
}

/**
 * Addresses are handed out in the order of the names. One that was handed out before stays with its name and is never
 * handed to another: an app that remembers an address across a change of policy must not reach somebody else. `asked`:
 * names that were asked for; those under a wildcard are names like any other.
 */
export function namesOf(
  egress: readonly Egress[],
  place: Place,
  before: Names = noNames,
  asked: Iterable<string> = [],
): Names {
  const groups = new Map<string, Declared[]>()
  for (const entry of spelledOut(egress, asked)) {
    const key = keyOf(entry, place)
    groups.set(key, [...(groups.get(key) ?? []), entry])
  }
  const allotted = new Map(before.allotted)
  const targets = new Map<string, Target>()
  const owners = new Map<string, Set<string>>()
  const unclear: Declared[] = []
  for (const [key, entries] of [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const address = allotted.get(key) ?? addressAt(allotted.size)
    allotted.set(key, address)
    const target = targetOf(entries, place)
    if (target === undefined) {
      unclear.push(...entries)
      continue
    }
    targets.set(address, target)
    const answering = target.kind === 'store' ? target.identities : [target.name]
    for (const name of answering) owners.set(name, (owners.get(name) ?? new Set()).add(address))
  }
  const clear = [...owners].filter(
    ([name, { size }]) => size === 1 && !unclear.some(({ host }) => host === name),
  )
  return {
    addresses: new Map(clear.map(([name, [address = '']]) => [name, address])),
    targets,
    wildcards: new Set(egress.flatMap(({ host }) => (host.startsWith('*.') ? [host.slice(2)] : []))),
    ambiguous: [
      ...new Set([
        ...unclear.map(({ declared }) => declared),
        ...[...owners.keys()].filter((name) => (owners.get(name)?.size ?? 0) > 1),
      ]),
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

/** Wildcards as the names under them that were asked for. A name that is declared in full is no wildcard's. */
function spelledOut(egress: readonly Egress[], asked: Iterable<string>): Declared[] {
  const full = new Set(egress.map(({ host }) => host))
  const names = [...asked].filter((name) => !full.has(name)).toSorted()
  return egress.flatMap((entry) =>
    entry.host.startsWith('*.')
      ? names
          .filter((name) => domainOf(name) === entry.host.slice(2))
          .map((host) => ({ ...entry, host, declared: entry.host }))
      : [{ ...entry, declared: entry.host }],
  )
}

/** Entries of one key share a target if they agree on it; else there is none, and nobody reaches either. */
function targetOf(entries: readonly Declared[], place: Place): Target | undefined {
  const all = entries.flatMap((entry) => oneTarget(entry, place) ?? [])
  const [first, ...others] = all
  if (first === undefined || all.length < entries.length) return undefined
  if (!others.every((other) => sameTarget(first, other))) return undefined
  return { ...first, agreements: all.flatMap(({ agreements }) => agreements) }
}

/** Undefined for a store that is no Service of the cluster: what is elsewhere is a third party's, and needs its agreement. */
function oneTarget(entry: Declared, place: Place): Target | undefined {
  const { kind, host, declared, port } = entry
  if (kind === 'agreement') {
    const { ca, ranges = [], agreement, model } = entry
    const protocol = model === undefined ? (entry.protocol ?? 'Tls') : 'Model'
    // A Service of the cluster, written in full, has an address of the cluster's.
    const inCluster = host.endsWith(`.svc.${clusterDomain(place)}`)
    return {
      kind,
      name: host,
      declared,
      port,
      protocol,
      lookups: [host],
      identities: [host],
      ...(ca === undefined ? {} : { ca }),
      ranges: inCluster ? anywhere : ranges,
      ...(model === undefined ? {} : { model }),
      unproved: model === undefined && modelVendorOf(host) !== undefined,
      agreements: [agreement],
    }
  }
  const aliases = aliasesOf(host, place)
  if (aliases.length === 0) return undefined
  return {
    kind,
    name: host,
    declared,
    port,
    protocol: entry.protocol,
    ca: entry.ca,
    // In full alone: as it stands, or with a search domain of the node's behind it, it could be a name in public.
    lookups: aliases.slice(-1),
    identities: aliases,
    ranges: anywhere,
    unproved: false,
    agreements: [],
  }
}

/** Whether two targets are one place, whichever agreements open it. A store has several names. */
export function sameTarget(one: Target, other: Target): boolean {
  if (one === other) return true
  const placeOf = ({ kind, name, port, protocol, ca, ranges, model }: Target): string =>
    JSON.stringify([kind, kind === 'store' ? '' : name, port, protocol, ca, ranges, model])
  return placeOf(one) === placeOf(other)
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

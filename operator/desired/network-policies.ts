// Who reaches the pods of a server and of its stores, and what they reach (45 CFR 164.312(a)(1), (e)(1)). Policies only
// add: the guard in the pod stands behind them. Every default is spelled out, so that what the API server gives back
// equals what we sent.

import { standing } from '../../core/agreement.ts'
import { guardedLabel, monitoringLabel, ports, storeLabel, systemNamespace } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { isRange } from '../ranges.ts'
import { managedByUs, ofServer, ownedBy } from './wanted.ts'

type Peer = { namespaceSelector?: object; podSelector?: object; ipBlock?: { cidr: string } }
type Caller = NonNullable<NonNullable<HipaaMcpServer['spec']['network']>['ingress']>[number]
type Port = { port: number; protocol: 'TCP' | 'UDP' }
type Rule<Side extends 'from' | 'to'> = { [side in Side]?: Peer[] } & { ports: Port[] }

const tcp = (port: number): Port => ({ port, protocol: 'TCP' })
const udp = (port: number): Port => ({ port, protocol: 'UDP' })
const namespace = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })
const program = (name: string): Peer => ({
  namespaceSelector: namespace(systemNamespace),
  podSelector: { matchLabels: { 'app.kubernetes.io/name': name } },
})

/** Label value of a store's pods. */
export function storeOf(server: string, store: string): string {
  return `${server}.${store}`
}

/**
 * Nothing reaches the server's pods but the named callers on the sidecar's ports and monitoring; nothing leaves but to
 * DNS, our own two programs, declared stores and, while an agreement is active, the ports of its hosts.
 */
export function serverPolicy(seen: {
  server: HipaaMcpServer
  agreements: ReadonlyMap<string, Parameters<typeof standing>[0] | undefined>
  /** As enrolmentIsSettled says. */
  enrolmentSettled: boolean
  now: number
}): KubernetesObject {
  const { server, agreements, enrolmentSettled, now } = seen
  const { spec } = server
  const callers = (spec.network?.ingress ?? []).flatMap(callersOf)
  const monitoring: Rule<'from'> = {
    from: [{ namespaceSelector: { matchLabels: { [monitoringLabel]: 'true' } } }],
    ports: [tcp(ports.health)],
  }
  // Not every agreement that the server names: one that lets text to a caller's model opens no way out.
  const toAgreements = (spec.network?.egress ?? []).flatMap(({ baa, port = 443 }) => {
    const agreement = baa === undefined ? undefined : agreements.get(baa)
    return agreement !== undefined && standing(agreement, now).active ? [port] : []
  })
  const egress: Rule<'to'>[] = [
    {
      to: [
        { namespaceSelector: namespace('kube-system') },
        // NodeLocal DNSCache, which is no pod that a selector could name.
        { ipBlock: { cidr: '169.254.20.10/32' } },
      ],
      ports: [udp(53), tcp(53)],
    },
    { to: [program('hipaa-mcp-operator')], ports: [tcp(ports.channel)] },
    { to: [program('hipaa-mcp-collector')], ports: [tcp(ports.collector)] },
    ...storesOf(server).map(
      ({ name, pods, port }): Rule<'to'> => ({
        // The second peer: pods of the store that have run since before the namespace was enrolled. No longer than those do: its
        // labels are anybody's to give to a pod that runs, and nothing keeps what a bystander hears from leaving.
        to: [
          { podSelector: { matchLabels: { [storeLabel]: storeOf(server.metadata.name, name) } } },
          ...(enrolmentSettled ? [] : [{ podSelector: { matchLabels: pods.matchLabels } }]),
        ],
        ports: [tcp(port)],
      }),
    ),
    // A NetworkPolicy knows no names: which hosts is the sidecar's to decide.
    ...(toAgreements.length > 0
      ? [{ ports: [...new Set(toAgreements)].toSorted((a, b) => a - b).map(tcp) }]
      : []),
  ]
  const calls = [ports.calls, spec.workload.port]
  const discovery = spec.tls?.discovery === undefined ? [] : [ports.discovery, spec.tls.discovery.port]
  return policy(server, serverPolicyName(server), {
    podSelector: { matchLabels: { [guardedLabel]: server.metadata.name } },
    policyTypes: ['Ingress', 'Egress'],
    // The app's port too: a connection to it is redirected to the sidecar inside the pod, after this policy.
    ingress: [
      ...(callers.length === 0 ? [] : [{ from: callers, ports: [...calls, ...discovery].map(tcp) }]),
      monitoring,
    ],
    egress,
  })
}

/** None where an entry says nothing: an empty peer would be everybody. A range that is none would have the whole policy refused. */
function callersOf({ namespace: name, podSelector, cidr }: Caller): Peer[] {
  if (cidr !== undefined) return isRange(cidr) ? [{ ipBlock: { cidr } }] : []
  if (name === undefined) return []
  const { matchLabels } = podSelector ?? {}
  return [
    { namespaceSelector: namespace(name), podSelector: matchLabels === undefined ? {} : { matchLabels } },
  ]
}

/**
 * A store answers that server's sidecars and nobody else, and calls nobody: what the server's code puts into it, or what
 * gives itself out for it, would leave by that way.
 */
export function storePolicies(server: HipaaMcpServer): KubernetesObject[] {
  const { name } = server.metadata
  return (server.spec.stores ?? []).map((store) =>
    policy(server, storePolicyName(server, store.name), {
      podSelector: { matchLabels: { [storeLabel]: storeOf(name, store.name) } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: { [guardedLabel]: name } } }],
          ports: [tcp(store.port)],
        },
      ],
    }),
  )
}

export function serverPolicyName({ metadata }: HipaaMcpServer): string {
  return `hipaa-mcp-server.${metadata.name}`
}

/** A store's name has no dot, so no two pairs of server and store share a name. */
function storePolicyName({ metadata }: HipaaMcpServer, store: string): string {
  return `hipaa-mcp-store.${storeOf(metadata.name, store)}`
}

/** Names of all that we own in a namespace with these servers. */
export function ownPolicyNames(servers: readonly HipaaMcpServer[]): ReadonlySet<string> {
  const names = servers.flatMap((server) => [
    serverPolicyName(server),
    ...(server.spec.stores ?? []).map(({ name }) => storePolicyName(server, name)),
  ])
  return new Set([bystanderPolicyName, ...names])
}

export const bystanderPolicyName = 'hipaa-mcp-bystanders'

/**
 * Whether no pod of a server or store is left from before the enrolment: `settled`, of whoever looks at pods, or because it was so
 * once. Then the bystanders' policy stands, and stays, for no new pod starts unlabelled in an enrolled namespace.
 */
export function enrolmentIsSettled({
  enrolled,
  settled = false,
  networkPolicies,
}: {
  enrolled: boolean
  settled?: boolean
  /** All of the namespace. */
  networkPolicies: readonly Pick<KubernetesObject, 'metadata'>[]
}): boolean {
  return (
    enrolled && (settled || networkPolicies.some(({ metadata }) => metadata.name === bystanderPolicyName))
  )
}

/**
 * Every other pod of an enrolled namespace reaches nobody and is reached by nobody. One for the namespace, owned by all
 * its servers, so that it goes with the last of them.
 */
export function bystanderPolicy(servers: readonly HipaaMcpServer[]): KubernetesObject {
  const sorted = [...servers].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: bystanderPolicyName,
      namespace: sorted[0]?.metadata.namespace ?? '',
      labels: managedByUs,
      ownerReferences: sorted.map(ownedBy),
    },
    spec: {
      podSelector: {
        matchExpressions: [
          { key: guardedLabel, operator: 'DoesNotExist' },
          { key: storeLabel, operator: 'DoesNotExist' },
        ],
      },
      policyTypes: ['Ingress', 'Egress'],
    },
  }
}

/** Stores that an egress of the server names: only those may its pods reach. */
function storesOf(server: HipaaMcpServer) {
  const named = new Set((server.spec.network?.egress ?? []).map(({ store }) => store))
  return (server.spec.stores ?? []).filter(({ name }) => named.has(name))
}

function policy(server: HipaaMcpServer, name: string, spec: object): KubernetesObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name,
      namespace: server.metadata.namespace ?? '',
      labels: { ...managedByUs, [ofServer]: server.metadata.name },
      ownerReferences: [ownedBy(server)],
    },
    spec,
  }
}

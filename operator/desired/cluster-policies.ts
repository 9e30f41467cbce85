// The same as our NetworkPolicies, one tier higher, for clusters that have the kind (SIG Network's network-policy-api): a
// NetworkPolicy only adds, so one of somebody else's may open what ours does not. Here everything that ours let through is
// passed on to them, and the rest is denied: no NetworkPolicy opens it any more. Pure.
//
// Nothing is accepted. And the priority is the last of its tier, so that whatever the cluster's own team wrote counts first.

import { enforceLabel, group } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { Namespace, NetworkPolicy } from '../objects.ts'
import { managedByUs } from './wanted.ts'

type Selector = object
type Peer = { namespaceSelector?: Selector; podSelector?: Selector; ipBlock?: { cidr: string } }
type Port = { port: number; protocol: 'TCP' | 'UDP' }
type Rule = { from?: Peer[]; to?: Peer[]; ports: Port[] }
type ClusterPeer =
  | { namespaces: Selector }
  | { pods: { namespaceSelector?: Selector; podSelector: Selector } }
  | { networks: string[] }
type ClusterRule = { name: string; action: 'Pass' | 'Deny'; protocols?: object[] } & {
  [side in 'from' | 'to']?: ClusterPeer[]
}

/** The highest number: where two policies of the tier speak of one connection, that of the lower number counts. */
const lastOfItsTier = 1000
/** The kind's own bounds. */
const mostPeers = 25
const mostRules = 25
const mostPorts = 25

const everyPod: ClusterPeer = { namespaces: {} }
const everywhere: ClusterPeer[] = [everyPod, { networks: ['0.0.0.0/0', '::/0'] }]

/** `policy`: one of ours in that namespace, which owns the result: cluster-wide objects have no owner in a namespace. */
export function clusterPolicy(
  apiVersion: string,
  policy: KubernetesObject,
  { metadata }: Namespace,
): KubernetesObject {
  const spec = policy['spec'] as NetworkPolicy['spec'] & { ingress?: Rule[]; egress?: Rule[] }
  const own = { matchLabels: { 'kubernetes.io/metadata.name': metadata.name } }
  const ingress = within([
    ...(spec.ingress ?? []).flatMap((rule) => passed('from', rule.ports, comers(rule.from, own))),
    // Who comes from outside of the cluster is none of its peers: that is left to the NetworkPolicy.
    { name: 'nothing-else-in', action: 'Deny', from: [everyPod] },
  ])
  const egress = within([
    ...(spec.egress ?? []).flatMap((rule) => passed('to', rule.ports, goals(rule.to, own))),
    { name: 'nothing-else-out', action: 'Deny', to: everywhere },
  ])
  return {
    apiVersion,
    kind: 'ClusterNetworkPolicy',
    metadata: {
      name: nameOf(metadata.name, policy.metadata.name),
      labels: { ...managedByUs, [namespaceOf]: metadata.name },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Namespace', name: metadata.name, uid: metadata.uid ?? '' },
      ],
    },
    spec: {
      tier: 'Admin',
      priority: lastOfItsTier,
      subject: {
        pods: {
          namespaceSelector: { matchLabels: { ...own.matchLabels, [enforceLabel]: 'true' } },
          podSelector: spec.podSelector,
        },
      },
      ...(ingress === undefined ? {} : { ingress }),
      ...(egress === undefined ? {} : { egress }),
    },
  }
}

/** On what is not in a namespace: which one it is about. */
const namespaceOf = `${group}/namespace`

/** Names of ours begin with what they are: `hipaa-mcp-server.NAMESPACE.NAME`. A namespace's name has no dot. */
function nameOf(namespace: string, policyName: string): string {
  return policyName.replace('.', `.${namespace}.`)
}

export function isOurName(name: string): boolean {
  return /^hipaa-mcp-(server|store)\./.test(name)
}

/** Ranges of callers may hold pods as well, and no peer of an ingress is a range: for their ports the NetworkPolicy alone speaks. */
function comers(from: Peer[] | undefined, own: Selector): ClusterPeer[] {
  if (from === undefined || from.some(({ ipBlock }) => ipBlock !== undefined)) return [everyPod]
  return from.map((peer) => podsOf(peer, own))
}

function goals(to: Peer[] | undefined, own: Selector): ClusterPeer[] {
  if (to === undefined) return everywhere
  return to.map((peer) =>
    peer.ipBlock === undefined ? podsOf(peer, own) : { networks: [peer.ipBlock.cidr] },
  )
}

/** Of a NetworkPolicy a peer without namespaces is of its own. */
function podsOf({ namespaceSelector, podSelector }: Peer, own: Selector): ClusterPeer {
  if (podSelector === undefined) return { namespaces: namespaceSelector ?? own }
  return { pods: { namespaceSelector: namespaceSelector ?? own, podSelector } }
}

function passed(side: 'from' | 'to', ports: Port[], peers: ClusterPeer[]): ClusterRule[] {
  const rules: ClusterRule[] = []
  for (let port = 0; port < ports.length; port += mostPorts)
    for (let peer = 0; peer < peers.length; peer += mostPeers)
      rules.push({
        name: 'left-to-network-policies',
        action: 'Pass',
        protocols: ports.slice(port, port + mostPorts).map(protocolOf),
        [side]: peers.slice(peer, peer + mostPeers),
      })
  return rules
}

function protocolOf({ port, protocol }: Port): object {
  return { [protocol.toLowerCase()]: { destinationPort: { number: port } } }
}

/** Too many for one policy: that direction is left to the NetworkPolicy alone, as where the kind does not exist. */
function within(rules: ClusterRule[]): ClusterRule[] | undefined {
  return rules.length > mostRules ? undefined : rules
}

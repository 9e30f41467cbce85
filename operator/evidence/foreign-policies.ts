// Policies of others that let something into or out of guarded pods and stores. NetworkPolicies only add; a
// ClusterNetworkPolicy of tier Admin stands before them all, and one of tier Baseline behind.

import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { ownPolicyNames } from '../desired/network-policies.ts'
import { type LabelSelector, type Namespace, type NetworkPolicy, type Pod, selects } from '../objects.ts'

type ClusterRule = { action?: string }
/** SIG Network's ClusterNetworkPolicy, as far as it is read here. */
export type ClusterPolicy = {
  metadata: { name: string }
  spec: {
    tier?: string
    subject?: {
      namespaces?: LabelSelector
      pods?: { namespaceSelector?: LabelSelector; podSelector?: LabelSelector }
    }
    ingress?: ClusterRule[]
    egress?: ClusterRule[]
  }
}

/** Names of NetworkPolicies that are not ours, select one of these pods, and open something to or from it. Sorted. */
export function foreignPolicies(
  policies: readonly NetworkPolicy[],
  neighbours: readonly HipaaMcpServer[],
  pods: readonly Pod[],
): string[] {
  // By name, never by label: what bears one of our names is made to say what we say.
  const ours = ownPolicyNames(neighbours)
  return policies
    .filter(
      ({ metadata, spec }) =>
        !ours.has(metadata.name) &&
        opens(spec) &&
        pods.some((pod) => selects(spec.podSelector, pod.metadata.labels)),
    )
    .map(({ metadata }) => metadata.name)
    .toSorted()
}

/** A policy without rules shuts, and adds nothing to ours. */
function opens({ ingress, egress }: NetworkPolicy['spec']): boolean {
  return [ingress, egress].some((rules) => Array.isArray(rules) && rules.length > 0)
}

/** Names of ClusterNetworkPolicies of tier Admin that accept something for one of these pods: they overrule ours. Sorted. */
export function overrulingPolicies(
  policies: readonly ClusterPolicy[],
  namespace: Namespace | undefined,
  pods: readonly Pod[],
): string[] {
  return policies
    .filter(
      ({ spec }) =>
        spec.tier === 'Admin' &&
        [...(spec.ingress ?? []), ...(spec.egress ?? [])].some(({ action }) => action === 'Accept') &&
        pods.some((pod) => isSubject(spec.subject, namespace, pod)),
    )
    .map(({ metadata }) => metadata.name)
    .toSorted()
}

function isSubject(
  subject: ClusterPolicy['spec']['subject'],
  namespace: Namespace | undefined,
  { metadata }: Pod,
): boolean {
  const labels = namespace?.metadata.labels
  if (subject?.namespaces !== undefined) return selects(subject.namespaces, labels)
  if (subject?.pods === undefined) return false
  const { namespaceSelector = {}, podSelector = {} } = subject.pods
  return selects(namespaceSelector, labels) && selects(podSelector, metadata.labels)
}

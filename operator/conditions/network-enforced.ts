// NetworkEnforced: the policies stand, nothing overrules them, and the network was seen refusing.

import { serverPolicyName } from '../desired/network-policies.ts'
import { networkEvidence } from '../evidence/network.ts'
import { no, type Rule, unknown, yes } from './finding.ts'

const unproved = {
  CanaryNotRun: 'The policy stands, but nothing has shown yet that the network enforces it.',
  CanaryFailed:
    'A canary pod brought no result, so nothing shows that the network enforces the policy: the operator’s log says why. A quota of the namespace, or another admission webhook, may refuse pods named hipaa-mcp-canary-….',
  ProofStale: 'What showed that the network enforces the policy is too old: does the operator run?',
  NotEveryAttempt:
    'Not everything was tried yet that must be refused: see status.network.attempts. Pods that started before the enrolment keep the policy for bystanders away.',
} as const

/** What was let through comes first: it is so whoever opened it. Policies only add, so another one may open what ours does not. */
export const network: Rule = (seen, { guarded: pods }, now) => {
  const { networkPolicies, server } = seen
  if (!networkPolicies.some(({ metadata }) => metadata.name === serverPolicyName(server)))
    return no('PolicyMissing', 'The NetworkPolicy of this server is not there yet.')
  const { foreign, overruling } = seen.network
  const { open, lacks } = networkEvidence(seen.network, pods, [...seen.storePods.values()].flat(), now)
  const openers = [...foreign, ...overruling]
  if (open)
    return no(
      'CanaryConnected',
      openers.length === 0
        ? 'A connection came about that the NetworkPolicies forbid: does a network plugin that enforces them run on every node? status.network.attempts says which.'
        : `A connection came about that this server’s NetworkPolicies forbid, and another policy opens guarded pods or stores: remove it, or let it select others; the next round shows whether that was all. ${listed(openers)}.`,
    )
  if (foreign.length > 0)
    return no(
      'ForeignPolicy',
      `Another NetworkPolicy opens guarded pods or stores of this server: remove it, or let it select others. ${listed(foreign)}.`,
    )
  if (overruling.length > 0)
    return no(
      'ClusterPolicyOverrules',
      `A ClusterNetworkPolicy of tier Admin accepts connections of guarded pods or stores, and overrules this server’s policy: let its subject leave them out. ${listed(overruling)}.`,
    )
  return lacks === undefined
    ? yes('RefusedByTheNetwork', 'What the policies forbid was tried, and the network refused it.')
    : unknown(lacks, unproved[lacks])
}

function listed(names: readonly string[]): string {
  return names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ')
}

// One condition for each control, from what was seen. Pure. A message is a constant sentence: what varies (pod names,
// counts, times) stands elsewhere in status, else a server would reconcile for ever.

import { standing } from '../core/agreement.ts'
import { leastDays } from '../core/archive/bucket.ts'
import { secondsIn } from '../core/duration.ts'
import { grantStanding } from '../core/grant.ts'
import { guardedLabel } from '../core/identifiers.ts'
import type { Condition } from '../core/kubernetes.ts'
import type { ChainSummary } from '../core/wire.ts'
import { serverPolicyName } from './desired/network-policies.ts'
import { networkEvidence } from './evidence/network.ts'
import { isReady, type Pod } from './objects.ts'
import { type Seen, unlabelledPods } from './observe.ts'
import { policyErrors } from './policy-errors.ts'
import type { Violation } from './readiness.ts'
import { type Rollout, rolloutOf } from './rollout/plan.ts'
import { vipPatients } from './vip-list.ts'

/** Every condition of a server, in the order of `kubectl describe`. */
export const conditionTypes = [
  'Ready',
  'Compliant',
  'TransmissionEncrypted',
  'AtRest',
  'Access',
  'Audit',
  'Integrity',
  'Mfa',
  'Transmission',
  'MinimumNecessary',
  'BreachReadiness',
  'BreakGlass',
  'Baa',
  'Guarded',
  'NetworkEnforced',
] as const
export type ConditionType = (typeof conditionTypes)[number]

export type Finding = Pick<Condition, 'status' | 'reason' | 'message'>

const yes = (reason: string, message: string): Finding => ({ status: 'True', reason, message })
const no = (reason: string, message: string): Finding => ({ status: 'False', reason, message })
const unknown = (reason: string, message: string): Finding => ({ status: 'Unknown', reason, message })

const collectorAway = unknown(
  'CollectorUnreachable',
  'The collector does not answer, so nothing is known of the trail: look at its pod and its /readyz.',
)
const noPods = unknown('NoPods', 'No pod of this server runs yet, so nothing could be seen.')

export type Fleet = {
  expected: number
  guarded: readonly Pod[]
  /** Guarded pods whose chain says that this very policy is in force. */
  inForce: readonly Pod[]
  /** The live chain of each guarded pod that has one. */
  live: readonly ChainSummary[]
}

/** The pods of a server, and what their chains say. */
export function fleetOf({ server, pods, chains, compiled }: Seen): Fleet {
  const guarded = pods.filter(({ metadata }) => metadata.labels?.[guardedLabel] === server.metadata.name)
  const hash = 'hash' in compiled ? compiled.hash : undefined
  const live = (chains ?? []).filter(
    ({ state, podUid }) => state === 'live' && guarded.some(({ metadata }) => metadata.uid === podUid),
  )
  return {
    expected: pods.length,
    guarded,
    live,
    inForce: guarded.filter(({ metadata }) =>
      live.some((chain) => chain.podUid === metadata.uid && enforces(chain, hash)),
    ),
  }
}

/** A pod that is locked for another reason than the policy's own lockdown enforces nothing: it refuses everything. */
function enforces({ policy, locked }: ChainSummary, hash: string | undefined): boolean {
  return hash !== undefined && policy === hash && (locked === undefined || locked === 'lockdown')
}

type Rule = (seen: Seen, fleet: Fleet, now: number) => Finding

/**
 * Pods of before. Where the workload has not got its template's annotation yet, deleting them brings others of the same
 * kind: what Ready names comes first, and then they are replaced by themselves.
 */
/** Where a rollout stands, while pods of the server run without a sidecar. */
const unguardedPods: { readonly [state in Exclude<Rollout['state'], 'Done'>]: Finding } = {
  Waiting: no(
    'NotRolledYet',
    'The pods run without a sidecar: they are replaced once what Ready names is there.',
  ),
  Canary: no(
    'CanaryStarts',
    'The first pod is being replaced; the others wait until it is ready and proved.',
  ),
  Rolling: no(
    'RollingOut',
    'Pods are being replaced, one after the other: status.pods says how many are guarded.',
  ),
  CanaryNotReady: no(
    'CanaryNotReady',
    'A new pod did not become ready within three minutes, so no other is replaced: its /readyz on port 15021 and its Events say why. hipaa-mcp undo puts the workload back.',
  ),
  ReplacementMissing: no(
    'ReplacementMissing',
    'The workload has fewer pods than it should, so no other is replaced: its Events say why no new pod comes. hipaa-mcp undo puts it back.',
  ),
  ReplacementUnguarded: no(
    'ReplacementUnguarded',
    'A new pod came without a sidecar, so no other is replaced: is admission in place? hipaa-mcp doctor says.',
  ),
  Remaining: no(
    'UnguardedPods',
    'Pods that nothing makes anew run without a sidecar (Jobs, bare pods): their Events say what to do.',
  ),
}

const unguarded = (seen: Seen, fleet: Fleet, now: number): Finding => {
  const { state } = rolloutOf(seen, fleet, now)
  return unguardedPods[state === 'Done' ? 'Remaining' : state]
}

/** A control that lives in the sidecar holds where every pod is guarded and reports this policy. */
const inEveryPod =
  (reason: string, message: string): Rule =>
  (seen, fleet, now) => {
    const { chains } = seen
    const { expected, guarded, inForce } = fleet
    if (expected === 0) return noPods
    if (guarded.length < expected) return unguarded(seen, fleet, now)
    if (chains === undefined) return collectorAway
    if (inForce.length < guarded.length)
      return unknown('PolicyNotReported', 'Not every pod has reported this policy as in force yet.')
    return yes(reason, message)
  }

const atRest: Rule = ({ volumes }, { expected }) => {
  const worst = volumes.find(({ grade }) => grade === 'Unknown')
  if (worst !== undefined)
    return no(
      'NotEncrypted',
      'A volume shows no evidence of encryption, which counts as none: see status.volumes for which and why.',
    )
  if (volumes.length === 0)
    return expected === 0 ? noPods : yes('NoVolumes', 'Neither the pods nor declared stores mount a disk.')
  return volumes.every(({ grade }) => grade === 'Recorded')
    ? yes('Recorded', 'Every volume bears its driver’s own attribute of encryption.')
    : yes('Declared', 'The class of every volume asks for encryption; see status.volumes for each grade.')
}

const audit: Rule = (seen, fleet, now) => {
  const states = new Set(seen.trailVolumes.map(({ state }) => state))
  if (states.has('NotRetained'))
    return no(
      'VolumeNotRetained',
      'The trail volume of a pod would be deleted with it: its reclaim policy could not be set to Retain yet, and the pod takes no call before that. See status.trailVolumes for which, and its Events.',
    )
  if (states.has('Failed'))
    return no(
      'RecoveryFailed',
      'A pod that is gone left records that its recovery Job could not ship: see status.trailVolumes for which, the Job’s log for why, and docs/stores.md.',
    )
  if (states.has('Recovering'))
    return unknown(
      'RecoveryRuns',
      'A pod that is gone left records that a recovery Job is shipping: see status.trailVolumes.',
    )
  if (seen.server.spec.relations?.vip !== undefined && vipPatients(seen.vipList) === undefined)
    return no(
      'VipListMissing',
      'Records cannot say who looks at patients on the VIP list: the Secret that relations.vip names is not in the operator’s namespace, does not bear the label hipaa-mcp.dev/owner of this server, or its key patients does not hold 1 to 4096 identifiers, one a line.',
    )
  const everywhere = inEveryPod('Recorded', 'Every pod has a live chain at the collector.')(seen, fleet, now)
  if (everywhere.status !== 'True') return everywhere
  const kept =
    seen.server.spec.profile === 'Development'
      ? yes(
          'RecordedWithoutArchive',
          'Every pod has a live chain; profile Development demands no archive lock.',
        )
      : archived(seen)
  // No gap of ours: the records are kept. Whoever watches elsewhere is to know that they see less.
  if (kept.status === 'True' && seen.copies.some(({ stubs = 0 }) => stubs > 0))
    return yes(
      'CopyIncomplete',
      `${kept.message} A target of copies refuses some records and has stubs in their place: the collector’s log names them.`,
    )
  return kept.status === 'True' && seen.copies.some(({ behind }) => behind)
    ? yes(
        'CopyBehind',
        `${kept.message} A copy that the collector sends elsewhere is behind: /copies of its health port says why.`,
      )
    : kept
}

/** 45 CFR 164.316(b)(2)(i). What the collector says of its bucket, and whether that is long enough for this server. */
function archived({ archive, server }: Seen): Finding {
  if (archive === undefined)
    return no(
      'NoArchiveLock',
      'Every pod has a live chain, but no archive lock keeps records for the retention.',
    )
  const [gap] = archive.gaps
  if (gap !== undefined) return no(gap.reason, gap.says)
  if (archive.judged === undefined)
    return unknown('ArchiveNotJudged', 'The collector has not looked at the archive’s bucket yet.')
  const retention = secondsIn(server.spec.trail?.retention ?? `${leastDays}d`) ?? Number.POSITIVE_INFINITY
  return archive.days * 86_400 < retention
    ? no(
        'ArchiveTooShort',
        'The archive locks for less than this server’s trail.retention: set HIPAA_MCP_ARCHIVE_DAYS of the collector.',
      )
    : yes(
        'RecordedAndLocked',
        'Every pod has a live chain, and what is sealed lies under a lock that was read back.',
      )
}

const integrity: Rule = ({ chains, witnesses }, { live, expected }) => {
  if (chains === undefined) return collectorAway
  if (chains.some(({ state }) => state === 'corrupt'))
    return no(
      'ChainCorrupt',
      'What the collector’s store holds of a chain is not what was acknowledged: keep the store as it is, and verify the trail.',
    )
  if (witnesses?.witnesses.some(({ state }) => state === 'refuses') === true)
    return no(
      'WitnessRefuses',
      'A witness outside the cluster would not sign the log of all chains, as it does where that was cut or rewritten: keep the collector’s store as it is, and read docs/witnesses.md.',
    )
  if (expected === 0 || live.length === 0) return noPods
  if (live.some(({ size, witnessed }) => size > 0 && witnessed === 0))
    return unknown('WitnessPending', 'A live chain has no cosigned checkpoint yet.')
  if (witnesses === undefined)
    return yes('Witnessed', 'The collector recomputed and cosigned a checkpoint of every live chain.')
  return witnesses.late
    ? unknown(
        'WitnessLate',
        'No quorum of witnesses outside the cluster signed for some time: nothing outside would show what is changed since then. The collector’s /witnesses and its log say which are away.',
      )
    : yes('WitnessedOutside', 'Witnesses outside the cluster signed the log that covers every chain.')
}

const mfa: Rule = (seen, fleet, now) => {
  if (seen.withoutKeySet.length > 0)
    return unknown(
      'KeySetUnavailable',
      'Without the issuer’s key set no token can be checked: calls are refused.',
    )
  return inEveryPod('TokenProvesMfa', 'A token without proof of more than one factor is refused.')(
    seen,
    fleet,
    now,
  )
}

const breach: Rule = ({ signals }) => {
  if (signals === undefined) return collectorAway
  return signals.length > 0
    ? no(
        'AnomalousAccess',
        'One person saw more patients than a breach rule allows: read the signals, and decide within the time of 45 CFR 164.404.',
      )
    : yes('RulesEvaluated', 'The breach rules are evaluated on every record that the collector takes.')
}

/** 45 CFR 164.312(e)(1). What leaves the pod besides answers: its connections, and its own log. */
const transmission: Rule = (seen, fleet, now) => {
  const closed = inEveryPod(
    'DeclaredEgressOnly',
    'Every pod reaches declared names only, through its sidecar.',
  )(seen, fleet, now)
  if (closed.status === 'False') return closed
  if ((seen.logs?.found.length ?? 0) > 0)
    return no(
      'ServerLogsHoldIdentifiers',
      'The server’s own log holds identifiers of patients, for whoever may read pods/log: let it log codes only. hipaa_mcp_server_log_identifiers_total says of which kinds.',
    )
  if (closed.status !== 'True') return closed
  if (seen.server.spec.workload.logs?.watch === 'Off')
    return unknown('ServerLogsUnwatched', 'Nobody looks at the server’s own log: set workload.logs.watch.')
  if (seen.logs?.unread === true)
    return unknown(
      'ServerLogsUnread',
      'The server’s own log could not be read for five minutes: does the operator still have the right to pods/log?',
    )
  return (seen.logs?.thrownAway.length ?? 0) > 0
    ? yes(
        'ServerWritesIdentifiers',
        'The stdio server writes identifiers of patients to its standard error, which is thrown away: let it write codes only.',
      )
    : closed
}

/** 45 CFR 164.312(a)(2)(ii). That a grant is in force is no gap; that nobody looked at what was done is one. */
const breakGlass: Rule = ({ grants }, _, now) => {
  const states = new Set(grants.map((grant) => grantStanding(grant, now).state))
  if (states.has('ReviewOverdue'))
    return no(
      'ReviewOverdue',
      'An emergency access was not reviewed in time: hipaa-mcp break-glass list says which, break-glass review closes it.',
    )
  if (states.has('Active'))
    return yes('GrantActive', 'Emergency access is in force: hipaa-mcp break-glass list says for whom.')
  return states.has('Expired')
    ? yes('ReviewPending', 'An emergency access is over and waits for its review.')
    : yes('NoGrant', 'No emergency access is in force, and none waits for its review.')
}

const agreementReasons = {
  Active: 'AgreementsActive',
  Expired: 'AgreementExpired',
  NotYetEffective: 'AgreementNotYetEffective',
  NotAttested: 'AgreementNotAttested',
  AttestationStale: 'AgreementAttestationStale',
} as const

const baa: Rule = ({ agreements }, _, now) => {
  if (agreements.size === 0) return yes('NoAgreementNeeded', 'The server relies on no agreement.')
  for (const agreement of agreements.values()) {
    if (agreement === undefined)
      return no(
        'AgreementMissing',
        'The server names an agreement that does not exist: what relies on it, its hosts or sampling, is closed.',
      )
    const { active, reason } = standing(agreement, now)
    if (!active)
      return no(
        agreementReasons[reason],
        'An agreement that the server names is not in force: what relies on it, its hosts or sampling, is closed.',
      )
  }
  return yes('AgreementsActive', 'Every agreement that the server names is in force.')
}

/** 45 CFR 164.502(b), 164.514(d)(5). What admission refuses may have come in while it was away, or before it knew the rule. */
const minimumNecessary: Rule = (seen, fleet, now) => {
  const errors = policyErrors(seen.server)
  return errors === undefined
    ? inEveryPod('FieldsListed', 'Every pod returns listed fields only.')(seen, fleet, now)
    : no('PolicyErrors', errors)
}

const guarded: Rule = (seen, fleet, now) => {
  const { expected, guarded } = fleet
  if (!seen.enrolled)
    return no(
      'NamespaceNotEnrolled',
      'Label the namespace hipaa-mcp.dev/enforce=true, then pods are guarded.',
    )
  if (expected === 0) return noPods
  if (guarded.length < expected) return unguarded(seen, fleet, now)
  return unlabelledPods(seen).length > 0
    ? no('StorePodsNotStamped', 'Pods of a store started before the namespace was enrolled: replace them.')
    : yes('EveryPodGuarded', 'Every pod of this server carries the whole sidecar.')
}

const unproved = {
  CanaryNotRun: 'The policy stands, but nothing has shown yet that the network enforces it.',
  CanaryFailed:
    'A canary pod brought no result, so nothing shows that the network enforces the policy: the operator’s log says why. A quota of the namespace, or another admission webhook, may refuse pods named hipaa-mcp-canary-….',
  ProofStale: 'What showed that the network enforces the policy is too old: does the operator run?',
  NotEveryAttempt:
    'Not everything was tried yet that must be refused: see status.network.attempts. Pods that started before the enrolment keep the policy for bystanders away.',
} as const

/** What was let through comes first: it is so whoever opened it. Policies only add, so another one may open what ours does not. */
const network: Rule = (seen, { guarded: pods }, now) => {
  const { networkPolicies, server } = seen
  if (!networkPolicies.some(({ metadata }) => metadata.name === serverPolicyName(server)))
    return no('PolicyMissing', 'The NetworkPolicy of this server is not there yet.')
  const { foreign, overruling } = seen.network
  const { open, lacks } = networkEvidence(seen.network, pods, [...seen.storePods.values()].flat(), now)
  if (open)
    return no(
      'CanaryConnected',
      'A connection came about that the NetworkPolicies forbid: does a network plugin that enforces them run on every node? status.network.attempts says which.',
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

/** Controls, each with its rule. Ready and Compliant are made of them. */
export const controls: { readonly [type in Exclude<ConditionType, 'Ready' | 'Compliant'>]: Rule } = {
  TransmissionEncrypted: inEveryPod('MutualTls', 'Every pod answers over mutual TLS only.'),
  AtRest: atRest,
  Access: inEveryPod('DefaultDeny', 'What no role permits is refused in every pod.'),
  Audit: audit,
  Integrity: integrity,
  Mfa: mfa,
  Transmission: transmission,
  MinimumNecessary: minimumNecessary,
  BreachReadiness: breach,
  BreakGlass: breakGlass,
  Baa: baa,
  Guarded: guarded,
  NetworkEnforced: network,
}

export function ready(fleet: Fleet, violations: readonly Violation[]): Finding {
  const [first] = violations
  if (first !== undefined) return no(first.reason, first.message)
  if (fleet.expected === 0)
    return no('WaitingForPods', 'The workload has no pod yet: look at its own status and Events.')
  if (fleet.guarded.length === 0)
    return no('UnguardedPods', 'No pod is guarded yet: replace those that started before the enrolment.')
  if (!fleet.guarded.some(isReady))
    return no('PodsNotReady', 'No guarded pod is ready: its /readyz on port 15021 says why.')
  if (fleet.live.length > 0 && fleet.live.every(({ locked }) => locked !== undefined))
    return no(
      'PodsLocked',
      'Every guarded pod refuses all calls: its /readyz says why. After a change of port or of trail.acknowledge, restart the workload.',
    )
  return yes('Serving', 'At least one guarded pod serves calls.')
}

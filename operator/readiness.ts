// What must hold before a server may receive PHI: ordered checks, pure. The first violation is the reported reason; one
// that locks closes the server whatever yesterday's policy said.

import { hasVolume } from '../core/acknowledge.ts'
import { guardedLabel } from '../core/identifiers.ts'
import { storeOf } from './desired/network-policies.ts'
import type { Seen } from './observe.ts'
import { malformedRanges } from './ranges.ts'

export type Violation = {
  /** Reason of the condition Ready, PascalCase. */
  reason: string
  /** A constant sentence that says what to do next. */
  message: string
  /** Reason on the wire, kebab-case: the sidecars refuse every call. Absent where calls go on, or are refused anyhow. */
  locks?: string
  /** It takes something from whom it serves, and keeps no pod from serving: workloads roll all the same. */
  serves?: true
}

type Check = (seen: Seen) => Violation | undefined

const when = (fault: boolean, violation: Violation): Violation | undefined => (fault ? violation : undefined)

const lockedDown: Check = ({ server }) =>
  when(server.spec.lockdown !== undefined, {
    reason: 'Lockdown',
    message: 'spec.lockdown is present: every call is refused. Take it out to serve again.',
    locks: 'lockdown',
  })

const beingDeleted: Check = ({ server }) =>
  when(server.metadata.deletionTimestamp !== undefined, {
    reason: 'Deleted',
    message: 'The server is being deleted: its pods refuse every call.',
    locks: 'server-deleted',
  })

const policyIsInvalid: Check = ({ compiled }) =>
  'issues' in compiled
    ? {
        reason: 'PolicyInvalid',
        message: compiled.issues.slice(0, 8).join('. '),
        locks: 'policy-invalid',
      }
    : undefined

/** Names stand in labels that network policies select on, and a label has 63 characters (as DNS labels do). */
const nameIsTooLong: Check = ({ server }) =>
  when(
    [
      server.metadata.name,
      ...(server.spec.stores ?? []).map(({ name }) => storeOf(server.metadata.name, name)),
    ].some((label) => label.length > 63),
    {
      reason: 'NameTooLong',
      message:
        'The server’s name, a dot and each store’s name must fit in 63 characters: choose shorter ones.',
      locks: 'name-too-long',
    },
  )

const podsAreClaimedTwice: Check = ({ rivals }) =>
  when(rivals.length > 0, {
    reason: 'ClaimedTwice',
    message: `Another server claims the same pods: ${rivals.join(', ')}. Let one selector or annotation name them, and replace pods whose label ${guardedLabel} names the other.`,
    locks: 'claimed-twice',
  })

const mfaHasNoRule: Check = ({ server }) =>
  when(
    server.spec.identity.issuers.some(
      ({ provider, mfa }) =>
        (provider === 'Generic' || provider === 'Ping') && !mfa?.acr?.length && !mfa?.amr?.length,
    ),
    {
      reason: 'NoMfaRule',
      message:
        'Providers Generic and Ping prove no second factor by themselves: list acr or amr values under issuers.mfa.',
      locks: 'no-mfa-rule',
    },
  )

/** The server goes on under its other names. */
const namesAreUnlisted: Check = ({ unlisted }) =>
  when(unlisted.length > 0, {
    reason: 'NameNotListed',
    serves: true,
    message:
      'A name of tls.dnsNames is not on the administrator’s list, so no certificate bears it: add it to the namespace’s annotation hipaa-mcp.dev/dns-names.',
  })

/** The API server refuses such a policy whole, and what is applied behind it would wait for ever. */
const rangeIsMalformed: Check = ({ server }) =>
  when(malformedRanges(server).length > 0, {
    reason: 'RangeMalformed',
    serves: true,
    message: 'A cidr of network.ingress is no range of addresses: nobody is let in by it until it is mended.',
  })

const namespaceIsNotEnrolled: Check = ({ enrolled }) =>
  when(!enrolled, {
    reason: 'NamespaceNotEnrolled',
    message: 'Nothing is guarded until the namespace bears the label hipaa-mcp.dev/enforce=true.',
  })

const keysAreMissing: Check = ({ keys }) =>
  when(keys === undefined, {
    reason: 'KeysPending',
    message: 'The keys for hashes and patient tokens are being made; orders wait for them.',
  })

const certificateIssuerIsMissing: Check = ({ certificateIssuer }) =>
  when(certificateIssuer === 'missing', {
    reason: 'IssuerNotFound',
    message:
      'tls.issuerRef names an issuer that does not exist: create it, or omit issuerRef for the own CA.',
  })

const trailClassIsMissing: Check = ({ server, trailClass }) =>
  when(hasVolume(server.spec.trail?.acknowledge) && trailClass === undefined, {
    reason: 'TrailClassNotFound',
    message:
      'trail.volume.storageClassName names a class that does not exist: new pods wait for their volume.',
  })

const keySetIsMissing: Check = ({ withoutKeySet }) =>
  when(withoutKeySet.length > 0, {
    reason: 'KeySetUnavailable',
    message:
      'The issuer of access tokens has not given its key set yet: check its URL, its ca, and that the operator reaches it.',
  })

const workloadIsMissing: Check = ({ pods, workloads }) =>
  when(pods.length === 0 && workloads.length === 0, {
    reason: 'WaitingForWorkload',
    message:
      'No pod is this server’s: annotate a workload with hipaa-mcp.dev/server, or set workload.selector.',
  })

/** In the order in which they are reported. */
const readiness: readonly Check[] = [
  beingDeleted, //              deleting opens nothing
  lockedDown, //                a person said no
  policyIsInvalid, //           no policy, no doors
  nameIsTooLong, //             no policy could select its pods
  podsAreClaimedTwice, //       which of two policies?
  mfaHasNoRule, //              nothing could prove MFA
  namespaceIsNotEnrolled, //    pods would start unguarded
  certificateIssuerIsMissing,
  keysAreMissing,
  trailClassIsMissing,
  keySetIsMissing,
  workloadIsMissing,
  rangeIsMalformed,
  namesAreUnlisted, //          whose callers would come here?
]

export function judge(seen: Seen): Violation[] {
  return readiness.map((check) => check(seen)).filter((violation) => violation !== undefined)
}

/** Whether new pods would come without a sidecar, or refuse everything: nothing is replaced meanwhile. */
export function keepsPodsFromServing(violations: readonly Violation[]): boolean {
  return violations.some(({ reason, serves }) => serves !== true && reason !== 'Lockdown')
}

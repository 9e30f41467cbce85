// The records that the collector writes into its registry log: what began, how it ended, what was handed out. `root` is
// base64 of the RFC 6962 root over the first `size` records, so that records after the process's last checkpoint are
// covered as well.

import type { Base } from './record-base.ts'
import type { PatientToken } from './record-call.ts'
import type { RevocationOrder } from './wire.ts'

/** A chain began. */
export type Registered = Base & {
  kind: 'registered'
  origin: string
  /** Verifier key of the chain, C2SP vkey. */
  vkey: string
}

/** How a chain ended. `recovered`: its pod was gone, and everything on the pod's volume was read and is in the chain. */
export type Ending = 'closed' | 'succeeded' | 'silent' | 'recovered'

/**
 * A chain ended: it closed itself, a later process of its pod succeeded it, it fell silent, or its volume was recovered. `unknown` lists calls whose
 * intent has no result: they may have run. Where it is too long for one record several follow each other, of one size.
 */
export type Ended = Base & {
  kind: 'ended'
  origin: string
  size: number
  root: string
  how: Ending
  unknown: string[]
  /** Size of the newest cosigned checkpoint: one that is stripped off is missed. */
  witnessed: number
  /** `at` of the chain's newest record; absent when it has none. */
  last?: string
}

/** A chain that had ended speaks again: its `ended` no longer counts, and what it called unknown may still be settled. */
type Resumed = Base & { kind: 'resumed'; origin: string; size: number }

/** So much of a chain was handed to an auditor. Every exported record is below a `held` or an `ended`. */
type Held = Base & {
  kind: 'held'
  origin: string
  size: number
  root: string
  witnessed: number
  /** Who exported, as the API server saw the person. */
  by: string
}

/**
 * How far chains had come when witnesses outside the cluster were asked: what they sign is the registry log, which covers
 * every chain by this. A chain that did not grow since is not said again.
 */
type Heads = Base & { kind: 'heads'; heads: Head[] }

/** `root` is base64 of the RFC 6962 root over the first `size` records of the chain. */
export type Head = { origin: string; size: number; root: string }

/** A witness outside the cluster would not sign the registry log: what it was shown is not what it had signed. */
type WitnessRefused = Base & {
  kind: 'witness-refused'
  /** Its name in the collector's policy file. */
  witness: string
  reason: string
  /** Records of the registry log that it was shown. */
  size: number
  /** Records that it says it has signed, where it says so. */
  signed?: number
}

/**
 * Records [from, to) of a chain are sealed: encrypted, under a data key of their own, in a segment of these bytes. Segments of
 * a chain follow each other without a gap. The archive takes none that is not named here.
 */
type Sealed = Base & {
  kind: 'sealed'
  origin: string
  /** UUID, to which the wrapping of the data key is bound. */
  segment: string
  from: number
  to: number
  bytes: number
  /** Lower-case hexadecimal, of the segment's bytes. */
  sha256: string
  /** The key that wrapped the data key: where it changes, it was rotated. */
  keyId: string
}

/** The data key of a segment was given to somebody who reads it: the access to the trail is itself on record. */
type Unsealed = Base & { kind: 'unsealed'; origin: string; segment: string; by: string }

/**
 * What lies in the archive, where it was read back: so many bytes under a lock of mode COMPLIANCE that ends at `until`. The
 * object's key follows from `place`, origin, indexes and hash (core/archive/keys.ts); `version` names the one that is ours.
 */
type InArchive = {
  /** `s3://bucket/prefix/`. */
  place: string
  /** Index of the first record, and after the last. */
  from: number
  to: number
  bytes: number
  /** Lower-case hexadecimal, of the object's bytes. */
  sha256: string
  version: string
  /** RFC 3339, milliseconds. */
  until: string
}

/** A sealed segment of a chain is in the archive. */
export type Archived = Base & InArchive & { kind: 'archived'; origin: string }

/**
 * Records of the registry log itself are in the archive, in the clear: they are what proves all else there. `checkpoint`:
 * the log's note where they end, under the same lock.
 */
export type RegistryArchived = Base &
  InArchive & {
    kind: 'registry-archived'
    checkpoint: Pick<InArchive, 'bytes' | 'sha256' | 'version'>
  }

/** Somebody put a server's archived records under a legal hold, or took the hold off: who, and why. */
export type LegalHold = Base & {
  kind: 'legal-hold'
  /** Name of the hold: of the matter, and never of a patient. */
  hold: string
  state: 'on' | 'off'
  namespace: string
  server: string
  /** Records from and to these times, RFC 3339, milliseconds; absent: from the first, to the last and all that come. */
  since?: string
  through?: string
  why: string
  by: string
}

/** Somebody reviewed what was done at a server within a period (45 CFR 164.308(a)(1)(ii)(D)). */
export type ActivityReviewed = Base & {
  kind: 'activity-reviewed'
  namespace: string
  server: string
  /** The period, RFC 3339, milliseconds; `until` is not in it. Absent: from the first record on. */
  since?: string
  until: string
  /** SHA-256 of exactly what was reviewed, in canonical form, hexadecimal. */
  review: string
  /** Up to when the trail that was read is witnessed. */
  witnessed: string
  /** What was found and done. Names no patient. */
  note: string
  /** The person, as the API server knows them. */
  by: string
}

/** The hold is on, or off, at every segment that it concerns and that is archived, and was read back. */
type LegalHoldApplied = Base & {
  kind: 'legal-hold-applied'
  hold: string
  state: 'on' | 'off'
  segments: number
}

/** A breach rule was broken (45 CFR 164.404(a)(2): discovered on the first day on which it is known). */
export type Signalled = Base & {
  kind: 'signal'
  namespace: string
  server: string
  rule: string
  /** The person, `iss|sub`; for `chain-fork` the pod, `pod|uid`. */
  person: string
  distinctPatients: number
  perSeconds: number
  firstSeen: string
}

/** Admission said no to a request of somebody at the API server. The operator tells it; `at` is when it was told. */
export type AdmissionRefused = Base & {
  kind: 'admission-refused'
  /** Of the AdmissionReview: told twice, it is recorded once. */
  review: string
  /** RFC 3339, milliseconds, by the operator's clock. */
  refused: string
  /** Empty for what is in no namespace. */
  namespace: string
  /** Resource and subresource, such as `pods/exec`. */
  what: string
  operation: string
  name?: string
  /** The person or program that asked, as the API server knows them. */
  by?: string
  /** What was answered: fields and names of objects, never what they hold of patients. */
  says: string
}

/** So many more were refused in a namespace, beyond those that are recorded one by one. */
export type AdmissionCounted = Base & {
  kind: 'admission-counted'
  /** Of this count: told twice, it is recorded once. */
  id?: string
  /** Empty for all that are not enrolled. */
  namespace: string
  count: number
  /** RFC 3339, milliseconds: when the first of them was refused. */
  since: string
  /** Who asked, of them at most 16. */
  by?: string[]
}

/** A person is about to be let into a guarded pod, under an emergency that another person approved (45 CFR 164.312(a)(2)(ii)). */
export type PodEntered = Base & {
  kind: 'pod-entered'
  /** Of the AdmissionReview: told twice, it is recorded once. */
  review: string
  /** RFC 3339, milliseconds, by the operator's clock. */
  entered: string
  namespace: string
  server: string
  /** Such as `pods/exec`. */
  what: string
  /** Of the pod. */
  name: string
  /** By name: the one of exec and attach, and those that are added. Absent in records of before, and where it is not known. */
  containers?: string[]
  /** Those that the request names. `kubectl port-forward` names them on the connection, where admission does not see them. */
  ports?: number[]
  /** Of how many words the command of an exec is. Never the words: they may hold PHI. */
  words?: number
  /** The person, as the API server knows them. */
  by: string
  /** `afterwards`: where the pod stays when the grant ends, and with it a session that is open. */
  grant: { name: string; uid: string; requestedBy: string; approvedBy: string; afterwards?: 'KeepPod' }
}

/** A pod that was entered is gone, after the grant's end: no session into it is open any more. */
export type PodGone = Base & {
  kind: 'pod-gone'
  namespace: string
  server: string
  name: string
  /** UID of the pod: with the grant's, told twice, it is recorded once. */
  pod: string
  grant: { name: string; uid: string }
  /** RFC 3339, milliseconds, by the operator's clock: when the grant ended, and when the pod was seen to be gone. */
  ended: string
  gone: string
}

/** What became of a grant, in the order in which it can. Who ends one that nobody approved takes it back. */
export const grantChanges = [
  'requested',
  'approved',
  'ended',
  'expired',
  'lapsed',
  'reviewed',
  'deleted',
] as const

/** Emergency access was asked for, decided on, or is over (45 CFR 164.312(a)(2)(ii)): what stands in etcd goes with its namespace. */
export type GrantChanged = Base & {
  kind: 'grant-changed'
  /** With the grant's UID: told twice, it is recorded once. */
  change: (typeof grantChanges)[number]
  /** RFC 3339, milliseconds: as the grant says, by the API server's clock and admission's; of `deleted` when the operator saw it. */
  happened: string
  namespace: string
  server: string
  grant: { name: string; uid: string }
  /** The person, as the API server knows them. Absent of what the clock does, and of `deleted`, which nobody but the API server saw. */
  by?: string
  /** Of `requested` and `approved`, as all below: for how long. Never why: that text may hold PHI. */
  minutes?: number
  /** Who reaches patients by it, as their tokens name them. */
  subject?: { iss: string; sub: string }
  /** Whom. Absent of one for pods, and where the server has no keys, for it is not there. */
  patients?: PatientToken[]
  /** Instead, who enters which pods, as the API server knows the person. */
  pods?: { user: string; names: string[]; ways: string[]; afterwards?: 'KeepPod' }
  /** Of `reviewed`. */
  finding?: 'Justified' | 'NotJustified'
}

/** Access to every server of the cluster was ended (45 CFR 164.308(a)(3)(ii)(C)), or is let in again. */
export type RevocationChanged = Base & {
  kind: 'revocation-changed'
  /** `lifted`: its object is gone. That it expired is said by `until` of what was made. */
  change: 'made' | 'lifted'
  /** RFC 3339, milliseconds: when it was made, by the API server's clock, and when the operator saw that it is gone. */
  happened: string
  revocation: { name: string; uid: string }
  /** Of `made`, as all below: what is refused from now on. */
  revoked?: Pick<RevocationOrder, 'kind' | 'value'>
  cause?: string
  /** RFC 3339, milliseconds; absent: for good. */
  until?: string
  /** The person, as the API server knows them. */
  by?: string
}

/** What a key is for. `data` wraps the keys of sealed segments, `server` makes tokens and hashes. */
export const keyUses = ['data', 'server', 'pseudonyms', 'ca', 'client-ca'] as const

/** A key is in use that was not: the first one that is known of, or another than before (`before`), which was rotated. */
export type KeyChanged = Base & {
  kind: 'key-changed'
  key: (typeof keyUses)[number]
  /** Absent where it is the installation's. */
  namespace?: string
  server?: string
  /** Says which key it is, and nothing of what it is: a fingerprint, a name or an epoch. */
  id: string
  before?: string
}

export type RegistryRecord =
  | Registered
  | Ended
  | Resumed
  | Held
  | Heads
  | WitnessRefused
  | Sealed
  | Unsealed
  | Archived
  | RegistryArchived
  | LegalHold
  | LegalHoldApplied
  | ActivityReviewed
  | AdmissionRefused
  | AdmissionCounted
  | PodEntered
  | PodGone
  | GrantChanged
  | RevocationChanged
  | KeyChanged
  | Signalled

/** What the registry log holds, and no other chain. */
export const registryKinds = [
  'registered',
  'ended',
  'resumed',
  'held',
  'heads',
  'witness-refused',
  'sealed',
  'unsealed',
  'archived',
  'registry-archived',
  'legal-hold',
  'legal-hold-applied',
  'activity-reviewed',
  'admission-refused',
  'admission-counted',
  'pod-entered',
  'pod-gone',
  'grant-changed',
  'revocation-changed',
  'key-changed',
  'signal',
] as const satisfies readonly RegistryRecord['kind'][]

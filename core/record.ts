// The audit record (45 CFR 164.312(b)): who, what, when, why, for every message, refusals included. A record holds
// hashes and sealed tokens, never content: nothing here has a place for an argument's value or a result.

import { canonical, type Json } from './canonical.ts'
import { isRecord, membersOf } from './record-shape.ts'

export const recordSchema = 'phi-access/1'

/**
 * How good the evidence is. `claim`: a value whose meaning the provider or RFC 8176 publishes. `configured`: one that the
 * policy says means it; what the provider asked of the person is for its own configuration to show.
 */
export type MfaGrade = 'claim' | 'configured'

type Acting = { sub: string; iss?: string }

/** The authenticated party of a call, and what proved it. */
export type Who = {
  /** Subject (Entra: object identifier) and issuer of the token; together they name the person. */
  sub: string
  iss: string
  clientId?: string
  /** Token identifier (jti), where the issuer gives one. */
  token?: string
  /** SHA-256 thumbprint of the client certificate, base64url (RFC 8705 x5t#S256). The token is bound to it, or to `key`. */
  certificate: string
  /** RFC 7638 thumbprint of the key that signed the request, where the policy binds tokens by DPoP (RFC 9449). */
  key?: string
  /** The evidence of more than one factor: the rule that took it, the value that it took, and when the login was. */
  mfa: { rule: string; value: string; authTime: number; grade: MfaGrade }
  /**
   * The service that acted for the person, where the token names one (RFC 8693, `act`). `before`: those that acted before it,
   * the latest first.
   */
  actor?: Acting & { before?: Acting[] }
  /** Date of the last training, where the policy asks for it. */
  training?: string
}

/**
 * A patient, in two forms: `token` (HMAC-SHA256, base64url) is equal for equal patients of one server and tells nothing
 * else; `sealed` (AES-256-GCM: nonce ‖ ciphertext ‖ tag, base64url) gives the identifier back to a holder of the key,
 * because affected individuals must be named (45 CFR 164.404(c), 164.410(c)(1)).
 */
export type PatientToken = { token: string; sealed: string }

export type Outcome = 'ok' | 'tool-error' | 'error' | 'unknown'

type Base = {
  schema: typeof recordSchema
  /** RFC 3339, UTC, milliseconds. Order comes from the index in the chain, never from this. */
  at: string
}

/** First record of a chain: one chain per sidecar process. */
type ChainStarted = Base & {
  kind: 'chain-started'
  origin: string
  profile: string
  acknowledge: 'Stream' | 'Local'
  version: string
}

/** A policy came into force, or a lock did. Breach rules travel here, so that the trail says how it is judged. */
export type OrdersInForce = Base & {
  kind: 'orders'
  generation: number
  policy: string
  /** Of the policy; absent where none is in force, and in records of before. */
  profile?: string
  locked?: string
  breach: { distinctPatients: number; perSeconds: number }[]
}

/** Durable before anything leaves the pod. */
type Intent = Base & {
  kind: 'intent'
  call: string
  who: Who
  purpose: string
  role: string
  method: string
  revision: string
  /** Address of the peer. Records of before this was written lack it. */
  peer?: string
  /** Names by which the policy knows what was asked for. */
  tool?: string
  resource?: string
  prompt?: string
  /** Keyed hash of the arguments as they came: `hmac-sha256:` and 64 hexadecimal digits. */
  arguments?: string
  /** Which of the arguments that the policy declares were there; `*` where there were others. */
  argumentNames?: string[]
  patients: PatientToken[]
  /** The policy says where patients stand neither in arguments nor in results: that none is named says nothing. */
  patientsUnknown?: true
  policy: string
  /** Only where the call needed the emergency: it is reviewed afterwards. */
  grant?: GrantUsed
}

/** Durable before the first byte of the answer leaves. `unknown`: the call was sent, its result is not known. */
type Result = Base & {
  kind: 'result'
  call: string
  outcome: Outcome
  /** Keyed hash of exactly the bytes returned; absent when nothing was. */
  result?: string
  bytes: number
  /** All patients found in what the server returned. */
  patients: PatientToken[]
  /** Rule -> how many values it kept. */
  kept: Record<string, number>
  /** Rule -> how many values it dropped. */
  dropped: Record<string, number>
  /** Kind of identifier -> how many were replaced in kept text. */
  redacted: Record<string, number>
  milliseconds: number
}

/** The break-glass grant under which a call was permitted: who let whom reach further (45 CFR 164.312(a)(2)(ii)). */
type GrantUsed = { name: string; uid: string; requestedBy: string; approvedBy: string }

/**
 * A message of the server besides its answer, durable before it leaves. `call` is the one in whose stream it stands, and
 * the person is named again: a stream that is taken up anew outlives its call's own records.
 */
type StreamEvent = Base & {
  kind: 'event'
  call: string
  iss: string
  sub: string
  method: string
  /** Keyed hash of exactly the bytes sent. */
  result: string
  bytes: number
  patients: PatientToken[]
  dropped: Record<string, number>
  redacted: Record<string, number>
}

/** Policy said no, or we could not do our duty. */
type Refused = Base & {
  kind: 'refusal'
  call: string
  reason: string
  /** Stage at which it ended, or `transport`. */
  stage: string
  who?: Who
  purpose?: string
  method?: string
  /** Only a name that the policy knows: any other may hold PHI. */
  tool?: string
  /** Of refused arguments: which one, as the policy names it, and the rule that refused it; never its value. */
  argument?: string
  rule?: string
  /** Address of the peer. */
  peer: string
  policy?: string
}

/** A person got a client certificate, `who.certificate`. Durable before the certificate leaves the pod. */
type Enrolled = Base & {
  kind: 'enrolment'
  call: string
  who: Who
  /** End of the certificate, RFC 3339, milliseconds. */
  until: string
  /** Address of the peer. */
  peer: string
  policy: string
}

/** Failed handshakes and floods, counted: a scanner cannot fill the trail. */
type Counted = Base & {
  kind: 'counted'
  what: 'handshake-failed' | 'refusals-over-quota' | 'egress-refused' | 'egress-opened'
  /** Peer address, or the egress name. */
  source: string
  count: number
  /** Why, a reason out of a table. */
  reason?: string
}

/** Last record of a chain that ended on purpose. */
type ChainClosed = Base & { kind: 'chain-closed'; open: string[] }

/*
 * Written by the collector into its registry log: what began, how it ended, what was handed out. `root` is base64 of the
 * RFC 6962 root over the first `size` records, so that records after the process's last checkpoint are covered as well.
 */

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

export type AuditRecord =
  | ChainStarted
  | OrdersInForce
  | Intent
  | Result
  | StreamEvent
  | Refused
  | Enrolled
  | Counted
  | ChainClosed
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
  'signal',
] as const satisfies readonly AuditRecord['kind'][]

/** The record without what the trail adds to it. */
export type Entry = AuditRecord extends infer R
  ? R extends AuditRecord
    ? Omit<R, 'schema' | 'at'>
    : never
  : never

/** The record of an entry. Its members stand in canonical order, in which it is written at once. */
export function recordOf(entry: Entry, at: string): AuditRecord {
  const members: { readonly [member: string]: unknown } = entry
  const record: { [member: string]: unknown } = {}
  let left = 0
  for (const _ in members) left += 1
  for (const name of membersOf(entry.kind)) {
    if (name === 'at') record['at'] = at
    else if (name === 'schema') record['schema'] = recordSchema
    else if (Object.hasOwn(members, name)) {
      record[name] = members[name]
      left -= 1
    }
  }
  // A member that no such record has is not left out in silence: isRecord refuses it.
  return (left === 0 ? record : { ...entry, schema: recordSchema, at }) as AuditRecord
}

/** Largest record, bytes: a C2SP tlog-tiles entry has a 16-bit length. */
export const recordLimit = 65_535

/** The bytes that the chain is made of. Throws when the record is larger than `recordLimit`. */
export function recordBytes(record: AuditRecord): Buffer {
  const bytes = Buffer.from(canonical(record as unknown as Json))
  if (bytes.length > recordLimit) throw new RangeError('The record is larger than 65,535 bytes')
  return bytes
}

/**
 * Reads what `recordBytes` wrote. Throws on anything else, so that a changed byte never reads as another record. A member
 * that this version does not know is refused as well: it could be a place for content.
 */
export function parseRecord(bytes: Uint8Array): AuditRecord {
  if (bytes.length > recordLimit) throw new RangeError('The record is larger than 65,535 bytes')
  // Not Buffer.toString: it would read a broken byte as U+FFFD, and that text has a canonical form.
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  const value: unknown = JSON.parse(text)
  if (!isRecord(value)) throw new TypeError(`Not a record of ${recordSchema}`)
  if (canonical(value) !== text) throw new TypeError('The record is not in canonical form')
  return value
}

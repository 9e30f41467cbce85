// The records of what people asked for: the call, what it returned, and how it was refused (45 CFR 164.312(b)).

import type { Base } from './record-base.ts'

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

/**
 * What a call's person is to the patients in it. `own`: one of them is the person. `surname`: somebody in the result bears a word of
 * the person's family name. `vip`: one of them is on the list of those whose records draw the curious.
 */
export const relations = ['own', 'surname', 'vip'] as const
export type Relation = (typeof relations)[number]

export type Outcome = 'ok' | 'tool-error' | 'error' | 'unknown'

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
  /**
   * The policy says where patients stand neither in arguments nor in results, or the call named one by what is no identifier: that nobody
   * else is named says nothing.
   */
  patientsUnknown?: true
  /** To those whom the call named; absent: none of those that the policy asks for. */
  relations?: Relation[]
  /** The policy asks for these, and nobody can tell: the token says nothing of it, or the list is not there. */
  relationsUnknown?: Relation[]
  policy: string
  /** Only where the call needed the emergency: it is reviewed afterwards. */
  grant?: GrantUsed
}

/** The break-glass grant under which a call was permitted: who let whom reach further (45 CFR 164.312(a)(2)(ii)). */
type GrantUsed = { name: string; uid: string; requestedBy: string; approvedBy: string }

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
  /** To those in the result, and to those whom the call named. */
  relations?: Relation[]
  /** Rule -> how many values it kept. */
  kept: Record<string, number>
  /** Rule -> how many values it dropped. */
  dropped: Record<string, number>
  /** Kind of identifier -> how many were replaced in kept text. */
  redacted: Record<string, number>
  milliseconds: number
}

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
  /** Of an answer that came late: as in a result. */
  relations?: Relation[]
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

export type CallRecord = Intent | Result | StreamEvent | Refused | Enrolled

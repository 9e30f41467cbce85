// One message in, its answer out, and what is known of it after each stage. Each stage accepts only what the stage
// before it returns, so a pipeline out of order does not compile.

import type { JsonObject } from '../core/canonical.ts'
import type { Person } from '../core/identity/person.ts'
import type { Claims } from '../core/identity/token.ts'
import type { Role } from '../core/policy.ts'
import type { Outcome, Who } from '../core/record.ts'
import type { Lying } from '../core/redaction/edit-result.ts'
import type { GrantOrder } from '../core/wire.ts'
import type { Found } from './asks/ask.ts'
import type { InForce } from './in-force.ts'
import type { Rules } from './rules.ts'
import type { Outlet } from './streams/outlet.ts'
import type { Question } from './streams/pending.ts'
import type { Place } from './streams/place.ts'

/** MCP revisions that are served. */
export const revisions = ['2025-06-18', '2025-11-25', '2026-07-28'] as const
export type Revision = (typeof revisions)[number]

/**
 * A JSON-RPC request, a notification when it has no id, or a response to a question of the server, whose method is that
 * of the question. HTTP's own ways to open and to end a stream of a session are messages too: `GET` and `DELETE`.
 */
export type Message = {
  readonly kind: 'request' | 'notification' | 'response' | 'http'
  readonly id?: string | number
  readonly method: string
  readonly params: JsonObject
  /** Of a response: its result, or undefined when the caller declined with an error. */
  readonly result?: JsonObject
}

/**
 * What is sent, built once: what is hashed is what leaves. The body is well-formed text, sent as UTF-8; as text because
 * Node then sends it together with its head in one write, at half the cost of two.
 */
export type Answer = {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body?: string
}

/** The head of a request, with what its connection proved. Nothing of its body has been read. */
export type Arrived = {
  readonly stage: 'arrived'
  /** Names this call in every record. */
  readonly call: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly inForce: InForce
  readonly rules: Rules
  /** HTTP's own method. */
  readonly verb: string
  /** Address of the peer. */
  readonly peer: string
  /** SHA-256 thumbprint of the connection's client certificate, base64url. */
  readonly certificate: string
  /** Whose certificate it is, where it is one that was enrolled. */
  readonly person?: Person
  /** When that certificate is over, milliseconds since 1970. */
  readonly certificateExpires: number
  readonly authorization?: string
  /** The proof of RFC 9449, and the Host header that its address must name. */
  readonly dpop?: string
  readonly host?: string
}

/** The head proved who is asking: only now is a body read. A person, and the service that acts for them, if one does. */
export type Proved = Omit<Arrived, 'stage'> & {
  readonly stage: 'proved'
  readonly who: Who
  readonly claims: Claims
  /** Values of the token's roles and scopes. */
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
}

/** A message as it came, from whom the head of its request proved. */
export type Received = Omit<Proved, 'stage'> & {
  readonly stage: 'received'
  readonly message: Message
  readonly revision: Revision
  /** The caller's side of a stream, made when it is first needed. */
  readonly outlet: () => Outlet
  /** Mcp-Param-* as the caller sent them, by the rest of their names. */
  readonly paramHeaders?: { readonly [name: string]: string }
  /** Mcp-Session-Id as the caller sent it, in revisions that have sessions; authorize finds out whether it is theirs. */
  readonly session?: string
  /** Last-Event-ID of a GET: which stream is taken up again, and where. */
  readonly lastEventId?: string
}

/** The caller is known, and all that is asked of a caller before what they ask for: their training too. */
export type Identified = Omit<Received, 'stage'> & { readonly stage: 'identified' }

/** What is known of a caller, at whatever stage. */
export type Caller = Omit<Identified, 'stage'>

/** This caller may have what they ask for, for this purpose. */
export type Permitted = Omit<Identified, 'stage'> & {
  readonly stage: 'permitted'
  readonly role: Role
  readonly purpose: string
  readonly found: Found
  /** Patients that the arguments name. */
  readonly patients: readonly string[]
  /** The call may be about others whom nobody can tell; see the intent. */
  readonly patientsUnknown?: true
  /** Those of them whom the caller named by a pseudonym, and must not be told; absent: none. */
  readonly hidden?: readonly string[]
  /** The patients whom this caller may reach, where the role or the emergency names them; absent: any. */
  readonly reach?: readonly string[]
  /** The break-glass grant under which the call is made: its patients and no others are reached. */
  readonly grant?: GrantOrder
  /** The server's session behind the caller's. */
  readonly upstreamSession?: string
}

/** This caller has a role here; what they ask for holds no PHI: handshake, lists, ping. */
export type Admitted = Omit<Identified, 'stage'> & {
  readonly stage: 'admitted'
  readonly held: readonly Role[]
  readonly purpose: string
  readonly upstreamSession?: string
  /** The question of the server that is answered. */
  readonly question?: Question
  /** The stream that is taken up again. */
  readonly resumes?: Resumes
}

/** Where a stream is taken up again; that of a call, with what its answer is judged by. */
type Resumes = {
  readonly place: Place
  readonly permitted?: Permission
}

export type Permission = Pick<
  Permitted,
  | 'role'
  | 'purpose'
  | 'found'
  | 'patients'
  | 'patientsUnknown'
  | 'hidden'
  | 'grant'
  | 'reach'
  | 'upstreamSession'
>

/** The intent is durable. */
export type Declared = Omit<Permitted, 'stage'> & { readonly stage: 'declared' }
export type Announced = Omit<Admitted, 'stage'> & { readonly stage: 'announced' }

/** What may be sent to the server, and nothing else. */
export type Outgoing = {
  readonly method: string
  readonly params: JsonObject
  /** Tool name at the server, for Mcp-Name. */
  readonly name?: string
  readonly notification: boolean
  /** Arguments that the tool's schema puts into headers (MCP 2026-07-28, x-mcp-header): name and value. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
}
export type Minimized = Omit<Declared, 'stage'> & { readonly stage: 'minimized'; readonly outgoing: Outgoing }
export type Prepared = Omit<Announced, 'stage'> & {
  readonly stage: 'prepared'
  readonly outgoing: Outgoing
  /** Of a subscription: the caller's handles of the tasks to be told of, by the server's ids. */
  readonly tasks?: ReadonlyMap<string, string>
}

/** What the server said. Nothing of it has been looked at. */
export type Incoming = {
  /** Made when it is first read, where the answer was read where it lies. */
  readonly result: JsonObject
  /** The same where it lies. */
  readonly lying?: Lying
  /** The whole message as it came, where a result may leave as it is. */
  readonly text?: string
  /** Session that the server began with this answer. */
  readonly session?: string
  /** Messages besides the answer, which are not passed on. */
  readonly otherMessages: number
  /** The server ended the stream of the request before its answer, which comes when the stream is taken up again. */
  readonly later?: true
}
export type Answered = Omit<Minimized, 'stage'> & { readonly stage: 'answered'; readonly incoming: Incoming }
export type Replied = Omit<Prepared, 'stage'> & { readonly stage: 'replied'; readonly incoming: Incoming }

/** What was done to a result, for its record. */
export type Account = {
  readonly outcome: Outcome
  readonly patients: readonly string[]
  /** Somebody in it bears the caller's family name. */
  readonly sameSurname?: true
  readonly kept: Readonly<Record<string, number>>
  readonly dropped: Readonly<Record<string, number>>
  readonly redacted: Readonly<Record<string, number>>
}

/** The answer's bytes exist; nothing outside the policy is in them. */
export type Redacted = Omit<Received, 'stage'> & {
  readonly stage: 'redacted'
  readonly answer: Answer
  readonly account: Account
}

/** The result is durable: the bytes may leave. */
export type Settled = { readonly stage: 'settled'; readonly answer: Answer; readonly outcome: Outcome }

// What the stages may use besides the exchange itself. Built once by server.ts.

import type { Code, Id } from '../core/log.ts'
import type { Outcome } from '../core/record.ts'
import type { Bodies } from './bodies.ts'
import type { HandshakeFailure } from './connection.ts'
import type { Proofs } from './identity/dpop.ts'
import type { TokenCache } from './identity/token.ts'
import type { Orders } from './in-force.ts'
import type { Limits } from './limits.ts'
import type { Logoff } from './logoff.ts'
import type { Quota } from './quota.ts'
import type { Reason } from './refusals.ts'
import type { Sessions } from './sessions.ts'
import type { AtOnce } from './streams/at-once.ts'
import type { Streams } from './streams/open.ts'
import type { Pending } from './streams/pending.ts'
import type { Trail } from './trail/trail.ts'
import type { Upstream } from './upstream.ts'

/** Where in the path of a message something happened. */
export type StageName =
  | 'transport'
  | 'discovery'
  | 'trail'
  | 'authenticate'
  | 'authorize'
  | 'record intent'
  | 'minimize'
  | 'forward'
  | 'redact'
  | 'record result'

/** Hooks for metrics. Called synchronously; every value is out of a closed set, or a name out of the policy. */
export type Watch = {
  call(seen: { method: string; tool?: Id; outcome: Outcome | 'refused'; milliseconds: number }): void
  refusal(seen: { reason: Reason; stage: StageName }): void
  stage(seen: { stage: StageName; milliseconds: number }): void
  /** An unexpected error of ours. `name` is its class or code, never its message, which may hold PHI. */
  fault(seen: { stage: StageName; name: Code }): void
  handshake(seen: { reason: HandshakeFailure }): void
  /** A call under a break-glass grant was recorded. */
  emergency(): void
}

export type Deps = {
  readonly orders: Orders
  readonly trail: Trail
  readonly upstream: Upstream
  readonly tokens: TokenCache
  readonly proofs: Proofs
  readonly limits: Limits
  readonly bodies: Bodies
  readonly quota: Quota
  readonly sessions: Sessions
  /** Questions that callers were asked. */
  readonly pending: Pending
  readonly streams: Streams
  readonly atOnce: AtOnce
  readonly logoff: Logoff
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** Milliseconds of a clock that nobody can set: for durations, such as those of limits. */
  readonly steady: () => number
  readonly watch: Partial<Watch>
}

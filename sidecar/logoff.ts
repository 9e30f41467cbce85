// Automatic logoff (45 CFR 164.312(a)(2)(iii)). MCP's newer revisions know no sessions, so one is what a person does over
// one client certificate: over when nothing was asked for too long, and some time after the login in any case. Only a new
// login begins another; a token that was merely renewed does not.
// Implements: authentication:logoff

import { isActivity } from '../core/activity.ts'
import { stepUp } from '../core/identity/mfa.ts'
import type { Who } from '../core/record.ts'
import type { Identified } from './exchange.ts'
import { Refusal } from './refusals.ts'

/** When the trail last saw this person over this certificate, in any pod, milliseconds since 1970. May reject. */
export type Elsewhere = (who: Pick<Who, 'iss' | 'sub' | 'certificate'>) => Promise<number | undefined>

export interface Logoff {
  /** Throws, or rejects with, Refusal when the caller's session is over; else the call keeps it awake. */
  check(exchange: Identified): void | Promise<void>
  /** Milliseconds until the session is over, as far as this process knows; 0 or less when it is. For streams that stay open. */
  left(caller: Pick<Identified, 'who' | 'inForce'>, now: number): number
}

/** Sessions kept at most; the longest unused goes first, and is asked for elsewhere when it comes again. */
const mostSessions = 10_000

type Session = {
  /** Last activity as far as this process knows, on the clock that nobody can set. */
  last: number
  /** The newest login that this process saw awake, milliseconds since 1970. */
  login: number
  /** A login, milliseconds since 1970, whose session was found over: that stands, whatever the clock says later. */
  over: number
}

/**
 * `elsewhere`: a pod that just began, or has not seen this person for a while, knows nothing of other pods. Without an
 * answer only the login counts: unknown is idle. `steady`: milliseconds of a clock that nobody can set, for what this process
 * saw itself: a wall clock that jumps neither ends a session for good nor lengthens it.
 */
export function logoff(elsewhere: Elsewhere, steady: () => number): Logoff {
  const sessions = new Map<string, Session>()

  const keep = (key: string, session: Session): void => {
    // Moved to the end: the map's order is the order of use.
    sessions.delete(key)
    sessions.set(key, session)
    for (const oldest of sessions.keys()) {
      if (sessions.size <= mostSessions) break
      sessions.delete(oldest)
    }
  }

  return {
    check(exchange) {
      const { who, at, message, inForce } = exchange
      const { idleSeconds, absoluteSeconds } = inForce.policy.sessions
      const login = who.mfa.authTime * 1000
      if (at - login > absoluteSeconds * 1000) throw over('session-over', exchange, absoluteSeconds)
      const idle = (milliseconds: number): boolean => milliseconds > idleSeconds * 1000
      const key = keyOf(who)
      const known = sessions.get(key)
      const now = steady()
      /** `ago`: when they were seen elsewhere, if that is how they are known to be awake. */
      const awake = (ago?: number): void => {
        const last = isActivity(message.method) ? now : ago === undefined ? undefined : now - ago
        if (last !== undefined)
          keep(key, {
            last: Math.max(last, known?.last ?? last),
            login: Math.max(login, known?.login ?? 0),
            over: known?.over ?? 0,
          })
      }
      if (known !== undefined && login <= known.over) throw over('session-idle', exchange, idleSeconds)
      if (!idle(sinceLast(known, now, { login, ago: at - login }))) return awake()
      return elsewhere(who).then(
        (last) => {
          if (last !== undefined && !idle(at - last)) return awake(at - last)
          // A login that this process has not seen awake is known by the wall clock alone, which may be ahead: asked again.
          if (known !== undefined && login <= known.login && idle(now - known.last))
            keep(key, { ...known, over: login })
          throw over('session-idle', exchange, idleSeconds)
        },
        () => {
          // Not known is not over for good: the next call asks again.
          throw over('session-idle', exchange, idleSeconds)
        },
      )
    },
    left({ who, inForce }, now) {
      const { idleSeconds, absoluteSeconds } = inForce.policy.sessions
      const login = who.mfa.authTime * 1000
      const known = sessions.get(keyOf(who))
      if (known !== undefined && login <= known.over) return 0
      const idle = idleSeconds * 1000 - sinceLast(known, steady(), { login, ago: now - login })
      return Math.min(idle, login + absoluteSeconds * 1000 - now)
    },
  }
}

/** Milliseconds since the last that is known of them: what they did, or a login that is newer than those known. */
function sinceLast(
  known: Session | undefined,
  now: number,
  { login, ago }: { login: number; ago: number },
): number {
  if (known === undefined) return ago
  return login > known.login ? Math.min(now - known.last, ago) : now - known.last
}

function keyOf({ iss, sub, certificate }: Who): string {
  return JSON.stringify([iss, sub, certificate])
}

function over(
  reason: 'session-idle' | 'session-over',
  { who, rules }: Identified,
  maxAgeSeconds: number,
): Refusal {
  const issuer = rules.issuers.get(who.iss)
  return new Refusal(reason, issuer === undefined ? {} : { challenge: stepUp(issuer, maxAgeSeconds) })
}

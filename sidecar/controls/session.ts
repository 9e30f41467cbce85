// A session is its beginner's: another person, or the same person over another certificate, finds none.

import type { Deps } from '../deps.ts'
import type { Caller } from '../exchange.ts'
import { Refusal } from '../refusals.ts'

/** The server's session behind the one that the request names; undefined when it names none. */
export function sessionOf({ session, who }: Caller, deps: Deps): string | undefined {
  if (session === undefined) return undefined
  const upstream = deps.sessions.upstreamOf(who, session)
  if (upstream === undefined) throw new Refusal('session-unknown')
  return upstream
}

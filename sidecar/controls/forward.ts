// Transmission, 45 CFR 164.312(e)(1): the only place that reaches the server. Implements: transmission:upstream-faults

import type { Deps } from '../deps.ts'
import type { Answered, Incoming, Minimized, Prepared, Replied } from '../exchange.ts'
import { Refusal } from '../refusals.ts'

/** Sends what was minimized, and nothing else, and takes what comes back unread. */
export async function forward(exchange: Minimized, deps: Deps): Promise<Answered> {
  return { ...exchange, stage: 'answered', incoming: await sent(exchange, deps) }
}

/** The same for a handshake. A server that refuses one does not speak the revision: the caller may try another. */
export async function forwardHandshake(exchange: Prepared, deps: Deps): Promise<Replied> {
  try {
    return { ...exchange, stage: 'replied', incoming: await sent(exchange, deps) }
  } catch (why) {
    if (!(why instanceof Refusal) || why.reason !== 'upstream-error') throw why
    throw new Refusal('upstream-no-handshake', { cause: why })
  }
}

async function sent(exchange: Minimized | Prepared, deps: Deps): Promise<Incoming> {
  const { outgoing, revision, inForce, upstreamSession, session } = exchange
  try {
    return await deps.upstream.send({
      path: inForce.policy.workload.path,
      revision,
      outgoing,
      ...(upstreamSession === undefined ? {} : { session: upstreamSession }),
    })
  } catch (why) {
    if (session !== undefined && why instanceof Refusal && why.reason === 'session-unknown')
      deps.sessions.end(session)
    throw why
  }
}

// The stream of a session (GET) and its end (DELETE), MCP before 2026-07-28.

import type { Deps } from '../deps.ts'
import type { Prepared, Replied } from '../exchange.ts'
import { contextOf, hear, withReach } from '../streams/hear.ts'
import { openStream } from '../streams/open.ts'
import { nothing } from './answer-back.ts'

/** Ends when either side does, when the token is over, and when other orders come into force: the caller comes again. */
export async function forwardStream(exchange: Prepared, deps: Deps): Promise<Replied> {
  const { inForce, revision, session = '', upstreamSession } = exchange
  const outlet = exchange.outlet()
  const stream = openStream(exchange, outlet, deps)
  try {
    const heard = hear(
      withReach(exchange),
      { ...contextOf(exchange, deps), subscribed: (uri) => deps.sessions.watches(session, uri) },
      deps,
      outlet,
    )
    await deps.upstream.listen({
      path: inForce.policy.workload.path,
      revision,
      ...(upstreamSession === undefined ? {} : { session: upstreamSession }),
      hearing: {
        ...heard.hearing,
        began(resume) {
          heard.hearing.began?.(resume)
          outlet.begin()
        },
      },
      gone: stream.over,
    })
    return { ...exchange, stage: 'replied', incoming: { ...nothing, otherMessages: await heard.settled() } }
  } finally {
    stream.close()
  }
}

export async function forwardEnd(exchange: Prepared, deps: Deps): Promise<Replied> {
  const { inForce, revision, session = '', upstreamSession } = exchange
  // Over here first: whatever the server says, nobody uses it again.
  deps.sessions.end(session)
  await deps.upstream.endSession({
    path: inForce.policy.workload.path,
    revision,
    ...(upstreamSession === undefined ? {} : { session: upstreamSession }),
  })
  return { ...exchange, stage: 'replied', incoming: nothing }
}

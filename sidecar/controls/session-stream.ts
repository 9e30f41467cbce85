// The stream of a session (GET), or of a call that is taken up again, and the end of a session (DELETE), MCP before
// 2026-07-28.

import { purposeMeta } from '../../core/identifiers.ts'
import { subscribeAsk } from '../asks/resource.ts'
import type { Deps } from '../deps.ts'
import type { Message, Prepared, Replied } from '../exchange.ts'
import type { Hearing } from '../hearing.ts'
import { Refusal } from '../refusals.ts'
import { contextOf, type Heard, hear, withReach } from '../streams/hear.ts'
import { type Called, lateAnswer } from '../streams/late.ts'
import { openStream } from '../streams/open.ts'
import type { Outlet } from '../streams/outlet.ts'
import { askAgain, type PlacedCall } from '../streams/place.ts'
import { nothing } from './answer-back.ts'
import { permits } from './permits.ts'

/** Ends when either side does, when the token is over, and when other orders come into force: the caller comes again. */
export async function forwardStream(exchange: Prepared, deps: Deps): Promise<Replied> {
  const { inForce, revision, upstreamSession, resumes } = exchange
  const outlet = exchange.outlet()
  const stream = openStream(exchange, outlet, deps, resumes?.permitted?.grant)
  const { heard, late } = hearing(exchange, deps, outlet)
  try {
    await deps.upstream.listen({
      path: inForce.policy.workload.path,
      revision,
      ...(upstreamSession === undefined ? {} : { session: upstreamSession }),
      ...(resumes === undefined ? {} : { lastEventId: resumes.place.id }),
      hearing: {
        ...heard.hearing,
        began(resume) {
          heard.hearing.began?.(resume)
          outlet.begin()
        },
        ...(late === undefined ? {} : { late }),
      },
      gone: stream.over,
    })
    return { ...exchange, stage: 'replied', incoming: { ...nothing, otherMessages: await heard.settled() } }
  } catch (why) {
    await heard.settled().catch(() => undefined)
    throw why
  } finally {
    stream.close()
  }
}

type Listening = { readonly heard: Heard; readonly late?: NonNullable<Hearing['late']> }

function hearing(exchange: Prepared, deps: Deps, outlet: Outlet): Listening {
  const { session = '', resumes } = exchange
  const call = resumes?.place.call
  // What was subscribed to under other orders, or by another role, is judged by what the caller may have by now. The stream
  // itself ends when orders change.
  const subscribed = (uri: unknown): boolean => {
    const purpose = typeof uri === 'string' ? deps.sessions.watches(session, uri) : undefined
    if (purpose === undefined) return false
    return permits(subscribeAsk, { uri: uri as string, _meta: { [purposeMeta]: purpose } }, exchange, deps)
  }
  if (call === undefined || resumes?.permitted === undefined)
    return { heard: hear(withReach(exchange), { ...contextOf(exchange, deps), subscribed }, deps, outlet) }

  // From here on it is the call's stream: its record, its reach, its progress, and its answer.
  const again = calledAgain(exchange, call, resumes.permitted)
  const { token } = call
  const context = { ...contextOf(again, deps), ...(token === undefined ? {} : { progressToken: token }) }
  const heard = hear(again, context, deps, outlet, { resumed: call })
  return {
    heard,
    late: {
      id: call.request,
      take(response) {
        const { text, kept } = lateAnswer({ ...again, at: deps.clock() }, askAgain(call), response, deps)
        heard.say(text, kept)
      },
    },
  }
}

/** The call as it stood when its answer was waited for. */
function calledAgain(
  exchange: Prepared,
  { call, id, method, task }: PlacedCall,
  permitted: NonNullable<NonNullable<Prepared['resumes']>['permitted']>,
): Called {
  const { stage: _, ...rest } = exchange
  const message: Message = { kind: 'request', id, method, params: {} }
  const params = task === true ? { task: {} } : {}
  return {
    ...rest,
    ...permitted,
    call,
    message,
    outgoing: { method, params, notification: false },
  }
}

export async function forwardEnd(exchange: Prepared, deps: Deps): Promise<Replied> {
  const { inForce, revision, session = '', upstreamSession } = exchange
  // Over here first: whatever the server says, nobody uses it again.
  deps.sessions.end(session)
  await deps.upstream
    .endSession({
      path: inForce.policy.workload.path,
      revision,
      ...(upstreamSession === undefined ? {} : { session: upstreamSession }),
    })
    .catch((why: unknown) => {
      // A server may leave it to itself when a session ends (MCP, Session Management: 405).
      if (!(why instanceof Refusal) || why.reason !== 'upstream-error') throw why
    })
  return { ...exchange, stage: 'replied', incoming: nothing }
}

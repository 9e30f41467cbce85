// What a server says while a request runs, on its way to whoever asked: the hearing of one request and the relay behind
// it. Made only where the policy lets a server say anything, so that a plain call costs nothing.

import { progressTokenOf } from '../controls/prepare.ts'
import { reachOfAll } from '../controls/reach.ts'
import type { Deps } from '../deps.ts'
import type { Admitted, Identified, Permitted } from '../exchange.ts'
import type { Context } from '../from-server/messages.ts'
import type { Hearing } from '../hearing.ts'
import { taskNotice } from '../tasks/notice.ts'
import type { Outlet } from './outlet.ts'
import { type PlacedCall, placedCall, placeHandle } from './place.ts'
import { type Relay, relay } from './relay.ts'
import type { Listening } from './shown-message.ts'

export type Heard = {
  readonly hearing: Hearing
  readonly say: Relay['say']
  /** Resolves to the number of messages that did not leave, when all others have. */
  settled(): Promise<number>
}

type Speaking = Omit<Identified, 'stage'> &
  Partial<Pick<Permitted, 'reach' | 'hidden' | 'found' | 'purpose' | 'grant' | 'upstreamSession'>>

/** What a server may say in the stream of a call. */
export function hearCall(exchange: Speaking, deps: Deps, outlet: Outlet): Heard {
  const progressToken = progressTokenOf(exchange.message.params['_meta'])
  const { session, found, message } = exchange
  const id = found?.words?.['taskId']
  const handle = message.params['taskId']
  // Whoever asks after a task will hear of it on other streams of the session, too.
  if (session !== undefined && typeof id === 'string') deps.sessions.keepTask(session, id, handle as string)
  const context: Context = {
    ...contextOf(exchange, deps),
    ...(progressToken === undefined ? {} : { progressToken }),
  }
  return hear(exchange, context, deps, outlet)
}

/** A stream that belongs to no call hears of the patients whom the caller's roles reach. */
export function withReach<Of extends Pick<Admitted, 'held' | 'claims' | 'rules'>>(
  exchange: Of,
): Of & { reach?: readonly string[] } {
  const reach = reachOfAll(exchange.held, exchange)
  return reach === undefined ? exchange : { ...exchange, reach }
}

/** The part of the context that does not depend on the stream. */
export function contextOf(exchange: Speaking, deps: Deps, handleOf = taskOfSession(exchange, deps)): Context {
  const { rules } = exchange
  return {
    handleOf,
    task(state) {
      const handle = handleOf(state['taskId'])
      return handle === undefined ? undefined : taskNotice(exchange, handle, state, deps)
    },
    fromServer: rules.fromServer,
    agreementActive: (name) => deps.orders.agreementActive(name),
    subscribed: () => false,
  }
}

function taskOfSession({ session }: Speaking, deps: Deps): NonNullable<Context['handleOf']> {
  return (id) => (session === undefined ? undefined : deps.sessions.taskOf(session, id))
}

export function hear(
  exchange: Speaking,
  context: Context,
  deps: Deps,
  outlet: Outlet,
  more: Partial<Pick<Listening, 'subscriptionId'>> & { readonly resumed?: PlacedCall } = {},
): Heard {
  const { reach, hidden, found, grant, upstreamSession } = exchange
  let resume: (() => void) | undefined
  let request: number | undefined
  const { resumed, ...own } = more
  // A stream of the session itself goes on as such; of a call's, only those whose answer may come late.
  const place = (id: string): string | undefined => {
    const of = resumed ?? placedCall(exchange, request)
    if (of === undefined && exchange.message.kind !== 'http') return undefined
    return placeHandle(exchange, { id, ...(of === undefined ? {} : { call: of }) }, deps.clock())
  }
  const listening: Listening = {
    call: exchange.call,
    who: exchange.who,
    ...(exchange.authorization === undefined ? {} : { authorization: exchange.authorization }),
    inForce: exchange.inForce,
    rules: exchange.rules,
    revision: exchange.revision,
    context,
    ...(reach === undefined ? {} : { reach }),
    ...(hidden === undefined ? {} : { hidden }),
    // The patients of an emergency use up no limit.
    ...(found === undefined || grant !== undefined ? {} : { target: found.target }),
    ...(upstreamSession === undefined ? {} : { upstreamSession }),
    ...own,
    place,
  }
  const through = relay(listening, outlet, deps, () => resume?.())
  return {
    hearing: {
      take: (message, mark) => through.take(message, mark),
      mark: (mark) => through.mark(mark),
      began: (how, id) => {
        resume = how
        request = id
      },
      get resumable() {
        return through.resumable
      },
    },
    say: (text, kept) => through.say(text, kept),
    settled: async () => {
      await through.settled()
      return through.withheld
    },
  }
}

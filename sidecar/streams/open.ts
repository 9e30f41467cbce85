// Streams that stay open: how many, and until when. A stream is authorised when it begins, so it ends with what it was
// authorised by: the token, the orders in force, the client certificate's standing.

import type { GrantOrder } from '../../core/wire.ts'
import type { Deps } from '../deps.ts'
import type { Identified } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import type { Outlet } from './outlet.ts'

/** Of one person, and of all. Each holds a connection to the server. */
const mostOfOne = 16
const mostOfAll = 128
/** Longest stream, milliseconds: a token without a nearer end does not keep one for ever. */
const longest = 8 * 3_600_000

export type Streams = {
  readonly open: Map<string, number>
  /** This process stops: streams end, and their callers come again elsewhere. */
  readonly stopping: AbortController
}

export function streams(): Streams {
  return { open: new Map(), stopping: new AbortController() }
}

export type OpenStream = {
  /** Aborted when the stream is to end. */
  readonly over: AbortSignal
  /** It has ended. */
  close(): void
}

/** `grant`: the emergency under which its messages are seen. Throws Refusal when too many are open. */
export function openStream(
  exchange: Omit<Identified, 'stage'>,
  outlet: Outlet,
  deps: Deps,
  grant?: GrantOrder,
): OpenStream {
  const { who, inForce, claims, at, authorization, certificateExpires } = exchange
  const { open, stopping } = deps.streams
  const person = JSON.stringify([who.iss, who.sub])
  const own = open.get(person) ?? 0
  const all = [...open.values()].reduce((sum, count) => sum + count, 0)
  if (own >= mostOfOne || all >= mostOfAll)
    throw new Refusal('streams-over-limit', { headers: { 'retry-after': '30' } })
  open.set(person, own + 1)

  const ending = new AbortController()
  const { exp } = claims
  const left = Math.min(typeof exp === 'number' ? exp * 1000 - at : longest, certificateExpires - at)
  const timer = setTimeout(() => ending.abort(), Math.max(0, Math.min(left, longest)))
  // Nobody at work, nothing to tell (45 CFR 164.312(a)(2)(iii)). Each call on the way meanwhile puts it off.
  let logoff: NodeJS.Timeout | undefined
  const wait = (): void => {
    const awake = deps.logoff.left(exchange, deps.clock())
    if (awake <= 0) ending.abort()
    else logoff = setTimeout(wait, Math.min(awake, longest))
  }
  wait()
  const judge = (): void => {
    const standing = deps.orders.standing()
    const same = standing.locked === undefined && standing.inForce.hash === inForce.hash
    const granted = grant === undefined || deps.orders.grant(who, grant.patients) !== undefined
    if (!same || !granted || deps.orders.revoked(who, authorization) !== undefined) ending.abort()
  }
  const stop = deps.orders.onChange(judge)
  // What changed between the intent's record and now would go unheard.
  judge()
  // A grant ends by the clock, and no order says so.
  const grantTimer = grant === undefined ? undefined : setInterval(judge, 5_000)
  return {
    over: AbortSignal.any([ending.signal, outlet.gone.signal, stopping.signal]),
    close() {
      clearTimeout(timer)
      clearTimeout(logoff)
      clearInterval(grantTimer)
      stop()
      const count = (open.get(person) ?? 1) - 1
      if (count > 0) open.set(person, count)
      else open.delete(person)
    },
  }
}

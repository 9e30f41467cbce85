// Transmission, 45 CFR 164.312(e)(1): the only place that reaches the server. Implements: transmission:upstream-faults

import type { JsonObject } from '../../core/canonical.ts'
import { returnsUnder } from '../../core/redaction/rules.ts'
import type { Deps } from '../deps.ts'
import type { Answered, Incoming, Minimized, Prepared, Replied, Revision } from '../exchange.ts'
import { lyingAnswer } from '../lying-answer.ts'
import { Refusal } from '../refusals.ts'
import type { Rules } from '../rules.ts'
import { hearCall } from '../streams/hear.ts'
import type { Outlet } from '../streams/outlet.ts'
import { callKey } from '../streams/running.ts'
import { tasksExtension } from '../tasks/extension.ts'
import type { Call } from '../upstream.ts'
import { isCut } from './cut-result.ts'

/** Sends what was minimized, and nothing else, and takes what comes back unread. */
export async function forward(exchange: Minimized, deps: Deps): Promise<Answered> {
  return { ...exchange, stage: 'answered', incoming: await sent(exchange, deps) }
}

/** An answer to a call that was sent before, and that came on a stream which was taken up again. */
export function arrived(exchange: Omit<Answered, 'stage' | 'incoming'>, result: JsonObject): Answered {
  return { ...exchange, stage: 'answered', incoming: { result, otherMessages: 0 } }
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
  const { outgoing, revision, inForce, upstreamSession, session, rules } = exchange
  // A server that may say nothing is not listened to: what it says is counted as it comes. But in a session it may always
  // say where its stream can be taken up again.
  const resumable = session !== undefined && revision !== '2026-07-28'
  const speaks = exchange.stage === 'minimized' && (resumable || Object.keys(rules.fromServer).length > 0)
  const outlet = revision === '2026-07-28' || speaks ? exchange.outlet() : undefined
  const heard = speaks && outlet !== undefined ? hearCall(exchange, deps, outlet) : undefined
  const key = callKey(exchange)
  if (session !== undefined) demandRoom(exchange, session, deps)
  const ended = deps.atOnce.begin(exchange.who)
  try {
    const incoming = await deps.upstream.send({
      path: inForce.policy.workload.path,
      revision,
      outgoing,
      ...(upstreamSession === undefined ? {} : { session: upstreamSession }),
      ...(heard === undefined ? {} : { hearing: heard.hearing }),
      ...(key === undefined ? {} : { key }),
      ...(exchange.stage === 'minimized' ? readingOf(exchange) : {}),
      ...(outlet === undefined ? {} : leaving(outlet, revision)),
    })
    if (session !== undefined) watchResource(exchange, session, deps)
    if (heard === undefined) return incoming
    const otherMessages = incoming.otherMessages + (await heard.settled())
    const { lying, session: begun } = incoming
    // No value is made of it for being put together with a count.
    if (lying !== undefined)
      return lyingAnswer(lying, { otherMessages, ...(begun === undefined ? {} : { session: begun }) })
    return { ...incoming, otherMessages }
  } catch (why) {
    // What was said before it failed leaves, or is withheld, before the refusal ends the stream.
    await heard?.settled().catch(() => undefined)
    if (!(why instanceof Refusal)) throw why
    if (session !== undefined && why.reason === 'session-unknown') deps.sessions.end(session)
    throw inTheirTerms(why, rules)
  } finally {
    ended()
  }
}

/** How the answer is wanted: its text beside its value, or no value at all. */
function readingOf(exchange: Minimized): Pick<Call, 'keepText' | 'lying'> {
  const returns = returnsUnder(exchange.found.target, exchange)
  if (returns.whole) return { keepText: true }
  return exchange.outgoing.method === 'tools/call' && isCut(returns, exchange) ? { lying: true } : {}
}

/** From 2026-07-28 on a caller who ends the stream cancels the call; before, they say so, and may come again. */
function leaving({ gone }: Outlet, revision: Revision): Pick<Call, 'gone' | 'away'> {
  return revision === '2026-07-28' ? { gone } : { away: gone }
}

/** Asked before the server is: what it would tell of must have somebody to be told. */
function demandRoom({ outgoing }: Minimized | Prepared, session: string, deps: Deps): void {
  const { method, params } = outgoing
  if (method === 'resources/subscribe' && !deps.sessions.mayWatch(session, params['uri'] as string))
    throw new Refusal('subscriptions-over-limit')
}

/** From now on, or no longer, this session hears of changes of a resource that it may read. */
function watchResource({ outgoing, purpose }: Minimized | Prepared, session: string, deps: Deps): void {
  const { method, params } = outgoing
  if (method === 'resources/subscribe') deps.sessions.watch(session, params['uri'] as string, purpose)
  if (method === 'resources/unsubscribe') deps.sessions.watch(session, params['uri'] as string, undefined)
}

/** Errors to which MCP gives a meaning keep it, in our words. */
export function inTheirTerms(why: Refusal, { fromServer }: Rules): Refusal {
  const { upstream } = why.details
  if (why.reason !== 'upstream-error' || upstream === undefined) return why
  if (upstream.code === -32602) return new Refusal('upstream-params', { cause: why })
  if (upstream.code !== -32021) return why
  const known = (upstream.capabilities ?? []).filter((name) => capabilityNames.has(name))
  const extensions = fromServer.tasks === undefined ? {} : { [tasksExtension]: {} }
  const requiredCapabilities = Object.fromEntries(
    known.map((name) => [name, name === 'extensions' ? extensions : {}]),
  )
  return new Refusal('capability-missing', { data: { requiredCapabilities }, cause: why })
}

const capabilityNames: ReadonlySet<string> = new Set(['sampling', 'elicitation', 'roots', 'extensions'])

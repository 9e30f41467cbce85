// Minimum necessary disclosures, 45 CFR 164.514(d)(3). Implements: minimum:fields, minimum:text, minimum:other-content,
// transmission:upstream-errors, breach:patients. This is no de-identification (164.514(b)).

import type { JsonObject } from '../../core/canonical.ts'
import { withMember } from '../../core/json-text.ts'
import { returnsUnder } from '../../core/redaction/rules.ts'
import type { Ask } from '../asks/ask.ts'
import type { Deps } from '../deps.ts'
import type { Account, Answer, Answered, Redacted } from '../exchange.ts'
import { redactInput } from '../from-server/input-required.ts'
import { rawResult } from '../raw-result.ts'
import { Refusal } from '../refusals.ts'
import { answerOf, answerOfText } from '../respond.ts'
import { createdTask } from '../tasks/created.ts'
import { cachedByNobody } from './answer-from-policy.ts'
import { cutResult } from './cut-result.ts'
import { type Shown, shownResult } from './shown-result.ts'
import { withinSize } from './within-size.ts'

/**
 * Builds the answer out of what the policy names in the result. Everything is dropped that is not named, cannot be
 * looked into, or is the protocol's own room for more (_meta, annotations).
 */
export const redact =
  (ask: Ask) =>
  (exchange: Answered, deps: Deps): Redacted => {
    const { incoming, found, revision, message, rules } = exchange
    if (incoming.later === true) return unanswered(exchange)
    const cut = cutResult(ask, exchange, deps)
    if (cut !== undefined) return answeredBy(cut.answer, cut.account, exchange, deps)
    const { result } = incoming
    const type = revision === '2026-07-28' ? (result['resultType'] ?? 'complete') : 'complete'
    if (type === 'input_required') return { ...exchange, stage: 'redacted', ...redactInput(exchange, deps) }
    const created = createdTask(exchange, deps)
    if (created !== undefined) return answered(exchange, created, deps)
    if (type !== 'complete') throw new Refusal('upstream-asks')
    const returns = ask.returns?.(found.target, rules) ?? returnsUnder(found.target, exchange)
    const extra = cacheable.has(message.method) ? cachedByNobody(revision) : {}
    const shown = shownResult(result, { shape: ask.shape, returns, extra }, exchange, deps)
    return answered(exchange, shown, deps, shown.own === true ? extra : undefined)
  }

/**
 * The answer that carries what is shown. Refuses one that is larger than its target may return. `added`: where that is the
 * server's whole result, all that is put to it.
 */
export function answered(
  exchange: Answered,
  { result, account }: Shown,
  deps: Deps,
  added?: JsonObject,
): Redacted {
  const id = exchange.message.id as string | number
  const text = added === undefined ? undefined : inOwnBytes(exchange.incoming, added)
  const answer = text === undefined ? answerOf(id, result) : answerOfText(id, text)
  return answeredBy(answer, account, exchange, deps)
}

function answeredBy(answer: Answer, account: Account, exchange: Answered, deps: Deps): Redacted {
  withinSize(answer, exchange, deps)
  return { ...exchange, stage: 'redacted', answer, account: withOthers(account, exchange.incoming) }
}

/**
 * The server's own bytes of a result that is kept whole, with what is `added` to it in front; undefined where they cannot
 * be: the server says otherwise there, or an event stream could not carry them.
 */
function inOwnBytes({ text, result }: Answered['incoming'], added: JsonObject): string | undefined {
  const raw = text === undefined ? undefined : rawResult(text)
  // A carriage return ends a line of a stream, and its reader takes it for a line feed.
  if (raw === undefined || raw.text.includes('\r')) return undefined
  const missing = Object.entries(added).filter(([name, value]) => result[name] !== value)
  if (missing.some(([name]) => Object.hasOwn(result, name))) return undefined
  // Of what stands twice we looked at the last one, and another reader may take the first.
  if (raw.members > Object.keys(result).length) return undefined
  return missing.reduce((own, [name, value]) => withMember(own, 0, name, JSON.stringify(value)), raw.text)
}

/** The stream ends as the server's did: without an answer, and without a word of ours (SEP-1699). */
function unanswered(exchange: Answered): Redacted {
  const account: Account = { outcome: 'unknown', patients: [], kept: {}, dropped: {}, redacted: {} }
  const answer = { status: 200, headers: {} }
  return { ...exchange, stage: 'redacted', answer, account: withOthers(account, exchange.incoming) }
}

function withOthers(account: Account, { otherMessages }: Answered['incoming']): Account {
  if (otherMessages === 0) return account
  return { ...account, dropped: { ...account.dropped, 'server-message': otherMessages } }
}

/** Results that MCP 2026-07-28 lets caches keep unless they say otherwise. Lists are answered from the policy. */
const cacheable: ReadonlySet<string> = new Set(['resources/read'])

/** Nothing: what a server adds to an empty result stays here. */
export function emptyResult(revision: string): JsonObject {
  return revision === '2026-07-28' ? { resultType: 'complete' } : {}
}

// The answer to a call that comes on a stream which was taken up again: cut like any answer to it, and recorded as an
// event, because the call's own result is already recorded as unknown.

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { Ask } from '../asks/ask.ts'
import { arrived, inTheirTerms } from '../controls/forward.ts'
import { redact } from '../controls/redact.ts'
import type { Deps } from '../deps.ts'
import type { Account, Answer, Answered } from '../exchange.ts'
import { resultHash } from '../hashes.ts'
import { errorOf } from '../hearing.ts'
import { patientTokens } from '../patient-token.ts'
import { recorded } from '../recorded.ts'
import { Refusal } from '../refusals.ts'
import { relationsOf } from '../relations.ts'
import { lengthOf, word } from '../respond.ts'

/** A call that was sent, and whose answer is now here. */
export type Called = Omit<Answered, 'stage' | 'incoming'>

/** The text of the event, and what must be durable before it leaves. */
export type Late = { readonly text: string; readonly kept: Promise<void> }

/** `response`: the server's, with a result or an error. Every response has an answer: if need be, a refusal in our words. */
export function lateAnswer(
  exchange: Called,
  ask: Ask,
  response: { readonly [member: string]: unknown },
  deps: Deps,
): Late {
  const { call, who, message, inForce } = exchange
  const { answer, account, reason } = shown(exchange, ask, response, deps)
  const text = answer.body ?? ''
  const tokens = patientTokens(account.patients, inForce)
  const event = deps.trail.event({
    kind: 'event',
    call,
    iss: who.iss,
    sub: who.sub,
    method: message.method,
    result: resultHash(text, inForce),
    bytes: lengthOf(answer),
    patients: tokens,
    ...relationsOf({ ...account, tokens }, exchange),
    dropped: account.dropped,
    redacted: account.redacted,
  })
  const refused = reason === undefined ? [] : [deps.trail.refuse(refusalEntry(exchange, reason))]
  return { text, kept: recorded(Promise.all([event, ...refused]).then(() => undefined)) }
}

type Seen = {
  answer: Answer
  account: Pick<Account, 'patients' | 'sameSurname' | 'dropped' | 'redacted'>
  reason?: string
}

function shown(
  exchange: Called,
  ask: Ask,
  { result, error }: { readonly [member: string]: unknown },
  deps: Deps,
): Seen {
  try {
    if (isObject(error)) throw new Refusal('upstream-error', errorOf(error))
    if (!isObject(result)) throw new Refusal('upstream-malformed')
    return redact(ask)(arrived(exchange, result as JsonObject), deps)
  } catch (why) {
    const refusal =
      why instanceof Refusal ? inTheirTerms(why, exchange.rules) : new Refusal('internal', { cause: why })
    return {
      answer: word(refusal, exchange),
      account: { patients: [], dropped: {}, redacted: {} },
      reason: refusal.reason,
    }
  }
}

function refusalEntry({ call, who, purpose, message, peer, inForce }: Called, reason: string) {
  return {
    kind: 'refusal' as const,
    call,
    reason,
    stage: 'redact',
    who,
    purpose,
    method: message.method,
    peer,
    policy: inForce.hash,
  }
}

// Access control for what holds no PHI: handshake, ping and the list of tools. Implements: access:default-deny

import type { Deps } from '../deps.ts'
import type { Admitted, Identified } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { askAgain, placeBehind } from '../streams/place.ts'
import { permission, purposeOf } from './authorize.ts'
import { heldRoles } from './held-roles.ts'
import { sessionOf } from './session.ts'

/** What the record of a message says that needs no purpose of use and states none. */
const noPurpose = 'none'

/** Admits a caller who has any role of this server, with all that role's scopes. */
export function admit(exchange: Identified, deps: Deps): Admitted {
  const { rules, scopes } = exchange
  const upstreamSession = sessionOf(exchange, deps)
  const held = heldRoles(exchange).filter(({ when }) => when.scopes.every((scope) => scopes.includes(scope)))
  if (held.length === 0) throw new Refusal('role-missing')
  const purpose = purposeOf(exchange)
  return {
    ...exchange,
    stage: 'admitted',
    held,
    purpose: purpose !== undefined && rules.purposes.has(purpose) ? purpose : noPurpose,
    ...(upstreamSession === undefined ? {} : { upstreamSession }),
  }
}

/** The session must be there: what a session hears, and its end, are for those who have one. */
export function admitToSession(exchange: Identified, deps: Deps): Admitted {
  const admitted = admit(exchange, deps)
  if (admitted.upstreamSession === undefined) throw new Refusal('session-unknown')
  return admitted
}

/**
 * A stream that is taken up again belongs to whoever heard it, in their session. That of a call is authorised like the
 * call, by what the caller may have by now: its answer is still to come.
 */
export function admitToStream(exchange: Identified, deps: Deps): Admitted {
  const admitted = admitToSession(exchange, deps)
  const { lastEventId } = exchange
  if (lastEventId === undefined) return admitted
  const place = placeBehind(exchange, lastEventId, exchange.at)
  if (place === undefined) throw new Refusal('event-unknown')
  if (place.call === undefined) return { ...admitted, resumes: { place } }
  const permitted = permission(askAgain(place.call), exchange, deps)
  return { ...admitted, purpose: permitted.purpose, resumes: { place, permitted } }
}

/** Who was asked, and nobody else, answers: the same person over the same certificate, in the same session. */
export function admitAnswer(exchange: Identified, deps: Deps): Admitted {
  const admitted = admit(exchange, deps)
  const { message, who, at } = exchange
  const question = deps.pending.of(who, message.id, at)
  if (question === undefined || question.session !== admitted.upstreamSession)
    throw new Refusal('question-unknown')
  deps.pending.close(message.id)
  return { ...admitted, question }
}

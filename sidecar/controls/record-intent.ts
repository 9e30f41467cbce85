// Audit controls, 45 CFR 164.312(b). Implements: audit:intent-before-upstream, audit:no-record-no-service

import type { GrantOrder } from '../../core/wire.ts'
import type { Deps } from '../deps.ts'
import type { Declared, Permitted } from '../exchange.ts'
import { argumentsHash } from '../hashes.ts'
import { patientTokens } from '../patient-token.ts'
import { recorded } from '../recorded.ts'
import { relationsOf, relationsUnknown } from '../relations.ts'
import { argumentNames, nameIn } from '../targets.ts'

/**
 * Returns only when the intent would survive power loss. Arguments are recorded by their names and a
 * keyed hash, patients as tokens.
 */
export async function recordIntent(exchange: Permitted, deps: Deps): Promise<Declared> {
  const {
    call,
    who,
    purpose,
    role,
    message,
    revision,
    peer,
    found,
    inForce,
    patients,
    patientsUnknown,
    grant,
  } = exchange
  const tokens = patientTokens(patients, inForce)
  await recorded(
    deps.trail.intend({
      kind: 'intent',
      call,
      who,
      purpose,
      role: role.name,
      method: message.method,
      revision,
      peer,
      arguments: argumentsHash(found.arguments, inForce),
      argumentNames: argumentNames(found.target, found.arguments),
      patients: tokens,
      policy: inForce.hash,
      // Last: what stands behind them in a literal is defined by name, one by one, at several times the cost.
      ...nameIn(found.target),
      ...(patientsUnknown === true ? { patientsUnknown } : {}),
      ...relationsOf({ patients, tokens }, exchange),
      ...relationsUnknown(exchange),
      ...(grant === undefined ? {} : { grant: grantUsed(grant) }),
    }),
  )
  if (grant !== undefined) deps.watch.emergency?.()
  return { ...exchange, stage: 'declared' }
}

/** What a record says of the grant that a call was made under. */
export function grantUsed({ name, uid, requestedBy, approvedBy }: GrantOrder) {
  return { name, uid, requestedBy, approvedBy }
}

// Integrity, 45 CFR 164.312(c)(1), and audit, 164.312(b). Implements: audit:result-before-answer, breach:patients

import type { Deps } from '../deps.ts'
import type { Redacted, Settled } from '../exchange.ts'
import { resultHash } from '../hashes.ts'
import { patientTokens } from '../patient-token.ts'
import { recorded } from '../recorded.ts'
import { relationsOf } from '../relations.ts'
import { lengthOf } from '../respond.ts'

/**
 * Returns only when the result would survive power loss: with the keyed hash of exactly the bytes that will leave, and
 * every patient in what the server returned, sealed, because affected individuals must be named (164.404(c)).
 */
export async function recordResult(exchange: Redacted, deps: Deps): Promise<Settled> {
  const { call, answer, account, inForce, at } = exchange
  const { outcome, patients, kept, dropped, redacted } = account
  const tokens = patientTokens(patients, inForce)
  await recorded(
    deps.trail.settle({
      kind: 'result',
      call,
      outcome,
      bytes: lengthOf(answer),
      patients: tokens,
      kept,
      dropped,
      redacted,
      milliseconds: Math.max(0, Math.round(deps.clock() - at)),
      // Last, as in record-intent.ts.
      ...(answer.body === undefined ? {} : { result: resultHash(answer.body, inForce) }),
      ...relationsOf({ ...account, tokens }, exchange),
    }),
  )
  return { stage: 'settled', answer, outcome }
}

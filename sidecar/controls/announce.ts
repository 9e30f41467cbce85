// Audit controls, 45 CFR 164.312(b), for what holds no PHI. Implements: audit:intent-before-upstream

import type { Deps } from '../deps.ts'
import type { Admitted, Announced } from '../exchange.ts'
import { patientTokens } from '../patient-token.ts'
import { recorded } from '../recorded.ts'
import { nameIn } from '../targets.ts'
import { grantUsed } from './record-intent.ts'

/** Returns only when the intent would survive power loss. */
export async function announce(exchange: Admitted, deps: Deps): Promise<Announced> {
  const { call, who, purpose, held, message, revision, peer, inForce, resumes } = exchange
  const again = resumes?.permitted
  await recorded(
    deps.trail.intend({
      kind: 'intent',
      call,
      who,
      purpose,
      role: again?.role.name ?? held.map(({ name }) => name).join(' '),
      method: message.method,
      revision,
      peer,
      ...(again === undefined ? {} : nameIn(again.found.target)),
      patients: patientTokens(again?.patients ?? [], inForce),
      policy: inForce.hash,
      ...(again?.grant === undefined ? {} : { grant: grantUsed(again.grant) }),
    }),
  )
  if (again?.grant !== undefined) deps.watch.emergency?.()
  return { ...exchange, stage: 'announced' }
}

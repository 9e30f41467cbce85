// Audit controls, 45 CFR 164.312(b), for what holds no PHI. Implements: audit:intent-before-upstream

import type { Deps } from '../deps.ts'
import type { Admitted, Announced } from '../exchange.ts'
import { recorded } from '../recorded.ts'

/** Returns only when the intent would survive power loss. */
export async function announce(exchange: Admitted, deps: Deps): Promise<Announced> {
  const { call, who, purpose, held, message, revision, inForce } = exchange
  await recorded(
    deps.trail.intend({
      kind: 'intent',
      call,
      who,
      purpose,
      role: held.map(({ name }) => name).join(' '),
      method: message.method,
      revision,
      patients: [],
      policy: inForce.hash,
    }),
  )
  return { ...exchange, stage: 'announced' }
}

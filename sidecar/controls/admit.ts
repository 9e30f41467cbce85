// Access control for what holds no PHI: handshake, ping and the list of tools. Implements: access:default-deny

import type { Deps } from '../deps.ts'
import type { Admitted, Identified } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { purposeOf } from './authorize.ts'
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

// Whether a business associate agreement is in force (45 CFR 164.504(e)). The one place that decides it; the clock is
// the caller's.

import type { BusinessAssociateAgreement } from '../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'

export type Standing = { active: boolean; reason: 'Active' | 'NotYetEffective' | 'Expired'; daysLeft: number }

/** `now` in milliseconds since 1970. An agreement ends at the very moment it expires. */
export function standing(agreement: BusinessAssociateAgreement, now: number): Standing {
  const from = Date.parse(agreement.spec.effective)
  const until = Date.parse(agreement.spec.expires)
  const daysLeft = Math.max(0, Math.floor((until - now) / 86_400_000))
  // A date that does not parse is NaN: every comparison is false, and the agreement is over.
  if (!(now < until)) return { active: false, reason: 'Expired', daysLeft: 0 }
  if (!(now >= from)) return { active: false, reason: 'NotYetEffective', daysLeft }
  return { active: true, reason: 'Active', daysLeft }
}

/** Names of the agreements that a server relies on, each once: for its own way out, and for text given to callers' models. */
export function agreementsNamed({ network, fromServer }: HipaaMcpServer['spec']): Set<string> {
  const names = [...(network?.egress ?? []).map(({ baa }) => baa), fromServer?.sampling?.agreement]
  return new Set(names.filter((name) => name !== undefined))
}

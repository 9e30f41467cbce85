// Whether a business associate agreement is in force (45 CFR 164.504(e)). The one place that decides it; the clock is
// the caller's.

import type { BusinessAssociateAgreement } from '../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import { secondsIn } from './duration.ts'

export type Standing = {
  active: boolean
  reason: 'Active' | 'NotYetEffective' | 'Expired' | 'NotAttested' | 'AttestationStale'
  daysLeft: number
  /** When it ends by the clock, milliseconds since 1970: the contract, or what was attested of the account. */
  until: number
}

/** `now` in milliseconds since 1970. An agreement ends at the very moment it expires. */
export function standing(agreement: BusinessAssociateAgreement, now: number): Standing {
  const from = Date.parse(agreement.spec.effective)
  const expires = Date.parse(agreement.spec.expires)
  const stale = attestedUntil(agreement)
  const until = Math.min(expires, stale ?? expires)
  const daysLeft = Math.max(0, Math.floor((expires - now) / 86_400_000))
  // A date that does not parse is NaN: every comparison is false, and the agreement is over.
  if (!(now < expires)) return { active: false, reason: 'Expired', daysLeft: 0, until }
  if (!(now >= from)) return { active: false, reason: 'NotYetEffective', daysLeft, until }
  const { model } = agreement.spec
  if (model === undefined) return { active: true, reason: 'Active', daysLeft, until }
  if (stale === undefined) return { active: false, reason: 'NotAttested', daysLeft, until }
  // An attestation from the future is a clock that is wrong, or a wish.
  if (!(now < stale) || !(Date.parse(model.attested?.at ?? '') <= now))
    return { active: false, reason: 'AttestationStale', daysLeft, until }
  return { active: true, reason: 'Active', daysLeft, until }
}

/** Until when it counts what somebody saw of the account at a model's vendor; undefined where nobody says. */
function attestedUntil({ spec }: BusinessAssociateAgreement): number | undefined {
  const attested = spec.model?.attested
  if (attested === undefined) return undefined
  return Date.parse(attested.at) + (secondsIn(attested.maxAge ?? '90d') ?? 0) * 1000
}

/** Moments at which an agreement begins or ends by the clock alone, milliseconds since 1970. */
export function turnsOf(agreement: BusinessAssociateAgreement): number[] {
  const { effective, expires, model } = agreement.spec
  const stale = attestedUntil(agreement)
  return [
    Date.parse(effective),
    Date.parse(expires),
    ...(stale === undefined ? [] : [Date.parse(model?.attested?.at ?? ''), stale]),
  ].filter((time) => !Number.isNaN(time))
}

/** Names of the agreements that a server relies on, each once: for its own way out, and for text given to callers' models. */
export function agreementsNamed({ network, fromServer }: HipaaMcpServer['spec']): Set<string> {
  const names = [...(network?.egress ?? []).map(({ baa }) => baa), fromServer?.sampling?.agreement]
  return new Set(names.filter((name) => name !== undefined))
}

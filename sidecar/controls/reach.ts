// Which patients a role lets a caller reach (45 CFR 164.312(a)(1)): any, the one whom the token is bound to (SMART's
// launch context), or those on a panel that the token lists. The same reach holds for arguments and for results.

import type { Claims } from '../../core/identity/token.ts'
import { valueAt } from '../../core/pointer.ts'
import type { Role } from '../../core/policy.ts'
import { patientIn } from '../../core/redaction/patients.ts'
import type { Caller } from '../exchange.ts'

/** Longest panel, patients. A longer one is none: to take its beginning would be to guess. */
export const mostOnPanel = 512

/** Undefined: any patient. An empty list: nobody, because the claim is missing, malformed or too long. */
export function reachOf(
  { patients }: Role,
  { claims, rules }: Pick<Caller, 'claims' | 'rules'>,
): readonly string[] | undefined {
  if (patients === 'Any') return undefined
  if (patients === 'Panel') return rules.panel === undefined ? [] : panelOf(claims, rules.panel)
  const own = rules.patient === undefined ? undefined : patientIn(valueAt(claims, rules.patient))
  return own === undefined ? [] : [own]
}

/** Claims are the same object for as long as their token is remembered, so a panel is read once. */
const panels = new WeakMap<Claims, readonly string[]>()

function panelOf(claims: Claims, pointer: readonly string[]): readonly string[] {
  const known = panels.get(claims)
  if (known !== undefined) return known
  const value = valueAt(claims, pointer)
  const listed = Array.isArray(value) && value.length <= mostOnPanel ? value.map((one) => patientIn(one)) : []
  const named = listed.filter((one) => one !== undefined)
  const panel = named.length === listed.length ? [...new Set(named)] : []
  panels.set(claims, panel)
  return panel
}

/** What all of a caller's roles together reach: for streams, which no single role stands behind. */
export function reachOfAll(
  held: readonly Role[],
  exchange: Pick<Caller, 'claims' | 'rules'>,
): readonly string[] | undefined {
  const all = held.map((role) => reachOf(role, exchange))
  return all.includes(undefined) ? undefined : [...new Set(all.flatMap((reach) => reach ?? []))]
}

// Break-glass grants in force (45 CFR 164.312(a)(2)(ii)). The operator says which, and until when; this process ends one
// at that moment itself, without word from the operator.

import type { GrantOrder, Orders as Wire } from '../core/wire.ts'

export interface Grants {
  /** Replaces all that is known. */
  set(grants: Wire['grants']): void
  /** The grant by which this person reaches every one of these patients at this moment. None for no patients at all. */
  of(person: { iss: string; sub: string }, patients: readonly string[]): GrantOrder | undefined
}

/** `clock`: milliseconds since 1970. */
export function keepGrants(clock: () => number): Grants {
  let known: { grant: GrantOrder; patients: ReadonlySet<string>; until: number }[] = []
  // A clock that is set back does not bring a grant back.
  let latest = 0
  return {
    set(grants) {
      known = grants.map((grant) => ({
        grant,
        patients: new Set(grant.patients),
        until: Date.parse(grant.until),
      }))
    },
    of({ iss, sub }, patients) {
      if (known.length === 0 || patients.length === 0) return undefined
      latest = Math.max(latest, clock())
      // A date that does not parse is NaN: the comparison is false, and the grant is over.
      return known.find(
        ({ grant, patients: reached, until }) =>
          latest < until &&
          grant.iss === iss &&
          grant.sub === sub &&
          patients.every((patient) => reached.has(patient)),
      )?.grant
    },
  }
}

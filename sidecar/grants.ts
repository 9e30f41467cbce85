// Break-glass grants in force (45 CFR 164.312(a)(2)(ii)). The operator says which, and until when; this process ends one
// at that moment itself, without word from the operator.

import type { GrantOrder, Orders as Wire } from '../core/wire.ts'
import { type Clocks, type Deadline, Deadlines } from './deadline.ts'

export interface Grants {
  /** Replaces all that is known. */
  set(grants: Wire['grants']): void
  /** The grant by which this person reaches every one of these patients at this moment. None for no patients at all. */
  of(person: { iss: string; sub: string }, patients: readonly string[]): GrantOrder | undefined
}

export function keepGrants(clocks: Clocks): Grants {
  let known: { grant: GrantOrder; patients: ReadonlySet<string>; end: Deadline }[] = []
  const deadlines = new Deadlines(clocks)
  return {
    set(grants) {
      const ends = deadlines.set(grants.map(({ uid, until }) => ({ of: uid, until: Date.parse(until) })))
      known = grants.map((grant, at) => ({
        grant,
        patients: new Set(grant.patients),
        end: ends[at] as Deadline,
      }))
    },
    of({ iss, sub }, patients) {
      if (known.length === 0 || patients.length === 0) return undefined
      return known.find(
        ({ grant, patients: reached, end }) =>
          !end.come() &&
          grant.iss === iss &&
          grant.sub === sub &&
          patients.every((patient) => reached.has(patient)),
      )?.grant
    },
  }
}

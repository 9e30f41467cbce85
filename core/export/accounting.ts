// What an accounting of disclosures holds (45 CFR 164.528): date, who received, what, for what purpose.

import { patientsOf, type Told } from './told.ts'

/**
 * Purposes of which no accounting is owed: treatment, payment and health care operations (164.528(a)(1)(i)), by code of HL7 v3
 * PurposeOfUse. A purpose that is not here is accounted for: too much is no fault, too little is one. Left out on purpose are
 * codes below these three that name research, training of models or the military, and PATRQT, which may be for somebody else.
 */
const unaccounted: ReadonlySet<string> = new Set(
  `TREAT COC ETREAT BTG ERTREAT POPHLTH TREATDS
   HPAYMT CLMATTCH COVAUTH COVERAGE ELIGDTRM ELIGVER ENROLLM REMITADV PMTDS
   HOPERAT CAREMGT FRAUD HACCRED HCOMPL HLEGAL HQUALIMP HSYSADMIN LABELING METAMGT PATADMIN PATSFTY PERFMSR RECORDMGT SYSDEV HTEST
   TRAIN`.split(/\s+/),
)

/** Whether something of the patients left for the caller. An answer that was withheld, or only asked for, did not. */
export function left({ kind, outcome }: Pick<Told, 'kind' | 'outcome'>): boolean {
  return (kind === 'result' || kind === 'event') && (outcome === 'ok' || outcome === 'tool-error')
}

/** Whether the disclosure belongs into an accounting. One whose purpose is not known does. */
function isAccounted(told: Told): boolean {
  return left(told) && patientsOf(told).length > 0 && !unaccounted.has(told.purpose ?? '')
}

/** The four things that an accounting says of a disclosure, 164.528(b)(2)(i) to (iv), with where the record lies. */
export type Disclosure = {
  /** RFC 3339. */
  date: string
  recipient: { sub: string; iss: string; client?: string; actor?: string }
  /** What was disclosed: the tool, and the fields that were kept. */
  what: string
  purpose: string
  outcome: Told['outcome']
  accounted: boolean
  call: string
  chain: string
  record: number
}

export function disclosureOf(told: Told): Disclosure {
  const { at, person, who, outcome, call, origin, index } = told
  return {
    date: at,
    recipient: {
      sub: person?.sub ?? 'not named',
      iss: person?.iss ?? '',
      ...(who?.clientId === undefined ? {} : { client: who.clientId }),
      ...(who?.actor === undefined ? {} : { actor: who.actor.sub }),
    },
    what: whatOf(told),
    purpose: told.purpose ?? 'not recorded',
    outcome,
    accounted: isAccounted(told),
    call: call ?? '',
    chain: origin,
    record: index,
  }
}

function whatOf({ name, method, kind, kept }: Told): string {
  const subject = kind === 'event' ? `message ${method ?? ''}` : (name ?? method ?? '')
  const fields = Object.keys(kept)
  return fields.length === 0 ? subject : `${subject}: ${fields.join(', ')}`
}

/** All disclosures to one recipient for one purpose of one thing, as 164.528(b)(3) lets an accounting sum them up. */
export type Sum = {
  recipient: Disclosure['recipient']
  what: string
  purpose: string
  first: string
  last: string
  times: number
  accounted: boolean
}

/** The most frequent first. */
export function summed(disclosures: Iterable<Disclosure>): Sum[] {
  const sums = new Map<string, Sum>()
  for (const { recipient, what, purpose, date, accounted } of disclosures) {
    const key = JSON.stringify([recipient, what, purpose])
    const sum = sums.get(key)
    if (sum === undefined)
      sums.set(key, { recipient, what, purpose, first: date, last: date, times: 1, accounted })
    else {
      sum.times += 1
      if (date < sum.first) sum.first = date
      if (date > sum.last) sum.last = date
      sum.accounted ||= accounted
    }
  }
  return [...sums.values()].toSorted((a, b) => b.times - a.times)
}

// How the person who asks stands to the patients in a call (45 CFR 164.308(a)(1)(ii)(D)): the own record, a relative's, that of somebody
// whom many know. It is noted for whoever reviews, and refuses nothing. Names are compared here, in memory: a record says
// that it is so, and not by which name. Implements: audit:relations

import { valueAt } from '../core/pointer.ts'
import { type PatientToken, type Relation, relations } from '../core/record-call.ts'
import { patientIn } from '../core/redaction/patients.ts'
import { nameWords } from '../core/redaction/said.ts'
import type { Survey } from '../core/redaction/survey.ts'
import type { Caller } from './exchange.ts'

type Asking = Pick<Caller, 'claims' | 'rules' | 'inForce'>

/** Patients as they are named, and their tokens in the same order. */
type Concerned = {
  readonly patients: readonly string[]
  readonly tokens: readonly PatientToken[]
  readonly sameSurname?: boolean
}

/** As members of a record: those that hold, or nothing. */
export function relationsOf(
  { patients, tokens, sameSurname = false }: Concerned,
  asking: Asking,
): { relations?: Relation[] } {
  const { inForce } = asking
  if (inForce.policy.relations === undefined) return {}
  const own = ownIn(asking)
  const holds: { readonly [relation in Relation]: boolean } = {
    own: own !== undefined && patients.includes(own),
    surname: sameSurname,
    vip: inForce.vip !== undefined && tokens.some(({ token }) => inForce.vip?.has(token)),
  }
  const held = relations.filter((relation) => holds[relation])
  return held.length === 0 ? {} : { relations: held }
}

/** Those that the policy asks for and nobody can tell: that none of them is noted says nothing. */
export function relationsUnknown(asking: Asking): { relationsUnknown?: Relation[] } {
  const { rules, inForce } = asking
  const wanted = inForce.policy.relations
  if (wanted === undefined) return {}
  const unknown: { readonly [relation in Relation]: boolean } = {
    own: rules.own !== undefined && ownIn(asking) === undefined,
    surname: rules.surname !== undefined && surnamesIn(asking).length === 0,
    vip: wanted.vip === true && inForce.vip === undefined,
  }
  const missing = relations.filter((relation) => unknown[relation])
  return missing.length === 0 ? {} : { relationsUnknown: missing }
}

/** Whether somebody in a result bears a word of the caller's family name: of a double name either half. */
export function surnameAmong(known: Survey, asking: Partial<Asking>): { sameSurname?: true } {
  return surnamesIn(asking).some((word) => known.names.has(word)) ? { sameSurname: true } : {}
}

function ownIn({ claims, rules }: Asking): string | undefined {
  return rules.own === undefined ? undefined : patientIn(valueAt(claims, rules.own))
}

function surnamesIn({ claims, rules }: Partial<Asking>): string[] {
  if (claims === undefined || rules?.surname === undefined) return []
  const name = valueAt(claims, rules.surname)
  return typeof name === 'string' ? nameWords(name) : []
}

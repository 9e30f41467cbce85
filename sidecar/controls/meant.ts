// Whom a caller names by pseudonyms that this server showed. Nobody writes down what was shown: a pseudonym is looked for among
// those of the patients whom the caller may reach, and among nobody else's. Who may reach anybody names nobody so.
// Implements: access:pseudonyms

import type { KeyObject } from 'node:crypto'
import type { Json, JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { isPlain, listOf, patientIn } from '../../core/redaction/patients.ts'
import { isPseudonym, pseudonym } from '../../core/redaction/pseudonym.ts'
import type { Found } from '../asks/ask.ts'
import type { Caller } from '../exchange.ts'
import { pseudonymKey } from '../pseudonym-key.ts'

/** `named`: with identifiers in the place of pseudonyms. `hidden`: those identifiers, which the caller was not told. */
export type Meant = { readonly named: Json | undefined; readonly hidden: readonly string[] }

/** What `said`, by which a caller names patients, means to the server. The same where it holds no pseudonym of theirs. */
export function meantBy(
  said: Json | undefined,
  { target, words, earlier }: Found,
  reach: readonly string[] | undefined,
  { inForce, purpose }: Pick<Caller, 'inForce'> & { readonly purpose: string },
): Meant {
  // Where nothing is shown as a pseudonym none is taken: its results would say who is behind one. An address is not rewritten.
  const none = target.returns.pseudonyms === undefined || (words !== undefined && earlier === undefined)
  if (none || reach === undefined || !listOf(said).some(mayBePseudonym)) return { named: said, hidden: [] }
  const known = pseudonymsOf(reach, pseudonymKey(inForce, purpose))
  const hidden = new Set<string>()
  const one = (value: Json): Json => {
    if (!mayBePseudonym(value)) return value
    const alias = patientIn(value) as string
    const id = reach.includes(alias) ? undefined : known.get(alias)
    if (id === undefined) return value
    hidden.add(id)
    return value.replace(alias, () => id)
  }
  const named = Array.isArray(said) ? said.map((value: Json) => one(value)) : one(said as Json)
  return { named, hidden: [...hidden] }
}

function mayBePseudonym(value: unknown): value is string {
  const patient = patientIn(value)
  return patient !== undefined && isPseudonym(patient) && isPlain(value)
}

/** A panel is the same list for as long as its token is remembered, and has no more than `mostOnPanel`. */
const known = new WeakMap<readonly string[], { key: KeyObject; ids: ReadonlyMap<string, string> }>()

function pseudonymsOf(reach: readonly string[], key: KeyObject): ReadonlyMap<string, string> {
  const before = known.get(reach)
  if (before?.key === key) return before.ids
  const ids = new Map(reach.map((id) => [pseudonym(id, key), id]))
  known.set(reach, { key, ids })
  return ids
}

/** What is asked for, with what is meant in the place of what was said. */
export function withMeant(found: Found, said: Json | undefined, { named, hidden }: Meant): Found {
  const { target, arguments: args } = found
  if (hidden.length === 0 || found.earlier !== undefined || target.patient === undefined) return found
  return { ...found, said, arguments: replaced(args, target.patient, named as Json) as JsonObject }
}

function replaced(value: Json, [member, ...rest]: readonly string[], by: Json): Json {
  if (member === undefined) return by
  const entries = Object.entries(isObject(value) ? value : {}) as [string, Json][]
  return Object.fromEntries(
    entries.map(([name, inner]) => [name, name === member ? replaced(inner, rest, by) : inner]),
  )
}

// One patient, several identifiers: those that a Patient resource has beside each other.

/** Identifiers that mean a patient who is `named`, each with that name. `same`: a list for each Patient resource, its id first. */
export function aliases(
  same: readonly (readonly string[])[],
  named: readonly string[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const order = new Map(named.map((patient, at) => [patient, at]))
  for (const group of same) {
    const first = Math.min(...new Set(group.map((one) => order.get(one) ?? named.length)))
    const original = named[first]
    if (original !== undefined) for (const one of group) found.set(one, original)
  }
  return found
}

/**
 * Whether an identifier means somebody within `reach`. Where two Patient resources have one identifier of a patient who is,
 * a number of two systems may be meant: then only the resource with that id is that patient. `signs`: a list for each Patient
 * resource, its id first. Takes as long as they are, not as long as they are squared.
 */
export function withinReach(
  signs: readonly (readonly string[])[],
  reach: readonly string[],
): (patient: string) => boolean {
  const named = new Set(reach)
  const owners = ownersOf(signs)
  const own = signs.filter(([id = '', ...others]) => {
    return named.has(id) || others.some((one) => named.has(one) && owners.get(one) !== several)
  })
  const ids = new Set(own.map(([id]) => id))
  // An identifier that another patient has too is nobody's sign.
  const foreign = new Set(signs.flatMap((group) => (ids.has(group[0]) ? [] : group)))
  const all = new Set(reach)
  for (const one of own.flat()) if (!foreign.has(one)) all.add(one)
  return (patient) => all.has(patient)
}

const several = Symbol('several')

/** Whose each identifier is, by the ids of Patient resources. */
function ownersOf(signs: readonly (readonly string[])[]): ReadonlyMap<string, string | typeof several> {
  const owners = new Map<string, string | typeof several>()
  for (const group of signs) {
    const [id = ''] = group
    for (const one of group) {
      const before = owners.get(one)
      if (before === undefined) owners.set(one, id)
      else if (before !== id) owners.set(one, several)
    }
  }
  return owners
}

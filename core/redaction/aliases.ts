// One patient, several identifiers: those that a Patient resource has beside each other.

/** Identifiers that mean a patient who is `named`, each with that name. `same`: a list for each Patient resource, its id first. */
export function aliases(
  same: readonly (readonly string[])[],
  named: readonly string[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const group of same) {
    const original = named.find((patient) => group.includes(patient))
    if (original !== undefined) for (const one of group) found.set(one, original)
  }
  return found
}

/**
 * Whether an identifier means somebody within `reach`. Where two Patient resources have one identifier of a patient who is,
 * a number of two systems may be meant: then only the resource with that id is that patient.
 */
export function withinReach(
  same: readonly (readonly string[])[],
  reach: readonly string[],
): (patient: string) => boolean {
  const claims = new Map<string, Set<string>>()
  for (const [id = '', ...others] of same)
    for (const one of [id, ...others]) claims.set(one, (claims.get(one) ?? new Set()).add(id))
  const own = same.filter(([id = '', ...others]) =>
    reach.some((one) => one === id || (others.includes(one) && claims.get(one)?.size === 1)),
  )
  const all = new Set([...reach, ...own.flat()])
  // An identifier that another patient has too is nobody's sign.
  for (const one of own.flat())
    if (
      !reach.includes(one) &&
      [...(claims.get(one) ?? [])].some((id) => !own.some(([first]) => first === id))
    )
      all.delete(one)
  return (patient) => all.has(patient)
}

// How a patient is named: the one form in which identifiers are compared, counted and made into tokens.

/** Longest identifier that is taken for one, characters. */
const longest = 256

/**
 * The patient that a value names: an identifier as it is, or out of a FHIR reference (`Patient/x`, a URL that ends so,
 * `urn:uuid:x`). Undefined for what is no text or number, is empty, or refers to something else.
 */
export function patientIn(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined
  if (typeof value !== 'string') return undefined
  if (/^[A-Za-z0-9.-]{1,64}$/.test(value)) return value
  const text = value.trim()
  if (text === '' || text.length > longest) return undefined
  const urn = /^urn:(?:uuid|oid):(.+)$/i.exec(text)
  if (urn !== null) return urn[1]
  const reference =
    /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/.exec(text)
  if (reference === null) return text
  return reference[1] === 'Patient' ? reference[2] : undefined
}

/** Whether all that is named is within reach; to name nobody is to ask about everybody. */
export function covers(reach: readonly string[] | undefined, named: unknown): boolean {
  if (reach === undefined) return true
  const all = listOf(named)
  return all.length > 0 && all.every((one) => isWithin(reach, one))
}

/** Patients that an argument names, each once; without what is no identifier, which a server may take for somebody all the same. */
export function patientsNamed(value: unknown): readonly string[] {
  const patients = listOf(value).map((one) => patientIn(one))
  return [...new Set(patients.filter((patient) => patient !== undefined))]
}

/** Whether all that an argument names are patients by an identifier; of nothing it is so. */
export function areNamed(value: unknown): boolean {
  return value === undefined || listOf(value).every((one) => patientIn(one) !== undefined)
}

/** What is named, one by one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

/**
 * Whether a value can mean nobody but one of these patients. `Patient/a/Patient/b` ends like a reference to b, and a server
 * that reads it from the front takes it for a: where the policy says who is reached, only the plain forms will do.
 */
function isWithin(reach: readonly string[], value: unknown): boolean {
  const patient = patientIn(value)
  return patient !== undefined && reach.includes(patient) && isPlain(value)
}

/** Whether a value is a patient's identifier in one of the plain forms. */
export function isPlain(value: unknown): boolean {
  const patient = patientIn(value)
  const forms: readonly unknown[] = [patient, `Patient/${patient}`, `urn:uuid:${patient}`]
  return patient !== undefined && forms.includes(typeof value === 'number' ? String(value) : value)
}

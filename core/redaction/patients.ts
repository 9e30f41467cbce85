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
  const text = value.trim()
  if (text === '' || text.length > longest) return undefined
  const urn = /^urn:(?:uuid|oid):(.+)$/i.exec(text)
  if (urn !== null) return urn[1]
  const reference =
    /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/.exec(text)
  if (reference === null) return text
  return reference[1] === 'Patient' ? reference[2] : undefined
}

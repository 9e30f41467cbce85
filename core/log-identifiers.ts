// Identifiers of patients in what a server logs. Only forms that hardly anything else has, since a log is full of numbers: a
// name that no word announces, a plain number, a date of any event are not counted, nor what free text is searched for in
// results (core/text). A miss is no proof of a clean log; a finding should be one. Imports nothing: the wrapper of a stdio
// server is copied into the app's container, and this with it.

/** Of what a finding is: the label of a metric, so a closed list. */
export const logFindingKinds = ['ssn', 'mrn', 'phone', 'email', 'name', 'birth-date'] as const
export type LogFindingKind = (typeof logFindingKinds)[number]

export type Tally = Partial<Record<LogFindingKind, number>>

/** Each is bounded from any start. Quotes may be escaped: JSON within a string. */
const forms: readonly { readonly kind: LogFindingKind; readonly pattern: RegExp }[] = [
  // With hyphens alone: status, milliseconds and bytes of a request stand beside each other with spaces.
  { kind: 'ssn', pattern: /(?<![\w.-])\d{3}-\d{2}-\d{4}(?![\w-])/g },
  { kind: 'ssn', pattern: /\b(?:ssn|social security)\b[^\dA-Za-z]{1,12}\d{9}(?!\d)/gi },
  { kind: 'mrn', pattern: /(?<![A-Za-z0-9])MRN[-_ #:="\\]{0,6}[A-Za-z]{0,4}-?\d[\w-]{2,19}/gi },
  {
    kind: 'mrn',
    pattern: /\bmedical record(?: (?:number|no\.?|id|#)){0,2}[^A-Za-z0-9]{1,6}[A-Za-z]{0,4}-?\d[\w-]{3,19}/gi,
  },
  // Three groups with hyphens, an area code in brackets, or +1; no part of a UUID, a version or an address.
  {
    kind: 'phone',
    pattern:
      /(?<![\w.+:-])(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\)[ .-]?\d{3}[ .-]\d{4}|[2-9]\d{2}-[2-9]\d{2}-\d{4})(?![\w-])/g,
  },
  { kind: 'phone', pattern: /(?<![\w+:])\+1[ .-]?\d{3}[ .-]?\d{3}[ .-]?\d{4}(?![\w-])/g },
  // No package with its version, no user of a URL.
  {
    kind: 'email',
    pattern: /(?<![\w.%+:/@-])[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w.@-]*[:/]\w)/g,
  },
  {
    kind: 'name',
    pattern:
      /\\?"(?:family|given|patient_?name|first_?name|last_?name|maiden_?name)\\?"\s{0,4}:\s{0,4}\[?\s{0,4}\\?"[^"\\\n]{2,64}/gi,
  },
  { kind: 'name', pattern: /\b(?:patient|pt)(?:'s)? name\s{0,2}[:=]\s{0,2}\p{L}{2,32}/giu },
  {
    kind: 'birth-date',
    pattern:
      /\b(?:birth_?date|date_?of_?birth|dob)\\?"?\s{0,4}[:=]\s{0,4}\\?"?(?:\d{4}-\d{2}-\d{2}|\d{1,2}\/\d{1,2}\/\d{4})/gi,
  },
]

/** How many of each kind stand in these lines. Linear in their length. */
export function logIdentifiers(lines: string): Tally {
  const tally: Tally = {}
  for (const { kind, pattern } of forms) {
    pattern.lastIndex = 0
    while (pattern.exec(lines) !== null) tally[kind] = (tally[kind] ?? 0) + 1
  }
  return tally
}

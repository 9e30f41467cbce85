// Identifiers in text (45 CFR 164.514(b)(2)(i), those that have a form). Every pattern is bounded: from any start it looks
// at no more than a fixed number of characters, so the time is linear in the text, whatever it holds.

export type Kind = 'ssn' | 'mrn' | 'phone' | 'email' | 'date' | 'ip' | 'url' | 'name' | 'place' | 'id'

/** A stretch of text that is an identifier. `year`: of a date that has one. */
export type Finding = { start: number; end: number; kind: Kind; year?: string }

/** What one pass over a text finds out about its characters. */
type Signs = {
  digits: number
  dashes: number
  slashes: number
  dots: number
  colons: number
  letters: number
  /** A name of a month, or its short form, begins somewhere. Looked for only where there are digits. */
  month: boolean
}

type Detector = {
  readonly kind: Kind
  /** What must be there for the pattern to match at all: most texts show by this that they hold none. */
  readonly needs: (signs: Signs) => boolean
  /** The first group, where there is one, is the identifier and ends the match; what is before it is context. */
  readonly pattern: RegExp
  readonly accept?: (match: RegExpExecArray) => boolean
  readonly year?: (match: RegExpExecArray) => string | undefined
}

const month =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'

/** Code systems, profiles and name spaces: they identify terms, and are nobody's page. */
const terminology =
  /^https?:\/\/(?:[a-z]+\.)?(?:hl7\.org|snomed\.info|loinc\.org|unitsofmeasure\.org|nlm\.nih\.gov|ama-assn\.org|nubc\.org|nucc\.org|cms\.gov|cdc\.gov|ihtsdo\.org|w3\.org)(?:\/[\w/.|#-]{0,200})?$/

const months = /\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/i

const detectors: readonly Detector[] = [
  {
    kind: 'ssn',
    needs: ({ digits }) => digits >= 9,
    pattern: /(?<![\w.-])\d{3}[- .]\d{2}[- .]\d{4}(?![\w-])/g,
  },
  {
    kind: 'ssn',
    needs: ({ digits, letters }) => digits >= 9 && letters >= 3,
    pattern: /\b(?:ssn|social security(?: number| no\.?)?)\b[^\dA-Za-z]{0,12}(\d{9})(?!\d)/gi,
  },
  {
    kind: 'mrn',
    needs: ({ digits, letters }) => digits >= 3 && letters >= 3,
    pattern: /(?<![A-Za-z0-9])MRN[-_ #:]{0,3}\d[\w-]{2,19}/gi,
  },
  {
    kind: 'mrn',
    needs: ({ digits, letters }) => digits >= 1 && letters >= 3,
    pattern:
      /\b(?:mrn|medical record|record|chart|patient|member|account|policy|subscriber)(?: (?:number|no\.?|id|#)){0,2}(?:[^A-Za-z0-9]{1,6}(?:is )?)([A-Za-z]{0,4}-?\d[\w-]{3,19})(?![\w-])/gi,
    accept: (match) => !/^\d{4}-\d{2}-\d{2}/.test(match[1] as string),
  },
  {
    kind: 'phone',
    needs: ({ digits }) => digits >= 10,
    pattern:
      /(?<![\w.+-])(?:\+?1[ .-]?)?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])/gi,
  },
  {
    kind: 'phone',
    needs: ({ digits, letters }) => digits >= 7 && letters >= 3,
    pattern:
      /\b(?:phone|tel|telephone|cell|mobile|fax|pager|call|called|call at|called at|contact)\b[^\dA-Za-z+]{0,8}(\+?\d{7,15}|\d{3}[ .-]\d{4})(?![\w-])/gi,
  },
  {
    kind: 'phone',
    needs: ({ digits }) => digits >= 8,
    pattern: /(?<![\w+])\+\d{1,3}(?:[ .-]{0,2}\(?\d{1,4}\)?){2,5}(?![\w-])/g,
    accept: ([text]) => /^\d{8,15}$/.test(text.replaceAll(/\D/g, '')),
  },
  {
    kind: 'url',
    needs: ({ colons, slashes }) => colons >= 1 && slashes >= 2,
    pattern: /(?<![A-Za-z])(?:https?|ftp|file):\/\/[^\s"'<>]{1,2048}/gi,
    accept: ([text]) => !terminology.test(text),
  },
  {
    kind: 'url',
    needs: ({ dots, letters }) => dots >= 1 && letters >= 4,
    pattern: /(?<![\w./])www\.[^\s"'<>]{1,2048}/gi,
  },
  {
    kind: 'ip',
    needs: ({ digits, dots }) => digits >= 4 && dots >= 3,
    pattern: /(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.?\w)/g,
    accept: ([text]) => text.split('.').every((part) => Number(part) <= 255),
  },
  {
    kind: 'ip',
    needs: ({ colons }) => colons >= 2,
    pattern: /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi,
    accept: ([text]) => /[0-9a-f]/i.test(text) && (text.includes('::') || text.split(':').length === 8),
  },
  {
    kind: 'date',
    needs: ({ digits, dashes }) => digits >= 8 && dashes >= 2,
    pattern:
      /(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d|-\d)/g,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]),
  },
  {
    kind: 'date',
    needs: ({ digits, slashes }) => digits >= 6 && slashes >= 2,
    pattern: /(?<![\d/])(\d{4})\/(\d{1,2})\/(\d{1,2})(?![\d/])/g,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]),
  },
  {
    kind: 'date',
    needs: ({ digits, dashes, slashes, dots }) => digits >= 4 && (dashes >= 2 || slashes >= 2 || dots >= 2),
    pattern: /(?<![\w/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\w/]|[.-]\d)/g,
    year: (match) => (match[4]?.length === 4 ? match[4] : undefined),
    accept: (match) =>
      (isDay(match[1], match[3]) || isDay(match[3], match[1])) &&
      (match[2] !== '.' || match[4]?.length === 4),
  },
  {
    kind: 'date',
    needs: (signs) => signs.month,
    pattern: new RegExp(`\\b${month}\\.? \\d{1,2}(?:st|nd|rd|th)?\\b(?:,? (\\d{4})\\b)?`, 'gi'),
    year: (match) => match[1],
    accept: isMonth,
  },
  {
    kind: 'date',
    needs: (signs) => signs.month,
    pattern: new RegExp(`\\b\\d{1,2}(?:st|nd|rd|th)? (?:of )?${month}\\b\\.?(?:,? (\\d{4})\\b)?`, 'gi'),
    year: (match) => match[1],
    accept: isMonth,
  },
  {
    kind: 'date',
    needs: (signs) => signs.month,
    pattern: new RegExp(`\\b${month}\\.?,? (\\d{4})\\b`, 'gi'),
    year: (match) => match[1],
    accept: isMonth,
  },
]

function isDay(month: string | undefined, day: string | undefined): boolean {
  const [m, d] = [Number(month), Number(day)]
  return m >= 1 && m <= 12 && d >= 1 && d <= 31
}

/** `may` in small letters is mostly a verb. */
function isMonth([text]: RegExpExecArray): boolean {
  return !/\bmay\b/.test(text)
}

/** One for all texts, since nothing waits between filling it and reading it: seventy of them a call were a tenth of its garbage. */
const signs: Signs = { digits: 0, dashes: 0, slashes: 0, dots: 0, colons: 0, letters: 0, month: false }

function readSigns(text: string): void {
  let [digits, dashes, slashes, dots, colons, letters] = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) digits += 1
    else if (code >= 0x41) letters += 1
    else if (code === 0x2d) dashes += 1
    else if (code === 0x2f) slashes += 1
    else if (code === 0x2e) dots += 1
    else if (code === 0x3a) colons += 1
  }
  signs.digits = digits
  signs.dashes = dashes
  signs.slashes = slashes
  signs.dots = dots
  signs.colons = colons
  signs.letters = letters
  signs.month = digits > 0 && letters > 2 && months.test(text)
}

/** Without one of these no pattern can match. */
const anySign = /[\d@:]|www/i

/** Adds identifiers that have a form of their own, in normalized text. */
export function detect(text: string, findings: Finding[]): void {
  if (!anySign.test(text)) return
  if (text.includes('@')) emails(text, findings)
  readSigns(text)
  for (const { kind, needs, pattern, accept, year } of detectors) {
    if (!needs(signs)) continue
    pattern.lastIndex = 0
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      if (accept !== undefined && !accept(match)) continue
      const end = pattern.lastIndex
      // In dates every group is part of the identifier; elsewhere the first one is, and the rest is context.
      const start = kind === 'date' || match[1] === undefined ? match.index : end - match[1].length
      const known = year?.(match)
      findings.push(known === undefined ? { start, end, kind } : { start, end, kind, year: known })
    }
  }
}

const local = /[A-Za-z0-9._%+'-]/
const host = /[A-Za-z0-9.-]/

/** From each @ outwards: a pattern would look at every start. */
function emails(text: string, findings: Finding[]): void {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at
    while (start > 0 && at - start < 64 && local.test(text[start - 1] as string)) start -= 1
    let end = at + 1
    while (end < text.length && end - at < 255 && host.test(text[end] as string)) end += 1
    while (end > at && !/[A-Za-z0-9]/.test(text[end - 1] as string)) end -= 1
    if (start < at && text.slice(at + 1, end).includes('.')) findings.push({ start, end, kind: 'email' })
  }
}

// Identifiers in text (45 CFR 164.514(b)(2)(i), those that have a form). Every pattern is bounded: from any start it looks
// at no more than a fixed number of characters, so the time is linear in the text, whatever it holds.

export type Kind = 'ssn' | 'mrn' | 'phone' | 'email' | 'date' | 'ip' | 'url' | 'name' | 'id'

/** A stretch of text that is an identifier. `year`: of a date that has one. */
export type Finding = { start: number; end: number; kind: Kind; year?: string }

type Detector = {
  readonly kind: Kind
  /** Cheap sign without which the pattern cannot match. */
  readonly needs: 'digit' | 'url'
  /** The first group, where there is one, is the identifier; the rest is context. */
  readonly pattern: RegExp
  readonly accept?: (match: RegExpExecArray) => boolean
  readonly year?: (match: RegExpExecArray) => string | undefined
}

const month =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'

const detectors: readonly Detector[] = [
  { kind: 'ssn', needs: 'digit', pattern: /(?<![\w.-])\d{3}[- .]\d{2}[- .]\d{4}(?![\w-])/dg },
  {
    kind: 'ssn',
    needs: 'digit',
    pattern: /\b(?:ssn|social security(?: number| no\.?)?)\b[^\dA-Za-z]{0,12}(\d{9})(?!\d)/dgi,
  },
  { kind: 'mrn', needs: 'digit', pattern: /(?<![A-Za-z0-9])MRN[-_ #:]{0,3}\d[\w-]{2,19}/dgi },
  {
    kind: 'mrn',
    needs: 'digit',
    pattern:
      /\b(?:mrn|medical record|record|chart|patient|member|account|policy|subscriber)(?: (?:number|no\.?|id|#)){0,2}(?:[^A-Za-z0-9]{1,6}(?:is )?)([A-Za-z]{0,4}-?\d[\w-]{3,19})(?![\w-])/dgi,
    accept: (match) => !/^\d{4}-\d{2}-\d{2}/.test(match[1] as string),
  },
  {
    kind: 'phone',
    needs: 'digit',
    pattern:
      /(?<![\w.+-])(?:\+?1[ .-]?)?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])/dgi,
  },
  {
    kind: 'phone',
    needs: 'digit',
    pattern:
      /\b(?:phone|tel|telephone|cell|mobile|fax|pager|call|called|call at|called at|contact)\b[^\dA-Za-z+]{0,8}(\+?\d{7,15}|\d{3}[ .-]\d{4})(?![\w-])/dgi,
  },
  {
    kind: 'phone',
    needs: 'digit',
    pattern: /(?<![\w+])\+\d{1,3}(?:[ .-]{0,2}\(?\d{1,4}\)?){2,5}(?![\w-])/dg,
    accept: ([text]) => /^\d{8,15}$/.test(text.replaceAll(/\D/g, '')),
  },
  { kind: 'url', needs: 'url', pattern: /(?<![A-Za-z])(?:https?|ftp|file):\/\/[^\s"'<>]{1,2048}/dgi },
  { kind: 'url', needs: 'url', pattern: /(?<![\w.])www\.[^\s"'<>]{1,2048}/dgi },
  {
    kind: 'ip',
    needs: 'digit',
    pattern: /(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.?\w)/dg,
    accept: ([text]) => text.split('.').every((part) => Number(part) <= 255),
  },
  {
    kind: 'ip',
    needs: 'digit',
    pattern: /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/dgi,
    accept: ([text]) => /[0-9a-f]/i.test(text) && (text.includes('::') || text.split(':').length === 8),
  },
  {
    kind: 'date',
    needs: 'digit',
    pattern:
      /(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d|-\d)/dg,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]),
  },
  {
    kind: 'date',
    needs: 'digit',
    pattern: /(?<![\d/])(\d{4})\/(\d{1,2})\/(\d{1,2})(?![\d/])/dg,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]),
  },
  {
    kind: 'date',
    needs: 'digit',
    pattern: /(?<![\w/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\w/]|[.-]\d)/dg,
    year: (match) => (match[4]?.length === 4 ? match[4] : undefined),
    accept: (match) =>
      (isDay(match[1], match[3]) || isDay(match[3], match[1])) &&
      (match[2] !== '.' || match[4]?.length === 4),
  },
  {
    kind: 'date',
    needs: 'digit',
    pattern: new RegExp(`\\b${month}\\.? \\d{1,2}(?:st|nd|rd|th)?\\b(?:,? (\\d{4})\\b)?`, 'dgi'),
    year: (match) => match[1],
    accept: isMonth,
  },
  {
    kind: 'date',
    needs: 'digit',
    pattern: new RegExp(`\\b\\d{1,2}(?:st|nd|rd|th)? (?:of )?${month}\\b\\.?(?:,? (\\d{4})\\b)?`, 'dgi'),
    year: (match) => match[1],
    accept: isMonth,
  },
  {
    kind: 'date',
    needs: 'digit',
    pattern: new RegExp(`\\b${month}\\.?,? (\\d{4})\\b`, 'dgi'),
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

/** Identifiers that have a form of their own, in normalized text. */
export function detect(text: string): Finding[] {
  const digit = /\d/.test(text)
  const url = text.includes('://') || /www\./i.test(text)
  const findings: Finding[] = []
  if (text.includes('@')) emails(text, findings)
  if (!digit && !url) return findings
  for (const { kind, needs, pattern, accept, year } of detectors) {
    if (needs === 'digit' ? !digit : !url) continue
    pattern.lastIndex = 0
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      if (accept !== undefined && !accept(match)) continue
      // In dates every group is part of the identifier; elsewhere the first one is, and the rest is context.
      const group = kind === 'date' || match[1] === undefined ? 0 : 1
      const [start, end] = match.indices?.[group] ?? [match.index, pattern.lastIndex]
      const known = year?.(match)
      findings.push({ start, end, kind, ...(known === undefined ? {} : { year: known }) })
    }
  }
  return findings
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

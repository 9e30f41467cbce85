// Whether what left holds a value that nothing permits: by place, and, whatever the place, by what identifies a person.

import { escaped, leafText, permitted, typedNodes } from './permitted.ts'

type Resource = { readonly [member: string]: unknown }
type Rule = { readonly fields: readonly string[]; readonly text: 'Redact' | 'Drop' | 'Keep' }

/** `what` says of which FHIR type the value is, or that its place is not permitted; `place` where it was found. */
export type Leak = { readonly what: string; readonly place: string }

/** Everything in `shown` that the rule does not permit of `original`. No value stands in what is returned. */
export function leaksOf(original: Resource, shown: unknown, rule: Rule): Leak[] {
  const leaves = permitted(original, rule.fields)
  const secrets = rule.text === 'Keep' ? undefined : secretsOf(original)
  const leaks: Leak[] = []
  walk(shown, '', (place, value, isMember) => {
    const text = leafText(value)
    if (!isMember && !derives(text, leaves.get(place))) leaks.push({ what: 'no permitted value', place })
    if (secrets !== undefined) for (const what of secretsIn(text, secrets)) leaks.push({ what, place })
  })
  return leaks
}

/** Identifying values of any kind in text of which no place is known, such as a whole HTTP answer. */
export function identifyingIn(original: Resource, text: string): string[] {
  return secretsIn(text, secretsOf(original))
}

function walk(
  value: unknown,
  place: string,
  see: (place: string, value: unknown, isMember: boolean) => void,
): void {
  if (Array.isArray(value)) for (const item of value) walk(item, place, see)
  else if (typeof value === 'object' && value !== null) {
    for (const [member, inner] of Object.entries(value)) {
      see(place, member, true)
      walk(inner, `${place}/${member}`, see)
    }
  } else if (value !== null) see(place, value, false)
}

/** The value itself, or what is left of it when identifiers were replaced by marks and dates by their year. */
function derives(text: string, allowed: ReadonlySet<string> | undefined): boolean {
  if (allowed === undefined) return false
  if (allowed.has(text)) return true
  // Of a ZIP code its three first digits, or 000 (45 CFR 164.514(b)(2)(i)(B)).
  if (/^\d{3}$/.test(text))
    return [...allowed].some(
      (one) => /^\d{5}(?:-?\d{4})?$/.test(one) && (text === '000' || one.startsWith(text)),
    )
  const [inner] = decoded(text)
  return [...allowed].some((original) => {
    const [before] = inner === undefined ? [] : decoded(original)
    return isLeftOf(text, original) || (before !== undefined && isLeftOf(inner as string, before))
  })
}

function isLeftOf(text: string, original: string): boolean {
  return inOrder(text.split(/\[[A-Z]+\]|(?<!\d)(?=\d{4}(?!\d))|(?<=(?<!\d)\d{4})(?!\d)/), original)
}

/** Whether the pieces stand in a text one after the other, the first at its beginning and the last at its end. */
function inOrder(pieces: readonly string[], text: string): boolean {
  const [first = '', last = ''] = [pieces[0], pieces.at(-1)]
  // A year may stand at the other end of the date that it is left of.
  if (!/^\d{4}$/.test(first) && !text.startsWith(first)) return false
  if (!/^\d{4}$/.test(last) && !text.endsWith(last)) return false
  let from = 0
  for (const piece of pieces) {
    const at = text.indexOf(piece, from)
    if (at < 0) return false
    from = at + piece.length
  }
  return true
}

/** What identifies, in small letters and compatible forms, each with the FHIR type that it was found in. */
type Secrets = {
  /** `YYYY-MM-DD`. */
  readonly days: Map<string, string>
  readonly words: Map<string, string>
  readonly phrases: Map<string, string>
  /** Numbers of things, which may look like days. */
  readonly numbers: Set<string>
}

const persons = ['Patient', 'RelatedPerson', 'Person']

const membersThatIdentify: { readonly [type: string]: readonly string[] } = {
  HumanName: ['text', 'family', 'given'],
  Identifier: ['value'],
  ContactPoint: ['value'],
  Address: ['text', 'line', 'city'],
  Attachment: ['data'],
}

const cached = new WeakMap<Resource, Secrets>()

/**
 * What may never be read in a text that is redacted: whatever names a patient or those around them, wherever it is written
 * again, and every whole date. Names of staff and places are judged by their place alone.
 */
function secretsOf(resource: Resource): Secrets {
  const before = cached.get(resource)
  if (before !== undefined) return before
  const secrets: Secrets = { days: new Map(), words: new Map(), phrases: new Map(), numbers: new Set() }
  for (const { type, value, within } of typedNodes(resource)) {
    const ofPerson = persons.includes(within[0] ?? '')
    if (type === 'date' || type === 'dateTime' || type === 'instant') addDay(type, value, secrets)
    for (const member of membersThatIdentify[type] ?? [])
      for (const one of [(value as Resource)[member]].flat())
        if (ofPerson) addSecret(type, one, secrets)
        else if (type === 'Identifier' && typeof one === 'string') secrets.numbers.add(simple(one))
  }
  cached.set(resource, secrets)
  return secrets
}

function addDay(type: string, value: unknown, { days }: Secrets): void {
  const day = typeof value === 'string' ? /^\d{4}-\d{2}-\d{2}/.exec(value) : null
  if (day !== null && !days.has(day[0])) days.set(day[0], type)
}

function addSecret(type: string, value: unknown, { words, phrases }: Secrets): void {
  if (typeof value !== 'string') return
  // Shorter ones are anything: an initial, a house number.
  if (type === 'HumanName') {
    for (const word of wordsOf(value)) if (word.length > 3) words.set(word, type)
  } else if (simple(value).length > 4) phrases.set(simple(value), type)
}

function secretsIn(text: string, secrets: Secrets): string[] {
  const found = new Set<string | undefined>()
  for (const one of [text, ...decoded(text)].map(simple)) {
    for (const word of wordsOf(one)) found.add(secrets.words.get(word))
    for (const [phrase, type] of secrets.phrases) if (holds(one, phrase)) found.add(type)
    if (!secrets.numbers.has(one)) for (const day of daysIn(one)) found.add(secrets.days.get(day))
  }
  return [...found].filter((type) => type !== undefined)
}

function holds(text: string, phrase: string): boolean {
  return text.includes(phrase) && new RegExp(asWord(phrase), 'u').test(text)
}

const months = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\\.?'
const forms: readonly { readonly pattern: RegExp; readonly order: readonly ('y' | 'm' | 'd')[] }[] = [
  { pattern: /(?<!\d)(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?!\d)/g, order: ['y', 'm', 'd'] },
  { pattern: /(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})(?!\d)/g, order: ['m', 'd', 'y'] },
  { pattern: /(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})(?!\d)/g, order: ['d', 'm', 'y'] },
  { pattern: new RegExp(`\\b${months} (\\d{1,2})(?:st|nd|rd|th)?,? (\\d{4})`, 'g'), order: ['m', 'd', 'y'] },
  {
    pattern: new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)? (?:of )?${months},? (\\d{4})`, 'g'),
    order: ['d', 'm', 'y'],
  },
]

/** Days in whatever form a text writes them; of a year of two digits both centuries. */
function daysIn(text: string): string[] {
  if (!/\d/.test(text)) return []
  return forms.flatMap(({ pattern, order }) =>
    [...text.matchAll(pattern)].flatMap(([, ...parts]) => {
      const part = (name: 'y' | 'm' | 'd') => parts[order.indexOf(name)] ?? ''
      const month = /^\d/.test(part('m'))
        ? part('m')
        : String('janfebmaraprmayjunjulaugsepoctnovdec'.indexOf(part('m')) / 3 + 1)
      const years = part('y').length === 4 ? [part('y')] : [`19${part('y')}`, `20${part('y')}`]
      return years.map((year) => `${year}-${month.padStart(2, '0')}-${part('d').padStart(2, '0')}`)
    }),
  )
}

const simple = (text: string): string => text.normalize('NFKC').toLowerCase()
const wordsOf = (text: string): string[] => simple(text).split(/[^\p{L}\p{N}'-]+/u)
const asWord = (text: string): string => `(?<![\\p{L}\\p{N}])${escaped(text)}(?![\\p{L}\\p{N}])`

/** What a text of base64 or percent signs stands for. */
function decoded(text: string): string[] {
  const bytes = /^[A-Za-z0-9+/_-]{12,}={0,2}$/.test(text)
    ? [Buffer.from(text, 'base64').toString('utf8')]
    : []
  const percent = text.includes('%')
    ? [
        text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, code: string) =>
          String.fromCharCode(Number.parseInt(code, 16)),
        ),
      ]
    : []
  return [...bytes, ...percent]
}

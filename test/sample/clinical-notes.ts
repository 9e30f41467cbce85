// Clinical notes whose identifiers are labelled, the same for the same seed: a second judge of redaction, whose names,
// places and numbers come from no list that redaction looks at.

import { foreign, harmless, sentences, stays, streetKinds, syllables } from './note-words.ts'
import { unseenNames, unseenSentences } from './note-words-unseen.ts'
import { type Random, seeded } from './random.ts'

/** Where an identifier stands in a note, UTF-16 code units; `type` as in core/text/span.ts. */
export type Label = { start: number; end: number; type: string }

/** How a note is written, and where its names are from. */
export type NoteKind = { letters: 'usual' | 'small' | 'capital'; names: 'foreign' | 'coined' }

export type LabelledNote = { id: string; text: string; spans: Label[]; kind: NoteKind }

/** Who writes: which sentences, and which names besides coined ones. */
type Hand = {
  readonly sentences: { readonly [part in keyof typeof sentences]: readonly string[] }
  readonly given: readonly string[]
  readonly family: readonly string[]
}

/** `count` notes; about one in five holds no identifier. Note `n` of a seed is the same whatever the count. */
export function labelledNotes(seed: number, count: number, hand: Hand = usualHand): LabelledNote[] {
  return Array.from({ length: count }, (_, at) => labelledNote(seed, at, hand))
}

function labelledNote(seed: number, at: number, hand: Hand): LabelledNote {
  const { sentences } = hand
  const random = seeded(Math.imul(seed, 104_729) + at)
  const kind: NoteKind = {
    letters: random.pick(['usual', 'usual', 'usual', 'usual', 'small', 'capital'] as const),
    names: random.pick(['foreign', 'coined'] as const),
  }
  const chosen =
    at % 5 === 4
      ? [random.pick(sentences.negative), random.pick(sentences.negative)]
      : [
          random.pick(sentences.opening),
          ...Array.from({ length: random.between(1, 3) }, () => random.pick(sentences.middle)),
          random.pick(sentences.closing),
        ]
  const { text, spans } = filled(chosen.join(random.pick([' ', ' ', '\n'])), { random, kind, hand })
  return { id: `note-${String(at + 1).padStart(5, '0')}`, text, spans, kind }
}

type Making = { readonly random: Random; readonly kind: NoteKind; readonly hand: Hand }

const clinicians = ['Dr. {family}', 'Dr. {name}', '{family2}, MD', '{family2}, RN'] as const

/** The sentence with its places filled in, and labels where what was filled in identifies. */
function filled(sentence: string, making: Making): { text: string; spans: Label[] } {
  const spans: Label[] = []
  let text = ''
  // Titles and degrees are nobody's: only the name between them is labelled.
  const whole = sentence.replaceAll('{clinician}', () => making.random.pick(clinicians))
  for (const part of whole.split(/(\{\w+\})/)) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    const [type, make] = name === undefined ? [undefined, undefined] : (places[name] ?? missing(name))
    const value = lettered(make === undefined ? part : make(making), making.kind)
    if (type !== undefined) spans.push({ start: text.length, end: text.length + value.length, type })
    text += value
  }
  return { text, spans }
}

function missing(name: string): never {
  throw new TypeError(`no word for {${name}}: see the table of test/sample/clinical-notes.ts`)
}

function lettered(value: string, { letters }: NoteKind): string {
  // Two letters of the world change their length with their case; labels are measured after it.
  return letters === 'usual' ? value : letters === 'small' ? value.toLowerCase() : value.toUpperCase()
}

type Place = readonly [type: string | undefined, make: (making: Making) => string]

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '')
const usualHand: Hand = { sentences, given: words(foreign.given), family: words(foreign.family) }
/** Of whom no rule of detection has ever seen a note. */
export const unseenHand: Hand = {
  sentences: unseenSentences,
  given: words(unseenNames.given),
  family: words(unseenNames.family),
}
const parts = {
  first: words(syllables.first),
  middle: words(syllables.middle),
  last: words(syllables.last),
  place: words(syllables.place),
}

function coined({ random }: Making): string {
  const middle = random.between(0, 1) === 0 ? '' : random.pick(parts.middle)
  return random.pick(parts.first) + middle + random.pick(parts.last)
}

const coinedPlace = ({ random }: Making): string => random.pick(parts.first) + random.pick(parts.place)

const givenName = (making: Making): string =>
  making.kind.names === 'foreign' ? making.random.pick(making.hand.given) : coined(making)
const familyName = (making: Making): string =>
  making.kind.names === 'foreign' ? making.random.pick(making.hand.family) : coined(making)

function fullName(making: Making): string {
  const [first, last] = [givenName(making), familyName(making)]
  const initial = making.random.pick(Array.from('ABCDEGHJKLMNPRSTVW'))
  return making.random.pick([
    `${first} ${last}`,
    `${first} ${last}`,
    `${first} ${initial}. ${last}`,
    `${first} ${last.slice(0, 1)}.`,
  ])
}

const facility = (making: Making): string =>
  making.random
    .pick(stays)
    .replaceAll(/\{coined2?\}/g, () => coinedPlace(making))
    .replace(/^the /, '')

const digits = ({ random }: Making, length: number): string =>
  Array.from({ length }, () => random.between(0, 9)).join('')

const months = words('January February March April May June July August September October November December')
const two = (value: number): string => String(value).padStart(2, '0')

function date({ random }: Making): string {
  const [year, month, day] = [random.between(1938, 2025), random.between(1, 12), random.between(1, 28)]
  const name = months[month - 1] as string
  const ending =
    day % 10 === 1 && day !== 11
      ? 'st'
      : day % 10 === 2 && day !== 12
        ? 'nd'
        : day % 10 === 3 && day !== 13
          ? 'rd'
          : 'th'
  return random.pick([
    `${month}/${day}/${year}`,
    `${two(month)}/${two(day)}/${String(year).slice(2)}`,
    `${year}-${two(month)}-${two(day)}`,
    `${name} ${day}, ${year}`,
    `${name} ${day}${ending}, ${year}`,
    `${day} ${name.slice(0, 3)} ${year}`,
    `${name} ${day}${ending}`,
    `${two(day)}-${name.slice(0, 3)}-${year}`,
    `the ${day}${ending} of ${name}`,
    `${name} ${year}`,
  ])
}

const address = (making: Making): string => {
  const street = `${making.random.between(3, 9800)} ${coinedPlace(making)} ${making.random.pick(streetKinds)}`
  return making.random.pick([
    street,
    `${street}, Apt ${making.random.between(1, 60)}, ${coinedPlace(making)}, OH ${digits(making, 5)}`,
    `${street}, ${coinedPlace(making)}`,
  ])
}

const phone = (making: Making): string => {
  const [area, end] = [making.random.between(201, 989), `555-01${digits(making, 2)}`]
  return making.random.pick([
    `(${area}) ${end}`,
    `${area}-${end}`,
    `${area}.${end.replace('-', '.')}`,
    `+1 ${area} ${end}`,
  ])
}

const one =
  (list: string) =>
  ({ random }: Making): string =>
    random.pick(list.split('|')).trim()

const mail = (making: Making): string =>
  `${givenName(making)}.${familyName(making)}${digits(making, 2)}@mail.example.org`
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9.@]/g, '')

/** What each letter counts in a vehicle number's check digit, and what each place weighs (49 CFR 565.15). */
const vinValues = new Map(
  ['0', '1AJ', '2BKS', '3CLT', '4DMU', '5ENV', '6FW', '7GPX', '8HY', '9RZ'].flatMap((like, value) =>
    Array.from(like).map((character) => [character, value] as const),
  ),
)
const vinWeights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]

/** A vehicle number whose check digit, its ninth, is right. */
function vin({ random }: Making): string {
  const body = vinWeights.map(() => random.pick(Array.from(vinValues.keys())))
  const sum = body.reduce(
    (total, letter, at) => total + (vinValues.get(letter) ?? 0) * (vinWeights[at] ?? 0),
    0,
  )
  const check = sum % 11 === 10 ? 'X' : String(sum % 11)
  return body.with(8, check).join('')
}

/** A provider's number whose check digit is right: Luhn, over 80840 and the number (45 CFR 162.406). */
function npi(making: Making): string {
  const body = `1${digits(making, 8)}`
  const sum = Array.from(`80840${body}`)
    .toReversed()
    .reduce((total, digit, at) => {
      const value = Number(digit) * (at % 2 === 0 ? 2 : 1)
      return total + (value > 9 ? value - 9 : value)
    }, 0)
  return body + String((10 - (sum % 10)) % 10)
}

/** What a place in a sentence is filled with, and which identifier that is; none where it identifies nobody. */
const places: { readonly [name: string]: Place } = {
  name: ['NAME', fullName],
  given: ['NAME', givenName],
  family: ['NAME', familyName],
  family2: ['NAME', (making) => `${givenName(making)} ${familyName(making)}`],
  lastFirst: ['NAME', (making) => `${familyName(making)}, ${givenName(making)}`],
  facility: ['GEOGRAPHIC_LOCATION', facility],
  city: ['GEOGRAPHIC_LOCATION', coinedPlace],
  address: ['GEOGRAPHIC_LOCATION', address],
  zip: ['GEOGRAPHIC_LOCATION', (making) => digits(making, 5)],
  date: ['DATE', date],
  age90: ['AGE', ({ random }) => String(random.between(90, 104))],
  mrn: ['MEDICAL_RECORD_NUMBER', (making) => digits(making, making.random.between(6, 9))],
  mrnNamed: ['MEDICAL_RECORD_NUMBER', (making) => `MRN ${digits(making, 7)}`],
  account: ['ACCOUNT_NUMBER', (making) => digits(making, 10)],
  ssn: [
    'SOCIAL_SECURITY_NUMBER',
    (making) => `9${digits(making, 2)}-${digits(making, 2)}-${digits(making, 4)}`,
  ],
  plan: [
    'HEALTH_PLAN_BENEFICIARY_NUMBER',
    (making) => `${making.random.pick(['XQH', 'W', 'HPN'])}${digits(making, 9)}`,
  ],
  phone: ['PHONE_NUMBER', phone],
  fax: ['FAX_NUMBER', phone],
  email: ['EMAIL_ADDRESS', mail],
  url: ['URL', (making) => `https://portal.example.org/u/${digits(making, 6)}`],
  ip: ['IP_ADDRESS', ({ random }) => `203.0.113.${random.between(1, 254)}`],
  device: ['DEVICE_IDENTIFIER', (making) => `SN${digits(making, 8)}`],
  vin: ['VEHICLE_IDENTIFIER', vin],
  license: [
    'CERTIFICATE_LICENSE_NUMBER',
    (making) => `${making.random.pick(Array.from('ABCDE'))}${digits(making, 7)}`,
  ],
  npi: ['CERTIFICATE_LICENSE_NUMBER', npi],
  code: ['UNIQUE_IDENTIFIER', (making) => `TRIAL-${digits(making, 3)}-${digits(making, 4)}`],
  title: [undefined, one('Mr.|Mrs.|Ms.')],
  possessive: [undefined, one('his|her|their')],
  age: [undefined, ({ random }) => String(random.between(1, 89))],
  year: [undefined, ({ random }) => String(random.between(2001, 2025))],
  eponym: [undefined, one(harmless.eponym)],
  drug: [undefined, one(harmless.drug)],
  body: [undefined, one(harmless.body)],
  value: [undefined, one(harmless.value)],
  finding: [undefined, one(harmless.finding)],
  people: [undefined, one(harmless.people)],
}

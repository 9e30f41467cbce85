// What members say by their names, in FHIR and in servers that speak none: what of a person their values are, and that their
// objects are persons.

import { words } from '../words.ts'
import { isAge } from './ages.ts'
import { wordsOf } from './name-words.ts'

/** Types of FHIR resources that are a person, and of those at work, who are not told of. */
export const persons: ReadonlySet<string> = new Set(['Patient', 'RelatedPerson', 'Person'])
export const practitioners: ReadonlySet<string> = new Set(['Practitioner', 'PractitionerRole'])
/** Members whose reference is a patient even where it does not say so (urn:uuid in bundles). */
export const patientMembers: ReadonlySet<string> = new Set(['subject', 'patient', 'beneficiary'])

/** Members that say by their name what they hold, in servers that speak no FHIR. Compared without case, _ and -. */
const nameMembers = words(`
  patientname firstname lastname middlename maidenname fullname givenname familyname surname
  preferredname mothersmaidenname
`)
const idMembers = words(`
  mrn medicalrecordnumber ssn socialsecuritynumber memberid subscriberid accountnumber phone
  phonenumber mobile mobilephone homephone fax email emailaddress street streetaddress addressline1
`)
/** By the words of a name, of which others may stand before: `mailing_zip`, `zip5`, `Zip Code`, `zip_plus_4`. No `gzip`. */
const zipMember = /(?:^| )(?:zips?(?: plus)?|(?:zip|postal) ?codes?|post ?codes?)$|^postal$/
/** What of a birth a name may say it is. */
const moment = 'date|day|month|year|time|datetime|timestamp|ts'
/** The same of a birth, and of each moment of one: `motherDob`, `born_on`, `birthTimestampMs`, `dob_datetime`. No `newborn`. */
const birthMember = new RegExp(
  `(?:^| )(?:(?:patients?|subject|member|person|client|resident)?(?:dob|yob|birth ?(?:${moment})|(?:${moment}) ?of ?birth)|born)` +
    `(?: (?:${moment}|on|at|in|utc|iso|ms|millis|seconds|epoch))*$|^(?:patients? )?birth$`,
)
const personSigns = words(`
  mrn ssn dob birthdate dateofbirth patientid
`)

export type Meaning = {
  readonly holds: 'name' | 'id' | 'patient' | 'its own name' | 'zip' | 'age' | 'birth' | undefined
  /** Whether its object is a person. */
  readonly person: boolean
}

/** Member names repeat more than anything else: what each means is found out once. */
const meanings = new Map<string, Meaning | undefined>()
const mostMeanings = 4096

export function meaningOf(member: string): Meaning | undefined {
  const before = meanings.get(member)
  if (before !== undefined || meanings.has(member)) return before
  const meaning = foundOut(member)
  if (meanings.size < mostMeanings) meanings.set(member, meaning)
  return meaning
}

/** What a member says by its name that its value is, in servers that speak no FHIR. */
export function heldBy(member: string): Meaning['holds'] {
  return meaningOf(member)?.holds
}

/** A member's name, in small letters without what parts its words, and its words. */
type Spelt = { readonly member: string; readonly plain: string; readonly said: string }
/** What a name says, by the first that fits. */
const held: readonly (readonly [Meaning['holds'], fits: (name: Spelt) => boolean])[] = [
  ['name', ({ plain }) => nameMembers.has(plain)],
  ['its own name', ({ plain }) => plain === 'name'],
  ['patient', ({ plain }) => plain === 'patientid'],
  ['id', ({ plain }) => idMembers.has(plain)],
  ['zip', ({ said }) => zipMember.test(said)],
  ['age', ({ member }) => isAge(member)],
  ['birth', ({ said }) => birthMember.test(said)],
]

function foundOut(member: string): Meaning | undefined {
  const plain = member.toLowerCase().replaceAll(/[_-]/g, '')
  const said = wordsOf(member).join(' ')
  const person = personSigns.has(plain)
  const holds = held.find(([, fits]) => fits({ member, plain, said }))?.[0]
  return holds === undefined && !person ? undefined : { holds, person }
}

/** Whether an object called so is a person, whatever it holds. */
export function isPersonMember(key: string): boolean {
  return key === 'patient' || key === 'subject'
}

/** Of what tells of a person, by member: what a text or a number there is, alone or in a list, or the parts of objects there. */
export type Parts = ReadonlyMap<string, Parts | 'name' | 'id'>

export const humanName: Parts = new Map([
  ['text', 'name'],
  ['family', 'name'],
  ['given', 'name'],
])
const withValue: Parts = new Map([['value', 'id']])
const address: Parts = new Map([
  ['text', 'id'],
  ['city', 'id'],
  ['district', 'id'],
  ['line', 'id'],
])
const contact: Parts = new Map([
  ['name', humanName],
  ['telecom', withValue],
])
/** A FHIR person: names, contacts' names, identifiers, telecom, street lines. */
export const personParts: Parts = new Map([
  ['identifier', withValue],
  ['name', humanName],
  ['contact', contact],
  ['telecom', withValue],
  ['address', address],
])
/** What else tells of a person, by its member: relatives' addresses, and values of extensions such as the place of birth. */
export const besides: ReadonlyMap<string, Parts> = new Map([
  ['address', address],
  ['valueAddress', address],
  ['valueHumanName', humanName],
  ['valueContactPoint', withValue],
  ['valueIdentifier', withValue],
])

/** Each of them once, in an order that stays: a number for each. */
export const allParts: readonly Parts[] = [personParts, humanName, contact, withValue, address]

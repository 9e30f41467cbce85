// One look over everything that the server returned, before anything is taken away: which patients it concerns, and how
// they are called. Names and identifiers found here are then searched in every text that stays: that finds more than any
// pattern could, since it knows what to look for.

import { isObject } from '../is-object.ts'
import { matches, type PatternTree } from '../pointer.ts'
import type { Reading } from '../text/prose.ts'
import { isOld } from './ages.ts'
import { decoded, jsonIn } from './encoded.ts'
import type { Instead } from './instead.ts'
import {
  besides,
  humanName,
  isPersonMember,
  type Meaning,
  meaningOf,
  type Parts,
  patientMembers,
  personParts,
  persons,
  practitioners,
} from './meanings.ts'
import { patientIn } from './patients.ts'
import { Said } from './said.ts'

/** A text of which something was replaced, and what it was read as: it is the same wherever it stands. */
type Changed = {
  readonly reading: Reading
  /** The very rules. */
  readonly rules: object
  readonly left: string
  readonly redacted: Readonly<Record<string, number>>
}

/** Of which persons a result tells, and what it says of them. */
export class Survey extends Said {
  /** Patients, in order of first mention. */
  readonly patients = new Set<string>()
  /** Identifiers of one and the same patient, a list for each Patient resource. */
  readonly same: string[][] = []
  /** How many ages over 89 stand in members that are called so: mostly none. */
  old = 0
  /** What is shown in the place of which text, where it is all of a value. */
  readonly instead = new Map<string, Instead>()
  /** A reference of which nothing is left to be added. */
  lastReference = ''
  /** How many values are called a ZIP code. */
  zips = 0
  /** How many characters were searched. */
  searched = 0
  /** Texts that were searched, read so or as less, and hold nothing of all this. Records repeat themselves: code systems, and the same twice as text. */
  clean: Map<string, Reading> | undefined
  /** And those of which something was replaced. Of most results all is terms, and neither is needed. */
  changed: Map<string, Changed> | undefined

  /** What is learned now may be in a text that was searched before. */
  forgetSearched(): void {
    this.clean = undefined
    this.changed = undefined
  }
}

export function survey(): Survey {
  return new Survey()
}

type Known = { readonly [member: string]: unknown }

/** Adds what one document holds. `places`: where else patients stand, by policy. */
export function look(document: unknown, places: PatternTree, into: Survey): void {
  into.forgetSearched()
  matches(document, places, (value) => addPatients(value, into))
  walk(document, '', undefined, into)
}

/** Adds references in text that is no JSON. */
export function lookAtText(text: string, into: Survey): void {
  into.forgetSearched()
  addReferences(text, into)
}

export { mayBeName, startOf } from './said.ts'

const reference = /\bPatient\/([A-Za-z0-9.-]{1,64})/g

/** Those in a text, and all that stands inside of one that is an encoding. */
export function addReferences(text: string, into: Survey): void {
  if (text === into.lastReference) return
  const inner = decoded(text)
  if (inner !== undefined) return addEncoded(inner, into)
  if (!text.includes('Patient/')) return
  reference.lastIndex = 0
  for (let match = reference.exec(text); match !== null; match = reference.exec(text))
    into.patients.add(match[1] as string)
}

function addEncoded(inner: string, into: Survey): void {
  const json = jsonIn(inner)
  if (json !== undefined && 'value' in json) walk(json.value, '', undefined, into)
  else addReferences(inner, into)
}

function walk(value: unknown, key: string, resource: string | undefined, into: Survey): void {
  if (typeof value === 'string') return addReferences(value, into)
  if (Array.isArray(value)) {
    for (const item of value) walk(item, key, resource, into)
    return
  }
  if (!isObject(value)) return
  const type = typeof value['resourceType'] === 'string' ? value['resourceType'] : resource
  lookAtObject(value, key, type, into)
  for (const name in value) walk(value[name], name, type, into)
}

function lookAtObject(value: Known, key: string, resource: string | undefined, into: Survey): void {
  if (typeof value['resourceType'] === 'string' && persons.has(value['resourceType'])) addPerson(value, into)
  const beside = resource !== undefined && persons.has(resource) ? besides.get(key) : undefined
  if (beside !== undefined) tell(value, beside, into)
  const isPractitioner = resource !== undefined && practitioners.has(resource)
  if (!isPractitioner && ('family' in value || 'given' in value)) tell(value, humanName, into)
  const { reference, display } = value
  if (isShown(key, reference, into)) addWords(display, into)
  if (!isPractitioner) lookAtMembers(value, key, into)
}

/** Adds what an object called `key` refers to. Returns whether what is displayed is a patient's name. */
export function isShown(key: string, reference: unknown, into: Survey): boolean {
  const isPatient = patientMembers.has(key)
  if (
    isPatient &&
    typeof reference === 'string' &&
    (reference.startsWith('Patient/') || reference.startsWith('urn:'))
  )
    addReference(reference, into)
  return isPatient || namesPatient(reference)
}

/** Every resource names its patient, and mostly the same one. */
export function addReference(reference: string, into: Survey): void {
  if (reference === into.lastReference) return
  addPatients(reference, into)
  if (plainReference.test(reference)) into.lastReference = reference
}

/** With a dash, it is no encoding of something else. */
const plainReference = /^Patient\/[A-Za-z0-9.]{1,32}-[A-Za-z0-9.-]{1,31}$/

function namesPatient(reference: unknown): boolean {
  return typeof reference === 'string' && reference.includes('Patient/')
}

function lookAtMembers(value: Known, key: string, into: Survey): void {
  let isPerson = isPersonMember(key)
  let name: unknown
  for (const member in value) {
    const meaning = meaningOf(member)
    if (meaning === undefined) continue
    isPerson ||= meaning.person
    if (meaning.holds === 'its own name') name = value[member]
    else addHeld(meaning.holds, value[member], member, into)
  }
  if (isPerson) addWords(name, into)
}

/** What a member's name says that it holds. */
export function addHeld(holds: Meaning['holds'], value: unknown, member: string, into: Survey): void {
  if (holds === 'name') addWords(value, into)
  else if (holds === 'birth') addBirth(value, into)
  else if (holds === 'zip') addZip(value, into)
  else if (holds === 'age') into.old += countOld(value, member)
  else if (holds !== undefined) addId(value, into)
  if (holds === 'patient') addPatients(value, into)
}

function tell(value: Known, parts: Parts, into: Survey): void {
  for (const [member, part] of parts) {
    const inner = value[member]
    for (const one of Array.isArray(inner) ? inner : [inner]) {
      if (part === 'name') addWords(one, into)
      else if (part === 'id') addId(one, into)
      else if (isObject(one)) tell(one, part, into)
    }
  }
}

function addPerson(person: Known, into: Survey): void {
  tell(person, personParts, into)
  if (person['resourceType'] !== 'Patient') return
  const identifiers = list(person['identifier']).flatMap(({ value }) => (isText(value) ? String(value) : []))
  addPatient(person['id'], identifiers, into)
  addId(person['id'], into)
}

/** A Patient's id is a patient. */
export function addPatient(id: unknown, identifiers: readonly string[], into: Survey): void {
  const patient = patientIn(id)
  if (patient === undefined) return
  into.patients.add(patient)
  into.same.push([patient, ...identifiers])
}

export function addPatients(value: unknown, into: Survey): void {
  if (Array.isArray(value)) for (const item of value) addPatients(item, into)
  const patient = patientIn(isObject(value) ? value['reference'] : value)
  if (patient !== undefined) into.patients.add(patient)
}

function addBirth(value: unknown, into: Survey): void {
  for (const birth of Array.isArray(value) ? value : [value])
    if (isText(birth) && birth !== '') into.addBirth(String(birth))
}

function countOld(value: unknown, member: string): number {
  return (Array.isArray(value) ? value : [value]).filter((one) => isOld(one, member)).length
}

function addZip(value: unknown, into: Survey): void {
  for (const zip of Array.isArray(value) ? value : [value]) {
    if (!isText(zip) || zip === '') continue
    into.zips += 1
    into.addZip(String(zip))
  }
}

export function addWords(value: unknown, into: Survey): void {
  if (typeof value === 'string') into.addName(value)
}

function addId(value: unknown, into: Survey): void {
  if (isText(value)) into.addId(String(value))
}

/** From now on this identifier, folded, is searched in texts. */
export function learnId(id: string, into: Survey): void {
  into.learn(id)
}

function isText(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function list(value: unknown): readonly Known[] {
  if (!Array.isArray(value)) return isObject(value) ? [value] : nothing
  return value.every(isObject) ? value : value.filter(isObject)
}

const nothing: readonly Known[] = []

// The look over a document that survey.ts takes, over one that was read where it lies: the reader says which objects and texts
// may tell of somebody, and nothing is made of all others.

import { generationOfNames, nameOf } from '../json-names.ts'
import {
  beyondAscii,
  escapes,
  kindOf,
  listKind,
  nameNumberOf,
  nextOf,
  numberKind,
  objectKind,
  signsOf,
  stride,
  type Tape,
  textKind,
} from '../json-scan.ts'
import type { PatternTree } from '../pointer.ts'
import { countNames, hold, putSign, release, sift } from '../reader/reader.ts'
import {
  addHeld,
  addId,
  addPatient,
  addPatients,
  addReferences,
  addWords,
  besides,
  humanName,
  isPersonMember,
  isShown,
  look,
  type Meaning,
  meaningOf,
  type Parts,
  patientMembers,
  personParts,
  persons,
  type Survey,
} from './survey.ts'
import { numberAt, textAt, valueAt } from './tape-values.ts'

/** What a member's name says: it tells of somebody by itself, only beside others, or only in an object called so (sift.as). */
const [tells, refers, shows, named, typed, patient, person] = [2, 4, 8, 16, 32, 64, 128] as const
/** Besides, of a member that is itself read. */
const isRead = tells | refers | shows | named | typed

/** By name's number, for as many as were asked for. */
const meanings: (Meaning | undefined)[] = []
const signs: number[] = []
let meaningsFor = 0

function signOf(name: string, meaning: Meaning | undefined): number {
  const own = name === 'reference' ? refers : name === 'display' ? shows : name === 'resourceType' ? typed : 0
  const told = patientMembers.has(name) ? patient : besides.has(name) ? person : 0
  if (meaning === undefined) return own | told | (name === 'family' || name === 'given' ? tells : 0)
  return own | told | (meaning.holds === 'its own name' && !meaning.person ? named : tells)
}

function learnNames(): void {
  if (meaningsFor !== generationOfNames()) {
    meanings.length = 0
    signs.length = 0
    meaningsFor = generationOfNames()
  }
  for (let number = meanings.length; number < countNames(); number += 1) {
    const name = nameOf(number)
    const meaning = meaningOf(name)
    const sign = signOf(name, meaning)
    meanings.push(meaning)
    signs.push(sign)
    putSign(number, sign)
  }
}

/** Adds what the value at an entry holds, as `look` does. */
export function lookOver(tape: Tape, entry: number, places: PatternTree, into: Survey): void {
  learnNames()
  const found = hold(tape.read) ? sift(entry) : undefined
  if (found === undefined) return look(valueAt(tape, entry), places, into)
  if (into.clean.size > 0) into.clean.clear()
  matchesOver(tape, entry, places, into)
  for (let at = 0; at < found.length; at += 3) {
    const called = found[at + 1] as number
    const one = found[at] as number
    if (called === isOfText) addReferences(textAt(tape, one), into)
    else lookAtEntry(tape, one, { called, type: found[at + 2] as number }, into)
  }
  release()
}

/** In the place of a name's number (sift.as). */
const isOfText = -2
const [ofPerson, ofPractitioner] = [1, 2] as const

function matchesOver(tape: Tape, entry: number, tree: PatternTree, into: Survey): void {
  if (tree.rule !== undefined) addPatients(valueAt(tape, entry), into)
  if (tree.any === undefined && tree.named.size === 0) return
  const kind = kindOf(tape, entry)
  if (kind > listKind) return
  let index = 0
  for (let inner = entry + stride; inner < nextOf(tape, entry); inner = nextOf(tape, inner)) {
    const name = kind === objectKind ? nameOf(nameNumberOf(tape, inner)) : String(index)
    const child = tree.named.get(name) ?? tree.any
    if (child !== undefined) matchesOver(tape, inner, child, into)
    index += 1
  }
}

/** `called`: its name's number, -1 where it has none. `type`: of resource, what matters of it (sift.as). */
type Context = { readonly called: number; readonly type: number }

/** As lookAtObject has it. */
function lookAtEntry(tape: Tape, object: number, { called, type }: Context, into: Survey): void {
  const key = called < 0 ? '' : nameOf(called)
  const isPractitioner = type === ofPractitioner
  let isPerson = isPersonMember(key)
  let isNamed = false
  let own: string | undefined
  let name: number | undefined
  let reference: string | number | undefined
  let display: number | undefined
  const end = nextOf(tape, object)
  for (let member = object + stride; member < end; member = nextOf(tape, member)) {
    const number = nameNumberOf(tape, member)
    const sign = signs[number] as number
    if ((sign & isRead) === 0) continue
    const meaning = meanings[number]
    if (meaning === undefined) {
      if ((sign & tells) !== 0) isNamed = true
      else if ((sign & refers) !== 0) reference = scalarAt(tape, member)
      else if ((sign & shows) !== 0) display = member
      else if (kindOf(tape, member) === textKind) own = textAt(tape, member)
    } else if (!isPractitioner) {
      isPerson ||= meaning.person
      if (meaning.holds === 'its own name') name = member
      else if (meaning.holds === 'name' || meaning.holds === 'id') note(tape, member, meaning.holds, into)
      else addHeld(meaning.holds, scalarAt(tape, member) ?? valueAt(tape, member), nameOf(number), into)
    }
  }
  if (own !== undefined && persons.has(own)) addPersonAt(tape, object, own, into)
  const beside = type === ofPerson ? besides.get(key) : undefined
  if (beside !== undefined) tellAt(tape, object, beside, into)
  if (isNamed && !isPractitioner) tellAt(tape, object, humanName, into)
  if (isShown(key, reference, into) && display !== undefined) note(tape, display, 'name', into)
  if (isPerson && name !== undefined) note(tape, name, 'name', into)
}

function addPersonAt(tape: Tape, object: number, type: string, into: Survey): void {
  tellAt(tape, object, personParts, into)
  if (type !== 'Patient') return
  const identifiers: string[] = []
  let id: unknown
  for (let member = object + stride; member < nextOf(tape, object); member = nextOf(tape, member)) {
    const name = nameOf(nameNumberOf(tape, member))
    if (name === 'id') id = scalarAt(tape, member)
    else if (name === 'identifier') collect(tape, member, identifiers)
  }
  addPatient(id, identifiers, into)
}

/** Values of identifiers, of one or of a list. */
function collect(tape: Tape, entry: number, into: string[]): void {
  const isList = kindOf(tape, entry) === listKind
  for (let one = isList ? entry + stride : entry; one < nextOf(tape, entry); one = nextOf(tape, one)) {
    if (kindOf(tape, one) !== objectKind) continue
    for (let member = one + stride; member < nextOf(tape, one); member = nextOf(tape, member)) {
      if (nameOf(nameNumberOf(tape, member)) !== 'value') continue
      const value = scalarAt(tape, member)
      if (value !== undefined) into.push(String(value))
    }
  }
}

function tellAt(tape: Tape, object: number, parts: Parts, into: Survey): void {
  const end = nextOf(tape, object)
  for (let member = object + stride; member < end; member = nextOf(tape, member)) {
    const part = parts.get(nameOf(nameNumberOf(tape, member)))
    if (part === undefined) continue
    const isList = kindOf(tape, member) === listKind
    const last = nextOf(tape, member)
    for (let one = isList ? member + stride : member; one < last; one = nextOf(tape, one)) {
      if (part === 'name' || part === 'id') note(tape, one, part, into)
      else if (kindOf(tape, one) === objectKind) tellAt(tape, one, part, into)
    }
  }
}

/** Notes a text or number there as what it is of a person; nothing of what is neither. */
function note(tape: Tape, entry: number, what: 'name' | 'id', into: Survey): void {
  const kind = kindOf(tape, entry)
  if (kind === textKind && (signsOf(tape, entry) & (escapes | beyondAscii)) === 0)
    into.noteAt(tape, entry, what)
  else if (what === 'id') addId(scalarAt(tape, entry), into)
  else addWords(scalarAt(tape, entry), into)
}

/** The text or number at an entry; undefined of anything else. */
function scalarAt(tape: Tape, entry: number): string | number | undefined {
  const kind = kindOf(tape, entry)
  return kind === textKind ? textAt(tape, entry) : kind === numberKind ? numberAt(tape, entry) : undefined
}

// The look over a document that survey.ts takes, over one that was read where it lies: of most objects their members'
// names show that they tell of nobody, and nothing is made of them.

import type { Json } from '../canonical.ts'
import { generationOfNames, nameOf } from '../json-names.ts'
import {
  beyondBase64,
  endOf,
  escapes,
  kindOf,
  listKind,
  nameNumberOf,
  nextOf,
  objectKind,
  signsOf,
  startOf,
  stride,
  type Tape,
  textKind,
} from '../json-scan.ts'
import type { PatternTree } from '../pointer.ts'
import { words } from '../words.ts'
import { addPatients, addReferences, isPerson, isTold, lookAtObject, type Survey, tellsOf } from './survey.ts'
import { textAt, valueAt } from './tape-values.ts'

/** What a member's name says: it tells of somebody by itself, only beside others, or only in an object called so. */
const [seen, tells, refers, shows, named, typed, patient, person] = [1, 2, 4, 8, 16, 32, 64, 128] as const

/** By name's number. */
const signs = new Uint8Array(4_096)
let signsFor = 0

function signsOfName(number: number): number {
  const known = signs[number] as number
  return known === 0 ? (signs[number] = signsOfText(nameOf(number))) : known
}

function signsOfText(name: string): number {
  const own = name === 'reference' ? refers : name === 'display' ? shows : name === 'resourceType' ? typed : 0
  const meant = tellsOf(name)
  const more = meant === undefined ? 0 : meant === 'by itself' ? tells : named
  const told = isTold(name)
  return seen | own | more | (told === undefined ? 0 : told === 'of a patient' ? patient : person)
}

/** Members that survey.ts reads of an object that tells of somebody, besides those whose names say it. */
const read = words(`
  resourceType reference display text family given
  id identifier name contact telecom address line city value
`)

/** Adds what the value at an entry holds, as `look` does. */
export function lookOver(tape: Tape, entry: number, places: PatternTree, into: Survey): void {
  if (signsFor !== generationOfNames()) {
    signs.fill(0)
    signsFor = generationOfNames()
  }
  into.clean.clear()
  matchesOver(tape, entry, places, into)
  new Look(tape, startOf(tape, entry), into).walk(entry, -1, undefined)
}

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

/** See encoded.ts. */
const shortestEncoding = 8

/** Objects shorter than this are looked at once, however often they stand there: every resource names its subject. */
const short = 256

class Look {
  readonly #tape: Tape
  readonly #into: Survey
  readonly #letters: string
  /** Where a reference to a patient stands next; beyond the text where none does. */
  #next: number
  readonly #before = new Set<string>()
  /** Short objects by how they are written, and by which name each was called last. */
  readonly #objects = new Map<string, number>()

  constructor(tape: Tape, start: number, into: Survey) {
    this.#tape = tape
    this.#into = into
    this.#letters = tape.letters()
    this.#next = this.#referenceFrom(start)
  }

  /** `name`: the number of its member's, -1 at the top. Items of a list are called as their list is. */
  walk(entry: number, name: number, resource: string | undefined): void {
    const tape = this.#tape
    const kind = kindOf(tape, entry)
    if (kind === textKind) return this.#text(entry)
    if (kind > listKind) return
    if (kind === objectKind) return this.#object(entry, name, resource)
    for (let item = entry + stride; item < nextOf(tape, entry); item = nextOf(tape, item))
      this.walk(item, name, resource)
  }

  #object(entry: number, name: number, resource: string | undefined): void {
    const tape = this.#tape
    const end = nextOf(tape, entry)
    let all = 0
    let own: string | undefined
    for (let member = entry + stride; member < end; member = nextOf(tape, member)) {
      const one = signsOfName(nameNumberOf(tape, member))
      all |= one
      if ((one & typed) !== 0 && kindOf(tape, member) === textKind) own = textAt(tape, member)
    }
    const called = name < 0 ? 0 : signsOfName(name)
    const isPatient = (called & patient) !== 0
    const type = own ?? resource
    const tellsAnything =
      (all & tells) !== 0 ||
      (own !== undefined && isPerson(own)) ||
      ((called & person) !== 0 && type !== undefined && isPerson(type)) ||
      (isPatient && (all & (refers | shows | named)) !== 0) ||
      (all & (refers | shows)) === (refers | shows)
    if (tellsAnything && !this.#wasMet(entry, name))
      lookAtObject(this.#readable(entry), name < 0 ? '' : nameOf(name), type, this.#into)
    for (let member = entry + stride; member < end; member = nextOf(tape, member))
      this.walk(member, nameNumberOf(tape, member), type)
  }

  #wasMet(entry: number, name: number): boolean {
    const [start, end] = [startOf(this.#tape, entry), endOf(this.#tape, entry)]
    if (end - start >= short) return false
    const own = this.#letters.slice(start, end)
    if (this.#objects.get(own) === name) return true
    this.#objects.set(own, name)
    return false
  }

  /** The object with those members that can tell of anybody. */
  #readable(entry: number): { readonly [member: string]: Json } {
    const tape = this.#tape
    const members: { [member: string]: Json } = {}
    for (let member = entry + stride; member < nextOf(tape, entry); member = nextOf(tape, member)) {
      const number = nameNumberOf(tape, member)
      const name = nameOf(number)
      if ((signsOfName(number) & (tells | named)) === 0 && !read.has(name)) continue
      // Of a narrative nothing is read but its text.
      if (name === 'text' && kindOf(tape, member) <= listKind) continue
      members[name] = valueAt(tape, member)
    }
    return members
  }

  #text(entry: number): void {
    const tape = this.#tape
    const [start, end] = [startOf(tape, entry), endOf(tape, entry)]
    const signs = signsOf(tape, entry)
    if (this.#next < start) this.#next = this.#referenceFrom(start)
    // Without an escape, a reference in it, and all signs of an encoding there is nothing to be found.
    const length = end - start - 2
    const mayBeEncoded = (signs & beyondBase64) === 0 && length >= shortestEncoding && (length & 3) === 0
    if (this.#next >= end && (signs & escapes) === 0 && !mayBeEncoded) return
    const text = textAt(tape, entry)
    if (this.#before.has(text)) return
    this.#before.add(text)
    addReferences(text, this.#into)
  }

  #referenceFrom(position: number): number {
    const found = this.#letters.indexOf('Patient/', position)
    return found < 0 ? Infinity : found
  }
}

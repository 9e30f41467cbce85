// The look over a document that survey.ts takes, over one that was read where it lies: the reader lists what in it tells of
// somebody (survey.as), and nothing is made of all else, nor of names and identifiers until a text is searched for them.

import type { Json } from '../canonical.ts'
import { nameOf } from '../json-names.ts'
import { kindOf, listKind, nameNumberOf, nextOf, objectKind, stride, type Tape } from '../json-scan.ts'
import type { PatternTree } from '../pointer.ts'
import { hold, type Listed, listPersons, release } from '../reader/reader.ts'
import { found } from './name-signs.ts'
import { inList } from './said.ts'
import {
  addHeld,
  addPatient,
  addPatients,
  addReference,
  addReferences,
  addWords,
  isShown,
  look,
  type Survey,
} from './survey.ts'
import { scalarAt, scalarsBetween, textAt, valueAt } from './tape-values.ts'

/** Adds what the value at an entry holds, as `look` does. */
export function lookOver(tape: Tape, entry: number, places: PatternTree, into: Survey): void {
  const list = hold(tape.read) ? listPersons(entry) : undefined
  if (list === undefined) {
    release()
    return look(valueAt(tape, entry), places, into)
  }
  into.forgetSearched()
  matchesOver(tape, entry, places, into)
  into.addList(tape, list)
  const { numbers, from, to } = list
  for (let at = from; at < to; at += inList)
    if (Math.abs(numbers[at] as number) >= found.zip) take(tape, list, at, into)
  release()
}

/** What is not only noted. */
function take(tape: Tape, list: Listed, at: number, into: Survey): void {
  const what = Math.abs(list.numbers[at] as number)
  const one = list.numbers[at + 1] as number
  if (what === found['plain reference']) into.patients.add(textIn(tape, list, at, 'Patient/'.length))
  else if (what === found['text that refers']) addReferences(textIn(tape, list, at), into)
  else if (what === found.zip) into.zips += countZips(tape, list, at)
  else if (what === found['patient id'])
    addPatient(scalarIn(tape, list, at), identifiersBehind(tape, list, at), into)
  else if (what === found.reference) addReference(textIn(tape, list, at), into)
  else if (what === found.patient) addHeld('patient', anyAt(tape, one), '', into)
  else if (what === found.age) addHeld('age', anyAt(tape, one), nameOf(nameNumberOf(tape, one)), into)
  else if (what === found.escaped) lookAtReference(tape, one, list.numbers[at + 3] as number, into)
}

/** The text that is listed there, without so many letters at its beginning. */
function textIn(tape: Tape, { numbers }: Listed, at: number, without = 0): string {
  if ((numbers[at] as number) < 0) return textAt(tape, numbers[at + 1] as number).slice(without)
  return tape.letters((numbers[at + 2] as number) + 1 + without, (numbers[at + 3] as number) - 1)
}

function scalarIn(tape: Tape, list: Listed, at: number): string | number | undefined {
  if ((list.numbers[at] as number) > 0) return textIn(tape, list, at)
  return scalarAt(tape, list.numbers[at + 1] as number)
}

function identifiersBehind(tape: Tape, list: Listed, id: number): string[] {
  const identifiers: string[] = []
  for (let at = id + inList; at < list.to; at += inList) {
    if (Math.abs(list.numbers[at] as number) !== found['patient identifier']) break
    identifiers.push(String(scalarIn(tape, list, at)))
  }
  return identifiers
}

function countZips(tape: Tape, { numbers }: Listed, at: number): number {
  const [start, end] = [numbers[at + 2] as number, numbers[at + 3] as number]
  if ((numbers[at] as number) > 0) return end - start > 2 ? 1 : 0
  return scalarsBetween(tape, start, end).filter((zip) => zip !== '').length
}

function anyAt(tape: Tape, entry: number): Json {
  return scalarAt(tape, entry) ?? valueAt(tape, entry)
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

/** `called`: its name's number, negative where it has none. */
function lookAtReference(tape: Tape, object: number, called: number, into: Survey): void {
  let reference: string | number | undefined
  let display: string | number | undefined
  for (let member = object + stride; member < nextOf(tape, object); member = nextOf(tape, member)) {
    const name = nameOf(nameNumberOf(tape, member))
    if (name === 'reference') reference = scalarAt(tape, member)
    else if (name === 'display') display = scalarAt(tape, member)
  }
  if (isShown(called < 0 ? '' : nameOf(called), reference, into)) addWords(display, into)
}

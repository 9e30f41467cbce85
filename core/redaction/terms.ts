// Codes, units, code systems and names of members: short texts in which no rule finds anything by itself. They are most of
// a record, and the same in call after call. All that one result may change is that a text is, or one of its words begins,
// what it says of its patients. Nothing else that lasts longer than a result has a say in what of it may leave.

import type { Tape } from '../json-scan.ts'
import {
  forgetNameTerms,
  forgetTermsThere,
  forgetWords,
  hear,
  isUnheardAt,
  isUnheardBirthAt,
  newTermAt,
  putNameTerm,
  putReading,
  sayBorn,
  sayName,
  sayTerm,
  termAt,
} from '../reader/reader.ts'
import type { Reading } from '../text/prose.ts'
import { wordEnd, wordStart } from '../text/word.ts'
import { decoded } from './encoded.ts'
import { found } from './name-signs.ts'
import type { Survey } from './survey.ts'

/** Longer ones are no terms, and come once. Characters. */
const longestTerm = 64
const most = 4_096

/** A text or a name in which nothing was found. */
export type Term = {
  /** As what it was read then. */
  reading: Reading
  /** The result of which one of its words begins what it says. */
  said: number
  /** The reader's; of a name as long as it keeps it, and -1 where it does not know that the name is one. */
  number: number
}

/** By the words with which something in a text may begin, in small letters: all terms with such a word. */
type ByWord = Map<string, Term[]>

/** By the reader's number. */
const terms: Term[] = []
const termsByWord: ByWord = new Map()
/** Names of members, which are at hand as texts. */
const names = new Map<string, Term & { readonly words: readonly string[] }>()
const namesByWord: ByWord = new Map()

let result = 0
let anyMayBeSaid = false
let generation = 1

/** Which terms there are: who keeps one asks for it anew under another generation. */
export function generationOfTerms(): number {
  return generation
}

/** What the reader is told of a result, to find terms and days by itself; of some results it must not. */
export type Marked = { readonly result: number; readonly mayAsk: boolean }

/** From now on `isTerm` and `isUnsaid` answer for a result of which this is known: all that it says of its patients. */
export function markSaid(known: Survey): Marked {
  result += 1
  // An identifier without any letter or digit begins with no word: all texts may hold it. What is shown as something else may be any text.
  anyMayBeSaid = known.instead.size > 0
  known.each(marking, saysNoTerm)
  return { result, mayAsk: !anyMayBeSaid }
}

const marking = {
  start: mark,
  birth(birth: string): void {
    if (isDay(birth)) sayBorn(digitsOf(birth), result)
    mark(isDay(birth) ? birth.slice(0, 4) : (wordsIn(birth)[0] as string))
  },
}

/** Whether a text is a day as FHIR and most others write it: of one nothing but its year is left. */
function isDay(text: string): boolean {
  if (text.length !== 10 || text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return false
  for (let at = 0; at < 10; at += 1) {
    const code = text.charCodeAt(at)
    if ((code < 0x30 || code > 0x39) && at !== 4 && at !== 7) return false
  }
  return true
}

function digitsOf(day: string): number {
  let digits = 0
  for (let at = 0; at < day.length; at += 1)
    if (at !== 4 && at !== 7) digits = digits * 10 + day.charCodeAt(at) - 0x30
  return digits
}

/** Of most names, identifiers and days the reader tells that no term has a word of theirs. */
function saysNoTerm({ read }: Tape, start: number, end: number, what: number): boolean {
  if (what === found.zip) return true
  if (what === found.birth) return isUnheardBirthAt(read, start + 1, end - 1, result)
  return isUnheardAt(read, start + 1, end - 1, what === found.id)
}

function mark(word: string): void {
  if (word === '') anyMayBeSaid = true
  const some = termsByWord.get(word)
  if (some !== undefined) for (const term of some) sayOf(term, sayTerm)
  const others = namesByWord.get(word)
  if (others !== undefined) for (const name of others) sayOf(name, sayName)
}

function sayOf(term: Term, tell: (number: number, result: number) => void): void {
  term.said = result
  if (term.number >= 0) tell(term.number, result)
}

/** Whether what stands there in the reader's document, ASCII between quotes, is a term and says nothing of whom the result knows. */
export function isTerm(start: number, end: number, reading: Reading): boolean {
  if (end - start > longestTerm) return false
  const number = termAt(start, end)
  if (number < 0) return false
  const term = terms[number] as Term
  return term.reading >= reading && isUnsaid(term)
}

export function isUnsaid(term: Term): boolean {
  return term.said !== result && !anyMayBeSaid
}

/** Remembers such a text, in which nothing was found, as a term. */
export function learnTerm(start: number, end: number, reading: Reading, text: string): void {
  // What stands inside of an encoding is judged by what the policy says of it.
  if (end - start > longestTerm || decoded(text) !== undefined) return
  const known = terms[termAt(start, end)]
  if (known !== undefined) {
    if (known.reading < reading) {
      known.reading = reading
      putReading(known.number, reading)
    }
    return
  }
  let number = newTermAt(start, end)
  if (number < 0) {
    forgetTexts()
    number = newTermAt(start, end)
  }
  if (number < 0) return
  const term = { reading, said: 0, number }
  terms[number] = term
  putReading(number, reading)
  sayTerm(number, 0)
  hear(text)
  for (const word of wordsIn(text)) put(term, word, termsByWord)
}

/** Whether a member's name is a term, and says nothing of whom `known` knows. */
export function isTermName(name: string, { starts }: Survey): boolean {
  const term = names.get(name)
  return term !== undefined && !starts.has('') && !term.words.some((word) => starts.has(word))
}

/** A name that is one already: for `isUnsaid`. */
export function termOfName(name: string): Term | undefined {
  return names.get(name)
}

/** Has the reader know that the name of this number, in this generation of names, is a term. */
export function tellTermName(term: Term, number: number): void {
  term.number = number
  putNameTerm(number)
  sayName(number, term.said)
}

export function learnTermName(name: string): void {
  if (name.length > longestTerm || names.has(name) || /[^ -~]/.test(name)) return
  if (names.size >= most) forgetNames()
  const words = wordsIn(name)
  const term = { reading: 0 as Reading, said: 0, number: -1, words }
  names.set(name, term)
  hear(name)
  for (const word of words) put(term, word, namesByWord)
}

/** Forgets all terms and names: no answer is another one for it. */
export function forgetTerms(): void {
  forgetNames()
  forgetTexts()
}

/** What is known by number goes together: another text gets the same number. */
function forgetTexts(): void {
  forgetTermsThere()
  forgetWords()
  for (const name of names.keys()) hear(name)
  terms.length = 0
  termsByWord.clear()
}

function forgetNames(): void {
  generation += 1
  forgetNameTerms()
  names.clear()
  namesByWord.clear()
}

function put(term: Term, word: string, by: ByWord): void {
  const others = by.get(word)
  if (others === undefined) by.set(word, [term])
  else others.push(term)
}

/** Small letters; an empty one of what has none, for what has none can only be said by what has none. */
function wordsIn(text: string): string[] {
  const words = new Set(wordsOf(text.toLowerCase()))
  return words.size === 0 ? [''] : [...words]
}

function* wordsOf(text: string): Generator<string> {
  for (let start = wordStart(text, 0); start < text.length; ) {
    const end = wordEnd(text, start)
    yield text.slice(start, end)
    start = wordStart(text, end)
  }
}

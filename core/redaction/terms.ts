// Codes, units, code systems and names of members: short texts in which no rule finds anything by itself. They are most of
// a record, and the same in call after call. All that one result may change is that a text is, or one of its words begins,
// what it says of its patients. Nothing else that lasts longer than a result has a say in what of it may leave.

import { forgetTermsThere, newTermAt, termAt } from '../reader/reader.ts'
import type { Reading } from '../text/prose.ts'
import { wordEnd, wordStart } from '../text/word.ts'
import { decoded } from './encoded.ts'
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

/** From now on `isTerm` and `isUnsaid` answer for a result of which this is known: all that it says of its patients. */
export function markSaid({ starts, births, instead }: Survey): void {
  result += 1
  // An identifier without any letter or digit begins with no word: all texts may hold it. What is shown as something else may be any text.
  anyMayBeSaid = starts.has('') || instead.size > 0
  if (anyMayBeSaid) return
  for (const start of starts) mark(start)
  for (const birth of births) mark(firstWord(birth))
}

function mark(word: string): void {
  const some = termsByWord.get(word)
  if (some !== undefined) for (const term of some) term.said = result
  const others = namesByWord.get(word)
  if (others !== undefined) for (const name of others) name.said = result
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
    if (known.reading < reading) known.reading = reading
    return
  }
  let number = newTermAt(start, end)
  if (number < 0) {
    forgetTexts()
    number = newTermAt(start, end)
  }
  if (number < 0) return
  const term = { reading, said: 0 }
  terms[number] = term
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

export function learnTermName(name: string): void {
  if (name.length > longestTerm || names.has(name) || /[^ -~]/.test(name)) return
  if (names.size >= most) forgetNames()
  const words = wordsIn(name)
  const term = { reading: 0 as Reading, said: 0, words }
  names.set(name, term)
  for (const word of words) put(term, word, namesByWord)
}

/** Forgets all terms and names: no answer is another one for it. */
export function forgetTerms(): void {
  forgetTexts()
  forgetNames()
}

/** What is known by number goes together: another text gets the same number. */
function forgetTexts(): void {
  forgetTermsThere()
  terms.length = 0
  termsByWord.clear()
}

function forgetNames(): void {
  generation += 1
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

function firstWord(text: string): string {
  return wordsIn(text)[0] as string
}

function* wordsOf(text: string): Generator<string> {
  for (let start = wordStart(text, 0); start < text.length; ) {
    const end = wordEnd(text, start)
    yield text.slice(start, end)
    start = wordStart(text, end)
  }
}

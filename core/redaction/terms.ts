// Codes, units, code systems and names of members: short texts in which no rule finds anything by itself. They are most of
// a record, and the same in call after call. All that one result may change is that a text is, or one of its words begins,
// what it says of its patients. Nothing else that lasts longer than a result has a say in what of it may leave.

import { Spellings } from '../spellings.ts'
import type { Reading } from '../text/prose.ts'
import { wordEnd, wordStart } from '../text/word.ts'
import { decoded } from './encoded.ts'
import { isSaid, type Survey } from './survey.ts'

/** Longer ones are no terms, and come once. Bytes. */
const longestTerm = 64
const most = 4_096

const terms = new Spellings(most)
/** By number: the words, in small letters. */
const wordsOf: (readonly string[])[] = []
/** By number: as what it was read when nothing was found in it. */
const readAs: Reading[] = []

/** Whether what stands there is a term, and says nothing of whom `known` knows: then it stays as it is. */
export function isTerm(
  bytes: Uint8Array,
  start: number,
  end: number,
  reading: Reading,
  known: Survey,
): boolean {
  if (end - start > longestTerm) return false
  const number = terms.find(bytes, start, end)
  if (number < 0 || (readAs[number] as Reading) < reading || isSaid(terms.textOf(number), known)) return false
  return !anyBegins(wordsOf[number] as readonly string[], known)
}

/** Remembers a text of ASCII, in which nothing was found, as a term. */
export function learnTerm(
  bytes: Uint8Array,
  start: number,
  end: number,
  reading: Reading,
  text: string,
): void {
  // What stands inside of an encoding is judged by what the policy says of it.
  if (end - start > longestTerm || decoded(text) !== undefined) return
  const known = terms.find(bytes, start, end)
  if (known >= 0) {
    if ((readAs[known] as Reading) < reading) readAs[known] = reading
    return
  }
  let number = terms.add(bytes, start, end)
  if (number < 0) {
    forgetTexts()
    number = terms.add(bytes, start, end)
  }
  if (number < 0) return
  wordsOf[number] = wordsIn(text)
  readAs[number] = reading
}

/** The same for names of members, which are at hand as texts. */
const names = new Map<string, readonly string[]>()

export function isTermName(name: string, known: Survey): boolean {
  const words = names.get(name)
  return words !== undefined && !anyBegins(words, known)
}

export function learnTermName(name: string): void {
  if (name.length > longestTerm || /[^ -~]/.test(name)) return
  if (names.size >= most) names.clear()
  names.set(name, wordsIn(name))
}

/** Forgets all terms and names: no answer is another one for it. */
export function forgetTerms(): void {
  forgetTexts()
  names.clear()
}

/** What is known by number goes together: another text gets the same number. */
function forgetTexts(): void {
  terms.forget()
  wordsOf.length = 0
  readAs.length = 0
}

function anyBegins(words: readonly string[], { starts }: Survey): boolean {
  for (const word of words) if (starts.has(word)) return true
  return false
}

/** An identifier without any letter or digit begins with none: all texts may hold it. */
const anything = ''

function wordsIn(text: string): string[] {
  return [...firstWords(text.toLowerCase()), anything]
}

function* firstWords(text: string): Generator<string> {
  for (let start = wordStart(text, 0); start < text.length; ) {
    const end = wordEnd(text, start)
    yield text.slice(start, end)
    start = wordStart(text, end)
  }
}

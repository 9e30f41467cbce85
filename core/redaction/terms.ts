// Codes, units, code systems and names of members: short texts in which no rule finds anything by itself. They are most of
// a record, and the same in call after call. All that one result may change is that one of their words is, or begins,
// what it says of its patients.

import { Spellings } from '../spellings.ts'
import { wordEnd, wordStart } from '../text/word.ts'
import { decoded } from './encoded.ts'
import type { Survey } from './survey.ts'

/** Longer ones are no terms, and come once. Bytes. */
const longestTerm = 64
const most = 4_096

const terms = new Spellings(most)
/** By number: the words, in small letters. */
const wordsOf: (readonly string[])[] = []

/** Whether what stands there is a term, and says nothing of whom `known` knows: then it stays as it is. */
export function isTerm(bytes: Uint8Array, start: number, end: number, known: Survey): boolean {
  if (end - start > longestTerm) return false
  const number = terms.find(bytes, start, end)
  if (number < 0 || (known.instead.size > 0 && known.instead.has(terms.textOf(number)))) return false
  return !anyBegins(wordsOf[number] as readonly string[], known)
}

/** Remembers a text of ASCII, in which nothing was found, as a term. */
export function learnTerm(bytes: Uint8Array, start: number, end: number, text: string): void {
  // What stands inside of an encoding is judged by what the policy says of it.
  if (end - start > longestTerm || decoded(text) !== undefined || terms.find(bytes, start, end) >= 0) return
  let number = terms.add(bytes, start, end)
  if (number < 0) {
    terms.forget()
    wordsOf.length = 0
    number = terms.add(bytes, start, end)
  }
  if (number >= 0) wordsOf[number] = wordsIn(text)
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

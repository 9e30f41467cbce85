// How a string is read: as text, written for people; as a value of a structure; as a term: a code, a display, a unit.

import { has, hasCharacters, isPlain } from './tokenize.ts'
import { wordEnd, wordStart } from './word.ts'
import { lookUp, wordTable } from './word-table.ts'

/**
 * By where a string stands. `term`: a member that holds codes and their words, where a capitalised word is a disease and a
 * long number a code. `value`: any other member: people are looked for, by announced, whole and listed names, and addresses.
 * `text`: all rules. Each finds whatever those before it find.
 */
export const readings = { term: 0, value: 1, text: 2 } as const
export type Reading = (typeof readings)[keyof typeof readings]

/** Words that sentences and notes have, and names of terms do not. */
const ofSentences =
  `is was were are has had have he she his her they their i we our you your my who which pt patient patients seen admitted denies reports
   reported presents presented states came lives please at dr mr mrs ms for from`.split(/\s+/)
const sentence = wordTable(ofSentences.map((word) => [word, true] as const))
const longest = Math.max(...ofSentences.map(({ length }) => length))

function isSentence(text: string): boolean {
  for (let start = wordStart(text, 0); start < text.length; ) {
    const end = wordEnd(text, start)
    if (end - start <= longest && lookUp(sentence, text, start, end) === true) return true
    start = wordStart(text, end)
  }
  return false
}

/** True of a text with five words or more, one of them a verb, pronoun or the like. */
export function isProse(text: string): boolean {
  return hasFiveWords(text) && isSentence(text)
}

/** Whether a string is read as text: by where it stands, or because it is longer than what values are, or a sentence. */
export function isReadAsText(text: string, reading: Reading): boolean {
  if (reading === readings.text) return true
  return hasFiveWords(text) && (reading === readings.value || isSentence(text))
}

function hasFiveWords(text: string): boolean {
  return text.length >= 20 && hasCharacters(text, has.fourSpaces)
}

const title = /^(?:dr|mrs?|ms)\b/
/** Of any script: the look at its characters knows those of ASCII. */
const capital = /\p{Lu}/u

/** False for values in which nobody can be named: without a capital or a title, or one word with digits and signs. */
export function mayName(value: string): boolean {
  return (
    (hasCharacters(value, has.naming) || title.test(value) || (!isPlain(value) && capital.test(value))) &&
    // Two expressions, each of one pass: as one it went back for each of the digits and signs.
    !(/^[\w.:#/|@%+-]*$/.test(value) && /[\d:#/|@%+_]/.test(value))
  )
}

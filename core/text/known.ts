// What the same result says of its patients, wherever it stands in a text: their names' words, their identifiers.

import { mayBeName, type Survey, startOf } from '../redaction/survey.ts'
import { words } from '../words.ts'
import { beyondAscii } from './normalize.ts'
import type { Finding } from './runs.ts'
import { isAsciiWord, small, wordEnd, wordStart } from './word.ts'

/** Words that are names and everyday words: only written large are they taken for the name. */
const everyday = words(`
  may will grace hope faith joy rose mark art bill long short brown white black green gray grey young
  king price rice day june april august summer autumn page reed wood woods hill stone street best love
  small little bush case chance cook drew field fields fish ford fox gill gold good hand hands hart
  head high house hunt lane law major max miles mills moody moon pain park parks rich rush sharp shell
  sick swift wise wells west north winter worth ray rob sue pat nick jack
`)

export function findKnown(text: string, known: Survey, findings: Finding[]): void {
  const { names, ids } = known
  let start = names.size === 0 ? text.length : wordStart(text, 0)
  while (start < text.length) {
    const end = wordEnd(text, start)
    if (mayBeName(text, start, end, known) && isName(text.slice(start, end), known))
      findings.push({ start, end, type: 'NAME' })
    start = wordStart(text, end)
  }
  if (text.includes('Patient/')) {
    for (const match of text.matchAll(/\bPatient\/([A-Za-z0-9.-]{1,64})/g)) {
      const end = match.index + match[0].length
      findings.push({ start: end - (match[1] as string).length, end, type: 'UNIQUE_IDENTIFIER' })
    }
  }
  if (ids.size > 0) detectIds(text, known, findings)
}

function isName(word: string, { names }: Survey): boolean {
  const lower = word.toLowerCase()
  // A short or everyday word in small letters is a word.
  return names.has(lower) && !((lower.length < 4 || everyday.has(lower)) && word === lower)
}

/**
 * Known identifiers, where one stands as a whole word or words. Compared in place: a copy of every text in small letters
 * was a fifth of redaction's garbage.
 */
function detectIds(text: string, { idsByStart }: Survey, findings: Finding[]): void {
  const letters = beyondAscii.test(text) ? text.toLowerCase() : text
  let inWord = false
  for (let start = 0; start < letters.length; start += 1) {
    const code = small(letters.charCodeAt(start))
    if (!inWord) {
      addThose(idsByStart.get(code), letters, start, findings)
      addThose(idsByStart.get(startOf(letters, start)), letters, start, findings)
    }
    inWord = code < 0x80 ? isAsciiWord(code) : isPart(letters[start])
  }
}

function addThose(
  ids: readonly string[] | undefined,
  letters: string,
  start: number,
  findings: Finding[],
): void {
  for (const id of ids ?? nothing) {
    const end = start + id.length
    if (standsAt(letters, start, id) && !isPart(letters[end]))
      findings.push({ start, end, type: 'UNIQUE_IDENTIFIER' })
  }
}

const nothing: readonly string[] = []

function standsAt(text: string, at: number, id: string): boolean {
  if (at + id.length > text.length) return false
  for (let i = 0; i < id.length; i += 1) if (small(text.charCodeAt(at + i)) !== id.charCodeAt(i)) return false
  return true
}

function isPart(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}]/u.test(character)
}

// What the same result says of its patients, wherever it stands in a text: their names' words, their identifiers.

import { mayBeName, type Survey, startOf } from '../redaction/survey.ts'
import { words } from '../words.ts'
import { type Automaton, automaton, eachEnd } from './many.ts'
import type { Finding } from './span.ts'
import { has, hasCharacters, isPlain } from './tokenize.ts'
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
  if (hasCharacters(text, has.patient) && text.includes('Patient/')) {
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

/** With more that begin alike, or longer ones, comparing each in its turn takes their number times as long. */
const fewAlike = 8
const shortEnough = 64
/** Longer ones are compared where nothing was compared before: no text is gone through again for each of its words. */
const longest = 256

/**
 * Known identifiers, where one stands as a whole word or words. Compared in place: a copy of every text in small letters
 * was a fifth of redaction's garbage.
 */
function detectIds(text: string, known: Survey, findings: Finding[]): void {
  const letters = isPlain(text) ? text : text.toLowerCase()
  const { few, many, long, begins } = sorted(known)
  if (many !== undefined) detectMany(letters, many, findings)
  let inWord = false
  // Where what was compared with long ones ends.
  let seen = 0
  for (let start = 0; start < letters.length; start += 1) {
    const code = small(letters.charCodeAt(start))
    if (!inWord && (code >= 0x80 || begins[code] === 1)) {
      const beginning = startOf(letters, start)
      addThose(few.get(code), letters, start, findings)
      addThose(few.get(beginning), letters, start, findings)
      if (start >= seen)
        for (const id of long.get(beginning) ?? nothing)
          seen = Math.max(seen, addLong(id, letters, start, findings))
    }
    inWord = code < 0x80 ? isAsciiWord(code) : isPart(letters[start])
  }
}

type Sorted = {
  readonly size: number
  readonly few: ReadonlyMap<number, readonly string[]>
  readonly many: Automaton | undefined
  readonly long: ReadonlyMap<number, readonly string[]>
  /** By code: 1 for each character of ASCII that one of `few` or `long` begins with. */
  readonly begins: Uint8Array
}

const sortedOnes = new WeakMap<Survey, Sorted>()
const none: ReadonlyMap<number, readonly string[]> = new Map()

/** By how they are searched; anew when more are known. Nearly always all are few, and nothing is built. */
function sorted(known: Survey): Sorted {
  const before = sortedOnes.get(known)
  if (before?.size === known.ids.size) return before
  let few: Map<number, readonly string[]> | undefined
  let long: Map<number, readonly string[]> | undefined
  const many: string[] = []
  for (const [start, ids] of known.idsByStart) {
    if (ids.length <= fewAlike && ids.every(({ length }) => length <= shortEnough)) continue
    few ??= new Map(known.idsByStart)
    few.delete(start)
    const longs = ids.filter(({ length }) => length > longest)
    if (longs.length > 0) (long ??= new Map()).set(start, longs)
    for (const id of ids) if (id.length <= longest) many.push(id)
  }
  const begins = new Uint8Array(0x80)
  for (const id of known.ids) if (id.charCodeAt(0) < 0x80) begins[id.charCodeAt(0)] = 1
  const now: Sorted = {
    size: known.ids.size,
    few: few ?? known.idsByStart,
    many: many.length === 0 ? undefined : automaton(many),
    long: long ?? none,
    begins,
  }
  sortedOnes.set(known, now)
  return now
}

function detectMany(letters: string, many: Automaton, findings: Finding[]): void {
  eachEnd(letters, many, small, (end, node) => {
    if (isPart(letters[end])) return
    // The longest that begins a word holds all shorter ones.
    for (let at = node; at !== 0; at = many.shorter[at] as number) {
      const start = end - (many.ends[at] as number)
      if (start === end || isPart(letters[start - 1])) continue
      findings.push({ start, end, type: 'UNIQUE_IDENTIFIER' })
      return
    }
  })
}

/** Where the comparison came to. */
function addLong(id: string, letters: string, start: number, findings: Finding[]): number {
  let length = 0
  while (length < id.length && small(letters.charCodeAt(start + length)) === id.charCodeAt(length))
    length += 1
  const end = start + length
  if (length === id.length && !isPart(letters[end])) findings.push({ start, end, type: 'UNIQUE_IDENTIFIER' })
  return length > longest ? end : start
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

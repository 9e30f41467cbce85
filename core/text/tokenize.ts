// Words of a text, one after the other, in one pass.

import * as classesOf from './classes.ts'
import { month, oldAge, weekday } from './cues.ts'
import { beyond, capital, digit, foreign, kindOf, lettersOf, small } from './letters.ts'
import { lookUp, ofClasses, ofCues, ofFlags, recall, recent } from './recent-words.ts'
import { gaps, noTokens, shapes, type Tokens } from './tokens.ts'

/** Words that rules of people and places begin at, however they are written. */
const begins =
  classesOf.title |
  classesOf.plainFacility |
  classesOf.naming |
  classesOf.person |
  classesOf.eponymHead |
  classesOf.weakEponymHead |
  classesOf.scored
/** Words that rules of form begin at. */
const beginsForm = month | weekday | oldAge

/** The words of a normalized text. What is returned is overwritten by the next call. */
export function tokenize(text: string): Tokens {
  const letters = lettersOf(text)
  const tokens = noTokens(text, letters)
  const { bytes } = letters
  const { start, end, shape, gap, possessive, flags, classes, cues, marked, formed } = tokens
  const { length } = text
  let count = 0
  let marks = 0
  let forms = 0
  let anyClass = 0
  let anyCue = 0
  let kinds = 0
  let large: number = shapes.small
  // Where the word before ends, its possessive with it.
  let before = 0
  for (let at = nextWord(bytes, 0, length); at < length; at = nextWord(bytes, at, length)) {
    const from = at
    let has = 0
    for (let kind = kindOf[bytes[at] as number] as number; kind !== 0; ) {
      has |= kind
      at += 1
      kind = kindOf[bytes[at] as number] as number
    }
    let odd = (has & foreign) !== 0
    // O'Brien, D'Angelo: one letter, an apostrophe, a capital.
    if (at === from + 1 && !odd && isApostrophe(bytes[at] as number) && isCapital(bytes[at + 1] as number)) {
      odd = true
      has |= foreign
      at += 1
      for (let kind = kindOf[bytes[at] as number] as number; kind !== 0; ) {
        has |= kind
        at += 1
        kind = kindOf[bytes[at] as number] as number
      }
    }
    kinds |= has
    start[count] = from
    end[count] = at
    gap[count] = gapOf(bytes, before, from)
    let kind: number = shapes.small
    if ((has & digit) !== 0) kind = shapes.number
    else if (has !== small) kind = shapeOf(bytes, from, at)
    shape[count] = kind
    if (kind === shapes.number) {
      flags[count] = 0
      classes[count] = 0
      cues[count] = 0
      formed[forms] = count
      forms += 1
    } else {
      const place = odd ? lookUp(text, from, at) : recall(letters, text, from, at)
      const bits = recent[place + ofClasses] as number
      const cue = recent[place + ofCues] as number
      flags[count] = recent[place + ofFlags] as number
      classes[count] = bits
      cues[count] = cue
      anyClass |= bits
      anyCue |= cue
      if (kind !== shapes.small || (bits & begins) !== 0) {
        large |= kind
        marked[marks] = count
        marks += 1
      }
      if (odd || (cue & beginsForm) !== 0) {
        formed[forms] = count
        forms += 1
      }
    }
    const owned = isApostrophe(bytes[at] as number) ? possessiveEnd(bytes, at) : at
    possessive[count] = owned > at ? 1 : 0
    at = owned
    before = at
    count += 1
  }
  if (count > 0) gap[0] = gaps.apart
  tokens.count = count
  tokens.marks = marks
  tokens.forms = forms
  tokens.anyClass = anyClass
  tokens.anyCue = anyCue
  tokens.kinds = kinds
  tokens.anyLarge = large !== shapes.small
  return tokens
}

/** Says anew which words rules of people and places begin at, where the writing of some is taken for another. */
export function mark(words: Tokens): void {
  const { count, shape, classes, marked } = words
  let marks = 0
  for (let i = 0; i < count; i += 1) {
    const kind = shape[i]
    if (kind === shapes.number || (kind === shapes.small && ((classes[i] as number) & begins) === 0)) continue
    marked[marks] = i
    marks += 1
  }
  words.marks = marks
}

function nextWord(bytes: Uint8Array, from: number, length: number): number {
  let at = from
  while (at < length && kindOf[bytes[at] as number] === 0) at += 1
  return at
}

function isApostrophe(byte: number): boolean {
  return byte === 0x27 || byte === beyond.apostrophe || byte === beyond.letterApostrophe
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}

/** Where the 's of a possessive ends that may begin here, or the ' behind an s. */
function possessiveEnd(bytes: Uint8Array, at: number): number {
  const next = bytes[at + 1] as number
  if ((next | 0x20) === 0x73 && !isAsciiWord(bytes[at + 2] as number)) return at + 2
  return ((bytes[at - 1] as number) | 0x20) === 0x73 && !isAsciiWord(next) ? at + 1 : at
}

function isAsciiWord(byte: number): boolean {
  return byte < 0x80 && kindOf[byte] !== 0
}

/** Of a word with a capital, a digit or what is no ASCII. */
function shapeOf(bytes: Uint8Array, start: number, end: number): number {
  let capitals = 0
  let smalls = 0
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] as number
    if (kindOf[byte] === capital || byte === beyond.capital) capitals += 1
    else if (!isApostrophe(byte)) smalls += 1
  }
  if (capitals === 0) return shapes.small
  if (smalls === 0) return capitals === 1 ? shapes.initial : shapes.capitals
  // d'Aubigny
  const lead = bytes[start] as number
  if (!isCapital(lead) && lead !== beyond.capital)
    return capitals === 1 && isApostrophe(bytes[start + 1] as number) ? shapes.capitalised : shapes.mixed
  return capitals === 1 || isCamel(bytes, start, end) ? shapes.capitalised : shapes.mixed
}

/** McDonald, O'Brien, NewYork: each capital but the first begins a part, and the last part is a word of its own. */
function isCamel(bytes: Uint8Array, start: number, end: number): boolean {
  let since = 0
  for (let i = start; i < end; i += 1) {
    if (isCapital(bytes[i] as number)) {
      if (i > start && since < 2 && !isApostrophe(bytes[i - 1] as number)) return false
      since = 1
    } else since += 1
  }
  return since >= 3
}

/** By the one character between two words. */
const gapBy = new Uint8Array(0x1_00)
for (const [character, gap] of [
  [' ', gaps.space],
  ['\t', gaps.space],
  ['-', gaps.hyphen],
  ['.', gaps.dot],
  ['/', gaps.slash],
  [',', gaps.comma],
  ['&', gaps.ampersand],
] as const)
  gapBy[character.charCodeAt(0)] = gap

function gapOf(bytes: Uint8Array, from: number, to: number): number {
  const byte = bytes[from] as number
  if (to === from + 1) return gapBy[byte] as number
  if (to - from > 4) return gaps.apart
  for (let i = from + 1; i < to; i += 1) {
    const next = bytes[i] as number
    if (next === 0x26 && byte === 0x20) return gaps.ampersand
    if (next !== 0x20) return gaps.apart
  }
  if (byte === 0x20) return gaps.space
  if (byte === 0x2e) return gaps.dotSpace
  return byte === 0x2c ? gaps.comma : gaps.apart
}

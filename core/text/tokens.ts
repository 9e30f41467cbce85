// A text as words: where each stands, how it is written, what the lexicon says of it, and what is between it and the one
// before. Arrays side by side and used again for the next text: a megabyte has 200,000 words.

import { hashEnd, hashStart, hashWith, type Lexicon, recall, wordHash } from './lexicon.ts'
import { codeAt, isAsciiWord, wordEnd, wordStart } from './word.ts'

export const shapes = {
  /** Letters, the first of them small. */
  small: 0,
  /** A capital and small letters; also O'Brien, McDonald, DeShawn. */
  capitalised: 1,
  /** One capital letter. */
  initial: 2,
  /** Two capitals or more, and nothing else. */
  capitals: 3,
  /** Capitals among small letters: HbA1c's kind, without its digit. */
  mixed: 4,
  /** Has a digit. */
  number: 5,
} as const

/** What stands between a word and the one before it. */
export const gaps = {
  /** The text's start, a line's end, or anything not named here: they do not belong together. */
  apart: 0,
  space: 1,
  hyphen: 2,
  /** "J.R." */
  dot: 3,
  /** "St. Mary", also a sentence's end. */
  dotSpace: 4,
  comma: 5,
  ampersand: 6,
  slash: 7,
  /** A line's end within a name is none. */
} as const

export type Tokens = {
  count: number
  text: string
  /** Of all words together: most rules see by it that there is nothing for them. */
  anyClass: number
  anyNumber: boolean
  anyLarge: boolean
  start: Int32Array
  /** Without a possessive's 's, which `possessive` tells. */
  end: Int32Array
  shape: Uint8Array
  gap: Uint8Array
  possessive: Uint8Array
  /** lexicon.ts: lists, and closed classes. */
  flags: Uint8Array
  classes: Int32Array
}

function room(size: number): Tokens {
  return {
    count: 0,
    text: '',
    anyClass: 0,
    anyNumber: false,
    anyLarge: false,
    start: new Int32Array(size),
    end: new Int32Array(size),
    shape: new Uint8Array(size),
    gap: new Uint8Array(size),
    possessive: new Uint8Array(size),
    flags: new Uint8Array(size),
    classes: new Int32Array(size),
  }
}

/** Of characters of ASCII. */
const [small, capital, digit] = [1, 2, 3]
const kinds = new Uint8Array(0x80)
for (let code = 0x30; code <= 0x39; code += 1) kinds[code] = digit
for (let code = 0x41; code <= 0x5a; code += 1) {
  kinds[code] = capital
  kinds[code + 0x20] = small
}

const usual = 4096
let tokens = room(usual)

/** The words of a normalized text. What is returned is overwritten by the next call. */
export function tokenize(text: string, lexicon: Lexicon): Tokens {
  // Every word but the last is followed by one character at least.
  const most = (text.length >> 1) + 2
  if (tokens.start.length < most) tokens = room(most)
  // What a long text took is given back with the next short one.
  else if (tokens.start.length > usual * 16 && most < usual) tokens = room(usual)
  const { start, end, shape, gap, possessive, flags, classes } = tokens
  tokens.text = text
  let count = 0
  let anyClass = 0
  let anyNumber = false
  let anyLarge = false
  let before = 0
  const { recent } = lexicon
  for (let from = wordStart(text, 0); from < text.length; ) {
    // One look at each character: how the word is written and its hash come out together.
    let capitals = 0
    let smalls = 0
    let digits = 0
    let hash = hashStart
    let to = from
    let code = text.charCodeAt(to)
    // Beyond the text's end stands 0, which is in no word.
    for (; code < 0x80; code = codeAt(text, to)) {
      const kind = kinds[code]
      if (kind === small) {
        smalls += 1
        hash = hashWith(hash, code)
      } else if (kind === capital) {
        capitals += 1
        hash = hashWith(hash, code + 0x20)
      } else if (kind === digit) digits += 1
      // O'Brien, D'Angelo: one letter, an apostrophe, a capital.
      else if (to !== from + 1 || code !== 0x27 || !isCapital(codeAt(text, to + 1))) break
      else hash = hashWith(hash, code)
      to += 1
    }
    const between = count === 0 ? gaps.apart : gapOf(text, before, from)
    let kind: number = shapes.number
    const behind = code >= 0x80 ? wordEnd(text, to) : to
    const joined = to === from + 1 && code >= 0x80 && isApostrophe(code) && isCapital(codeAt(text, to + 1))
    if (behind > to || joined) {
      to = joined ? wordEnd(text, to + 1) : behind
      kind = shapeOf(text, from, to)
      hash = wordHash(text, from, to)
    } else {
      hash = hashEnd(hash)
      if (digits === 0) kind = shapeBy(text, from, to, capitals, smalls)
    }
    start[count] = from
    end[count] = to
    gap[count] = between
    shape[count] = kind
    if (kind === shapes.number) {
      anyNumber = true
      flags[count] = 0
      classes[count] = 0
    } else {
      const at = recall(lexicon, hash)
      const bits = recent.classes[at] as number
      flags[count] = recent.flags[at] as number
      classes[count] = bits
      anyClass |= bits
      if (kind !== shapes.small) anyLarge = true
    }
    possessive[count] = 0
    if (isApostrophe(codeAt(text, to))) {
      const next = codeAt(text, to + 1) | 0x20
      if (next === 0x73 && !isAsciiWord(codeAt(text, to + 2))) {
        possessive[count] = 1
        to += 2
      } else if ((codeAt(text, to - 1) | 0x20) === 0x73 && !isAsciiWord(codeAt(text, to + 1))) {
        possessive[count] = 1
        to += 1
      }
    }
    count += 1
    before = to
    from = to
    for (; from < text.length; from += 1) {
      const next = text.charCodeAt(from)
      if (next >= 0x80 || kinds[next] !== 0) break
    }
    if (codeAt(text, from) >= 0x80) from = wordStart(text, from)
  }
  tokens.count = count
  tokens.anyClass = anyClass
  tokens.anyNumber = anyNumber
  tokens.anyLarge = anyLarge
  return tokens
}

function isApostrophe(code: number): boolean {
  return code === 0x27 || code === 0x2019 || code === 0x02bc
}

function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a
}

function shapeOf(text: string, start: number, end: number): number {
  let capitals = 0
  let small = 0
  for (let i = start; i < end; i += 1) {
    const code = codeAt(text, i)
    if (code >= 0x61 && code <= 0x7a) small += 1
    else if (code >= 0x41 && code <= 0x5a) capitals += 1
    else if (code >= 0x30 && code <= 0x39) return shapes.number
    else if (code >= 0x80 && text[i] !== text[i]?.toLowerCase()) capitals += 1
    else if (!isApostrophe(code)) small += 1
  }
  return shapeBy(text, start, end, capitals, small)
}

function shapeBy(text: string, start: number, end: number, capitals: number, small: number): number {
  if (capitals === 0) return shapes.small
  const lead = codeAt(text, start)
  const leading = lead < 0x80 ? lead < 0x60 : text[start] !== text[start]?.toLowerCase()
  if (small === 0) return capitals === 1 ? shapes.initial : shapes.capitals
  // d'Aubigny
  if (!leading)
    return capitals === 1 && isApostrophe(codeAt(text, start + 1)) ? shapes.capitalised : shapes.mixed
  return capitals === 1 || isCamel(text, start, end) ? shapes.capitalised : shapes.mixed
}

/** McDonald, O'Brien, NewYork: each capital but the first begins a part, and the last part is a word of its own. */
function isCamel(text: string, start: number, end: number): boolean {
  let since = 0
  for (let i = start; i < end; i += 1) {
    if (isCapital(codeAt(text, i))) {
      if (i > start && since < 2 && !isApostrophe(codeAt(text, i - 1))) return false
      since = 1
    } else since += 1
  }
  return since >= 3
}

/** By the one character between two words, for ASCII. */
const gapByCode = new Uint8Array(0x80)
for (const [character, gap] of [
  [' ', gaps.space],
  ['\t', gaps.space],
  ['-', gaps.hyphen],
  ['.', gaps.dot],
  ['/', gaps.slash],
  [',', gaps.comma],
  ['&', gaps.ampersand],
] as const)
  gapByCode[character.charCodeAt(0)] = gap

function gapOf(text: string, from: number, to: number): number {
  const code = codeAt(text, from)
  if (to === from + 1) return code < 0x80 ? (gapByCode[code] as number) : gaps.apart
  if (to - from > 4) return gaps.apart
  for (let i = from + 1; i < to; i += 1) {
    const next = codeAt(text, i)
    if (next === 0x26 && code === 0x20) return gaps.ampersand
    if (next !== 0x20) return gaps.apart
  }
  if (code === 0x20) return gaps.space
  if (code === 0x2e) return gaps.dotSpace
  return code === 0x2c ? gaps.comma : gaps.apart
}

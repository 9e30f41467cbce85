// A text as words: where each stands, how it is written, what the lexicon says of it, and what is between it and the one
// before. Arrays side by side and used again for the next text: a megabyte has 200,000 words.

import { flagsOf, type Lexicon, wordHash } from './lexicon.ts'
import { isAsciiWord, wordEnd, wordStart } from './word.ts'

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
    start: new Int32Array(size),
    end: new Int32Array(size),
    shape: new Uint8Array(size),
    gap: new Uint8Array(size),
    possessive: new Uint8Array(size),
    flags: new Uint8Array(size),
    classes: new Int32Array(size),
  }
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
  let before = 0
  for (let from = wordStart(text, 0); from < text.length; ) {
    let to = wordEnd(text, from)
    const between = count === 0 ? gaps.apart : gapOf(text, before, from)
    // O'Brien, D'Angelo: one letter, an apostrophe, a capital.
    if (to === from + 1 && isApostrophe(text.charCodeAt(to)) && isCapital(text.charCodeAt(to + 1)))
      to = wordEnd(text, to + 1)
    start[count] = from
    end[count] = to
    gap[count] = between
    const kind = shapeOf(text, from, to)
    shape[count] = kind
    if (kind === shapes.number) {
      flags[count] = 0
      classes[count] = 0
    } else {
      const hash = wordHash(text, from, to)
      flags[count] = flagsOf(lexicon, hash)
      classes[count] = lexicon.classes.get(hash) ?? 0
    }
    possessive[count] = 0
    if (isApostrophe(text.charCodeAt(to))) {
      const next = text.charCodeAt(to + 1) | 0x20
      if (next === 0x73 && !isAsciiWord(text.charCodeAt(to + 2))) {
        possessive[count] = 1
        to += 2
      } else if ((text.charCodeAt(to - 1) | 0x20) === 0x73 && !isAsciiWord(text.charCodeAt(to + 1))) {
        possessive[count] = 1
        to += 1
      }
    }
    count += 1
    before = to
    from = wordStart(text, to)
  }
  tokens.count = count
  return tokens
}

export function isApostrophe(code: number): boolean {
  return code === 0x27 || code === 0x2019 || code === 0x02bc
}

function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a
}

function shapeOf(text: string, start: number, end: number): number {
  let capitals = 0
  let small = 0
  for (let i = start; i < end; i += 1) {
    const code = text.charCodeAt(i)
    if (code >= 0x61 && code <= 0x7a) small += 1
    else if (code >= 0x41 && code <= 0x5a) capitals += 1
    else if (code >= 0x30 && code <= 0x39) return shapes.number
    else if (code >= 0x80 && text[i] !== text[i]?.toLowerCase()) capitals += 1
    else if (!isApostrophe(code)) small += 1
  }
  if (capitals === 0) return shapes.small
  const leading = text[start] !== text[start]?.toLowerCase()
  if (small === 0) return capitals === 1 ? shapes.initial : shapes.capitals
  if (!leading) return shapes.mixed
  return capitals === 1 || isCamel(text, start, end) ? shapes.capitalised : shapes.mixed
}

/** McDonald, O'Brien, NewYork: each capital but the first begins a part, and the last part is a word of its own. */
function isCamel(text: string, start: number, end: number): boolean {
  let since = 0
  for (let i = start; i < end; i += 1) {
    if (isCapital(text.charCodeAt(i))) {
      if (i > start && since < 2 && !isApostrophe(text.charCodeAt(i - 1))) return false
      since = 1
    } else since += 1
  }
  return since >= 3
}

function gapOf(text: string, from: number, to: number): number {
  const code = text.charCodeAt(from)
  if (to === from + 1) {
    if (code === 0x20) return gaps.space
    if (code === 0x2d) return gaps.hyphen
    if (code === 0x2e) return gaps.dot
    if (code === 0x2f) return gaps.slash
    if (code === 0x2c) return gaps.comma
    if (code === 0x26) return gaps.ampersand
    if (code === 0x09) return gaps.space
    return code === 0x0a ? gaps.apart : gaps.apart
  }
  if (to - from > 4) return gaps.apart
  for (let i = from + 1; i < to; i += 1) {
    const next = text.charCodeAt(i)
    if (next === 0x26 && code === 0x20) return gaps.ampersand
    if (next !== 0x20) return gaps.apart
  }
  if (code === 0x20) return gaps.space
  if (code === 0x2e) return gaps.dotSpace
  if (code === 0x2c) return gaps.comma
  return gaps.apart
}

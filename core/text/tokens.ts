// A text as words: where each stands, how it is written, what the lexicon says of it, and what is between it and the one
// before. Arrays side by side and used again for the next text: a megabyte has 200,000 words.

import type { Letters } from './letters.ts'

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
  letters: Letters
  /** Of all words together: most rules see by it that there is nothing for them. */
  anyClass: number
  anyCue: number
  /** Whether a word has a capital. */
  anyLarge: boolean
  /** letters.ts: kinds of characters in all words; `foreign` where one of them is no run of ASCII. */
  kinds: number
  start: Int32Array
  /** Without a possessive's 's, which `possessive` tells. */
  end: Int32Array
  shape: Uint8Array
  gap: Uint8Array
  possessive: Uint8Array
  /** lexicon.ts: what lists say, closed classes, cues. */
  flags: Uint8Array
  classes: Int32Array
  cues: Uint8Array
  /** Words that rules of people and places begin at, in their order: most of a text are none. */
  marked: Int32Array
  marks: number
  /** The same for rules of form: numbers, months, and words that are no run of ASCII. */
  formed: Int32Array
  forms: number
}

function room(size: number): Tokens {
  return {
    count: 0,
    text: '',
    letters: { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)), length: 0, plain: true },
    anyClass: 0,
    anyCue: 0,
    anyLarge: false,
    kinds: 0,
    start: new Int32Array(size),
    end: new Int32Array(size),
    shape: new Uint8Array(size),
    gap: new Uint8Array(size),
    possessive: new Uint8Array(size),
    flags: new Uint8Array(size),
    classes: new Int32Array(size),
    cues: new Uint8Array(size),
    marked: new Int32Array(size),
    marks: 0,
    formed: new Int32Array(size),
    forms: 0,
  }
}

const usual = 4096
let tokens = room(usual)

/** Room for the words of a text, none of them there yet. What was returned before is overwritten. */
export function noTokens(text: string, letters: Letters): Tokens {
  // Every word but the last is followed by one character at least.
  const most = (text.length >> 1) + 2
  if (tokens.start.length < most) tokens = room(most)
  // What a long text took is given back with the next short one.
  else if (tokens.start.length > usual * 16 && most < usual) tokens = room(usual)
  tokens.text = text
  tokens.letters = letters
  tokens.count = 0
  tokens.marks = 0
  tokens.forms = 0
  return tokens
}

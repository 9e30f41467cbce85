// A text as words: where each stands, how it is written, what the lexicon says of it, and what is between it and the one
// before. Arrays side by side and used again for the next text: a megabyte has 200,000 words.

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

/** Overwritten when the next text is read. */
export type Tokens = {
  count: number
  text: string
  /** letters.ts: the text, and zeros behind it. */
  bytes: Uint8Array
  /** Of all words together: most rules see by it that there is nothing for them. */
  anyClass: number
  anyCue: number
  /** Whether a word has a capital. */
  anyLarge: boolean
  /** letters.ts: `digit`, and `foreign` where one of them is no run of ASCII. */
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

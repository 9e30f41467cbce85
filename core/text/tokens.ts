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

/** Numbers of each word among `words`: start, end (without a possessive's 's), and what `wordAt` takes apart. */
export const numbersOfWord = 4

/** Overwritten when the next text is read. */
export type Tokens = {
  count: number
  text: string
  /** Of all words together: most rules see by it that there is nothing for them. */
  anyCue: number
  /** `DIGIT` of module/words.as, and `FOREIGN` where one of them is no run of ASCII. */
  kinds: number
  /** As module/words.as lays them out. */
  words: Int32Array
  /** Words that rules of people and places begin at, in their order: most of a text are none. */
  marked: Int32Array
  marks: number
  /** The same for rules of form: numbers, months, and words that are no run of ASCII. */
  formed: Int32Array
  forms: number
}

export type Word = {
  readonly start: number
  readonly end: number
  readonly shape: number
  readonly gap: number
  readonly possessive: boolean
  /** lexicon.ts: what lists say, closed classes, cues. */
  readonly flags: number
  readonly classes: number
  readonly cues: number
}

/** Classes, among bits that stand beside them. */
const classBits = (1 << 29) - 1

/** What no rule asked for is not known before `lookUpAll` (tokenize.ts): of a word in small letters all, of others what stands before. */
export function wordAt({ words }: Tokens, i: number): Word {
  const at = i * numbersOfWord
  const [known, bytes] = [words[at + 2] as number, words[at + 3] as number]
  return {
    start: words[at] as number,
    end: words[at + 1] as number,
    shape: (bytes >> 16) & 0xff,
    gap: (bytes >>> 24) & 7,
    possessive: known < 0,
    flags: bytes & 0xff,
    classes: known & classBits,
    cues: (bytes >> 8) & 0xff,
  }
}

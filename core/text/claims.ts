// Which words of a text are taken for what, while rules look at them one after the other: what one has claimed, no later one
// looks at again.

import type { Tokens } from './tokens.ts'

export const claim = {
  none: 0,
  name: 1,
  place: 2,
  /** Looked at and left: an eponym, a body that gives guidelines. */ kept: 3,
} as const
export type Claim = (typeof claim)[keyof typeof claim]

export type Claims = {
  readonly words: Tokens
  /** By word. */
  readonly what: Uint8Array
  /** By word: the word that its claim begins with. */
  readonly from: Int32Array
}

let what = new Uint8Array(0)
/** The same, four words at a time: most are nobody's. */
let fours = new Int32Array(0)
let from = new Int32Array(0)

/** None yet. What is returned is overwritten by the next call. */
export function noClaims(words: Tokens): Claims {
  if (what.length < words.start.length) {
    fours = new Int32Array((words.start.length >> 2) + 1)
    what = new Uint8Array(fours.buffer)
    from = new Int32Array(words.start.length)
  } else what.fill(0, 0, words.count)
  return { words, what, from }
}

/** From word `start` to word `end`, that one included. Takes over what was claimed within. */
export function take({ what, from }: Claims, start: number, end: number, as: Claim): void {
  for (let i = start; i <= end; i += 1) {
    what[i] = as
    from[i] = start
  }
}

export function isFree({ what }: Claims, start: number, end = start): boolean {
  for (let i = start; i <= end; i += 1) if (what[i] !== claim.none) return false
  return true
}

/** The first word from this one on of which anything was claimed, or looked at; the number of words where none was. */
export function nextClaimed({ words: { count } }: Claims, from: number): number {
  let i = from
  while (i < count && what[i] === claim.none) {
    if ((i & 3) === 0 && fours[i >> 2] === 0) i += 4
    else i += 1
  }
  return Math.min(i, count)
}

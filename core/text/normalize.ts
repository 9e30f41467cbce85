// Text as detectors see it: compatibility forms folded, accents and invisible characters gone, hyphens and digits alike. Positions
// map back, so that what is cut is cut from the text as it came.

import { readFolded } from './tokenize.ts'

/** `text` is what to search; `at` gives the position in the original of a position in it. */
export type Normal = { readonly text: string; readonly at: (index: number) => number }

const unmoved = (index: number): number => index

export function normalize(text: string): Normal {
  const { folded, stretches } = readFolded(text)
  if (stretches === undefined) return { text: folded, at: unmoved }
  return { text: folded, at: (index) => (index < folded.length ? originOf(index, stretches) : text.length) }
}

/**
 * `stretches`: of each where it starts, and its origin. From its start on, each code unit comes from the one behind that of the one before; all from
 * the origin, where that is negative.
 */
function originOf(index: number, stretches: Int32Array): number {
  let [low, high] = [0, stretches.length >> 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((stretches[2 * middle] as number) <= index) low = middle + 1
    else high = middle
  }
  if (low === 0) return index
  const [start, origin] = [stretches[2 * low - 2] as number, stretches[2 * low - 1] as number]
  return origin < 0 ? origin & 0x7f_ff_ff_ff : origin + index - start
}

/** The same folding with case folded as well: how names and identifiers are compared. */
export function fold(text: string): string {
  return normalize(text).text.toLowerCase()
}

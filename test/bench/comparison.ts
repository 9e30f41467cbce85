// Two sidecars' figures to one ratio: round by round, so that what the machine did besides falls on both.

/** Processor time of the same round, µs a call. */
export type Pair = { here: number; there: number }

export type Comparison = {
  /** Medians, µs a call. */
  here: number
  there: number
  /** Median of the rounds' ratios here / there, and the least and greatest of them. */
  ratio: number
  least: number
  most: number
}

export function compared(pairs: readonly Pair[]): Comparison {
  const ratios = pairs.map(({ here, there }) => here / there)
  return {
    here: median(pairs.map(({ here }) => here)),
    there: median(pairs.map(({ there }) => there)),
    ratio: median(ratios),
    least: Math.min(...ratios),
    most: Math.max(...ratios),
  }
}

/** The middle one, or what lies between the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2
}

/** "+3.2 %" for 1.032. */
export const percent = (ratio: number): string => {
  const more = (ratio - 1) * 100
  return `${more < 0 ? '−' : '+'}${Math.abs(more).toFixed(1)} %`
}

/** Whether a round begins with this checkout: each sidecar is as often first as second, which cancels a steady drift. */
export const hereFirst = (round: number): boolean => round % 2 === 1

// Two sidecars' figures to one ratio: pair by pair, so that what the machine did besides falls on both.

/** Processor time of two that ran one after the other, µs a call. */
export type Pair = { here: number; there: number }

export type Comparison = {
  /** Medians, µs a call. */
  here: number
  there: number
  /** Median of the pairs' ratios here / there, and what the middle half of them lies between. */
  ratio: number
  from: number
  to: number
}

export function compared(pairs: readonly Pair[]): Comparison {
  const ratios = pairs.map(({ here, there }) => here / there)
  return {
    here: quantile(pairs.map(({ here }) => here)),
    there: quantile(pairs.map(({ there }) => there)),
    ratio: quantile(ratios),
    from: quantile(ratios, 0.25),
    to: quantile(ratios, 0.75),
  }
}

/** The value below which `share` of the values lie, between two of them where it falls there; the median. NaN of none. */
export function quantile(values: readonly number[], share = 0.5): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN]
  return low + (high - low) * (place - Math.floor(place))
}

/** "+3.2 %" for 1.032. */
export const percent = (ratio: number): string => {
  const more = (ratio - 1) * 100
  return `${more < 0 ? '−' : '+'}${Math.abs(more).toFixed(1)} %`
}

/** Who runs first in a pair: each as often as the other, which cancels a steady drift. */
export const order = (pair: number): readonly (keyof Pair)[] =>
  pair % 2 === 0 ? ['here', 'there'] : ['there', 'here']

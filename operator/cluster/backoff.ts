// How long to wait after the nth failure in a row.

/** Doubles from `first` to at most `most` milliseconds; between half and all of it, so that replicas do not march in step. */
export function backoff(failures: number, first: number, most: number, random = Math.random): number {
  const full = Math.min(most, first * 2 ** Math.min(failures - 1, 30))
  return full / 2 + (full / 2) * random()
}

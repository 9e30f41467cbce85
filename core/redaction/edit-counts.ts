// Counts of one part of a document, and those of all.

import type { Projection } from './project.ts'

type Counts = Pick<Projection, 'tally' | 'kept'>

export function addAll({ tally, kept }: Counts, into: Counts): void {
  sum(kept, into.kept)
  sum(tally.dropped, into.tally.dropped)
  sum(tally.redacted, into.tally.redacted)
}

function sum(counts: Readonly<Record<string, number>>, into: Record<string, number>): void {
  for (const rule in counts) into[rule] = (into[rule] ?? 0) + (counts[rule] as number)
}

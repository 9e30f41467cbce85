// Counts of one part of a document, and those of all.

import type { Projection } from './project.ts'
import { sum } from './text.ts'

type Counts = Pick<Projection, 'tally' | 'kept'>

export function addAll({ tally, kept }: Counts, into: Counts): void {
  sum(kept, into.kept)
  sum(tally.dropped, into.tally.dropped)
  sum(tally.redacted, into.tally.redacted)
}

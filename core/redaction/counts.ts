// What was kept, replaced and dropped, counted by kind.

/** Counts what was replaced, by kind, and what was dropped. */
export type Tally = { readonly redacted: Record<string, number>; readonly dropped: Record<string, number> }

type Counts = { readonly tally: Tally; readonly kept: Record<string, number> }

export function add(counts: Record<string, number>, rule: string): void {
  counts[rule] = (counts[rule] ?? 0) + 1
}

/** Adds counts to others. */
export function sum(counts: Readonly<Record<string, number>>, into: Record<string, number>): void {
  for (const rule in counts) into[rule] = (into[rule] ?? 0) + (counts[rule] as number)
}

/** Counts of one part of a document, added to those of all. */
export function addAll({ tally, kept }: Counts, into: Counts): void {
  sum(kept, into.kept)
  sum(tally.dropped, into.tally.dropped)
  sum(tally.redacted, into.tally.redacted)
}

export function drop(rule: string, tally: Tally): undefined {
  add(tally.dropped, rule)
}

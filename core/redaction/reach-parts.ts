// A result of which a caller may see a part: its documents without the records of others, and without what cannot be looked
// into beside them.

import type { Json } from '../canonical.ts'
import type { PatternTree } from '../pointer.ts'
import { withinReach } from './aliases.ts'
import type { Block } from './content.ts'
import { type Reach, reachFilter } from './reach-filter.ts'
import { type Judging, mentionsOther } from './reach-mentions.ts'
import { signsOf } from './reach-signs.ts'
import { numbersOf } from './record-numbers.ts'
import { type Parts, surveyOf } from './results.ts'
import type { Survey } from './survey.ts'

/** `known`: what is left names, and nobody out of reach. `dropped`: what was taken, by rule. */
export type Within = {
  readonly parts: Parts
  readonly known: Survey
  readonly dropped: Readonly<Record<string, number>>
}

/**
 * The parts as they concern nobody out of reach. The same parts where they concern nobody else anyway; undefined where
 * what concerns others cannot be told from the rest, or stands in text. `known`: a survey of the parts.
 */
export function partsWithin(
  parts: Parts,
  known: Survey,
  { reach, places }: { readonly reach: readonly string[]; readonly places: PatternTree },
): Within | undefined {
  const documents = documentsOf(parts)
  const judging = judgingOf(documents, reach)
  const { within } = judging
  const tally = { records: 0, counts: 0, beside: 0 }
  const left = filtered(parts, { ...judging, places }, tally)
  if (left === undefined) return undefined
  const seen = left === parts ? known : surveyOf(left, places)
  if (![...seen.patients].every(within)) return undefined
  if (documentsOf(left).some((one) => mentionsOther(one, judging))) return undefined
  if (seen !== known) seen.same.push(...known.same)
  seen.same.push(...judging.addresses)
  const { records, counts, beside } = tally
  return {
    parts: left,
    known: seen,
    dropped: {
      ...(records === 0 ? {} : { 'out-of-reach': records }),
      ...(counts === 0 ? {} : { 'out-of-reach-count': counts }),
      ...(beside === 0 ? {} : { 'out-of-reach-beside': beside }),
    },
  }
}

/** Whether documents name somebody out of reach, or whom cannot be told. `known`: a survey of them. */
export function concernsOthers(
  documents: readonly unknown[],
  known: Survey,
  reach: readonly string[],
): boolean {
  const judging = judgingOf(documents, reach)
  if (![...known.patients].every(judging.within)) return true
  return documents.some((one) => mentionsOther(one, judging))
}

function judgingOf(
  documents: readonly unknown[],
  reach: readonly string[],
): Judging & { readonly addresses: string[][] } {
  const { same, addresses, nobody } = signsOf(documents)
  const named = withinReach([...same, ...addresses], reach)
  const numbers = numbersOf(documents, named)
  return { within: (patient) => named(patient) || numbers.has(patient), nobody, addresses }
}

type Tally = { records: number; counts: number; beside: number }

/** The same parts where nothing was taken out. */
function filtered(parts: Parts, reach: Reach, tally: Tally): Parts | undefined {
  const document = (value: Json): Json | undefined => {
    const one = reachFilter(value, reach)
    if (one !== undefined) {
      tally.records += one.records
      tally.counts += one.counts
    }
    return one?.document
  }
  const block = (one: Block): Block | undefined => {
    if ('resource' in one) {
      const inner = block(one.inner)
      return inner === undefined ? undefined : { ...one, inner }
    }
    if (!('json' in one)) return one
    const json = document(one.json)
    return json === undefined ? undefined : { json }
  }
  const structured = parts.structured === undefined ? undefined : document(parts.structured)
  if (parts.structured !== undefined && structured === undefined) return undefined
  const blocks = parts.blocks.map(block)
  if (!blocks.every((one) => one !== undefined)) return undefined
  if (tally.records === 0) return parts
  // A description of all in words: there is no rule that would cut it.
  if (parts.texts.length > 0) return undefined
  const without = blocks.map((one) => withoutWords(one, tally))
  return { ...parts, blocks: without, ...(structured === undefined ? {} : { structured }) }
}

function withoutWords(one: Block, tally: Tally): Block {
  if ('resource' in one) return { ...one, inner: withoutWords(one.inner, tally) }
  if ('same' in one || 'json' in one || 'unfiltered' in one) return one
  tally.beside += 1
  return beside
}

/** Words, pictures and bytes beside records of several patients may be about any of them. */
const beside: Block = { unfiltered: 'out-of-reach-text' }

/** What of the parts is JSON. */
export function documentsOf({ structured, blocks }: Parts): Json[] {
  const all = structured === undefined ? [] : [structured]
  for (const block of blocks) {
    const inner = 'resource' in block ? block.inner : block
    if ('json' in inner) all.push(inner.json)
  }
  return all
}

// A result of which a caller may see a part: its documents without the records of others, and without what cannot be looked
// into beside them.

import type { Json } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import type { PatternTree } from '../pointer.ts'
import { withinReach } from './aliases.ts'
import type { Block } from './content.ts'
import { patientIn } from './patients.ts'
import { type Reach, reachFilter } from './reach-filter.ts'
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
  const patients = [...known.patients]
  if (patients.every(withinReach(known.same, reach))) return { parts, known, dropped: {} }

  const same = [...known.same, ...documentsOf(parts).flatMap(addressesOf)]
  const within = withinReach(same, reach)
  if (patients.every(within)) return { parts, known: { ...known, same }, dropped: {} }
  const tally = { records: 0, counts: 0, beside: 0 }
  const left = filtered(parts, { within, places }, tally)
  if (left === undefined || tally.records === 0) return undefined
  const seen = surveyOf(left, places)
  if (![...seen.patients].every(within)) return undefined
  const { records, counts, beside } = tally
  return {
    parts: left,
    known: { ...seen, same: [...seen.same, ...same] },
    dropped: {
      'out-of-reach': records,
      ...(counts === 0 ? {} : { 'out-of-reach-count': counts }),
      ...(beside === 0 ? {} : { 'out-of-reach-beside': beside }),
    },
  }
}

type Tally = { records: number; counts: number; beside: number }

function filtered(parts: Parts, reach: Reach, tally: Tally): Parts | undefined {
  // A description of all in words: there is no rule that would cut it.
  if (parts.texts.length > 0) return undefined
  const document = (value: Json): Json | undefined => {
    const one = reachFilter(value, reach)
    if (one !== undefined) {
      tally.records += one.records
      tally.counts += one.counts
    }
    return one?.document
  }
  const block = (one: Block): Block | undefined => {
    if ('same' in one) return one
    if ('resource' in one) {
      const inner = block(one.inner)
      return inner === undefined ? undefined : { ...one, inner }
    }
    if ('json' in one) {
      const json = document(one.json)
      return json === undefined ? undefined : { json }
    }
    if ('unfiltered' in one) return one
    tally.beside += 1
    return beside
  }
  const structured = parts.structured === undefined ? undefined : document(parts.structured)
  if (parts.structured !== undefined && structured === undefined) return undefined
  const blocks = parts.blocks.map(block)
  if (!blocks.every((one) => one !== undefined)) return undefined
  return { ...parts, blocks, ...(structured === undefined ? {} : { structured }) }
}

/** Words, pictures and bytes beside records of several patients may be about any of them. */
const beside: Block = { unfiltered: 'out-of-reach-text' }

function documentsOf({ structured, blocks }: Parts): Json[] {
  const all = structured === undefined ? [] : [structured]
  for (const block of blocks) {
    const inner = 'resource' in block ? block.inner : block
    if ('json' in inner) all.push(inner.json)
  }
  return all
}

/** Addresses by which a Bundle's entries refer to its Patients (FHIR R4 bundle.html#references), each with the Patient's id. */
function addressesOf(value: Json): string[][] {
  if (Array.isArray(value)) return value.flatMap(addressesOf)
  if (!isObject(value)) return []
  const { fullUrl, resource } = value
  const below = Object.values(value).flatMap((item) => addressesOf(item as Json))
  if (typeof fullUrl !== 'string' || !isObject(resource) || resource['resourceType'] !== 'Patient')
    return below
  const [id, address] = [patientIn(resource['id']), patientIn(fullUrl)]
  return id === undefined || address === undefined ? below : [[id, address], ...below]
}

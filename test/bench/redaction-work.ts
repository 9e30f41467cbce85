// What redaction is measured on: one structured result, one Bundle, and text by itself, of the sample's own records.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '../../core/canonical.ts'
import type { Returns } from '../../core/policy.ts'
import { labelledNotes } from '../sample/clinical-notes.ts'
import { type Resource, records } from '../sample/fhir.ts'
import { dataFolder } from '../support/data-folder.ts'

const kilobytes4 = 4_096
const megabyte = 1_000_000

/** A document as its server wrote it, and what of it the policy names. */
export type Document = { readonly text: string; readonly returns: Returns }

const returns = (fields: string[]): Returns => ({ fields, patients: [], text: 'Redact', media: 'Drop' })

const of = (resources: readonly Resource[], type: string): readonly Resource[] =>
  resources.filter(({ resourceType }) => resourceType === type)

/** A patient's record as a narrow tool's server returns it, 4 KB: of each section the policy names what the work needs. */
export function structuredResult(): Document {
  const [record] = records(1, 1)
  if (record === undefined) throw new Error('The generator gave no record')
  const { patient, subject, conditions, medications, observations } = record
  const parts = [...conditions, ...medications, ...observations]
  const written = (count: number): string => {
    const some = parts.slice(0, count)
    return JSON.stringify({
      patient,
      subject,
      conditions: of(some, 'Condition'),
      medications: of(some, 'MedicationRequest'),
      observations: of(some, 'Observation'),
    })
  }
  const most = parts.findLastIndex((_, at) => written(at + 1).length <= kilobytes4) + 1
  return {
    text: written(most),
    returns: returns([
      '/conditions/*/code',
      '/conditions/*/clinicalStatus',
      '/conditions/*/onsetDateTime',
      '/medications/*/medicationCodeableConcept',
      '/medications/*/status',
      '/observations/*/code',
      '/observations/*/valueQuantity',
      '/observations/*/effectiveDateTime',
    ]),
  }
}

/** A Bundle of the whole records of many patients, 1 MB: conditions, medications and observations stay. */
export function bundle(): Document {
  const entry: Json[] = []
  let size = 0
  for (const { patient, conditions, medications, observations, encounters } of records(1, 400)) {
    for (const resource of [patient, ...conditions, ...medications, ...observations, ...encounters]) {
      if (size > megabyte) break
      const one = { fullUrl: `urn:uuid:${resource.id}`, resource: resource as unknown as Json }
      size += JSON.stringify(one).length + 1
      entry.push(one)
    }
  }
  return {
    text: JSON.stringify({ resourceType: 'Bundle', type: 'searchset', total: entry.length, entry }),
    returns: returns([
      '/resourceType',
      '/entry/*/resource/resourceType',
      '/entry/*/resource/code',
      '/entry/*/resource/clinicalStatus',
      '/entry/*/resource/onsetDateTime',
      '/entry/*/resource/medicationCodeableConcept',
      '/entry/*/resource/valueQuantity',
      '/entry/*/resource/effectiveDateTime',
    ]),
  }
}

/** Notes of a ward, one behind the other, as one text of so many characters: dense with names, days and numbers. */
export function notesOfWard(length: number): string {
  const notes = records(3, 60).flatMap(({ notes }) => notes.map(({ text }) => text))
  return repeated(notes.join('\n'), length)
}

/** Notes of people whose names have accents, or are written in other scripts: most of them have some character beyond ASCII. */
export function notesBeyondAscii(length: number): string {
  return repeated(
    labelledNotes(3, 300)
      .map(({ text }) => text)
      .join('\n'),
    length,
  )
}

/** What people write for people, with an identifier here and there: what most of a long text is. */
export function ordinaryProse(length: number): string {
  return repeated(prose.join(' '), length)
}

const prose = [
  'The patient came back because the cough that she had described a month before had become worse at night.',
  'There was no fever, and she had not lost weight; her appetite was good, and she slept well with two pillows.',
  'On listening to the chest there were a few crackles at the left base, which cleared when she coughed.',
  'Mr. Harlan Okafor was called on 03/05/2024 and agreed to bring her to the next visit.',
  'We talked about the inhaler at length, since she had been using it in a way that leaves most of the dose in the mouth.',
  'Blood pressure was 128/76 and the pulse regular; oxygen saturation was 97% on room air.',
  'She will keep a diary of her symptoms, and come again in four weeks, or sooner if she is short of breath at rest.',
]

/** Text that looks like the beginning of identifiers all the way: what a pattern that looks back and forth stumbles over. */
export const adversarialTexts: { readonly [of: string]: (length: number) => string } = {
  'digits and dashes': (length) => repeated('123-45-678 555-01', length),
  'dots and colons': (length) => repeated('1.1.1.a:b:c::', length),
  'at signs': (length) => repeated('a@a.@', length),
  // Without a sign it would be an encoding, which is dropped and not searched.
  'one word': (length) => repeated("Aa'", length),
  'months and days': (length) => repeated('Jan 1 of mar 2 ', length),
}

/** Queries that others wrote, a few curly apostrophes and dashes among them; undefined where HIPAA_MCP_DATA has none. */
export function queriesOfOthers(length: number): string | undefined {
  const path = join(dataFolder ?? '', 'asq-phi', 'dev.jsonl')
  if (dataFolder === undefined || !existsSync(path)) return undefined
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return repeated(lines.map((line) => (JSON.parse(line) as { text: string }).text).join('\n'), length)
}

/** The same beyond ASCII: what folds to nothing, to several, to one of two, and digits that fold to those of numbers. */
export const adversarialBeyondAscii: { readonly [of: string]: (length: number) => string } = {
  'combining marks': (length) => repeated('\u0301', length),
  ligatures: (length) => repeated('\ufb01', length),
  'surrogate pairs': (length) => repeated('\u{1d400}\u{1f600}', length),
  'halves of pairs': (length) => repeated('\ud83d', length),
  'fullwidth digits': (length) => repeated('\uff11\uff12\uff13', length),
}

const repeated = (text: string, length: number): string =>
  text.repeat(Math.ceil(length / text.length)).slice(0, length)

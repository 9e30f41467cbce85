// The labelled texts that detection is judged by: a corpus that others wrote, where it is there, texts of writers who did not know the
// rules, and notes of our own.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LabelledNote, labelledNotes, unseenHand } from '../sample/clinical-notes.ts'
import type { Labelled } from './score.ts'

export type Corpus = {
  readonly name: string
  /** What it is, for whoever reads the table. */
  readonly says: string
  readonly texts: readonly Labelled[]
  /** Parts of it that are judged by themselves as well. */
  readonly parts: readonly { readonly name: string; readonly texts: readonly Labelled[] }[]
}

/** Seed and number of our own notes: not those that tests use. */
const own = { seed: 20_261_126, count: 1500 }

/** `data`: the folder of test data, of which `asq-phi/dev.jsonl` is read in place. */
export async function corpora(data: string | undefined): Promise<Corpus[]> {
  const text = data
    ? await readFile(join(data, 'asq-phi', 'dev.jsonl'), 'utf8').catch(() => undefined)
    : undefined
  return [
    ...(text === undefined ? [] : [asqPhi(text)]),
    await writers(),
    ...(await laterWriters()),
    ...ownNotes(text === undefined),
  ]
}

function asqPhi(text: string): Corpus {
  const texts = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Labelled)
  const half = (which: number) => texts.filter(({ id }) => halfOf(id) === which)
  return {
    name: 'ASQ-PHI, development half',
    says: `${texts.length} synthetic clinical queries, written and labelled by others (Weatherhead et al. 2026, MIT). Rules were written with sight of this half; the other half was never read.`,
    texts,
    parts: [
      { name: 'first half by hash', texts: half(0) },
      { name: 'second half by hash', texts: half(1) },
    ],
  }
}

/** Which half a text belongs to, by nothing but its name. */
function halfOf(id: string): number {
  return (createHash('sha256').update(id).digest()[0] as number) % 2
}

/** Files of `texts/`: a text a line, identifiers as `[[TYPE:value]]`. */
const hands = ['queries', 'notes', 'letters'] as const

async function writers(): Promise<Corpus> {
  const texts = (await Promise.all(hands.map(ofHand))).flat()
  return {
    name: 'Of writers who did not know the rules',
    says: `${texts.length} synthetic texts, written and labelled by three hands (test/eval/texts): full queries, notes in haste, letters. Rules were written with sight of one half of them, by hash, and later of the other too, of whose labels .919 were found before.`,
    texts,
    parts: [
      { name: 'half that was read first', texts: texts.filter(({ first }) => first) },
      { name: 'half that was read later', texts: texts.filter(({ first }) => !first) },
      ...hands.map((name) => ({
        name: `${name}, read later`,
        texts: texts.filter(({ hand, first }) => hand === name && !first),
      })),
    ],
  }
}

type LaterHand = {
  readonly hand: string
  /** Which of its texts rules were written with sight of: all, the half that `isReadFirst` tells, or none. */
  readonly read: 'all' | 'half' | 'none'
  readonly says: string
  /** Shares of its labels found before anybody read a line: by the rules as the hand found them, and after what was mended elsewhere. */
  readonly unread: readonly number[]
}

/** Who wrote when the rules had been mended with sight of all hands above it. */
const laterHands: readonly LaterHand[] = [
  { hand: 'queries-2', read: 'all', says: 'queries', unread: [0.956] },
  { hand: 'queries-3', read: 'all', says: 'queries', unread: [0.972] },
  { hand: 'desk', read: 'all', says: 'lines in haste of desks, wards and ambulances', unread: [0.836] },
  { hand: 'queries-4', read: 'half', says: 'queries', unread: [0.956, 0.975] },
  { hand: 'letters-2', read: 'half', says: 'notes and letters', unread: [0.913, 0.94] },
  { hand: 'queries-5', read: 'half', says: 'queries', unread: [0.973] },
  { hand: 'desk-2', read: 'none', says: 'lines in haste as of `desk`', unread: [0.89, 0.915] },
]

const share = (value: number): string => value.toFixed(3).replace('0.', '.')

/** Texts that rules were written with sight of, and those that nobody read: the second are what others will see. */
async function laterWriters(): Promise<Corpus[]> {
  const texts = (
    await Promise.all(
      laterHands.map(async ({ hand, read }) =>
        (
          await ofHand(hand)
        ).map((text) => ({ ...text, seen: read === 'all' || (read === 'half' && text.first) })),
      ),
    )
  ).flat()
  const corpus = (name: string, says: string, seen: boolean): Corpus => {
    const own = texts.filter((text) => text.seen === seen)
    return {
      name,
      says: `${own.length} synthetic texts ${says}`,
      texts: own,
      parts: laterHands
        .map(({ hand, says: what }) => ({
          name: `${hand}: ${what}`,
          texts: own.filter((text) => text.hand === hand),
        }))
        .filter((part) => part.texts.length > 0),
    }
  }
  const told = laterHands.map(({ hand, unread }) => `${hand} ${unread.map(share).join(', then ')}`).join('; ')
  return [
    corpus(
      'Of writers of whom nobody has read a line',
      'of four of the writers below, half of the texts of three of them, by hash, and all of the fourth: no rule was written with sight of any.',
      false,
    ),
    corpus(
      'Of later writers, read since',
      `of hands who did not know the rules and wrote when these had been mended with sight of all before them. What was found of their labels before anybody read a line, and then by rules mended with sight of others alone: ${told}.`,
      true,
    ),
  ]
}

async function ofHand(hand: string): Promise<(Labelled & { hand: string; first: boolean })[]> {
  const lines = await readFile(join(import.meta.dirname, 'texts', `${hand}.txt`), 'utf8')
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line, at) => ({ ...labelled(`${hand}-${at + 1}`, line), hand, first: isReadFirst(line) }))
}

/** Which half was read first is told by the line alone: who adds one changes nothing of the others. */
function isReadFirst(line: string): boolean {
  return (createHash('sha1').update(line).digest()[0] as number) % 2 === 0
}

/** The text of a line whose labels stand in it, and where they stand. */
export function labelled(id: string, line: string): Labelled {
  const spans: { start: number; end: number; type: string }[] = []
  let text = ''
  let at = 0
  for (const match of line.matchAll(/\[\[([A-Z_]+):(.*?)\]\]/g)) {
    const [whole, type = '', value = ''] = match
    text += line.slice(at, match.index)
    spans.push({ start: text.length, end: text.length + value.length, type })
    text += value
    at = match.index + whole.length
  }
  return { id, text: text + line.slice(at), spans }
}

function ownNotes(alone: boolean): Corpus[] {
  const { seed, count } = own
  const what =
    'whose names, places and numbers are coined or written down from many languages, a third of them all in small or all in capital letters'
  const where = alone ? ' HIPAA_MCP_DATA names no corpus: these are all there is.' : ''
  return [
    notesOf(
      'Our own notes',
      labelledNotes(seed, count),
      `${count} generated clinical notes (test/sample/clinical-notes.ts) ${what}. Their sentences were known to whoever wrote the rules, their words stand in no list of ours.${where}`,
    ),
    notesOf(
      'Our own notes, of another hand',
      labelledNotes(seed + 1, count, unseenHand),
      `${count} more, of sentences and names that were written after the rules, and that no rule was written with sight of.`,
    ),
  ]
}

function notesOf(name: string, notes: readonly LabelledNote[], says: string): Corpus {
  const kinds = ['usual', 'small', 'capital'] as const
  const origins = ['foreign', 'coined'] as const
  return {
    name,
    says,
    texts: notes,
    parts: [
      ...kinds.map((letters) => ({
        name: `${letters} letters`,
        texts: notes.filter(({ kind }) => kind.letters === letters),
      })),
      ...origins.map((names) => ({
        name: `${names} names`,
        texts: notes.filter(({ kind }) => kind.names === names),
      })),
    ],
  }
}

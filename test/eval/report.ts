// Scores to tables, as they stand in docs/redaction.md and on the screen.

import { markdown } from '../bench/table.ts'
import type { Score, TypeScore } from './score.ts'

export type Row = { readonly detector: string; readonly score: Score; readonly msPerKb: number }

const share = (part: number, whole: number): string => (whole === 0 ? '–' : (part / whole).toFixed(3))
const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((part / whole) * 100).toFixed(1)} %`
const recall = ({ found, labels }: TypeScore): string => share(found, labels)
const precision = ({ right, findings }: TypeScore): string => share(right, findings)

/** A line a detector: what it finds in all, and what it costs. */
export function overall(rows: readonly Row[]): string {
  return markdown([
    [
      'detector',
      'recall',
      'precision',
      'over-redaction',
      'texts without identifiers that were changed',
      'ms/KB',
    ],
    ...rows.map(({ detector, score, msPerKb }) => [
      detector,
      recall(score.all),
      precision(score.all),
      percent(score.removed, score.outside),
      percent(score.changed, score.clean),
      msPerKb.toFixed(3),
    ]),
  ])
}

/** A line an identifier type, with recall and precision of every detector. Types without a label come last. */
export function byType(rows: readonly Row[]): string {
  const labels = new Map<string, number>()
  for (const { score } of rows)
    for (const [type, one] of score.types) labels.set(type, Math.max(labels.get(type) ?? 0, one.labels))
  const types = [...labels].filter(([, count]) => count > 0).toSorted(([, a], [, b]) => b - a)
  return markdown([
    ['identifier', 'labels', ...rows.flatMap(({ detector }) => [`${detector}: recall`, 'precision'])],
    ...types.map(([type, count]) => [
      type,
      String(count),
      ...rows.flatMap(({ score }) => {
        const one = score.types.get(type)
        return one === undefined ? ['–', '–'] : [recall(one), precision(one)]
      }),
    ]),
  ])
}

/** A line a part of the corpus, for our own detector. */
export function byPart(parts: readonly { readonly name: string; readonly score: Score }[]): string {
  return markdown([
    ['part', 'labels', 'recall', 'NAME', 'GEOGRAPHIC_LOCATION', 'precision', 'over-redaction'],
    ...parts.map(({ name, score }) => [name, String(score.all.labels), ...figures(score)]),
  ])
}

/** A line a group of rules that is left out: what it is worth, and what it costs. */
export function byGroup(groups: readonly { readonly name: string; readonly score: Score }[]): string {
  return markdown([
    ['rules', 'recall', 'NAME', 'GEOGRAPHIC_LOCATION', 'precision', 'over-redaction'],
    ...groups.map(({ name, score }) => [name, ...figures(score)]),
  ])
}

function figures(score: Score): string[] {
  return [
    recall(score.all),
    ...['NAME', 'GEOGRAPHIC_LOCATION'].map((type) => {
      const one = score.types.get(type)
      return one === undefined ? '–' : recall(one)
    }),
    precision(score.all),
    percent(score.removed, score.outside),
  ]
}

/** The scores as plain numbers, for `--json`. */
export function plain({ detector, score, msPerKb }: Row): object {
  const { types, ...rest } = score
  return { detector, msPerKb, ...rest, types: Object.fromEntries(types) }
}

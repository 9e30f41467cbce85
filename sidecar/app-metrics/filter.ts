// What of the app's own metrics leaves the pod (45 CFR 164.502(b), 164.312(e)(1)): numbers of the families that the policy
// names, told apart by the labels and values that it names: no text of the app's own. Whatever else the app wrote, help texts
// and exemplars with it, is dropped and counted. Of labels that are not named, sums remain.

import type { AppMetrics } from '../../core/policy.ts'
import { type MetricType, numberOf, type Sample, sampleIn, textOf, typeIn } from './exposition.ts'

/** Why a sample was dropped: the label of a metric, so a closed list. */
export type DropReason =
  | 'name-undeclared'
  | 'label-undeclared'
  | 'value-undeclared'
  | 'value-form'
  | 'too-many'
  | 'malformed'

/** `text`: what may leave. `dropped`: how many samples did not, by reason. */
export type Filtered = { text: string; dropped: Map<DropReason, number> }

/** Most series of one answer, lines of the app's that are read, and bounds of one family while this process lives. */
const mostSeries = 2_000
const mostLines = 20_000
const mostBounds = 64
/** Lines after which others have their turn. */
const turn = 1_000

/** Labels that the format itself has: their values are numbers. */
const ofFormat: { readonly [label: string]: MetricType } = { le: 'histogram', quantile: 'summary' }

/** What samples of a type are called besides their family, and whether equal ones may be added up. */
const suffixes: { readonly [type in MetricType]: readonly { suffix: string; sums: boolean }[] } = {
  counter: [
    { suffix: '', sums: true },
    { suffix: '_total', sums: true },
  ],
  gauge: [{ suffix: '', sums: false }],
  histogram: ['_bucket', '_sum', '_count'].map((suffix) => ({ suffix, sums: true })),
  summary: [
    { suffix: '', sums: false },
    { suffix: '_sum', sums: true },
    { suffix: '_count', sums: true },
  ],
}

type Member = { family: string; type: MetricType; sums: boolean }
/** The values that may leave, by label. */
type Labels = ReadonlyMap<string, ReadonlySet<string>>
type Series = { member: Member; value: number }

/**
 * Remembers which bounds and quantiles it has let through: of each family there are so many while it lives, so that no app
 * tells text through them piece by piece.
 */
export class MetricsFilter {
  readonly #let: Map<string, Set<string>> = new Map()

  /** `rule`: what the policy lets through. Gives other work a turn in between. */
  async filter(text: string, rule: AppMetrics): Promise<Filtered> {
    const families = new Set(rule.names)
    const labels = new Map(rule.labels.map(({ name, values }) => [name, new Set(values)]))
    const members = new Map<string, Member>()
    const series = new Map<string, Series>()
    const dropped = new Map<DropReason, number>()
    const drop = (reason: DropReason, count = 1) => dropped.set(reason, (dropped.get(reason) ?? 0) + count)
    const lines = text.split('\n')
    for (const [index, line] of lines.entries()) {
      if (index === mostLines) {
        drop('too-many', lines.length - index)
        break
      }
      if (index % turn === turn - 1) await new Promise((resolve) => setImmediate(resolve))
      if (line.trim() === '') continue
      if (line.startsWith('#')) {
        const declared = typeIn(line.trimEnd())
        if (declared !== undefined) declare(declared.family, declared.type, families, members)
        continue
      }
      const sample = sampleIn(line.trimEnd())
      const reason =
        sample === undefined ? 'malformed' : this.#take(sample, members, families, labels, series)
      if (reason !== undefined) drop(reason)
    }
    return { text: written(series), dropped }
  }

  #take(
    { name, labels, value }: Sample,
    members: ReadonlyMap<string, Member>,
    families: ReadonlySet<string>,
    declared: Labels,
    series: Map<string, Series>,
  ): DropReason | undefined {
    const member = members.get(name) ?? (families.has(name) ? untyped(name) : undefined)
    if (member === undefined) return 'name-undeclared'
    const kept: string[] = []
    for (const [label, text] of labels) {
      // To Prometheus a label without a value is none.
      if (text === '') continue
      if (ofFormat[label] === member.type) {
        const number = numberOf(text)
        if (number === undefined) return 'value-form'
        // Without its last bound a histogram says nothing.
        const isLast = number === Infinity
        if (!isLast && !this.#lets(`${member.family} ${label}`, textOf(number))) return 'too-many'
        kept.push(`${label}="${textOf(number)}"`)
      } else if (declared.has(label)) {
        if (declared.get(label)?.has(text) !== true) return 'value-undeclared'
        kept.push(`${label}="${text}"`)
      } else if (!member.sums) return 'label-undeclared'
    }
    const key = kept.length === 0 ? name : `${name}{${kept.toSorted().join(',')}}`
    const before = series.get(key)
    if (before === undefined && series.size === mostSeries) return 'too-many'
    // Two of one name and the same labels: added up where that says something, else the format forbids it.
    if (before !== undefined && !member.sums) return 'malformed'
    series.set(key, { member, value: (before?.value ?? 0) + value })
    return undefined
  }

  #lets(label: string, text: string): boolean {
    const values = this.#let.get(label) ?? new Set()
    if (values.has(text)) return true
    if (values.size >= mostBounds) return false
    this.#let.set(label, values.add(text))
    return true
  }
}

function declare(
  family: string,
  type: MetricType,
  families: ReadonlySet<string>,
  members: Map<string, Member>,
): void {
  for (const { suffix, sums } of suffixes[type]) {
    const name = `${family}${suffix}`
    // A policy names the family, or what its samples are called.
    if ((families.has(family) || families.has(name)) && !members.has(name))
      members.set(name, { family, type, sums })
  }
}

/** Without a TYPE line nobody knows what adding up would mean. */
const untyped = (name: string): Member => ({ family: name, type: 'gauge', sums: false })

/** Families stand together, as the format wants it. */
function written(series: ReadonlyMap<string, Series>): string {
  const families = new Map<string, string[]>()
  for (const [key, { member, value }] of series) {
    const lines = families.get(member.family) ?? [`# TYPE ${member.family} ${member.type}`]
    families.set(member.family, lines)
    lines.push(`${key} ${textOf(value)}`)
  }
  return [...families.values()].map((lines) => `${lines.join('\n')}\n`).join('')
}

// What of the app's own metrics leaves the pod (45 CFR 164.502(b), 164.312(e)(1)): numbers of the families that the policy
// names, told apart by the labels that it names, whose values are short plain words that name nobody. Whatever else the app
// wrote, help texts and exemplars with it, is dropped and counted. Of labels that are not named, sums remain.

import type { AppMetrics } from '../../core/policy.ts'
import { survey } from '../../core/redaction/survey.ts'
import { identifies } from '../../core/redaction/text.ts'
import { readings } from '../../core/text/prose.ts'
import { type MetricType, numberOf, type Sample, sampleIn, textOf, typeIn } from './exposition.ts'

/** Why a sample was dropped: the label of a metric, so a closed list. */
export type DropReason =
  | 'name-undeclared'
  | 'label-undeclared'
  | 'value-form'
  | 'value-identifies'
  | 'too-many'
  | 'malformed'

/** `text`: what may leave. `dropped`: how many samples did not, by reason. */
export type Filtered = { text: string; dropped: Map<DropReason, number> }

/** Most series of one answer, lines of the app's that are read, and values of one label while this process lives. */
const mostSeries = 2_000
const mostLines = 20_000
const mostValues = 64
/** Lines after which others have their turn. */
const turn = 1_000

const plainValue = /^[A-Za-z0-9_.-]{1,64}$/
/** As many digits as a record number or a postal code has. */
const manyDigits = /\d{5}/
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
type Series = { member: Member; value: number }

/**
 * Remembers which values of labels it has let through: of each label there are so many while it lives, so that no app tells
 * text through them piece by piece.
 */
export class MetricsFilter {
  readonly #let: Map<string, Set<string>> = new Map()

  /** `rule`: what the policy lets through. Gives other work a turn in between. */
  async filter(text: string, rule: AppMetrics): Promise<Filtered> {
    const families = new Set(rule.names)
    const labels = new Set(rule.labels)
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
    declared: ReadonlySet<string>,
    series: Map<string, Series>,
  ): DropReason | undefined {
    const member = members.get(name) ?? (families.has(name) ? untyped(name) : undefined)
    if (member === undefined) return 'name-undeclared'
    const kept: string[] = []
    for (const [label, text] of labels) {
      if (ofFormat[label] === member.type) {
        const number = numberOf(text)
        if (number === undefined) return 'value-form'
        if (!this.#lets(`${member.family} ${label}`, textOf(number))) return 'too-many'
        kept.push(`${label}="${textOf(number)}"`)
      } else if (declared.has(label)) {
        const reason = this.#judge(label, text)
        if (reason !== undefined) return reason
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

  #judge(label: string, text: string): DropReason | undefined {
    if (this.#let.get(label)?.has(text) === true) return undefined
    if (!plainValue.test(text)) return 'value-form'
    if ((this.#let.get(label)?.size ?? 0) >= mostValues) return 'too-many'
    if (namesSomebody(text)) return 'value-identifies'
    return this.#lets(label, text) ? undefined : 'too-many'
  }

  #lets(label: string, text: string): boolean {
    const values = this.#let.get(label) ?? new Set()
    if (values.has(text)) return true
    if (values.size >= mostValues) return false
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

/** Read as a sentence would be: as it stands, its words apart, and several of them as a name is written (`mary.smith`). */
function namesSomebody(text: string): boolean {
  const words = text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[ _.-]+/)
    .filter((word) => word !== '')
  const named = words.map((word) => word[0]?.toUpperCase() + word.slice(1))
  const read = [text, words.join(' '), ...(words.length > 1 ? [named.join(' ')] : [])]
  return manyDigits.test(text) || read.some((one) => identifies(one, survey(), readings.text))
}

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

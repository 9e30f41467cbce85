// A document that the reader cuts (cut.as): it goes the ways that it was shown, and asks where it knows none yet, and what
// becomes of texts that are no terms.

import { nameOf } from '../json-names.ts'
import type { Tape } from '../json-scan.ts'
import type { PatternTree } from '../pointer.ts'
import {
  cut,
  daysCut,
  droppedPlaces,
  forgetKept,
  forgetWays,
  type Judge,
  mostRules,
  mostSteps,
  mostWays,
  putStep,
  putWay,
  takeKept,
  writeAt,
} from '../reader/reader.ts'
import { addAll } from './counts.ts'
import { type Keeping, scalarLeft } from './edit-scalar.ts'
import { forgetSteps, hasNumbers, itemStep, memberStep, rootStep, type Step } from './edit-step.ts'
import { heldBy } from './meanings.ts'
import { identifying, type Projection } from './project.ts'
import { type Marked, tellTermName, termOfName } from './terms.ts'

/** Signs of a step, and of what is asked for (cut.as). */
const [holdsMoment, isZip, isBirth, isNumbered] = [1, 2, 4, 8] as const
const [showsYears, hasTerms, hasZips] = [1, 2, 4] as const

/** By the reader's number. */
const steps: Step[] = []
let ways = 0
/** By the step of a document: the rules under it, each with its number. */
const rulesUnder = new WeakMap<Step, string[]>()

/** Names may be data: more ways lead through a document than are remembered. */
class TooManyWays extends Error {}

export type Editing = {
  readonly tape: Tape
  readonly by: Projection
  readonly marked: Marked
}

/**
 * JSON of what stays of the value at `entry` of a document that the reader has; empty where nothing does. Undefined where it
 * cannot cut it: then nothing was counted.
 */
export function editByReader(
  entry: number,
  tree: PatternTree,
  { tape, by, marked }: Editing,
): string | undefined {
  if (steps.length > mostSteps / 2 || ways > mostWays / 2) forgetAll()
  const root = rootStep(tree)
  const judging = new Judging({ tape, by, hasTerms: marked.mayAsk }, rulesOf(root))
  const signs =
    (marked.mayAsk ? hasTerms : 0) |
    (marked.mayAsk && by.rules.dates === 'Year' ? showsYears : 0) |
    (by.known.zips > 0 ? hasZips : 0)
  try {
    const text = cut(entry, judging, { step: judging.numberOf(root), said: marked.result, signs })
    if (text === undefined) return undefined
    judging.count()
    return text
  } catch (error) {
    forgetKept()
    if (error instanceof TooManyWays) return undefined
    throw error
  }
}

function forgetAll(): void {
  forgetWays()
  forgetSteps()
  steps.length = 0
  ways = 0
}

function rulesOf(root: Step): string[] {
  let rules = rulesUnder.get(root)
  if (rules === undefined) {
    rules = []
    rulesUnder.set(root, rules)
  }
  return rules
}

class Judging implements Judge {
  readonly #all: Keeping
  readonly #rules: string[]
  /** What is judged here is counted apart until it is known that all of the document was cut so. */
  #apart: Keeping | undefined

  constructor(all: Keeping, rules: string[]) {
    this.#all = all
    this.#rules = rules
  }

  get #keeping(): Keeping {
    const { by } = this.#all
    return (this.#apart ??= {
      ...this.#all,
      by: { ...by, tally: { redacted: {}, dropped: {} }, kept: {} },
    })
  }

  member(step: number, name: number): number {
    const member = this.#numberOrNowhere(memberStep(steps[step] as Step, name, false))
    if (ways === mostWays) throw new TooManyWays()
    ways += 1
    putWay(step, name, member)
    return member
  }

  item(step: number, index: number): number {
    return this.#numberOrNowhere(itemStep(steps[step] as Step, index, false))
  }

  scalar(at: number, number: number, out: number): number {
    const step = steps[number] as Step
    const left = scalarLeft(at, step.rule as string, step, this.#keeping)
    if (left === undefined) return -1
    return left === '' ? 0 : writeAt(out, left)
  }

  name(number: number): number {
    const name = nameOf(number)
    if (identifying(name, this.#keeping.by)) return 1
    const term = termOfName(name)
    if (term !== undefined) tellTermName(term, number)
    return 0
  }

  #numberOrNowhere(step: Step | null): number {
    return step === null ? -1 : this.numberOf(step)
  }

  /** The reader's number of a step, which it has from now on. */
  numberOf(step: Step): number {
    if (step.number >= 0) return step.number
    if (steps.length === mostSteps) throw new TooManyWays()
    const { rule, at } = step
    const signs =
      (at.moment ? holdsMoment : 0) |
      (step.isZip ? isZip : 0) |
      (heldBy(at.member) === 'birth' ? isBirth : 0) |
      (hasNumbers(step) ? isNumbered : 0)
    step.number = steps.length
    steps.push(step)
    putStep(step.number, rule === undefined ? 0 : this.#ruleNumber(rule) + 1, at.reading, signs)
    return step.number
  }

  #ruleNumber(rule: string): number {
    const known = this.#rules.indexOf(rule)
    if (known >= 0) return known
    if (this.#rules.length === mostRules) throw new TooManyWays()
    return this.#rules.push(rule) - 1
  }

  /** What the reader counted, as `project` counts it, and what was judged here. */
  count(): void {
    const { kept, tally } = this.#all.by
    const rules = this.#rules
    // Mostly nothing was counted yet, and what is not there costs more to look up than to put there.
    let before: Readonly<Record<string, number>> | undefined
    for (const _ in kept) before = kept
    for (let number = 0; number < rules.length; number += 1) {
      const places = takeKept(number)
      const rule = rules[number] as string
      if (places > 0) kept[rule] = (before?.[rule] ?? 0) + places
    }
    if (this.#apart !== undefined) addAll(this.#apart.by, this.#all.by)
    const [dropped, days] = [droppedPlaces(), daysCut()]
    if (dropped > 0) tally.dropped['not-allowed'] = (tally.dropped['not-allowed'] ?? 0) + dropped
    if (days > 0) tally.redacted['date'] = (tally.redacted['date'] ?? 0) + days
  }
}

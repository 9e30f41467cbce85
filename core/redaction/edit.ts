// The document as project.ts leaves it, made by cutting the text that came instead of building it anew: what is kept goes
// on as its bytes, what nobody named is passed over. project.ts says what is kept; tests hold the two together.

import { nameOf } from '../json-names.ts'
import {
  endOf,
  kindOf,
  listKind,
  nameNumberOf,
  nextOf,
  numberKind,
  objectKind,
  startOf,
  stride,
  type Tape,
  textKind,
} from '../json-scan.ts'
import type { PatternTree } from '../pointer.ts'
import { hold, release } from '../reader/reader.ts'
import { addAll } from './counts.ts'
import { Written } from './edit-container.ts'
import { Output } from './edit-output.ts'
import { editByReader } from './edit-reader.ts'
import { isKeptTerm, mayBeTerm, scalarLeft } from './edit-scalar.ts'
import { itemStep, memberStep, rootStep, type Step, typedStep } from './edit-step.ts'
import { identifying, type Projection } from './project.ts'
import { textAt } from './tape-values.ts'
import { isUnsaid, markSaid, termOfName } from './terms.ts'

type Resources = NonNullable<PatternTree['resources']>

/** The members that are followed here, of all: a new one is no program until it is said what becomes of it. */
type Followed<Of, Here extends { readonly [member in keyof Required<Of>]: 'cut' | 'value path' }> = Pick<
  Of,
  { [member in keyof Of]: Here[member] extends 'cut' ? member : never }[keyof Of]
>
type Tree = Followed<
  PatternTree,
  { rule: 'cut'; named: 'cut'; any: 'cut'; resources: 'cut'; carrier: 'cut'; single: 'cut' }
>
type Cutting = Followed<
  Projection,
  {
    known: 'cut'
    rules: 'cut'
    tally: 'cut'
    kept: 'cut'
    memberNames: 'cut'
    resources: 'cut'
    reading: 'value path'
    trace: 'value path'
  }
>

/**
 * JSON of what `project` would leave of the value at `entry`: equal to it, not letter by letter, since white space and the
 * spelling of texts and numbers stay as they came. Counts in `by` what `project` counts.
 */
export function edit(tape: Tape, entry: number, tree: Tree, by: Cutting): string {
  const left = whatStays(tape, entry, tree, by)
  release()
  if (left !== '' && left !== 'null') return left
  return kindOf(tape, entry) === listKind ? '[]' : '{}'
}

/** Empty where nothing does. */
function whatStays(tape: Tape, entry: number, tree: Tree, by: Cutting): string {
  const { resources } = tree
  const isThere = hold(tape.read)
  const marked = markSaid(by.known)
  // The reader follows pointers, and searches all texts.
  if (isThere && resources === undefined && by.rules.text !== 'Keep') {
    const left = editByReader(entry, tree, { tape, by, marked })
    if (left !== undefined) return left
  }
  const editor = new Editor(tape, resources === undefined ? by : { ...by, resources }, resources, isThere)
  const stays = editor.place(entry, rootStep(tree))
  editor.count()
  return stays ? editor.output.whole() : ''
}

/** Each method writes what stays of one value, and says whether that is anything; where it is nothing, nothing is written. */
class Editor {
  readonly output: Output
  readonly #tape: Tape
  readonly #resources: Resources | undefined
  readonly #seeks: boolean
  /** Whether the reader can be asked for terms. */
  readonly #hasTerms: boolean
  #by: Cutting
  /** What is not counted in `by` yet: places that nobody named, and places that one rule kept, as most come in a row. */
  #dropped = 0
  #kept = 0
  #rule = ''

  constructor(tape: Tape, by: Cutting, resources: Resources | undefined, hasTerms: boolean) {
    this.#tape = tape
    this.#by = by
    this.#resources = resources
    this.#seeks = resources !== undefined
    this.#hasTerms = hasTerms
    this.output = new Output(tape.bytes)
  }

  place(entry: number, step: Step): boolean {
    if (step.rule !== undefined) return this.#keep(entry, step.rule, step)
    const kind = kindOf(this.#tape, entry)
    if (kind === objectKind) return this.#placeMembers(entry, step)
    if (kind === listKind) return this.#placeItems(entry, step)
    const rule = step.element?.rule
    return rule === undefined ? this.#drop() : this.#keep(entry, rule, step)
  }

  #placeItems(list: number, step: Step): boolean {
    const tape = this.#tape
    const written = new Written(list, tape, this.output)
    let index = 0
    for (let entry = list + stride; entry < nextOf(tape, list); entry = nextOf(tape, entry)) {
      const item = itemStep(step, index, this.#seeks)
      written.begin(entry)
      written.end(entry, item === null ? this.#drop() : this.place(entry, item))
      index += 1
    }
    // FHIR has no empty lists, and one that nobody named is of no use.
    return written.close(step.tree !== undefined)
  }

  #placeMembers(object: number, at: Step): boolean {
    const tape = this.#tape
    const seeks = this.#seeks
    const step = seeks ? this.#typed(object, at) : at
    const written = new Written(object, tape, this.output)
    let carried: Cutting[] | undefined
    let any = false
    for (let entry = object + stride; entry < nextOf(tape, object); entry = nextOf(tape, entry)) {
      const member = memberStep(step, nameNumberOf(tape, entry), seeks)
      if (member === null) {
        this.#dropped += 1
        written.pass(entry)
        continue
      }
      written.begin(entry)
      if (member.tree === undefined && member.element?.carrier === true) {
        ;(carried ??= []).push(this.#carry(entry, member, written))
        continue
      }
      const stays = this.place(entry, member) && this.#staysNamed(member)
      written.end(entry, stays)
      any ||= stays
    }
    for (const one of carried ?? nothing) {
      if (any) addAll(one, this.#by)
      else this.#drop()
    }
    return any ? written.close(false) : written.undo()
  }

  /** Stays only with something else of its object: until that is known it is counted apart. */
  #carry(entry: number, member: Step, written: Written): Cutting {
    this.count()
    const all = this.#by
    const own = { ...all, tally: { redacted: {}, dropped: {} }, kept: {} }
    this.#by = own
    written.end(entry, this.place(entry, member))
    this.count()
    this.#by = all
    return own
  }

  /** By its own type, and not by what it stands in. */
  #typed(object: number, step: Step): Step {
    const tape = this.#tape
    for (let entry = object + stride; entry < nextOf(tape, object); entry = nextOf(tape, entry)) {
      if (nameOf(nameNumberOf(tape, entry)) !== 'resourceType') continue
      if (kindOf(tape, entry) !== textKind) return step
      const element = this.#resources?.get(textAt(tape, entry))
      return element === step.element ? step : typedStep(step, element)
    }
    return step
  }

  /** A member's name is content too. */
  #staysNamed(member: Step): boolean {
    const term = (member.term ??= termOfName(member.name))
    return (term !== undefined && isUnsaid(term)) || !identifying(member.name, this.#by)
  }

  #keep(entry: number, rule: string, step: Step): boolean {
    const tape = this.#tape
    const kind = kindOf(tape, entry)
    if (kind === textKind || kind === numberKind) return this.#keepScalar(entry, rule, step)
    if (kind <= listKind && this.#by.rules.text !== 'Keep')
      return kind === listKind ? this.#keepItems(entry, rule, step) : this.#keepMembers(entry, rule, step)
    return this.#keepAll(entry, rule)
  }

  #keepAll(entry: number, rule: string): true {
    if (rule !== this.#rule) {
      this.count()
      this.#rule = rule
    }
    this.#kept += 1
    this.output.stretch(startOf(this.#tape, entry), endOf(this.#tape, entry))
    return true
  }

  #keepScalar(entry: number, rule: string, step: Step): boolean {
    const keeping = { tape: this.#tape, by: this.#by, hasTerms: this.#hasTerms }
    if (
      kindOf(this.#tape, entry) === textKind &&
      mayBeTerm(entry, step, keeping) &&
      isKeptTerm(entry, step, keeping)
    )
      return this.#keepAll(entry, rule)
    const left = scalarLeft(entry, rule, step, keeping)
    if (left === undefined) return false
    if (left === '') this.output.stretch(startOf(this.#tape, entry), endOf(this.#tape, entry))
    else this.output.put(left)
    return true
  }

  #keepItems(list: number, rule: string, step: Step): boolean {
    const tape = this.#tape
    const written = new Written(list, tape, this.output)
    for (let entry = list + stride; entry < nextOf(tape, list); entry = nextOf(tape, entry)) {
      written.begin(entry)
      written.end(entry, this.#keep(entry, rule, step))
    }
    return written.close(true)
  }

  #keepMembers(object: number, rule: string, step: Step): boolean {
    const tape = this.#tape
    const written = new Written(object, tape, this.output)
    for (let entry = object + stride; entry < nextOf(tape, object); entry = nextOf(tape, entry)) {
      const member = memberStep(step, nameNumberOf(tape, entry), true) as Step
      written.begin(entry)
      written.end(entry, this.#keep(entry, rule, member) && this.#staysNamed(member))
    }
    return written.close(true)
  }

  #drop(): false {
    this.#dropped += 1
    return false
  }

  /** Counts in `by` what is not counted there yet. */
  count(): void {
    const { kept, tally } = this.#by
    if (this.#kept > 0) kept[this.#rule] = (kept[this.#rule] ?? 0) + this.#kept
    if (this.#dropped > 0) tally.dropped['not-allowed'] = (tally.dropped['not-allowed'] ?? 0) + this.#dropped
    this.#kept = 0
    this.#dropped = 0
  }
}

const nothing: readonly Cutting[] = []

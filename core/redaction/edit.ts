// The document as project.ts leaves it, made by cutting the text that came instead of building it anew: what is kept goes
// on as its bytes, what nobody named is passed over. project.ts says what is kept; tests hold the two together.

import { nameOf } from '../json-names.ts'
import {
  beyondAscii,
  endOf,
  escapes,
  kindOf,
  listKind,
  nameNumberOf,
  nextOf,
  numberKind,
  objectKind,
  signsOf,
  startOf,
  stride,
  type Tape,
  textKind,
} from '../json-scan.ts'
import type { PatternTree } from '../pointer.ts'
import { Written } from './edit-container.ts'
import { Output } from './edit-output.ts'
import { identifying, isShownByName, keepScalar, type Projection } from './project.ts'
import { outermost, type Standing, standingWithin } from './standing.ts'
import { numberAt, textAt } from './tape-values.ts'
import { isTerm, learnTerm } from './terms.ts'
import { add } from './text.ts'

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
  const { resources } = tree
  const editor = new Editor(tape, resources === undefined ? by : { ...by, resources }, resources)
  const stays =
    resources === undefined
      ? editor.place(entry, tree, outermost)
      : editor.seek(entry, tree, undefined, outermost)
  const text = stays ? editor.output.whole() : 'null'
  if (text !== 'null') return text
  return kindOf(tape, entry) === listKind ? '[]' : '{}'
}

/** Each method writes what stays of one value, and says whether that is anything; where it is nothing, nothing is written. */
class Editor {
  readonly output: Output
  readonly #tape: Tape
  readonly #resources: Resources | undefined
  #by: Cutting

  constructor(tape: Tape, by: Cutting, resources: Resources | undefined) {
    this.#tape = tape
    this.#by = by
    this.#resources = resources
    this.output = new Output(tape.bytes)
  }

  place(entry: number, tree: PatternTree, at: Standing): boolean {
    if (tree.rule !== undefined) return this.#keep(entry, tree.rule, at)
    const kind = kindOf(this.#tape, entry)
    if (kind === objectKind) return this.#placeMembers(entry, tree, at)
    return kind === listKind ? this.#placeItems(entry, tree, at) : this.#dropped()
  }

  #placeItems(list: number, tree: PatternTree, at: Standing): boolean {
    const tape = this.#tape
    const written = new Written(list, tape, this.output)
    const numbered = tree.named.size > 0
    let index = 0
    for (let entry = list + stride; entry < nextOf(tape, list); entry = nextOf(tape, entry)) {
      const child = (numbered ? tree.named.get(String(index)) : undefined) ?? tree.any
      written.begin(entry)
      const stays = child === undefined ? this.#dropped() : this.place(entry, child, at)
      written.end(entry, stays)
      index += 1
    }
    return written.close(true)
  }

  #placeMembers(object: number, tree: PatternTree, outer: Standing): boolean {
    const tape = this.#tape
    const written = new Written(object, tape, this.output)
    for (let entry = object + stride; entry < nextOf(tape, object); entry = nextOf(tape, entry)) {
      const name = nameOf(nameNumberOf(tape, entry))
      const child = tree.named.get(name) ?? tree.any
      if (child === undefined) {
        this.#dropped()
        written.pass(entry)
        continue
      }
      written.begin(entry)
      written.end(
        entry,
        this.place(entry, child, standingWithin(outer, name)) && !identifying(name, this.#by),
      )
    }
    return written.close(false)
  }

  /** Like `place`, but goes down where nothing is named, too: a resource may stand anywhere. */
  seek(
    entry: number,
    pointed: PatternTree | undefined,
    element: PatternTree | undefined,
    at: Standing,
  ): boolean {
    if (pointed?.rule !== undefined) return this.#keep(entry, pointed.rule, at)
    const kind = kindOf(this.#tape, entry)
    if (kind === objectKind) return this.#seekMembers(entry, pointed, element, at)
    if (kind === listKind) return this.#seekItems(entry, pointed, element, at)
    return element?.rule === undefined ? this.#dropped() : this.#keep(entry, element.rule, at)
  }

  #seekItems(
    list: number,
    pointed: PatternTree | undefined,
    element: PatternTree | undefined,
    at: Standing,
  ): boolean {
    const tape = this.#tape
    const written = new Written(list, tape, this.output)
    const inner = element?.single === true ? undefined : element
    let index = 0
    for (let entry = list + stride; entry < nextOf(tape, list); entry = nextOf(tape, entry)) {
      const child = pointed === undefined ? undefined : (pointed.named.get(String(index)) ?? pointed.any)
      written.begin(entry)
      written.end(entry, this.seek(entry, child, inner, at))
      index += 1
    }
    return written.close(pointed !== undefined)
  }

  #seekMembers(
    object: number,
    pointed: PatternTree | undefined,
    element: PatternTree | undefined,
    outer: Standing,
  ): boolean {
    const tape = this.#tape
    const written = new Written(object, tape, this.output)
    const own = this.#elementsOf(object, element)
    let carried: Cutting[] | undefined
    let any = false
    for (let entry = object + stride; entry < nextOf(tape, object); entry = nextOf(tape, entry)) {
      const name = nameOf(nameNumberOf(tape, entry))
      const pointedChild = pointed?.named.get(name) ?? pointed?.any
      const child = own?.named.get(name)
      const at = standingWithin(outer, name)
      written.begin(entry)
      if (pointedChild === undefined && child?.carrier === true) {
        // Stays only with something else: until that is known it is counted apart.
        const all = this.#by
        this.#by = { ...all, tally: { redacted: {}, dropped: {} }, kept: {} }
        ;(carried ??= []).push(this.#by)
        written.end(entry, this.seek(entry, undefined, child, at))
        this.#by = all
        continue
      }
      const stays = this.seek(entry, pointedChild, child, at) && !identifying(name, this.#by)
      written.end(entry, stays)
      any ||= stays
    }
    for (const one of carried ?? nothing) {
      if (any) addAll(one, this.#by)
      else this.#dropped()
    }
    return any ? written.close(false) : written.undo()
  }

  /** By its own type, and not by what it stands in. */
  #elementsOf(object: number, element: PatternTree | undefined): PatternTree | undefined {
    const tape = this.#tape
    for (let entry = object + stride; entry < nextOf(tape, object); entry = nextOf(tape, entry)) {
      if (nameOf(nameNumberOf(tape, entry)) !== 'resourceType') continue
      return kindOf(tape, entry) === textKind ? this.#resources?.get(textAt(tape, entry)) : element
    }
    return element
  }

  #keep(entry: number, rule: string, at: Standing): boolean {
    const tape = this.#tape
    const kind = kindOf(tape, entry)
    if (kind === textKind) return this.#keepText(entry, rule, at)
    const by = this.#by
    if (kind <= listKind && by.rules.text !== 'Keep') {
      return kind === listKind ? this.#keepItems(entry, rule, at) : this.#keepMembers(entry, rule, at)
    }
    if (kind === numberKind) return this.#keepNumber(entry, rule, at)
    add(by.kept, rule)
    this.output.stretch(startOf(tape, entry), endOf(tape, entry))
    return true
  }

  #keepNumber(entry: number, rule: string, at: Standing): boolean {
    const tape = this.#tape
    const value = numberAt(tape, entry)
    const left = keepScalar(value, rule, at, this.#by)
    if (left === undefined) return false
    // One that is shown as something else is a text from then on, or another number.
    if (left !== value) this.output.put(JSON.stringify(left))
    else this.output.stretch(startOf(tape, entry), endOf(tape, entry))
    return true
  }

  #keepText(entry: number, rule: string, at: Standing): boolean {
    const tape = this.#tape
    const by = this.#by
    const [start, end] = [startOf(tape, entry), endOf(tape, entry)]
    const mayBeTerm =
      by.rules.text !== 'Keep' &&
      (signsOf(tape, entry) & (escapes | beyondAscii)) === 0 &&
      !at.moment &&
      !isShownByName(by.known, at.member)
    if (mayBeTerm && isTerm(tape.bytes, start + 1, end - 1, at.reading, by.known)) {
      add(by.kept, rule)
      this.output.stretch(start, end)
      return true
    }
    const text = textAt(tape, entry)
    const left = keepScalar(text, rule, at, by)
    if (left === undefined) return false
    if (left === text) {
      if (mayBeTerm) learnTerm(tape.bytes, start + 1, end - 1, at.reading, text)
      this.output.stretch(start, end)
    } else this.output.put(JSON.stringify(left))
    return true
  }

  #keepItems(list: number, rule: string, at: Standing): boolean {
    const tape = this.#tape
    const written = new Written(list, tape, this.output)
    for (let entry = list + stride; entry < nextOf(tape, list); entry = nextOf(tape, entry)) {
      written.begin(entry)
      written.end(entry, this.#keep(entry, rule, at))
    }
    return written.close(true)
  }

  #keepMembers(object: number, rule: string, outer: Standing): boolean {
    const tape = this.#tape
    const written = new Written(object, tape, this.output)
    for (let entry = object + stride; entry < nextOf(tape, object); entry = nextOf(tape, entry)) {
      written.begin(entry)
      const name = nameOf(nameNumberOf(tape, entry))
      const stays = this.#keep(entry, rule, standingWithin(outer, name)) && !identifying(name, this.#by)
      written.end(entry, stays)
    }
    return written.close(true)
  }

  #dropped(): false {
    add(this.#by.tally.dropped, 'not-allowed')
    return false
  }
}

const nothing: readonly Cutting[] = []

function addAll({ tally, kept }: Cutting, into: Cutting): void {
  sum(kept, into.kept)
  sum(tally.dropped, into.tally.dropped)
  sum(tally.redacted, into.tally.redacted)
}

function sum(counts: Readonly<Record<string, number>>, into: Record<string, number>): void {
  for (const rule in counts) into[rule] = (into[rule] ?? 0) + (counts[rule] as number)
}

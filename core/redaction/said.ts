// What a result says of persons: words of their names, and their identifiers. They are noted as they come, and sorted when
// a text is searched for them: of most results no text is, since all that leaves of them are terms (terms.ts).

import type { Tape } from '../json-scan.ts'
import type { Listed } from '../reader/reader.ts'
import { fold } from '../text/normalize.ts'
import { small, wordEnd, wordStart } from '../text/word.ts'
import { words } from '../words.ts'
import type { Instead } from './instead.ts'
import { found } from './name-signs.ts'
import { zipArea } from './safe-harbor.ts'
import { scalarsBetween } from './tape-values.ts'

type Sorted = {
  readonly names: Set<string>
  readonly nameSigns: Set<number>
  readonly starts: Set<string>
  readonly ids: Set<string>
  readonly idsByStart: Map<number, string[]>
  readonly births: Set<string>
  readonly aliases: Map<string, Instead>
}

export class Said {
  /** As they came, and those that lie in documents; sorted so far. */
  readonly #texts: Noted[] = []
  readonly #lists: Lying[] = []
  #textsSorted = 0
  #listsSorted = 0
  #sorted: Sorted | undefined

  /** Words of names, folded, and by `mayBeName` what shows of most words that they are none. */
  get names(): ReadonlySet<string> {
    return this.#all().names
  }
  get nameSigns(): ReadonlySet<number> {
    return this.#all().nameSigns
  }
  /** Words of names, and the first one of each identifier; an empty one where it has none. In small letters. */
  get starts(): ReadonlySet<string> {
    return this.#all().starts
  }
  /** Identifiers, phone numbers, street lines and the like, folded; at least four characters. */
  get ids(): ReadonlySet<string> {
    return this.#all().ids
  }
  /** The same by how they begin: a bundle has a thousand, and no word is compared with all of them. */
  get idsByStart(): ReadonlyMap<number, string[]> {
    return this.#all().idsByStart
  }
  /** Days and years of birth, as they are written. */
  get births(): ReadonlySet<string> {
    return this.#all().births
  }

  /** What is shown in the place of an identifier that was found inside of a text: pseudonyms, areas of ZIP codes. */
  get aliases(): Map<string, Instead> {
    return this.#all().aliases
  }

  addName(text: string): void {
    this.#texts.push({ text, what: found.name })
  }

  addId(text: string): void {
    this.#texts.push({ text, what: found.id })
  }

  addBirth(text: string): void {
    this.#texts.push({ text, what: found.birth })
  }

  addZip(text: string): void {
    this.#texts.push({ text, what: found.zip })
  }

  /** What the reader lists of a document (survey.as). */
  addList(tape: Tape, list: Listed): void {
    this.#lists.push({ tape, list: kept(list) })
  }

  /** One that is folded, and may be shorter. */
  learn(id: string): void {
    learn(id, this.#all())
  }

  /**
   * What `starts` and `births` hold, one by one and without sorting them; some more than once. What lies somewhere is left out
   * where `passes` says so.
   */
  each({ start, birth }: Visitor, passes: Passing): void {
    if (this.#sorted !== undefined) {
      this.starts.forEach(start)
      return this.births.forEach(birth)
    }
    const visit = ({ text, what }: Noted): void => {
      if (what === found.birth && text !== '') birth(text)
      else if (what !== found.zip) eachStart(text, what, start)
    }
    for (const noted of this.#texts) visit(noted)
    for (const listed of this.#lists) eachLying(listed, visit, passes)
  }

  #all(): Sorted {
    const sorted = (this.#sorted ??= {
      names: new Set(),
      nameSigns: new Set(),
      starts: new Set(),
      ids: new Set(),
      idsByStart: new Map(),
      births: new Set(),
      aliases: new Map(),
    })
    for (; this.#textsSorted < this.#texts.length; this.#textsSorted += 1)
      sort(this.#texts[this.#textsSorted] as Noted, sorted)
    for (; this.#listsSorted < this.#lists.length; this.#listsSorted += 1)
      eachLying(this.#lists[this.#listsSorted] as Lying, (noted) => sort(noted, sorted), never)
    return sorted
  }
}

type What = (typeof found)['name' | 'id' | 'birth' | 'zip']
type Noted = { readonly text: string; readonly what: What }
type Lying = { readonly tape: Tape; readonly list: Listed }
type Visitor = { readonly start: (word: string) => void; readonly birth: (day: string) => void }
/** Whether a text of ASCII that lies there need not be told. */
export type Passing = (tape: Tape, start: number, end: number, what: number) => boolean
const never: Passing = () => false

function eachLying(
  { tape, list: { numbers, from, to } }: Lying,
  visit: (noted: Noted) => void,
  passes: Passing,
): void {
  for (let at = from; at < to; at += inList) {
    const what = numbers[at] as number
    if (Math.abs(what) > found.zip) continue
    const [start, end] = [numbers[at + 2] as number, numbers[at + 3] as number]
    if (what > 0) {
      if (!passes(tape, start, end, what))
        visit({ text: tape.letters(start + 1, end - 1), what: what as What })
      continue
    }
    for (const one of scalarsBetween(tape, start, end)) visit({ text: String(one), what: -what as What })
  }
}

/** Numbers of one thing in a list: what it is, negative where it is no text of ASCII; its entry, its start and its end. */
export const inList = 4

/** Where short lists lie side by side: each in a piece of memory of its own costs more than all that is in it. */
let shelf = new Int32Array(0)
let shelved = 0
const shelfLength = 16_384

/** A list that is not the reader's any more. */
function kept({ numbers, from, to }: Listed): Listed {
  const length = to - from
  if (length > shelfLength / 4) return { numbers: numbers.slice(from, to), from: 0, to: length }
  if (shelved + length > shelf.length) {
    shelf = new Int32Array(shelfLength)
    shelved = 0
  }
  const first = shelved
  for (let at = from; at < to; at += 1) shelf[shelved++] = numbers[at] as number
  return { numbers: shelf, from: first, to: shelved }
}

function eachStart(text: string, what: What, visit: (start: string) => void): void {
  if (what === found.name) return eachName(text, visit)
  const id = foldedId(text)
  if (id !== undefined) visit(firstWord(id))
}

function sort({ text, what }: Noted, sorted: Sorted): void {
  if (what === found.birth) {
    if (text !== '') sorted.births.add(text)
    return
  }
  if (what === found.zip) {
    if (text !== '') sorted.aliases.set(text, zipShown(text))
    return
  }
  if (what === found.name) {
    eachName(text, (word) => {
      sorted.names.add(word)
      sorted.nameSigns.add(signOf(word, 0, word.length))
      sorted.starts.add(word)
    })
    return
  }
  const id = foldedId(text)
  if (id !== undefined) learn(id, sorted)
}

/** Three digits of it at most are shown (45 CFR 164.514(b)(2)(i)(B)), and nothing of what is no ZIP code. */
export function zipShown(zip: string | number): Instead {
  return [zipArea(String(zip)) ?? '[PLACE]', 'zip']
}

/** Parts of names that are not somebody's own. */
const particles = words(`
  mr mrs ms miss dr jr sr ii iii iv md phd rn the and of de da di del la le van von der den el al bin
  ben st
`)

/** Words of a name, folded as `names` has them. */
export function nameWords(text: string): string[] {
  const found: string[] = []
  eachName(text, (word) => found.push(word))
  return found
}

function eachName(text: string, visit: (word: string) => void): void {
  const folded = fold(text)
  for (let start = wordStart(folded, 0); start < folded.length; ) {
    const end = wordEnd(folded, start)
    const word = folded.slice(start, end)
    if (word.length > 1 && !particles.has(word)) visit(word)
    start = wordStart(folded, end)
  }
}

function foldedId(text: string): string | undefined {
  const id = fold(text).trim()
  return id.length >= startLength ? id : undefined
}

function learn(id: string, { ids, starts, idsByStart }: Sorted): void {
  if (ids.has(id)) return
  ids.add(id)
  starts.add(firstWord(id))
  const start = id.length < startLength ? id.charCodeAt(0) : startOf(id, 0)
  const others = idsByStart.get(start)
  if (others === undefined) idsByStart.set(start, [id])
  else others.push(id)
}

function firstWord(id: string): string {
  const first = wordStart(id, 0)
  return id.slice(first, wordEnd(id, first))
}

/**
 * Whether a word of a text may be a name at all, by its length and its first letter: nearly all words show by this that
 * they are none, and need not be cut out of their text.
 */
export function mayBeName(
  text: string,
  start: number,
  end: number,
  { nameSigns }: Pick<Said, 'nameSigns'>,
): boolean {
  return text.charCodeAt(start) > 0x7f || nameSigns.has(signOf(text, start, end))
}

/** Same for large and small letters of ASCII. */
function signOf(text: string, start: number, end: number): number {
  return (end - start) * 0x1_00_00 + (text.charCodeAt(start) | 0x20)
}

const startLength = 4

/** Says which identifiers of four characters and more may stand here; shorter ones stand under their first. */
export function startOf(text: string, at: number): number {
  let start = 0
  for (let i = at; i < at + startLength; i += 1) start = start * 31 + small(text.charCodeAt(i))
  return start
}

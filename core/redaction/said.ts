// What a result says of persons: words of their names, and their identifiers. They are noted as they come, and sorted when
// a text is searched for them: of most results no text is, since all that leaves of them are terms (terms.ts).

import type { Tape } from '../json-scan.ts'
import { fold } from '../text/normalize.ts'
import { small, wordEnd, wordStart } from '../text/word.ts'
import { words } from '../words.ts'
import { textAt } from './tape-values.ts'

type Sorted = {
  readonly names: Set<string>
  readonly nameSigns: Set<number>
  readonly starts: Set<string>
  readonly ids: Set<string>
  readonly idsByStart: Map<number, string[]>
}

export class Said {
  /** As they came, and those of ASCII by where they lie; sorted so far. */
  readonly #texts: Noted[] = []
  readonly #tapes: Tape[] = []
  /** Entries of texts, negative ones and less one of names. */
  readonly #entries: number[] = []
  #textsSorted = 0
  #lyingSorted = 0
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

  addName(text: string): void {
    this.#texts.push({ text, what: 'name' })
  }

  addId(text: string): void {
    this.#texts.push({ text, what: 'id' })
  }

  /** A text of ASCII without escapes, at its entry. */
  noteAt(tape: Tape, entry: number, what: What): void {
    this.#tapes.push(tape)
    this.#entries.push(what === 'id' ? entry : -1 - entry)
  }

  /** One that is folded, and may be shorter. */
  learn(id: string): void {
    learn(id, this.#all())
  }

  /**
   * What `starts` holds, one by one and without sorting it; some more than once. Texts that lie somewhere are left out
   * where `passes` says so.
   */
  eachStart(visit: (start: string) => void, passes: Passing): void {
    if (this.#sorted !== undefined) return this.starts.forEach(visit)
    for (const noted of this.#texts) eachStart(noted, visit)
    for (let at = 0; at < this.#entries.length; at += 1) {
      const entry = this.#entries[at] as number
      const isId = entry >= 0
      if (!passes(this.#tapes[at] as Tape, isId ? entry : -1 - entry, isId)) eachStart(this.#noted(at), visit)
    }
  }

  #all(): Sorted {
    const sorted = (this.#sorted ??= {
      names: new Set(),
      nameSigns: new Set(),
      starts: new Set(),
      ids: new Set(),
      idsByStart: new Map(),
    })
    for (; this.#textsSorted < this.#texts.length; this.#textsSorted += 1)
      sort(this.#texts[this.#textsSorted] as Noted, sorted)
    for (; this.#lyingSorted < this.#entries.length; this.#lyingSorted += 1)
      sort(this.#noted(this.#lyingSorted), sorted)
    return sorted
  }

  #noted(at: number): Noted {
    const entry = this.#entries[at] as number
    const tape = this.#tapes[at] as Tape
    return entry >= 0
      ? { text: textAt(tape, entry), what: 'id' }
      : { text: textAt(tape, -1 - entry), what: 'name' }
  }
}

type What = 'name' | 'id'
type Noted = { readonly text: string; readonly what: What }
/** Whether a text that lies at an entry need not be told. */
export type Passing = (tape: Tape, entry: number, isId: boolean) => boolean

function eachStart({ text, what }: Noted, visit: (start: string) => void): void {
  if (what === 'name') return eachName(text, visit)
  const id = foldedId(text)
  if (id !== undefined) visit(firstWord(id))
}

function sort({ text, what }: Noted, sorted: Sorted): void {
  if (what === 'name') {
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

/** Parts of names that are not somebody's own. */
const particles = words(`
  mr mrs ms miss dr jr sr ii iii iv md phd rn the and of de da di del la le van von der den el al bin
  ben st
`)

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

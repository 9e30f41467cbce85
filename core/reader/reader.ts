// The reader: a module of WebAssembly, made of the sources beside this file (test/wasm-module.ts). In its memory stand one
// document at a time, its tape behind it, and the spellings that it met. Nothing waits between putting a document there and
// asking about it, and what somebody asks later is brought back by `hold`.

import { partsOfName, signsOfName } from '../redaction/name-signs.ts'
import { readerModule } from './reader.generated.ts'

type Module = {
  readonly memory: WebAssembly.Memory
  readonly document: () => number
  readonly places: (which: number) => number
  readonly names: () => number
  readonly nameAt: (number: number) => number
  readonly nameLength: (number: number) => number
  readonly forgetNames: () => void
  readonly term: (start: number, end: number) => number
  readonly learnTerm: (start: number, end: number) => number
  readonly forgetTerms: () => void
  readonly scratch: () => number
  readonly hear: (length: number) => void
  readonly isUnheard: (at: number, length: number, onlyFirst: boolean) => number
  readonly isUnheardBirth: (at: number, length: number, result: number) => number
  readonly forgetWords: () => void
  readonly read: (start: number, end: number, tape: number) => number
  readonly listPersons: (tape: number, first: number, out: number) => number
  readonly putStep: (step: number, rule: number, reading: number, signs: number) => void
  readonly putWay: (step: number, name: number, member: number) => void
  readonly forgetWays: () => void
  readonly cut: (
    tape: number,
    entry: number,
    begin: number,
    step: number,
    said: number,
    signs: number,
  ) => number
  readonly droppedPlaces: () => number
  readonly daysCut: () => number
}

/** Who answers what the reader cannot tell while it cuts (cut.as). */
export type Judge = {
  /** The step of a member of this name, or of an item of this index; -1 where nothing is said of it. */
  readonly member: (step: number, name: number) => number
  readonly item: (step: number, index: number) => number
  /** What is left of a text or number: nothing (-1), itself (0), or what `writeAt` wrote to `out`, so many bytes. */
  readonly scalar: (entry: number, step: number, out: number) => number
  /** Whether a name identifies somebody: 1 or 0. */
  readonly name: (name: number) => number
}

/** What was read: bytes from the document's start to its end, and its tape. */
export class Read {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  #own: Int32Array | undefined

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  /** Its tape, as it lies in the module; of its own when another document has stood there since. Not to be kept. */
  get entries(): Int32Array {
    if (this.#own !== undefined) return this.#own
    return held === this ? heldTape() : this.keep()
  }

  /** A tape of its own, if it has one. */
  get own(): Int32Array | undefined {
    return this.#own
  }

  keep(): Int32Array {
    if (!hold(this)) throw new RangeError('No memory to read a document again')
    return (this.#own ??= heldTape().slice())
  }
}

/** Bytes of zeros behind a document, by which the reader knows its end. */
const behind = 64
const page = 65_536
/** Most memory that is kept for the next document, bytes. None can be made smaller: another one takes its place. */
const mostKept = 6 * 1_048_576

const compiled = new WebAssembly.Module(Buffer.from(readerModule, 'base64'))
let judge: Judge | undefined
/** The reader may have grown its memory before it asks. */
function judgeNow(): Judge {
  viewAnew()
  return judge as Judge
}
const asked: Judge & { readonly signs: (name: number) => void } = {
  member: (step, name) => judgeNow().member(step, name),
  item: (step, index) => judgeNow().item(step, index),
  scalar: (entry, step, out) => judgeNow().scalar(entry, step, out),
  name: (name) => judgeNow().name(name),
  signs(name) {
    viewAnew()
    const text = nameText(name)
    numbersThere[(signs >> 2) + name] = signsOfName(text)
    numbersThere[(parts >> 2) + name] = partsOfName(text)
  },
}
let wasm = anew()
let bytesThere = Buffer.from(wasm.memory.buffer)
let numbersThere = new Int32Array(wasm.memory.buffer)
const document = wasm.document()
const [signs, nameIsTerm, nameSaid, termReading, termSaid, born, kept, parts] = [0, 1, 2, 3, 4, 5, 6, 7].map(
  (which) => wasm.places(which),
) as [number, number, number, number, number, number, number, number]
/** What stands there, how many numbers its tape has, and the tape, once somebody asks for it. */
let held: Read | undefined
let tapeLength = 0
let tapeThere: Int32Array | undefined

function anew(): Module {
  return new WebAssembly.Instance(compiled, { asked }).exports as Module
}

/** Reads the JSON in `bytes` from `start` to `end`; undefined where there is no tape of it (json-scan.ts). */
export function read(bytes: Uint8Array, start: number, end: number): Read | undefined {
  const made = new Read(bytes, start, end)
  if (!stands(made)) return undefined
  // What is given back is not read again for whoever asks next.
  if (isLarge()) made.keep()
  release()
  return made
}

/** Has what was read stand there again, if something else does by now. Whether it could. */
export function hold(one: Read): boolean {
  return held === one || stands(one)
}

function stands(one: Read): boolean {
  // Nothing takes the place of a document that is being cut.
  if (judge !== undefined) throw new Error('Another document was read while one is cut')
  const { bytes, start, end, own } = one
  held = undefined
  const tape = tapeBehind(end)
  if (!reserve(tape + (own?.length ?? 0) * 4)) return false
  bytesThere.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), document + start)
  if (own !== undefined) numbersThere.set(own, (document + tape) >> 2)
  const length = own === undefined ? wasm.read(start, end, tape) : own.length * 4
  viewAnew()
  if (length === 0) return false
  tapeLength = length >> 2
  tapeThere = undefined
  held = one
  return true
}

function heldTape(): Int32Array {
  if (tapeThere === undefined) {
    const first = (document + tapeBehind((held as Read).end)) >> 2
    tapeThere = numbersThere.subarray(first, first + tapeLength)
  }
  return tapeThere
}

/** Gives memory back that only a large document needs. For whoever called `hold`, when all is asked. */
export function release(): void {
  if (!isLarge()) return
  const spellings = bytesThere.subarray(0, document)
  wasm = anew()
  viewAnew()
  bytesThere.set(spellings)
  held = undefined
}

function isLarge(): boolean {
  return bytesThere.length > mostKept
}

/** Four numbers for each thing (survey.as), from one place to another. */
export type Listed = { readonly numbers: Int32Array; readonly from: number; readonly to: number }

/**
 * What below `entry`, of what stands there, tells of somebody; undefined where that cannot be told. It lies in the module: not
 * to be kept.
 */
export function listPersons(entry: number): Listed | undefined {
  if (held === undefined) return undefined
  const tape = tapeBehind(held.end)
  const out = tape + tapeLength * 4
  if (!reserve(out)) return undefined
  const length = wasm.listPersons(tape, entry, out)
  viewAnew()
  const from = (document + out) >> 2
  return length < 0 ? undefined : { numbers: numbersThere, from, to: from + (length >> 2) }
}

/** The number of a text of ASCII between quotes, in what stands there, if it is a term; else -1. */
export function termAt(start: number, end: number): number {
  return wasm.term(start, end)
}

/** Whether a text of ASCII there has no word of a term: of a name any, of an identifier its first. */
export function isUnheardAt(one: Read, start: number, end: number, onlyFirst: boolean): boolean {
  return held === one && wasm.isUnheard(start, end - start, onlyFirst) !== 0
}

/** The same of a day of birth there, that is one: its year. From now on it is said in the result of this number. */
export function isUnheardBirthAt(one: Read, start: number, end: number, result: number): boolean {
  return held === one && wasm.isUnheardBirth(start, end - start, result) !== 0
}

/** Notes the words of a term. */
export function hear(text: string): void {
  wasm.hear(bytesThere.write(text, wasm.scratch(), 'latin1'))
}

export function forgetWords(): void {
  wasm.forgetWords()
}

/** The number that it has from now on; -1 where no more are taken. */
export function newTermAt(start: number, end: number): number {
  return wasm.learnTerm(start, end)
}

export function forgetTermsThere(): void {
  wasm.forgetTerms()
}

/** Has everything that holds this term, or name, judged in the result of this number. */
export function sayTerm(number: number, result: number): void {
  numbersThere[(termSaid >> 2) + number] = result
}

export function sayName(number: number, result: number): void {
  numbersThere[(nameSaid >> 2) + number] = result
}

/** The same for a day on which somebody was born, and for some others. `day`: its eight digits. */
export function sayBorn(day: number, result: number): void {
  numbersThere[(born >> 2) + (Math.imul(day, 0x9e_37_79_b1) >>> 22)] = result
}

export function putReading(number: number, reading: number): void {
  bytesThere[termReading + number] = reading
}

/** Says of a name that it is a term. */
export function putNameTerm(number: number): void {
  bytesThere[nameIsTerm + number] = 1
}

export function forgetNameTerms(): void {
  bytesThere.fill(0, nameIsTerm, nameIsTerm + 4_096)
}

/** Most steps, and most ways that lead from one to another; most rules of one document. */
export const [mostSteps, mostWays, mostRules] = [16_384, 16_384, 4_096] as const

export function putStep(step: number, rule: number, reading: number, signs: number): void {
  wasm.putStep(step, rule, reading, signs)
}

export function putWay(step: number, name: number, member: number): void {
  wasm.putWay(step, name, member)
}

export function forgetWays(): void {
  wasm.forgetWays()
}

/** What is asked for: a step to begin with, the number of the result, and signs (cut.as). */
export type Cut = { readonly step: number; readonly said: number; readonly signs: number }

/** What stays of the value at an entry of what stands there, as JSON; empty where nothing does. Undefined where memory does not suffice. */
export function cut(entry: number, by: Judge, { step, said, signs }: Cut): string | undefined {
  if (held === undefined) return undefined
  const tape = tapeBehind(held.end)
  const begin = (tape + tapeLength * 4 + 15) & ~15
  if (!reserve(begin + held.end + behind)) return undefined
  judge = by
  let length = 0
  try {
    length = wasm.cut(tape, entry, begin, step, said, signs)
  } finally {
    judge = undefined
  }
  viewAnew()
  return length === 0 ? '' : bytesThere.toString('utf8', document + begin, document + begin + length)
}

/** Writes a text where `Judge.scalar` was told to. Returns how many bytes. */
export function writeAt(out: number, text: string): number {
  viewAnew()
  // Three bytes of UTF-8 are the most that a code unit takes.
  if (!reserve(out - document + text.length * 3 + behind))
    throw new RangeError('No memory for what is left of a text')
  return bytesThere.write(text, out, 'utf8')
}

/** How many places the rule of this number kept; they count no more. */
export function takeKept(rule: number): number {
  const at = (kept >> 2) + rule
  const places = numbersThere[at] as number
  if (places > 0) numbersThere[at] = 0
  return places
}

export function forgetKept(): void {
  viewAnew()
  numbersThere.fill(0, kept >> 2, (kept >> 2) + mostRules)
}

/** How many places of it nobody named, and of how many days the year is left. */
export function droppedPlaces(): number {
  return wasm.droppedPlaces()
}

export function daysCut(): number {
  return wasm.daysCut()
}

/** How many names have a number. */
export function countNames(): number {
  return wasm.names()
}

export function nameText(number: number): string {
  const start = wasm.nameAt(number)
  return decoder.decode(bytesThere.subarray(start, start + wasm.nameLength(number)))
}

export function forgetNamesThere(): void {
  wasm.forgetNames()
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** From the beginning of the document. */
function tapeBehind(end: number): number {
  return (end + behind + 7) & ~7
}

/** So many bytes from the beginning of the document. */
function reserve(length: number): boolean {
  const missing = document + length - bytesThere.length
  if (missing <= 0) return true
  try {
    wasm.memory.grow(Math.ceil(missing / page))
  } catch {
    return false
  }
  viewAnew()
  return true
}

function viewAnew(): void {
  if (bytesThere.buffer === wasm.memory.buffer) return
  bytesThere = Buffer.from(wasm.memory.buffer)
  numbersThere = new Int32Array(wasm.memory.buffer)
  tapeThere = undefined
}

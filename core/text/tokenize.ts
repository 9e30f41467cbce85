// Words of a text, one after the other, in one pass, by a module of WebAssembly (module/text.as). In its memory stand one text at a
// time and its words, and what is known of words that were met of late: texts are made of the same few thousand, and the
// lexicon is larger than a processor's caches.

import * as classesOf from './classes.ts'
import { month, oldAge, weekday } from './cues.ts'
import { formWords } from './form-words.ts'
import { writeLetters } from './letters.ts'
import { lexicon, slotOf, wordHash } from './lexicon.ts'
import { textModule } from './module.generated.ts'
import { rareForms } from './rare-forms.ts'
import { shapes, type Tokens } from './tokens.ts'

/** Words that rules of people and places begin at, however they are written. */
const begins =
  classesOf.title |
  classesOf.plainFacility |
  classesOf.naming |
  classesOf.person |
  classesOf.eponymHead |
  classesOf.weakEponymHead |
  classesOf.scored
/** Words that rules of form begin at. */
const beginsForm = month | weekday | oldAge

type Module = {
  readonly memory: WebAssembly.Memory
  readonly prepare: (mark: number, form: number) => number
  readonly layOut: (text: number, room: number, most: number) => number
  readonly cut: (length: number) => number
  readonly learn: (length: number, bits: bigint) => void
  readonly learnPair: (word: number, later: number, type: number) => void
  readonly searchForm: (rules: number) => number
  readonly hasPage: () => number
  readonly marks: WebAssembly.Global<'i32'>
  readonly forms: WebAssembly.Global<'i32'>
  readonly anyClass: WebAssembly.Global<'i32'>
  readonly anyCue: WebAssembly.Global<'i32'>
  readonly anyLarge: WebAssembly.Global<'i32'>
  readonly kinds: WebAssembly.Global<'i32'>
}

/** Zeros behind each text, by which its end is known. */
const behind = 64
const page = 65_536
/** Characters for which there is room from the beginning, and most for which room is kept. */
const usual = 16_384
const mostKept = 16 * usual
/** Bytes that each word takes. */
const ofWord = 25
/** Bytes, and numbers, that each finding takes: as many are kept as words. */
const ofFinding = 20
export const numbersOfFinding = 5

const encoder = new TextEncoder()
const longestKnown = 16
const compiled = new WebAssembly.Module(Buffer.from(textModule, 'base64'))
let { wasm, free } = anew()
/** All numbers in its memory. */
let memory = new Int32Array(wasm.memory.buffer)
let room = 0
/** Where findings stand among them. */
let found = 0
let tokens = roomFor(usual)
/** What was read, and whether it is ASCII. */
let last = ''
let plain = true

function anew(): { wasm: Module; free: number } {
  const { exports } = new WebAssembly.Instance(compiled, { words: { look, ask } })
  const wasm = exports as Module
  const free = wasm.prepare(begins, beginsForm)
  wasm.layOut(free, free, 0)
  const { words, pairs } = formWords()
  for (const [word, bits] of words) {
    const { written } = encoder.encodeInto(word, new Uint8Array(wasm.memory.buffer, free, longestKnown))
    if (written < word.length) throw new Error(`a word is too long to be known: ${word}`)
    wasm.learn(written, bits)
  }
  for (const pair of pairs) wasm.learnPair(...pair)
  return { wasm, free }
}

/** Room for a text of so many characters. */
function roomFor(characters: number): Tokens {
  const text = free
  const first = (text + characters + behind + 7) & ~7
  // Every word but the last is followed by one character at least.
  const most = ((characters >> 1) + 8) & ~7
  const missing = first + most * (ofWord + ofFinding) - wasm.memory.buffer.byteLength
  if (missing > 0) wasm.memory.grow(Math.ceil(missing / page))
  found = wasm.layOut(text, first, most) >> 2
  room = characters
  const { buffer } = wasm.memory
  const numbers = (at: number): Int32Array => new Int32Array(buffer, first + at * most * 4, most)
  const bytes = (at: number): Uint8Array => new Uint8Array(buffer, first + most * 20 + at * most, most)
  memory = new Int32Array(buffer)
  return {
    count: 0,
    text: '',
    bytes: new Uint8Array(buffer, text, characters + behind),
    anyClass: 0,
    anyCue: 0,
    anyLarge: false,
    kinds: 0,
    // As words.as lays them out.
    start: numbers(0),
    end: numbers(1),
    classes: numbers(2),
    marked: numbers(3),
    marks: 0,
    formed: numbers(4),
    forms: 0,
    shape: bytes(0),
    gap: bytes(1),
    possessive: bytes(2),
    flags: bytes(3),
    cues: bytes(4),
  }
}

/** Whether a text is ASCII. */
export function isPlain(text: string): boolean {
  if (text !== last) read(text)
  return plain
}

/** The words of a normalized text. What is returned is overwritten when the next text is read. */
export function tokenize(text: string): Tokens {
  if (text !== last) read(text)
  tokens.count = wasm.cut(text.length)
  tokens.marks = wasm.marks.value
  tokens.forms = wasm.forms.value
  tokens.anyClass = wasm.anyClass.value
  tokens.anyCue = wasm.anyCue.value
  tokens.anyLarge = wasm.anyLarge.value !== 0
  tokens.kinds = wasm.kinds.value
  return tokens
}

function read(text: string): void {
  const { length } = text
  if (length > room) tokens = roomFor(length + (length >> 2))
  else if (room > mostKept && length < usual) {
    // What a long text took is given back with the next short one: no memory can be made smaller, another takes its place.
    ;({ wasm, free } = anew())
    tokens = roomFor(usual)
  }
  last = text
  plain = writeLetters(text, tokens.bytes)
  tokens.bytes.fill(0, length, length + behind)
  tokens.text = text
}

/** Of a place in it where a word is: behind its letters. */
const [ofFlags, ofClasses, ofCues] = [4, 5, 6]

/** Writes down what is known of a word. */
function look(start: number, end: number, place: number): void {
  const { keys, flags, classes, cues } = lexicon()
  const slot = slotOf(keys, wordHash(last, start, end))
  const at = place >> 2
  memory[at + ofFlags] = flags[slot] as number
  memory[at + ofClasses] = classes[slot] as number
  memory[at + ofCues] = cues[slot] as number
}

function ask(rule: number, at: number): number {
  return (rareForms[rule] as (text: string, at: number) => number)(last, at)
}

/** Identifiers by their form in the text that was cut last: how many, and where their numbers stand. */
export function searchForm(rules: number): { count: number; numbers: Int32Array; from: number } {
  const count = wasm.searchForm(rules)
  return { count, numbers: memory, from: found }
}

/** Whether the address of a page may stand in it. */
export function mayHavePage(): boolean {
  return wasm.hasPage() !== 0
}

/** Says anew which words rules of people and places begin at, where the writing of some is taken for another. */
export function mark(words: Tokens): void {
  const { count, shape, classes, marked } = words
  let marks = 0
  for (let i = 0; i < count; i += 1) {
    const kind = shape[i]
    if (kind === shapes.number || (kind === shapes.small && ((classes[i] as number) & begins) === 0)) continue
    marked[marks] = i
    marks += 1
  }
  words.marks = marks
}

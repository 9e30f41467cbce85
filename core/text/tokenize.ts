// Words of a text, one after the other, in one pass, by a module of WebAssembly (module/text.as). In its memory stand one text at a
// time and its words, and what is known of words that were met of late: texts are made of the same few thousand, and the
// lexicon is larger than a processor's caches.

import * as classesOf from './classes.ts'
import { box, cues, login, month, oldAge, plate, web, weekday } from './cues.ts'
import { foldPoint } from './folding.ts'
import { formWords } from './form-words.ts'
import { writeAny, writeAscii } from './letters.ts'
import { lexicon, slotOf, wordHash } from './lexicon.ts'
import { marks } from './marks.ts'
import { textModule } from './module.generated.ts'
import { rareForms } from './rare-forms.ts'
import { type Finding, type IdentifierType, identifierTypes } from './span.ts'
import { numbersOfWord, type Tokens } from './tokens.ts'

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
const beginsForm = month | weekday | oldAge | web
/** And words that have rules asked at all, or by which a text is known to have nothing for them. Others are looked up when a rule asks. */
const watchedClasses =
  begins |
  classesOf.credential |
  classesOf.facility |
  classesOf.weakFacility |
  classesOf.street |
  classesOf.bodyHead |
  classesOf.particle
const watchedCues = beginsForm | box | plate | login

type Module = {
  readonly memory: WebAssembly.Memory
  readonly prepare: () => number
  readonly layOut: (room: number, most: number) => number
  readonly cut: (length: number) => number
  readonly learn: (length: number, bits: bigint) => void
  readonly watch: (length: number) => void
  readonly seeAll: () => void
  readonly setBornFrom: (year: number) => void
  readonly learnPair: (word: number, later: number, type: number) => void
  readonly searchForm: (rules: number) => number
  readonly searchPeople: (rules: number) => number
  readonly begin: () => void
  readonly together: (told: number) => number
  readonly learnMark: (type: number, length: number) => void
  readonly writeText: (years: number, wide: number, length: number) => number
  readonly words: WebAssembly.Global<'i32'>
  readonly others: WebAssembly.Global<'i32'>
  readonly counts: WebAssembly.Global<'i32'>
  readonly order: WebAssembly.Global<'i32'>
  readonly kindsFound: WebAssembly.Global<'i32'>
  readonly foldText: (from: number, length: number, room: number) => number
  readonly foldedAs: WebAssembly.Global<'i32'>
  readonly stretches: WebAssembly.Global<'i32'>
  readonly stretchCount: WebAssembly.Global<'i32'>
  readonly lookOver: (length: number) => number
  readonly marks: WebAssembly.Global<'i32'>
  readonly forms: WebAssembly.Global<'i32'>
  readonly anyCue: WebAssembly.Global<'i32'>
  readonly kinds: WebAssembly.Global<'i32'>
}

/** Zeros behind each text, by which its end is known. */
const behind = 64
const page = 65_536
/** Characters for which there is room from the beginning, and most for which room is kept. */
const usual = 16_384
const mostKept = 16 * usual
/** Most of one text: each takes 44 bytes of two thousand million. */
const mostRoom = 48_000_000
/** Bytes that each word takes, and what is asked for besides. */
const ofWord = 29
const besides = 32
/** Numbers of each finding, and of one by its form. As many are kept as words: of all together, by their form, and of people and places. */
const numbersOfFinding = 4
const numbersOfForm = 5
const ofFindings = (2 * numbersOfFinding + numbersOfForm) * 4

/** More text than is searched. */
export class TooMuchText extends Error {}

const encoder = new TextEncoder()
const longestKnown = 16
const compiled = new WebAssembly.Module(Buffer.from(textModule, 'base64'))
let bornFrom = 0
let { wasm, free } = anew()
/** Where code units of a text stand that is folded. */
let unitsAt = 0
/** All numbers in its memory. */
let memory = new Int32Array(wasm.memory.buffer)
let room = 0
/** Where findings stand among them. */
let allAt = 0
let formsAt = 0
let peopleAt = 0
/** How many there are by their form, of people and places, and of all in one list. */
let forms = 0
let people = 0
let all = 0
/** All bytes in its memory. */
let letters = Buffer.alloc(0)
/** letters.ts: the text, and zeros behind it. */
let bytes = new Uint8Array(0)
let tokens = roomFor(usual)
/** What was read, and whether it is ASCII. */
let last = ''
let plain = true
/** The same as it came, where it was folded. */
let unfolded: string | undefined
let characters = 0
/** By number of their types. */
const countedAs = identifierTypes.map((type) => marks[type][1])
const typeNumbers = Object.fromEntries(identifierTypes.map((type, at) => [type, at])) as Record<
  IdentifierType,
  number
>

function anew(): { wasm: Module; free: number } {
  const { exports } = new WebAssembly.Instance(compiled, { words: { look, ask, fold: foldAt } })
  const wasm = exports as Module
  const free = wasm.prepare()
  wasm.layOut(free, 0)
  const { words, pairs } = formWords()
  for (const [word, bits] of words) {
    const { written } = encoder.encodeInto(word, new Uint8Array(wasm.memory.buffer, free, longestKnown))
    if (written < word.length) throw new Error(`a word is too long to be known: ${word}`)
    wasm.learn(written, bits)
  }
  for (const word of watchedWords()) {
    const { written } = encoder.encodeInto(word, new Uint8Array(wasm.memory.buffer, free, longestKnown))
    wasm.watch(written)
  }
  for (const pair of pairs) wasm.learnPair(...pair)
  wasm.setBornFrom(bornFrom)
  for (const [type, of] of identifierTypes.entries()) {
    const [mark] = marks[of]
    const { written } = encoder.encodeInto(mark, new Uint8Array(wasm.memory.buffer, free, longestKnown))
    if (written < mark.length) throw new Error(`a mark is too long: ${mark}`)
    wasm.learnMark(type, written)
  }
  return { wasm, free }
}

function* watchedWords(): Generator<string> {
  for (const [word, bits] of classesOf.classes()) if ((bits & watchedClasses) !== 0) yield word
  for (const [word, bits] of cues()) if ((bits & watchedCues) !== 0) yield word
}

/** Room for a text of so many characters. Throws TooMuchText where no memory has as much, and leaves all as it was. */
function roomFor(characters: number): Tokens {
  // Places are signed numbers of 32 bits.
  if (characters > mostRoom) throw new TooMuchText()
  const text = free
  const first = (text + characters + behind + 7) & ~7
  // Every word but the last is followed by one character at least.
  const most = ((characters >> 1) + 8) & ~7
  const units = (first + most * (ofWord + ofFindings) + besides + 15) & ~15
  const missing = units + 2 * characters + behind - wasm.memory.buffer.byteLength
  if (missing > 0) wasm.memory.grow(Math.ceil(missing / page))
  unitsAt = units
  allAt = wasm.layOut(first, most) >> 2
  formsAt = allAt + most * numbersOfFinding
  peopleAt = formsAt + most * numbersOfForm
  room = characters
  const { buffer } = wasm.memory
  memory = new Int32Array(buffer)
  letters = Buffer.from(buffer)
  bytes = new Uint8Array(buffer, text, characters + behind)
  return {
    count: 0,
    text: '',
    anyCue: 0,
    kinds: 0,
    // As words.as lays them out.
    words: new Int32Array(buffer, first, most * numbersOfWord),
    marked: new Int32Array(buffer, first + most * 16, most),
    marks: 0,
    formed: new Int32Array(buffer, first + most * 20, most),
    forms: 0,
  }
}

/** From now on: who was born before this year is older than 89, so that no text may tell the year of such a birth. */
export function setBornFrom(year: number): void {
  if (year === bornFrom) return
  bornFrom = year
  wasm.setBornFrom(year)
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
  wasm.begin()
  forms = 0
  people = 0
  tokens.marks = wasm.marks.value
  tokens.forms = wasm.forms.value
  tokens.anyCue = wasm.anyCue.value
  tokens.kinds = wasm.kinds.value
  return tokens
}

function read(text: string): void {
  makeRoom(text.length)
  plain = writeAscii(text, bytes)
  if (!plain) writeAny(text, bytes)
  unfolded = undefined
  readAs(text)
}

function makeRoom(length: number): void {
  if (length > room) tokens = roomFor(Math.max(length, Math.min(length + (length >> 2), mostRoom)))
  else if (room > mostKept && length < usual) {
    // What a long text took is given back with the next short one: no memory can be made smaller, another takes its place.
    ;({ wasm, free } = anew())
    tokens = roomFor(usual)
  }
}

/** Its letters are written. */
function readAs(text: string): void {
  last = text
  bytes.fill(0, text.length, text.length + behind)
  characters = wasm.lookOver(text.length)
  tokens.text = text
}

/** Bits of what folding did: module/folding.as has the same. */
const [changed, beyond, halves] = [1, 2, 4]

/** Reads a text folded. `stretches`: see normalize.ts; absent where each code unit stands where it stood. */
export function readFolded(text: string): { folded: string; stretches?: Int32Array } {
  if (text !== last || !plain) {
    makeRoom(text.length)
    plain = writeAscii(text, bytes)
    if (!plain) return fold(text)
    readAs(text)
  }
  unfolded = undefined
  return { folded: text }
}

function fold(text: string): { folded: string; stretches?: Int32Array } {
  // Its letters are written over: what was read before is no more.
  last = ''
  const length = foldedLength(text)
  const [as, count] = [wasm.foldedAs.value, wasm.stretchCount.value]
  plain = (as & beyond) === 0
  const folded = (as & changed) === 0 ? text : foldedText(length)
  const stretches = wasm.stretches.value >> 2
  // Those on both sides of what is gone may be one character now.
  if ((as & halves) !== 0) writeAny(folded, bytes)
  unfolded = text
  readAs(folded)
  return count === 0 ? { folded } : { folded, stretches: memory.slice(stretches, stretches + 2 * count) }
}

function foldedLength(text: string): number {
  for (;;) {
    letters.write(text, unitsAt, 'utf16le')
    const length = wasm.foldText(unitsAt, text.length, room)
    if (length >= 0) return length
    tokens = roomFor(room < mostRoom ? Math.min(2 * room, mostRoom) : 2 * room)
  }
}

function foldedText(length: number): string {
  if (plain) return letters.toString('latin1', free, free + length)
  const at = wasm.words.value
  return letters.toString('utf16le', at, at + 2 * length)
}

/** Of a place among characters that were folded: where its parts stand. module/folding.as has the same. */
const [ofSize, ofBytes, ofUnits, mostUnits] = [4, 8, 32, 24]
const foldedBytes = new Uint8Array(mostUnits)

/** Writes down what a character folds to. */
function foldAt(point: number, place: number): void {
  const folded = foldPoint(point)
  if (folded.length > mostUnits) throw new Error('a character folds to more than there is room for')
  memory[place >> 2] = point
  memory[(place + ofSize) >> 2] = folded.length
  writeAny(folded, foldedBytes)
  for (let i = 0; i < folded.length; i += 1) {
    const code = folded.charCodeAt(i)
    letters[place + ofBytes + i] = foldedBytes[i] as number
    letters[place + ofUnits + 2 * i] = code & 0xff
    letters[place + ofUnits + 2 * i + 1] = code >> 8
  }
}

/** Of a place in it where a word is: behind its letters. */
const [ofClasses, ofFlags] = [4, 5]
/** Whether rules begin at a word: module/words.as has the same. */
const [beginsMark, beginsFormed] = [1 << 29, 1 << 30]

/** Writes down what is known of a word. */
function look(start: number, end: number, place: number): void {
  const { keys, flags, classes, cues } = lexicon()
  const slot = slotOf(keys, wordHash(last, start, end))
  const [bits, cue] = [classes[slot] as number, cues[slot] as number]
  const at = place >> 2
  memory[at + ofClasses] =
    bits | ((bits & begins) === 0 ? 0 : beginsMark) | ((cue & beginsForm) === 0 ? 0 : beginsFormed)
  memory[at + ofFlags] = (flags[slot] as number) | (cue << 8)
}

function ask(rule: number, at: number, to: number): number {
  return (rareForms[rule] as (typeof rareForms)[number])(last, at, to)
}

/** Has what is known of each word written down, not of those alone that a rule asked for. */
export function lookUpAll(): void {
  wasm.seeAll()
}

/** Finds identifiers by their form in the text that was cut last. The module keeps them. */
export function searchForm(rules: number): void {
  forms = wasm.searchForm(rules)
}

/** The same of people and places. */
export function searchPeople(rules: number): void {
  people = wasm.searchPeople(rules)
}

/** Numbers of a list of words, in the place of three of which the module reads what was found here: no rule asks for words any more. */
const listsOfWords = 3

/**
 * Makes one list of all, sorted and apart from each other: of what the module found, and of `told`, which is sorted and goes first. Returns how many
 * they are; undefined where there is no room for so many.
 */
export function together(told: readonly Finding[]): number | undefined {
  const most = tokens.marked.length
  const count = told.length + forms + people
  if (count > most || told.length * numbersOfFinding > listsOfWords * most) return undefined
  let at = wasm.others.value >> 2
  for (const { start, end, type } of told) {
    memory[at] = start
    memory[at + 1] = end
    memory[at + 2] = typeNumbers[type]
    memory[at + 3] = -1
    at += numbersOfFinding
  }
  all = count === 0 ? 0 : wasm.together(told.length)
  return all
}

/** Adds what rules of the module found, before it is one list. */
export function addFound(findings: Finding[]): void {
  for (let i = 0; i < forms; i += 1) findings.push(findingAt(formsAt + i * numbersOfForm))
  for (let i = 0; i < people; i += 1) findings.push(findingAt(peopleAt + i * numbersOfFinding))
}

/** All, as one list. */
export function foundTogether(count: number): Finding[] {
  return Array.from({ length: count }, (_, i) => findingAt(allAt + i * numbersOfFinding))
}

function findingAt(at: number): Finding {
  const [start, end, year] = [memory[at] as number, memory[at + 1] as number, memory[at + 3] as number]
  const type = identifierTypes[memory[at + 2] as number] as IdentifierType
  return year < 0 ? { start, end, type } : { start, end, type, year: last.slice(year, year + 4) }
}

/** To where it stands in the text as it came. */
function moveFound(at: (index: number) => number): void {
  for (let i = 0, place = allAt; i < all; i += 1, place += numbersOfFinding) {
    memory[place] = at(memory[place] as number)
    memory[place + 1] = at(memory[place + 1] as number)
  }
}

/**
 * The text as it came with a mark in the place of each that is in the one list, or with its year where it is a date and `years` stay, and
 * counted; undefined where it is not the one that was read last. `at`: where what was found came from in it. It can be had once.
 */
export function withMarks(
  text: string,
  years: boolean,
  counted: Record<string, number>,
  at: (index: number) => number,
): string | undefined {
  const wide = text === unfolded
  if (!wide && (!plain || text !== last)) return undefined
  if (wide) moveFound(at)
  const end = wasm.writeText(years ? 1 : 0, wide ? 1 : 0, text.length)
  const [kinds, order, counts] = [wasm.kindsFound.value, wasm.order.value >> 2, wasm.counts.value >> 2]
  for (let i = 0; i < kinds; i += 1) {
    const type = memory[order + i] as number
    const word = countedAs[type] as string
    counted[word] = (counted[word] ?? 0) + (memory[counts + type] as number)
  }
  return letters.toString(wide ? 'utf16le' : 'latin1', wasm.words.value, end)
}

/** What a text may have, by its characters: module/characters.as has the same. */
export const has = {
  /** Four spaces, line ends or the like. */
  fourSpaces: 1,
  /** A digit, an @, a colon or www, one of which each rule of form needs. */
  form: 2,
  /** :/, with which the addresses of pages go on. */
  page: 8,
  /** t/, as in Patient/ */
  patient: 16,
  /** A capital of ASCII, or a digit and a space before a small letter. */
  naming: 32,
} as const

/** Whether a text has it. */
export function hasCharacters(text: string, what: number): boolean {
  if (text !== last) read(text)
  return (characters & what) !== 0
}

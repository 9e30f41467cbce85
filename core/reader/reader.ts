// The reader: a module of WebAssembly, made of the sources beside this file (test/reader-module.ts). In its memory stand one
// document at a time, its tape behind it, and the spellings that it met. Nothing waits between putting a document there and
// asking about it, and what somebody asks later is brought back by `hold`.

import { readerModule } from './reader.generated.ts'

type Module = {
  readonly memory: WebAssembly.Memory
  readonly document: () => number
  readonly signsOfNames: () => number
  readonly names: () => number
  readonly nameAt: (number: number) => number
  readonly nameLength: (number: number) => number
  readonly forgetNames: () => void
  readonly term: (start: number, end: number) => number
  readonly learnTerm: (start: number, end: number) => number
  readonly forgetTerms: () => void
  readonly read: (start: number, end: number, tape: number) => number
  readonly sift: (tape: number, first: number, out: number) => number
}

/** What was read: bytes up to the document's end, and its tape. */
export type Read = { readonly bytes: Uint8Array; readonly end: number; readonly entries: Int32Array }

/** Zeros behind a document, by which the reader knows its end. */
const behind = new Uint8Array(64)
const page = 65_536
/** Most memory that is kept for the next document, bytes. None can be made smaller: another one takes its place. */
const mostKept = 4 * 1_048_576

const compiled = new WebAssembly.Module(Buffer.from(readerModule, 'base64'))
let wasm = anew()
let bytesThere = new Uint8Array(wasm.memory.buffer)
let numbersThere = new Int32Array(wasm.memory.buffer)
const document = wasm.document()
const signs = wasm.signsOfNames()
/** What stands there. */
let held: Read | undefined

function anew(): Module {
  return new WebAssembly.Instance(compiled).exports as Module
}

/** Reads the JSON in `bytes` from `start` to `end`; undefined where there is no tape of it (json-scan.ts). */
export function read(bytes: Uint8Array, start: number, end: number): Read | undefined {
  held = undefined
  const tape = tapeBehind(end)
  if (!reserve(tape)) return undefined
  put(bytes, start, end)
  const length = wasm.read(start, end, tape)
  viewAnew()
  if (length > 0) held = { bytes, end, entries: copied((document + tape) >> 2, length >> 2) }
  const made = held
  release()
  return made
}

/** Has what was read stand there again, if something else does by now. Whether it could. */
export function hold(one: Read): boolean {
  if (held === one) return true
  held = undefined
  const { bytes, end, entries } = one
  const tape = tapeBehind(end)
  if (!reserve(tape + entries.length * 4)) return false
  put(bytes, 0, end)
  numbersThere.set(entries, (document + tape) >> 2)
  held = one
  return true
}

/** Gives memory back that only a large document needs. For whoever called `hold`, when all is asked. */
export function release(): void {
  if (bytesThere.length <= mostKept) return
  const spellings = bytesThere.subarray(0, document)
  wasm = anew()
  viewAnew()
  bytesThere.set(spellings)
  held = undefined
}

/** Three numbers for each place, of what stands there below `entry`, that may tell of somebody (sift.as); undefined where that cannot be told. */
export function sift(entry: number): Int32Array | undefined {
  if (held === undefined) return undefined
  const { end, entries } = held
  const tape = tapeBehind(end)
  const out = tape + entries.length * 4
  // Three numbers of an entry's six at most.
  if (!reserve(out + entries.length * 2)) return undefined
  const length = wasm.sift(tape, entry, out)
  const first = (document + out) >> 2
  return length < 0 ? undefined : numbersThere.subarray(first, first + (length >> 2))
}

/** The number of a text of ASCII between quotes, in what stands there, if it is a term; else -1. */
export function termAt(start: number, end: number): number {
  return wasm.term(start, end)
}

/** The number that it has from now on; -1 where no more are taken. */
export function newTermAt(start: number, end: number): number {
  return wasm.learnTerm(start, end)
}

export function forgetTermsThere(): void {
  wasm.forgetTerms()
}

/** How many names have a number. */
export function countNames(): number {
  return wasm.names()
}

export function nameText(number: number): string {
  const start = wasm.nameAt(number)
  return decoder.decode(bytesThere.subarray(start, start + wasm.nameLength(number)))
}

/** What a name says of its object. */
export function putSign(number: number, sign: number): void {
  bytesThere[signs + number] = sign
}

export function forgetNamesThere(): void {
  wasm.forgetNames()
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** From the beginning of the document. */
function tapeBehind(end: number): number {
  return (end + behind.length + 7) & ~7
}

function put(bytes: Uint8Array, start: number, end: number): void {
  bytesThere.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), document + start)
  bytesThere.set(behind, document + end)
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
  bytesThere = new Uint8Array(wasm.memory.buffer)
  numbersThere = new Int32Array(wasm.memory.buffer)
}

/** Where tapes of short documents lie side by side: each in a piece of memory of its own costs more than its reading. */
let shelf = new Int32Array(0)
let shelved = 0
const shelfLength = 16_384

function copied(first: number, length: number): Int32Array {
  const tape = numbersThere.subarray(first, first + length)
  if (length > shelfLength / 4) return tape.slice()
  if (shelved + length > shelf.length) {
    shelf = new Int32Array(shelfLength)
    shelved = 0
  }
  const own = shelf.subarray(shelved, shelved + length)
  own.set(tape)
  shelved += length
  return own
}

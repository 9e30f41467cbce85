// Changes to bytes: what breaks parsers, from single bits to pieces of other inputs.

import type { Random } from '../sample/random.ts'

type Mutator = (bytes: Buffer, by: Mutating) => Buffer
/** `words`: what means something to the target. */
type Mutating = { random: Random; words: readonly Buffer[]; others: readonly Buffer[] }

/** Bytes of an input at most. */
const longest = 4_096

const sizes = [1, 2, 3, 4] as const
const telling = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x0d, 0x20, 0x22, 0x5c, 0x7b, 0x5b]

const place = (bytes: Buffer, random: Random): number => random.between(0, bytes.length)
const spliced = (bytes: Buffer, from: number, to: number, piece: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(to)])
/** A stretch of it, from 1 to 64 bytes long where there are any. */
function stretch(bytes: Buffer, random: Random): [number, number] {
  const from = place(bytes, random)
  return [from, Math.min(bytes.length, from + random.between(1, 2 ** random.between(0, 6)))]
}
function withByte(bytes: Buffer, random: Random, made: (was: number) => number): Buffer {
  const changed = Buffer.from(bytes)
  if (changed.length > 0) {
    const at = random.between(0, changed.length - 1)
    changed[at] = made(changed[at] as number)
  }
  return changed
}

const mutators: readonly Mutator[] = [
  // One bit.
  (bytes, { random }) => withByte(bytes, random, (was) => was ^ (1 << random.between(0, 7))),
  // Another byte: any, one that tells, one beside it.
  (bytes, { random }) => withByte(bytes, random, () => random.between(0, 255)),
  (bytes, { random }) => withByte(bytes, random, () => random.pick(telling)),
  (bytes, { random }) => withByte(bytes, random, (was) => was + random.pick([-1, 1])),
  // A piece less, twice, elsewhere, or new.
  (bytes, { random }) => spliced(bytes, ...stretch(bytes, random), Buffer.alloc(0)),
  (bytes, { random }) => {
    const [from, to] = stretch(bytes, random)
    return spliced(bytes, to, to, bytes.subarray(from, to))
  },
  (bytes, { random }) => {
    const [from, to] = stretch(bytes, random)
    const at = place(bytes, random)
    return spliced(bytes, at, at, bytes.subarray(from, to))
  },
  (bytes, { random }) => {
    const at = place(bytes, random)
    const piece = Buffer.alloc(random.between(1, 8), random.between(0, 255))
    return spliced(bytes, at, at, piece)
  },
  (bytes, { random }) => bytes.subarray(0, place(bytes, random)),
  // A word that means something, put in or put over.
  (bytes, { random, words }) => {
    const at = place(bytes, random)
    return words.length === 0 ? bytes : spliced(bytes, at, at, random.pick(words))
  },
  (bytes, { random, words }) => {
    const at = place(bytes, random)
    const word = words.length === 0 ? Buffer.alloc(0) : random.pick(words)
    return spliced(bytes, at, Math.min(bytes.length, at + word.length), word)
  },
  // Digits: a number that is larger, smaller, or at an edge.
  (bytes, { random }) => {
    const text = bytes.toString('latin1')
    const found = [...text.matchAll(/\d+/g)]
    if (found.length === 0) return bytes
    const { 0: digits, index } = random.pick(found)
    const edge = random.pick([
      '0',
      '-1',
      '255',
      '256',
      '65535',
      '65536',
      '4294967296',
      '9007199254740993',
      '1e999',
      `${digits}0`,
    ])
    return spliced(bytes, index, index + digits.length, Buffer.from(edge))
  },
  // A length: a number of 1 to 4 bytes that is nearly what follows it, or at an edge.
  (bytes, { random }) => {
    const size = random.pick(sizes)
    if (bytes.length < size) return bytes
    const changed = Buffer.from(bytes)
    const at = random.between(0, bytes.length - size)
    const most = 2 ** (8 * size) - 1
    const left = bytes.length - at - size
    const value = random.pick([0, 1, left - 1, left, left + 1, most, most >>> 1])
    changed.writeUIntBE(Math.max(0, Math.min(most, value)), at, size)
    return changed
  },
  // The beginning of one and the end of another.
  (bytes, { random, others }) => {
    const other = random.pick(others)
    return Buffer.concat([bytes.subarray(0, place(bytes, random)), other.subarray(place(other, random))])
  },
]

/** One to sixteen changes, mostly few. */
export function mutated(bytes: Buffer, by: Mutating): Buffer {
  let made = bytes
  for (let left = 2 ** by.random.between(0, 4); left > 0; left -= 1) made = by.random.pick(mutators)(made, by)
  return Buffer.from(made.subarray(0, longest))
}

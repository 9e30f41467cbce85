// What stands where in the module's memory, and the text that is looked through. Behind the tables that stand here for good
// follow, for one text at a time: zeros, the text as one byte a character (letters.ts), zeros, its words, what was found.

/** By length: which bytes of 16 are a word's. */
export const MASKS: usize = memory.data(17 * 16, 16)

/** Words asked for of late, behind what the compiler lays out (tables, and the words that rules ask for by their letters): 16 bytes of their small letters, and two numbers: classes, and flags and cues. */
export const RECENT: usize = 16_384
export const PLACE: usize = 32
export const PLACES: usize = 8192
/** Of a word that is not kept: one too long, or with signs. */
export const LONG: usize = RECENT + PLACES * PLACE
/** Words that rules of form know (dictionary.as): 16 bytes of each, and its bits. */
export const KNOWN: usize = LONG + PLACE
const KNOWNS: usize = 4096
/** Pairs of words that announce something together. */
export const PAIRS: usize = KNOWN + KNOWNS * PLACE
export const PAIR_COUNT: usize = 256
/** By the hash of words in small letters that are looked up where they stand: a byte each, which is had in fewer steps than a bit. */
export const WATCHED: usize = PAIRS + PAIR_COUNT * 4
/** By code unit: what it folds to. And characters that do not fold to one unit (folding.as). */
export const FOLDS: usize = WATCHED + 65_536
export const OTHERS: usize = FOLDS + 65_536 * 4
/** Behind all that stands here for good: zeros before a text, by which its beginning is known. */
export const FREE: usize = OTHERS + 2048 * 80 + 64

/** Bytes that stand for what is no ASCII: letters.ts. */
export const APOSTROPHE: u8 = 0x80
export const OTHER_BEYOND: u8 = 0x81
export const DEGREE: u8 = 0x82
export const TIMES: u8 = 0x83
export const MONEY: u8 = 0x84
export const QUOTE: u8 = 0x85
export const LEAST_LETTER: u8 = 0xc0
export const CAPITAL_BEYOND: u8 = 0xc1
export const LETTER_APOSTROPHE: u8 = 0xc2

/** Where the text stands: a number that the compiler knows costs nothing. */
export const text: usize = FREE
/** Bytes of it. */
export let length: i32 = 0

export function setLength(bytes: i32): void {
  length = bytes
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function byteAt(at: i32): u8 {
  return load<u8>(text + at)
}

/** The same of eight, for any length of 64 at most. */
export const EIGHTS: usize = memory.data(65 * 8, 8)

export function fillMasks(): void {
  for (let size: usize = 0; size <= 64; size++) store<u64>(EIGHTS + size * 8, size < 8 ? (<u64>1 << (size * 8)) - 1 : u64.MAX_VALUE)
  for (let size: usize = 0; size <= 16; size++)
    for (let i: usize = 0; i < size; i++) store<u8>(MASKS + size * 16 + i, 0xff)
}

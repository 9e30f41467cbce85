// Words of terms, as bits: of a text that says something of somebody it shows mostly that no term holds a word of it, and
// that nothing of it has to be looked up.

import { bornOn, isDay } from './days'
import { DOCUMENT, HEARD, SCRATCH } from './map'

/** Bits, a power of two: a word of a thousand terms has one of fifty that is not its own. */
const BITS: u32 = 0x80000

/** Of a letter or digit of ASCII its small form; 0 of any other byte. */
// @ts-ignore: decorator
@inline
function letterOf(byte: u32): u32 {
  if (byte - 0x61 < 26 || byte - 0x30 < 10) return byte
  return byte - 0x41 < 26 ? byte | 0x20 : 0
}

/** Behind the word that begins at `place`, of which `bit` says where it is noted; `place` itself where none begins. */
let bit: u32 = 0

// @ts-ignore: decorator
@inline
function wordEnd(place: usize, end: usize): usize {
  let word: u32 = 0
  while (place < end) {
    const letter = letterOf(load<u8>(place))
    if (letter == 0) break
    word = (word ^ letter) * 0x01000193 + 0x9dc5
    place += 1
  }
  bit = (word ^ (word >> 15)) & (BITS - 1)
  return place
}

/** Notes the words of a text of ASCII, of so many bytes, that stands in SCRATCH. */
export function hear(length: i32): void {
  const end = SCRATCH + length
  for (let place = SCRATCH; place < end; place += 1) {
    const behind = wordEnd(place, end)
    if (behind == place) continue
    const held = HEARD + (bit >> 3)
    store<u8>(held, load<u8>(held) | (<u8>1 << <u8>(bit & 7)))
    place = behind
  }
}

/** Whether a text of the document has no word that was noted: none at all of a name, and of an identifier the first. One without a word has. */
export function isUnheard(at: i32, length: i32, onlyFirst: bool): bool {
  const end = DOCUMENT + at + length
  for (let place = DOCUMENT + at; place < end; place += 1) {
    const behind = wordEnd(place, end)
    if (behind == place) continue
    if ((load<u8>((bit >> 3), HEARD) & (<u8>1 << <u8>(bit & 7))) != 0) return false
    if (onlyFirst) return true
    place = behind
  }
  return !onlyFirst
}

/** The same of a day on which somebody was born: of it its year is left, and days that leave as much are said of the result. */
export function isUnheardBirth(at: i32, length: i32, result: i32): bool {
  const start = DOCUMENT + at
  if (length != 10 || !isDay(start)) return false
  store<i32>(bornOn(start), result)
  wordEnd(start, start + 4)
  return (load<u8>((bit >> 3), HEARD) & (<u8>1 << <u8>(bit & 7))) == 0
}

export function forgetWords(): void {
  memory.fill(HEARD, 0, BITS >> 3)
}

export function scratch(): usize {
  return SCRATCH
}

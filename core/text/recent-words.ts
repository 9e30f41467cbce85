// Words asked for of late. Texts are made of the same few thousand, and the lexicon is larger than a processor's caches:
// each look into it waits for memory three times, and for the hash of the word before.

import type { Letters } from './letters.ts'
import { lexicon, slotOf, wordHash } from './lexicon.ts'

/** Letters of a word that are compared at once, as four numbers. */
const most = 16
const places = 1 << 12
/** What a place holds: the letters in small ones, flags, classes, cues. */
const width = 8
export const [ofFlags, ofClasses, ofCues] = [4, 5, 6]
export const recent = new Int32Array((places + 1) * width)
/** Of a word that is not kept: one too long, or with signs. */
const spare = places * width

/** By length: which bytes of the four numbers are the word's. */
const masks = new Int32Array((most + 1) * 4)
for (let length = 0; length <= most; length += 1)
  for (let part = 0; part < 4; part += 1) {
    const bytes = Math.min(4, Math.max(0, length - part * 4))
    masks[length * 4 + part] = bytes === 4 ? -1 : (1 << (bytes * 8)) - 1
  }
const smallLetters = 0x20_20_20_20

/** Where in `recent` it stands what is known of a word, of letters of ASCII alone. Overwritten by the next call. */
export function recall({ view }: Letters, text: string, start: number, end: number): number {
  const length = end - start
  if (length > most) return lookUp(text, start, end)
  const mask = length << 2
  const one = (view.getInt32(start, true) | smallLetters) & (masks[mask] as number)
  const two = (view.getInt32(start + 4, true) | smallLetters) & (masks[mask + 1] as number)
  const three = (view.getInt32(start + 8, true) | smallLetters) & (masks[mask + 2] as number)
  const four = (view.getInt32(start + 12, true) | smallLetters) & (masks[mask + 3] as number)
  const mixed =
    Math.imul(one, 0x9e_37_79_b1) ^
    Math.imul(two, 0x85_eb_ca_6b) ^
    Math.imul(three, 0xc2_b2_ae_35) ^
    Math.imul(four, 0x27_d4_eb_2f)
  const place = (mixed >>> 20) * width
  if (
    recent[place] === one &&
    recent[place + 1] === two &&
    recent[place + 2] === three &&
    recent[place + 3] === four
  )
    return place
  recent[place] = one
  recent[place + 1] = two
  recent[place + 2] = three
  recent[place + 3] = four
  return lookUp(text, start, end, place)
}

/** The same for any word. */
export function lookUp(text: string, start: number, end: number, place = spare): number {
  const { keys, flags, classes, cues } = lexicon()
  const slot = slotOf(keys, wordHash(text, start, end))
  recent[place + ofFlags] = flags[slot] as number
  recent[place + ofClasses] = classes[slot] as number
  recent[place + ofCues] = cues[slot] as number
  return place
}

// A text as one byte for each of its code units: its code where it is ASCII, what kind of character it is beyond. One look at a
// string costs several at an array, and a text is looked at often.

/** What stands for a code unit beyond ASCII: from `letter` on it is in words. module/memory.as has the same. */
const beyond = {
  /** ’, which is in no word but joins two parts of one. */
  apostrophe: 0x80,
  other: 0x81,
  degree: 0x82,
  times: 0x83,
  /** € and £ */
  money: 0x84,
  /** “ */
  quote: 0x85,
  /** Of a letter or digit without case or of small case. */
  letter: 0xc0,
  capital: 0xc1,
  /** ʼ, an apostrophe which Unicode calls a letter. */
  letterApostrophe: 0xc2,
} as const

/** What words of a text have, as in module/words.as: anything but letters and digits of ASCII. */
export const foreign = 8

/** Shorter ones are not worth a call out of JavaScript. */
const short = 48

const encoder = new TextEncoder()

/** Writes a text to the bytes' beginning, as many as it has code units. True where all of it is ASCII. */
export function writeLetters(text: string, bytes: Uint8Array): boolean {
  if (text.length >= short) {
    const { read, written } = encoder.encodeInto(text, bytes.subarray(0, text.length))
    // Each character beyond ASCII takes two bytes or more.
    return (read === text.length && written === read) || writeBeyond(text, 0, bytes)
  }
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) return writeBeyond(text, i, bytes)
    bytes[i] = code
  }
  return true
}

/** From the first character on that may be beyond ASCII. */
function writeBeyond(text: string, from: number, bytes: Uint8Array): false {
  for (let i = from; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    bytes[i] = code < 0x80 ? code : code < 0xd8_00 || code > 0xdf_ff ? standingFor(code) : half(text, i)
  }
  return false
}

/** By code unit, as far as somebody asked. */
const known = new Uint8Array(0x1_00_00)

function standingFor(code: number): number {
  if (known[code] === 0) known[code] = found(code)
  return known[code] as number
}

const isLetter = /[\p{L}\p{N}]/u

const signs = new Map<string, number>([
  ['’', beyond.apostrophe],
  ['ʼ', beyond.letterApostrophe],
  ['°', beyond.degree],
  ['×', beyond.times],
  ['€', beyond.money],
  ['£', beyond.money],
  ['“', beyond.quote],
])

function found(code: number): number {
  const sign = signs.get(String.fromCharCode(code))
  if (sign !== undefined) return sign
  const character = String.fromCharCode(code)
  if (!isLetter.test(character)) return beyond.other
  return character === character.toLowerCase() ? beyond.letter : beyond.capital
}

/** By code point: those of the planes beyond, of which a text has few. */
const beyondPlane = new Map<number, number>()
const mostBeyond = 4096

/** Of a character of two code units both stand for it. */
function half(text: string, at: number): number {
  const code = text.charCodeAt(at)
  const point = text.codePointAt(code >= 0xdc_00 ? at - 1 : at) ?? 0
  if (point <= 0xff_ff) return beyond.other
  const known = beyondPlane.get(point)
  if (known !== undefined) return known
  if (beyondPlane.size >= mostBeyond) beyondPlane.clear()
  const found = isLetter.test(String.fromCodePoint(point)) ? beyond.letter : beyond.other
  beyondPlane.set(point, found)
  return found
}

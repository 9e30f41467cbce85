// A text as one byte for each of its code units: its code where it is ASCII, what kind of character it is beyond. One look at a
// string costs several at an array, and a text is looked at often.

/** What stands for a code unit beyond ASCII. */
export const beyond = {
  /** Of a letter or digit without case or of small case. */
  letter: 0x80,
  capital: 0x81,
  /** ’, which is in no word but joins two parts of one. */
  apostrophe: 0x82,
  /** ʼ, the same, which Unicode calls a letter. */
  letterApostrophe: 0x83,
  other: 0x84,
} as const

/** Of a byte: what the character is in a word; 0 of what is in none. */
export const small = 1
export const capital = 2
export const digit = 4
/** Beyond ASCII. */
export const foreign = 8

export const kindOf = new Uint8Array(0x1_00)
for (let code = 0x30; code <= 0x39; code += 1) kindOf[code] = digit
for (let code = 0x41; code <= 0x5a; code += 1) {
  kindOf[code] = capital
  kindOf[code + 0x20] = small
}
kindOf[beyond.letter] = foreign
kindOf[beyond.capital] = foreign
kindOf[beyond.letterApostrophe] = foreign

/** Zeros behind each text: whoever looks a few characters ahead looks at what is in no word. */
const behind = 16
const usual = 1 << 14
/** Shorter ones are not worth a call out of JavaScript. */
const short = 48

export type Letters = {
  /** By code unit, and zeros behind the last. */
  bytes: Uint8Array
  /** The same memory. */
  view: DataView
  length: number
  /** Whether all of it is ASCII. */
  plain: boolean
}

const encoder = new TextEncoder()
let last = ''
let letters = room(usual)

function room(size: number): Letters {
  const bytes = new Uint8Array(size)
  return { bytes, view: new DataView(bytes.buffer), length: 0, plain: true }
}

/** What is returned is overwritten by the next call with another text. */
export function lettersOf(text: string): Letters {
  if (text === last && letters.length === text.length) return letters
  const { length } = text
  if (letters.bytes.length < length + behind) letters = room(2 * length + behind)
  // What a long text took is given back with the next short one.
  else if (letters.bytes.length > usual * 16 && length < usual) letters = room(usual)
  last = text
  letters.length = length
  letters.plain = length < short ? readShort(text) : readLong(text)
  letters.bytes.fill(0, length, length + behind)
  return letters
}

function readShort(text: string): boolean {
  const { bytes } = letters
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) return readBeyond(text, i)
    bytes[i] = code
  }
  return true
}

function readLong(text: string): boolean {
  const { read, written } = encoder.encodeInto(text, letters.bytes.subarray(0, text.length))
  // Each character beyond ASCII takes two bytes or more.
  return (read === text.length && written === read) || readBeyond(text, 0)
}

/** From the first character on that may be beyond ASCII. */
function readBeyond(text: string, from: number): false {
  const { bytes } = letters
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

function found(code: number): number {
  if (code === 0x2019) return beyond.apostrophe
  if (code === 0x02bc) return beyond.letterApostrophe
  const character = String.fromCharCode(code)
  if (!isLetter.test(character)) return beyond.other
  return character === character.toLowerCase() ? beyond.letter : beyond.capital
}

/** Of a character of two code units both stand for it. */
function half(text: string, at: number): number {
  const code = text.charCodeAt(at)
  const start = code >= 0xdc_00 ? at - 1 : at
  const point = text.codePointAt(start) ?? 0
  return point > 0xff_ff && isLetter.test(String.fromCodePoint(point)) ? beyond.letter : beyond.other
}

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

/** Shorter ones are not worth a call out of JavaScript. */
const short = 48

const encoder = new TextEncoder()

/** Writes a text to the bytes' beginning, as many as it has code units, where all of it is ASCII. False where it is not. */
export function writeAscii(text: string, bytes: Uint8Array): boolean {
  if (text.length >= short) {
    const { read, written } = encoder.encodeInto(text, bytes.subarray(0, text.length))
    // Each character beyond ASCII takes two bytes or more.
    return read === text.length && written === read
  }
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) return false
    bytes[i] = code
  }
  return true
}

/** The same of any text. */
export function writeAny(text: string, bytes: Uint8Array): void {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    bytes[i] = code < 0x80 ? code : code < 0xd8_00 || code > 0xdf_ff ? standingFor(code) : half(text, i)
  }
}

/** By code point, as far as somebody asked. */
const known = new Uint8Array(0x11_00_00)

function standingFor(point: number): number {
  if (known[point] === 0) known[point] = found(point)
  return known[point] as number
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

function found(point: number): number {
  const character = String.fromCodePoint(point)
  const sign = signs.get(character)
  if (sign !== undefined) return sign
  if (!isLetter.test(character)) return beyond.other
  if (point > 0xff_ff) return beyond.letter
  return character === character.toLowerCase() ? beyond.letter : beyond.capital
}

/** Of a character of two code units both stand for it. */
function half(text: string, at: number): number {
  const code = text.charCodeAt(at)
  const point = text.codePointAt(code >= 0xdc_00 ? at - 1 : at) ?? 0
  return point > 0xff_ff ? standingFor(point) : beyond.other
}

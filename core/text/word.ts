// Words of text: stretches of letters and digits, of any script. By position, so that none is cut out of its text, and
// nothing called back, for being looked at: they are most of what redaction does.

/**
 * The code unit at a place, 0 beyond the text's ends. What `charCodeAt` gives there is NaN: one, and the compiler has all
 * codes of that function be numbers with fractions from then on, and each look into a table twice as dear.
 */
export function codeAt(text: string, at: number): number {
  return at >= 0 && at < text.length ? text.charCodeAt(at) : 0
}

/** Where the next word begins; the text's length where none does. */
export function wordStart(text: string, from: number): number {
  let at = from
  while (at < text.length && letterAt(text, at) === 0) at += 1
  return at
}

/** Where the word ends that begins here. */
export function wordEnd(text: string, start: number): number {
  let at = start
  for (let units = letterAt(text, at); units > 0; units = letterAt(text, at)) at += units
  return at
}

const letter = /[\p{L}\p{N}]/u

/** By code unit: whether it is a letter or digit, as far as somebody asked; 0 where nobody did. */
const yes = 1
const no = 2
const letters = new Uint8Array(0x1_00_00)
for (let code = 0; code < 0x80; code += 1) letters[code] = letter.test(String.fromCharCode(code)) ? yes : no

/** Code units of the letter or digit that stands here; 0 where none does. */
function letterAt(text: string, at: number): number {
  if (at >= text.length) return 0
  const known = letters[text.charCodeAt(at)]
  if (known === yes) return 1
  if (known === no) return 0
  return firstAsked(text, at)
}

function firstAsked(text: string, at: number): number {
  const code = text.charCodeAt(at)
  // The second of two, which is nothing by itself.
  if (code >= 0xdc_00 && code <= 0xdf_ff) return 0
  const point = text.codePointAt(at) as number
  const is = letter.test(String.fromCodePoint(point))
  if (point > 0xff_ff) return is ? 2 : 0
  if (code < 0xd8_00 || code > 0xdf_ff) letters[code] = is ? yes : no
  return is ? 1 : 0
}

/** Whether a character of ASCII is a letter or a digit. */
export function isAsciiWord(code: number): boolean {
  return code < 0x80 && letters[code] === yes
}

/** The small letter of a letter of ASCII. */
export function small(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code
}

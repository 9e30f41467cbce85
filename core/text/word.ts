// Words of text: stretches of letters and digits, of any script. By position, so that none is cut out of its text, and
// nothing called back, for being looked at: they are most of what redaction does.

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

/** Code units of the letter or digit that stands here; 0 where none does. Most text is ASCII, which needs no table of letters. */
function letterAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code < 0x80) return isAsciiWord(code) ? 1 : 0
  const point = text.codePointAt(at)
  if (point === undefined || !letter.test(String.fromCodePoint(point))) return 0
  return point > 0xff_ff ? 2 : 1
}

/** Whether a character of ASCII is a letter or a digit. */
export function isAsciiWord(code: number): boolean {
  const small = code | 0x20
  return (code >= 0x30 && code <= 0x39) || (small >= 0x61 && small <= 0x7a)
}

/** The small letter of a letter of ASCII. */
export function small(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code
}

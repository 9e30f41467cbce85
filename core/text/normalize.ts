// Text as detectors see it: compatibility forms folded, accents and invisible characters gone, hyphens and digits alike. Positions
// map back, so that what is cut is cut from the text as it came.

/** `text` is what to search; `at` gives the position in the original of a position in it. */
export type Normal = { readonly text: string; readonly at: (index: number) => number }

const invisible = /\p{Default_Ignorable_Code_Point}/u
const hyphen = /[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/
const space = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/
const digit = /^\p{Nd}$/u
export const beyondAscii = /[\u0080-\uffff]/

const unmoved = (index: number): number => index

export function normalize(text: string): Normal {
  if (!beyondAscii.test(text)) return { text, at: unmoved }
  let out = ''
  // Where each code unit of `out` came from; at its end, the end of the original.
  const origins: number[] = []
  let position = 0
  for (const point of text) {
    const folded = foldPoint(point)
    for (let i = 0; i < folded.length; i += 1) origins.push(position)
    out += folded
    position += point.length
  }
  origins.push(text.length)
  return { text: out, at: (index) => origins[index] ?? text.length }
}

function foldPoint(point: string): string {
  if (point < '\u0080') return point
  if (invisible.test(point)) return ''
  if (hyphen.test(point)) return '-'
  if (space.test(point)) return ' '
  if (digit.test(point)) return digitOf(point)
  return point.normalize('NFKD').replaceAll(/\p{M}/gu, '')
}

/** Digits of any script as ASCII. Unicode keeps each script's ten together and in order (The Unicode Standard, 4.6). */
function digitOf(point: string): string {
  const folded = point.normalize('NFKD')
  if (folded < '\u0080') return folded
  const code = point.codePointAt(0) as number
  let value = 0
  while (value < 9 && digit.test(String.fromCodePoint(code - value - 1))) value += 1
  return String(value)
}

/** The same folding with case folded as well: how names and identifiers are compared. */
export function fold(text: string): string {
  return normalize(text).text.toLowerCase()
}

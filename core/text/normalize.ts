// Text as detectors see it: compatibility forms folded, accents and invisible characters gone, hyphens and digits alike. Positions
// map back, so that what is cut is cut from the text as it came.

import { isPlain } from './tokenize.ts'

/** `text` is what to search; `at` gives the position in the original of a position in it. */
export type Normal = { readonly text: string; readonly at: (index: number) => number }

const invisible = /\p{Default_Ignorable_Code_Point}/u
const hyphen = /[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/
const space = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/
const digit = /^\p{Nd}$/u
export const beyondAscii = /[\u0080-\uffff]/

const unmoved = (index: number): number => index

export function normalize(text: string): Normal {
  if (isPlain(text)) return { text, at: unmoved }
  let out = ''
  const stretches: Stretch[] = []
  // What is not in `out` yet begins here.
  let from = 0
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code < 0x80) {
      at += 1
      continue
    }
    const point = code < 0xd8_00 || code > 0xdf_ff ? code : (text.codePointAt(at) as number)
    const units = point > 0xff_ff ? 2 : 1
    const folded = foldOf(point)
    if (folded.length !== 1 || units !== 1) {
      const start = out.length + at - from
      if (folded.length > 1) stretches.push({ start, origin: at, flat: true })
      stretches.push({ start: start + folded.length, origin: at + units, flat: false })
    }
    if (units !== 1 || folded.length !== 1 || folded.charCodeAt(0) !== code) {
      out += text.slice(from, at) + folded
      from = at + units
    }
    at += units
  }
  if (from > 0) out += text.slice(from)
  else out = text
  if (stretches.length === 0) return { text: out, at: unmoved }
  return { text: out, at: (index) => (index < out.length ? originOf(index, stretches) : text.length) }
}

/** From `start` on, each code unit comes from the one behind that of the one before; all from `origin`, if `flat`. */
type Stretch = { readonly start: number; readonly origin: number; readonly flat: boolean }

function originOf(index: number, stretches: readonly Stretch[]): number {
  let [low, high] = [0, stretches.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((stretches[middle] as Stretch).start <= index) low = middle + 1
    else high = middle
  }
  const stretch = stretches[low - 1]
  if (stretch === undefined) return index
  return stretch.flat ? stretch.origin : stretch.origin + index - stretch.start
}

const folds = new Map<number, string>()
/** Texts have a few hundred different characters. */
const mostFolds = 4096

/** Remembered: each costs four expressions and a normalization of its own. */
function foldOf(point: number): string {
  const known = folds.get(point)
  if (known !== undefined) return known
  if (folds.size >= mostFolds) folds.clear()
  const folded = foldPoint(String.fromCodePoint(point))
  folds.set(point, folded)
  return folded
}

function foldPoint(point: string): string {
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

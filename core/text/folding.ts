// What a character is folded to: compatibility forms, accents and invisible characters gone, hyphens, spaces and digits alike.

const invisible = /\p{Default_Ignorable_Code_Point}/u
const hyphen = /[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/
const space = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/
const digit = /^\p{Nd}$/u

/** A bit for each character that is known to fold to itself; of the others, 25,000 at most, what they fold to. */
const itself = new Uint8Array(0x11_00_00 >> 3)
const folds = new Map<number, string>()

/** Remembered: each costs four expressions and a normalization of its own. 18 code units at most. */
export function foldPoint(point: number): string {
  const character = String.fromCodePoint(point)
  const [byte, bit] = [point >> 3, 1 << (point & 7)]
  if (((itself[byte] as number) & bit) !== 0) return character
  const known = folds.get(point)
  if (known !== undefined) return known
  const folded = folding(character)
  if (folded === character) itself[byte] = (itself[byte] as number) | bit
  else folds.set(point, folded)
  return folded
}

function folding(character: string): string {
  if (invisible.test(character)) return ''
  if (hyphen.test(character)) return '-'
  if (space.test(character)) return ' '
  if (digit.test(character)) return digitOf(character)
  return character.normalize('NFKD').replaceAll(/\p{M}/gu, '')
}

/** Digits of any script as ASCII. Unicode keeps each script's ten together and in order (The Unicode Standard, 4.6). */
function digitOf(character: string): string {
  const folded = character.normalize('NFKD')
  if (folded < '\u0080') return folded
  const code = character.codePointAt(0) as number
  let value = 0
  while (value < 9 && digit.test(String.fromCodePoint(code - value - 1))) value += 1
  return String(value)
}

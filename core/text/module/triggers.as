// For which runs of digits a rule of form can find something at all: by how many they are and by the signs on both sides. Of most numbers that
// stand within others, and of those of a text that was written to take long, no rule is asked.

import { isOld } from './ages'
import { byteAt } from './memory'
import { before, behind, code, digits, end, start } from './run'
import { CLOSING, COLON, COMMA, DASH, DOT, HASH, isCapital, isDigit, isLetter, OPENING, OTHER, PLUS, SLASH, SPACE, WORDLY } from './signs'

const ANY: i32 = (OTHER << 1) - 1
const MOST: i32 = 15
/** By how many digits and by the sign behind them: signs before them that leave something to a rule. */
const BEFORE: usize = memory.data(16 * 16 * 2, 2)

/** Before all else. Each rule asks this itself, and more: here is what it never does without. */
export function fillTriggers(): void {
  const alone = ANY & ~(WORDLY | DOT | DASH)
  const whole = alone & ~SLASH
  // Dates: 4/22, 2024-03-05, 20240305
  rule(1, 2, SLASH | DOT | DASH, whole)
  rule(4, 4, SLASH | DOT | DASH, ANY)
  rule(8, MOST, ANY, whole & ~(COMMA | HASH))
  // Telephone and social security numbers
  rule(1, 1, SPACE | DASH | DOT | OPENING, alone)
  rule(3, 3, SPACE | DASH | DOT | SLASH | CLOSING, alone)
  rule(1, MOST, ANY, PLUS)
  // Cards
  rule(4, 4, SPACE | DASH, alone)
  rule(13, MOST, ANY, alone)
  // Addresses of networks and cards, coordinates, UUID, UDI
  rule(1, 3, DOT, ANY & ~(WORDLY | DOT))
  rule(1, 4, ANY, COLON)
  rule(1, 4, COLON, ANY)
  rule(2, 2, DASH, ANY & ~(WORDLY | COLON | DASH))
  rule(8, 8, DASH, ANY & ~(WORDLY | DASH))
  rule(2, 2, CLOSING, OPENING)
  // What is long
  rule(2, MOST, DASH | WORDLY, whole)
  rule(6, MOST, ANY, whole)
  rule(4, MOST, ANY, HASH)
}

function rule(least: i32, most: i32, behind: i32, before: i32): void {
  for (let count = least; count <= most; count++)
    for (let sign = 0; sign < 13; sign++) {
      const place = BEFORE + (((<usize>count << 4) | <usize>sign) << 1)
      if (((behind >> sign) & 1) != 0) store<u16>(place, load<u16>(place) | <u16>before)
    }
}

/** Whether one of them may find something that begins with the run. */
export function mayBeFound(): bool {
  if (end != start + digits) return true
  const signs = load<u16>(BEFORE + (((<usize>min(digits, MOST) << 4) | <usize>ctz(behind)) << 1))
  if ((<i32>signs & before) != 0 || isOld()) return true
  // A photograph's file; letters that a hyphen joins to it.
  if (behind == DOT && isLetter(byteAt(end + 1)) && isLetter(byteAt(end + 2)) && isLetter(byteAt(end + 3))) return true
  // "OSR/449120", "***-**-1234"
  if (before == SLASH) return digits > 4 && (isCapital(byteAt(start - 2)) || isDigit(byteAt(start - 2)))
  if (before == DASH && digits == 4 && (byteAt(start - 2) == 0x2a || (byteAt(start - 2) | 0x20) == 0x78)) return true
  // "0161 496 0000"
  if (byteAt(start) == 0x30 && behind == SPACE) return true
  return code < start && isCapital(byteAt(code))
}

// What stands between the word that announces a number and the number itself, and is part of both: a device's maker and model before its serial
// number, the letters of who gave the number.

import { ENGLISH, EVERYDAY, HEADING, MEDICAL, STOPPER } from './classes'
import { isWholeDate } from './dates'
import { ANNOUNCERS, MARK, MEASURED, MEASURES, TYPE, known, mayBe } from './dictionary'
import { add } from './findings'
import { byteAt } from './memory'
import { isUnitAt } from './quantities'
import { code, digits, end, pattern, start } from './run'
import { BETWEEN, COLON, DASH, HASH, OPENING, SPACE, WORDLY, codeEnd, digitAt, digitsAt, isAlnum, isAny } from './signs'
import { ACCOUNT_NUMBER, CERTIFICATE_LICENSE_NUMBER, DEVICE_IDENTIFIER, HEALTH_PLAN_BENEFICIARY_NUMBER, MEDICAL_RECORD_NUMBER, UNIQUE_IDENTIFIER } from './types'
import { ANNOUNCES, classesOf, cueOf, endOf, flagsOf, shapeOf, startOf } from './words'
import { CAPITALISED, CAPITALS, INITIAL, NUMBER, SMALL } from './writing'

/** Words between the two, of a device and of anything else. */
const mostOfDevice = 5
const mostOfOthers = 2
const leastDigits = 5
/** Of one number that are looked at. */
const mostCharacters = 24
/** Which characters of 617-555-0143 are digits. */
const TELEPHONE: i32 = 0b111101110111

/** "pacemaker Medtronic A3DR01 SN PVY614422H", "cert RT-R 518827": of a number of five digits and more, by the words before it. */
export function madeAs(word: i32): void {
  // Most numbers have fewer, and nothing that goes on behind them.
  if (end - start < leastDigits && !isAny(end, WORDLY | DASH)) return
  // "case mgr 602-555-0138", "seen 2024-03-05"
  if (digits == 10 || (pattern & TELEPHONE) == TELEPHONE || isWholeDate()) return
  if (!isAny(code - 1, SPACE | HASH | OPENING | COLON) || (code < start && digitAt(code))) return
  const stop = codeEnd(start, mostCharacters)
  if (stop > end && isAny(stop, WORDLY)) return
  const size = stop - start
  const count = popcnt(pattern & ((1 << min(size, 16)) - 1)) + (size > 16 ? popcnt(digitsAt(start + 16) & ((1 << (size - 16)) - 1)) : 0)
  if (count < leastDigits) return
  if (count == size && byteAt(stop - 1) == 0x30 && byteAt(stop - 2) == 0x30) return
  let first = -1
  let type = 0
  let parts = 0
  let earliest = word
  let branded = false
  let at = word
  while (at > 0 && endOf(at - 1) > code) at--
  for (let i = at - 1; i >= 0 && word - i <= mostOfDevice + 2; i--) {
    if (!areJoined(endOf(i), startOf(i + 1))) break
    const said = mayBe(ANNOUNCERS, startOf(i), endOf(i)) && (cueOf(i) & ANNOUNCES) != 0 ? known(startOf(i), endOf(i)) : 0
    const own = <i32>(said & TYPE) - 1
    if (own >= 0) {
      const device = own == DEVICE_IDENTIFIER
      if (!mayBeMade(own) || parts > (device ? mostOfDevice : mostOfOthers)) break
      if (parts > 0 && (said & MARK) == 0 && (device || !branded)) {
        first = earliest
        type = own
      }
      // "number", "ID"; and what a device is may stand before its serial number.
      if (!device && (said & MARK) == 0) break
      continue
    }
    if (said != 0 || !isPartOf(i)) break
    // S/N
    if (endOf(i) - startOf(i) == 1 && (byteAt(endOf(i)) == 0x2f || byteAt(startOf(i) - 1) == 0x2f)) continue
    parts++
    earliest = i
    if (shapeOf(i) == CAPITALISED) branded = true
  }
  // "Plan: PLT 150000"
  if (first < 0 || isUnitAt(stop)) return
  add(startOf(first), stop, type)
}

/** Nothing but spaces and signs within a code between two words. */
function areJoined(from: i32, to: i32): bool {
  // As most words stand.
  if (to - from == 1 && byteAt(from) == 0x20) return true
  if (to - from > 3) return false
  for (let at = from; at < to; at++) if (!isAny(at, BETWEEN) || byteAt(at) == 0x0a || (byteAt(at) == 0x2e && to > from + 1)) return false
  return true
}

function mayBeMade(type: i32): bool {
  return (
    type == DEVICE_IDENTIFIER || type == CERTIFICATE_LICENSE_NUMBER || type == UNIQUE_IDENTIFIER || type == HEALTH_PLAN_BENEFICIARY_NUMBER ||
    type == MEDICAL_RECORD_NUMBER || type == ACCOUNT_NUMBER
  )
}

/** A maker, a model, letters: no word of English, and nothing that is measured. */
function isPartOf(i: i32): bool {
  return mayBePartOf(i) && !(mayBe(MEASURES, startOf(i), endOf(i)) && (known(startOf(i), endOf(i)) & MEASURED) != 0)
}

function mayBePartOf(i: i32): bool {
  const shape = shapeOf(i)
  const size = endOf(i) - startOf(i)
  if (shape == NUMBER) return size < 10
  if ((classesOf(i) & (HEADING | STOPPER)) != 0) return false
  // "glucometer Contour sn 4482190": only of devices
  if (shape == CAPITALISED) return true
  if (shape != SMALL) return size < 4 || (flagsOf(i) & EVERYDAY) == 0
  // "t:slim"
  const joined = size < 5 && (byteAt(startOf(i) - 1) == 0x3a || (byteAt(endOf(i)) == 0x3a && isAlnum(byteAt(endOf(i) + 1))))
  return joined || (flagsOf(i) & (ENGLISH | MEDICAL)) == 0
}

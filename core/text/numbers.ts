// Numbers and codes that are somebody's by their form or a checksum.

import { isDea, isIban, isLuhn, isVin } from './checksums.ts'
import { byteAt } from './letters.ts'
import {
  aClosing,
  aColon,
  aDash,
  aDot,
  anOpening,
  aPlus,
  areDigits,
  aSpace,
  closing,
  colon,
  type Detector,
  dash,
  dot,
  isCapital,
  isDigit,
  isOneOf,
  letterOrDigit,
  not,
  nowhere,
  opening,
  type Run,
  space,
} from './runs.ts'

/** The whole run has this many characters, and is no plain number. */
const codeOf =
  (least: number, most: number) =>
  ({ start, end, digits }: Run): number =>
    end - start >= least && end - start <= most && digits < end - start ? start : nowhere

/** The character `by` places behind the run's start. */
const at = ({ bytes, start }: Run, by: number): number => byteAt(bytes, start + by)

/** Between groups of digits. */
const aPart = aSpace | aDash | aDot
const parts = (code: number): boolean => code === space || code === dash || code === dot

const isBehindFax =
  /\bfax(?:ed|es|ing)?\b[^A-Za-z0-9]{0,6}(?:(?:no|number|is|to|at|from|#)\b[^A-Za-z0-9]{0,3}){0,2}$/i

/** Whether an x stands in the few characters before: most numbers are no fax's. */
function hasX(bytes: Uint8Array, before: number): boolean {
  for (let i = Math.max(0, before - 24); i < before; i += 1)
    if ((byteAt(bytes, i) | 0x20) === 0x78) return true
  return false
}

const images = new Uint8Array(0x80)
for (const letter of 'jphtbgdJPHTBGD') images[letter.charCodeAt(0)] = 1

const ipv6 = {
  pattern: /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/iy,
  accept: ([text]: RegExpExecArray) =>
    /[0-9a-f]/i.test(text) && (text.includes('::') || text.split(':').length === 8),
}

export const numbers: readonly Detector[] = [
  {
    type: 'SOCIAL_SECURITY_NUMBER',
    digits: [3, 3],
    next: aPart,
    before: not(letterOrDigit | aDot | aDash),
    from: (run) =>
      areDigits(run.bytes, run.start + 4, 2) && parts(at(run, 6)) && isDigit(at(run, 7))
        ? run.start
        : nowhere,
    pattern: /(?<![\w.-])\d{3}[- .]\d{2}[- .]\d{4}(?![\w-])/y,
  },
  {
    // (617) 555-0143, 617.555.0143 x12, 1-617-555-0143
    type: 'PHONE_NUMBER',
    digits: [1, 3],
    next: aPart | anOpening | aClosing,
    before: not(letterOrDigit | aDot | aPlus | aDash),
    from: (run) => {
      const { digits, next, before, start } = run
      if (digits === 3 && next === closing) return before === opening ? start - 1 : nowhere
      if (digits === 3) return parts(next) && isDigit(at(run, 4)) && parts(at(run, 7)) ? start : nowhere
      if (digits !== 1 || at(run, 0) !== 0x31) return nowhere
      const group = start + (parts(next) ? 2 : 1)
      const opened = byteAt(run.bytes, group) === opening ? 1 : 0
      return areDigits(run.bytes, group + opened, 3) ? start : nowhere
    },
    pattern:
      /(?<![\w.+-])(?:1[ .-]?)?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])/iy,
    typed: ({ input, index }, run) =>
      hasX(run.bytes, index) && isBehindFax.test(input.slice(Math.max(0, index - 24), index))
        ? 'FAX_NUMBER'
        : 'PHONE_NUMBER',
  },
  {
    type: 'PHONE_NUMBER',
    digits: [1, 15],
    before: aPlus,
    from: ({ bytes, start }) =>
      isOneOf(byteAt(bytes, start - 2), letterOrDigit | aPlus) ? nowhere : start - 1,
    pattern: /(?<![\w+])\+\d{1,3}(?:[ .-]{0,2}\(?\d{1,4}\)?){2,5}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])/iy,
    accept: ([text]) => /^\d{8,15}$/.test(text.replace(/ ?(?:x|ext).*/i, '').replaceAll(/\D/g, '')),
  },
  {
    type: 'IP_ADDRESS',
    digits: [1, 3],
    next: aDot,
    before: not(letterOrDigit | aDot),
    from: (run) => (hasDots(run, 3) ? run.start : nowhere),
    pattern: /(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.?\w)/y,
    accept: ([text]) => text.split('.').every((part) => Number(part) <= 255),
  },
  {
    type: 'IP_ADDRESS',
    digits: [0, 4],
    next: aColon | letterOrDigit,
    before: not(aColon | letterOrDigit),
    from: ({ bytes, start, end }) =>
      end - start <= 4 && byteAt(bytes, end) === colon && goesOnHex(bytes, end + 1) ? start : nowhere,
    ...ipv6,
  },
  {
    type: 'IP_ADDRESS',
    digits: [0, 4],
    before: aColon,
    from: ({ bytes, start, end }) => {
      if (end - start > 4) return nowhere
      // Behind "::", or behind one group that has no digit and is no run of its own.
      if (byteAt(bytes, start - 2) === colon) return start - 2
      let from = start - 1
      while (from > 0 && start - from < 6 && isHexLetter(byteAt(bytes, from - 1))) from -= 1
      return from < start - 1 ? from : nowhere
    },
    ...ipv6,
  },
  {
    // Medicare: 1EG4-TE5-MK73 (CMS, Understanding the MBI)
    type: 'HEALTH_PLAN_BENEFICIARY_NUMBER',
    digits: [1, 1],
    next: letterOrDigit,
    before: not(letterOrDigit | aDash),
    from: ({ start, end }) => (end - start === 4 || end - start === 11 ? start : nowhere),
    pattern:
      /(?<![\w-])[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}(?![\w-])/y,
  },
  {
    type: 'VEHICLE_IDENTIFIER',
    digits: [0, 17],
    next: letterOrDigit,
    before: not(letterOrDigit | aDash),
    from: codeOf(17, 17),
    pattern: /(?<![\w-])[A-HJ-NPR-Z0-9]{17}(?![\w-])/y,
    accept: ([text]) => isVin(text),
  },
  {
    type: 'ACCOUNT_NUMBER',
    digits: [4, Infinity],
    from: (run) => {
      const { digits, next, start } = run
      // The second of its groups of four.
      const group = digits === 4 && (next === space || next === dash) && areDigits(run.bytes, start + 5, 4)
      return digits >= 13 || group ? start : nowhere
    },
    pattern: /(?<![\w.-])\d{4}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\w-])/y,
    // Checked before anything is cut out: a text may be full of groups of four.
    fits: ({ bytes }, start, end) => isCard(bytes, start, end),
  },
  {
    type: 'ACCOUNT_NUMBER',
    digits: [0, 0],
    before: not(letterOrDigit | aDash),
    from: (run) => {
      const { start, end } = run
      const long = end - start === 4 || end - start >= 15
      return long && isCapital(at(run, 0)) && isDigit(at(run, 2)) ? start : nowhere
    },
    pattern: /(?<![\w-])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\w-])/y,
    accept: ([text]) => isIban(text),
  },
  {
    type: 'CERTIFICATE_LICENSE_NUMBER',
    digits: [0, 0],
    next: letterOrDigit,
    before: not(letterOrDigit | aDash),
    from: codeOf(9, 9),
    pattern: /(?<![\w-])[ABFGMPRX][A-Z9]\d{7}(?![\w-])/y,
    accept: ([text]) => isDea(text),
  },
  {
    type: 'DEVICE_IDENTIFIER',
    digits: [0, 2],
    next: letterOrDigit | aColon | aDash,
    before: not(letterOrDigit | aColon | aDash),
    from: (run) => {
      if (run.end - run.start !== 2) return nowhere
      const code = at(run, 2)
      return (code === colon || code === dash) && at(run, 5) === code ? run.start : nowhere
    },
    pattern: /(?<![\w:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])/y,
  },
  {
    // UDI (21 CFR 830): GS1 application identifiers
    type: 'DEVICE_IDENTIFIER',
    digits: [2, 2],
    before: anOpening,
    next: aClosing,
    from: ({ start }) => start - 1,
    pattern: /\(01\)\d{14}(?:\((?:11|17|10|21)\)[\w-]{1,20}){0,4}/y,
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    digits: [0, 8],
    next: letterOrDigit | aDash,
    before: not(letterOrDigit | aDash),
    from: (run) =>
      run.end - run.start === 8 && at(run, 8) === dash && at(run, 13) === dash ? run.start : nowhere,
    pattern: /(?<![\w-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w-])/iy,
  },
  {
    // A photograph's file, by its number
    type: 'PHOTO',
    digits: [0, Infinity],
    next: letterOrDigit | aDot,
    from: ({ bytes, code, end }) =>
      byteAt(bytes, end) === dot && isImage(byteAt(bytes, end + 1)) ? code : nowhere,
    pattern: /(?<![\w/.-])[\w-]{1,64}\.(?:jpe?g|png|heic|tiff?|bmp|gif|dcm)\b/iy,
  },
  {
    // Latitude and longitude
    type: 'GEOGRAPHIC_LOCATION',
    digits: [1, 2],
    next: aDot,
    before: not(letterOrDigit | aDot),
    from: (run) => {
      const { digits, before, start } = run
      if (!areDigits(run.bytes, start + digits + 1, 3)) return nowhere
      return before === dash ? start - 1 : start
    },
    pattern: /(?<![\w.-])-?\d{1,2}\.\d{3,8}°?(?: ?[NS])?, ?-?\d{1,3}\.\d{3,8}°?(?: ?[EW])?(?![\w.])/y,
  },
]

/** 13 to 19 digits that check, in groups or not. */
function isCard(bytes: Uint8Array, start: number, end: number): boolean {
  let count = 0
  for (let i = start; i < end; i += 1) if (isDigit(bytes[i] as number)) count += 1
  return count >= 13 && count <= 19 && isLuhn(bytes, start, end)
}

/** What jpg, png, heic, tiff, bmp, gif and dcm begin with. */
function isImage(code: number): boolean {
  return code < 0x80 && images[code] === 1
}

/** Behind the colon of an IPv6 address. */
function goesOnHex(bytes: Uint8Array, at: number): boolean {
  const code = byteAt(bytes, at)
  return code === colon || isDigit(code) || isHexLetter(code)
}

/** So many times a dot and digits, three at most, stand behind the run's first digits. */
function hasDots({ bytes, start, digits }: Run, count: number): boolean {
  let at = start + digits
  for (let left = count; left > 0; left -= 1) {
    if (byteAt(bytes, at) !== dot || !isDigit(byteAt(bytes, at + 1))) return false
    at += 2
    while (isDigit(byteAt(bytes, at))) at += 1
  }
  return true
}

function isHexLetter(code: number): boolean {
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66
}

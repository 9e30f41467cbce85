// Numbers and codes that are somebody's by their form or a checksum, and in prose by their length alone.

import { digitsOf } from './announced.ts'
import { isDea, isIban, isLuhn, isVin } from './checksums.ts'
import { isCodeOf, isSubstance, isUnitAt } from './quantities.ts'
import { byDigits, closing, colon, dash, dot, hash, opening, plus, type Run, space } from './runs.ts'

const nowhere = -1
/** The whole run has this many characters, and is no plain number. */
const codeOf =
  (least: number, most: number) =>
  ({ start, end, digits }: Run): number =>
    end - start >= least && end - start <= most && digits < end - start ? start : nowhere

const isBehindFax =
  /\bfax(?:ed|es|ing)?\b[^A-Za-z0-9]{0,6}(?:(?:no|number|is|to|at|from|#)\b[^A-Za-z0-9]{0,3}){0,2}$/i

export const detectors = byDigits([
  {
    type: 'SOCIAL_SECURITY_NUMBER',
    digits: [3, 3],
    from: ({ digits, next, start }) =>
      digits === 3 && (next === dash || next === space || next === dot) ? start : nowhere,
    pattern: /(?<![\w.-])\d{3}[- .]\d{2}[- .]\d{4}(?![\w-])/y,
  },
  {
    // (617) 555-0143, 617.555.0143 x12, 1-617-555-0143
    type: 'PHONE_NUMBER',
    digits: [1, 3],
    from: ({ text, digits, next, before, start }) => {
      if (digits === 1) return text.charCodeAt(start) !== 0x31 || before === plus ? nowhere : start
      if (digits !== 3) return nowhere
      if (next === closing) return before === opening ? start - 1 : nowhere
      return next === dash || next === space || next === dot ? start : nowhere
    },
    pattern:
      /(?<![\w.+-])(?:1[ .-]?)?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])/iy,
    typed: ({ input, index }) =>
      isBehindFax.test(input.slice(Math.max(0, index - 24), index)) ? 'FAX_NUMBER' : 'PHONE_NUMBER',
  },
  {
    type: 'PHONE_NUMBER',
    digits: [1, 15],
    from: ({ before, start, digits }) => (before === plus && digits > 0 ? start - 1 : nowhere),
    pattern: /(?<![\w+])\+\d{1,3}(?:[ .-]{0,2}\(?\d{1,4}\)?){2,5}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])/iy,
    accept: ([text]) => /^\d{8,15}$/.test(text.replace(/ ?(?:x|ext).*/i, '').replaceAll(/\D/g, '')),
  },
  {
    type: 'IP_ADDRESS',
    digits: [1, 3],
    from: ({ digits, next, start }) => (digits > 0 && digits <= 3 && next === dot ? start : nowhere),
    pattern: /(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.?\w)/y,
    accept: ([text]) => text.split('.').every((part) => Number(part) <= 255),
  },
  {
    type: 'IP_ADDRESS',
    digits: [0, 4],
    from: ({ text, start, end, before }) => {
      if (end - start > 4) return nowhere
      if (before !== colon) return text.charCodeAt(end) === colon ? start : nowhere
      // Behind "::", or behind one group that has no digit and is no run of its own.
      if (text.charCodeAt(start - 2) === colon) return start - 2
      let from = start - 1
      while (from > 0 && start - from < 6 && isHexLetter(text.charCodeAt(from - 1))) from -= 1
      return from < start - 1 ? from : nowhere
    },
    pattern: /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/iy,
    accept: ([text]) => /[0-9a-f]/i.test(text) && (text.includes('::') || text.split(':').length === 8),
  },
  {
    // Medicare: 1EG4-TE5-MK73 (CMS, Understanding the MBI)
    type: 'HEALTH_PLAN_BENEFICIARY_NUMBER',
    digits: [1, 1],
    from: ({ digits, start, end }) =>
      digits === 1 && (end - start === 4 || end - start === 11) ? start : nowhere,
    pattern:
      /(?<![\w-])[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}(?![\w-])/y,
  },
  {
    type: 'VEHICLE_IDENTIFIER',
    digits: [0, 17],
    from: codeOf(17, 17),
    pattern: /(?<![\w-])[A-HJ-NPR-Z0-9]{17}(?![\w-])/y,
    accept: ([text]) => isVin(text),
  },
  {
    type: 'ACCOUNT_NUMBER',
    digits: [4, Infinity],
    from: ({ digits, next, start }) =>
      digits >= 13 || (digits === 4 && (next === space || next === dash)) ? start : nowhere,
    pattern: /(?<![\w.-])\d{4}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\w-])/y,
    accept: ([text]) => {
      const digits = text.replaceAll(/\D/g, '')
      return digits.length >= 13 && digits.length <= 19 && isLuhn(digits)
    },
  },
  {
    type: 'ACCOUNT_NUMBER',
    digits: [0, 0],
    from: ({ digits, start, end }) =>
      digits === 0 && (end - start === 4 || end - start >= 15) ? start : nowhere,
    pattern: /(?<![\w-])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\w-])/y,
    accept: ([text]) => isIban(text),
  },
  {
    type: 'CERTIFICATE_LICENSE_NUMBER',
    digits: [0, 0],
    from: codeOf(9, 9),
    pattern: /(?<![\w-])[ABFGMPRX][A-Z9]\d{7}(?![\w-])/y,
    accept: ([text]) => isDea(text),
  },
  {
    type: 'DEVICE_IDENTIFIER',
    digits: [0, 2],
    from: ({ text, start, end }) => {
      if (end - start !== 2) return nowhere
      const code = text.charCodeAt(end)
      return code === colon || code === dash ? start : nowhere
    },
    pattern: /(?<![\w:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])/y,
  },
  {
    // UDI (21 CFR 830): GS1 application identifiers
    type: 'DEVICE_IDENTIFIER',
    digits: [2, 2],
    from: ({ digits, next, before, start }) =>
      digits === 2 && before === opening && next === closing ? start - 1 : nowhere,
    pattern: /\(01\)\d{14}(?:\((?:11|17|10|21)\)[\w-]{1,20}){0,4}/y,
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    digits: [0, 8],
    from: ({ text, start, end }) => (end - start === 8 && text.charCodeAt(end) === dash ? start : nowhere),
    pattern: /(?<![\w-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w-])/iy,
  },
  {
    // A photograph's file, by its number
    type: 'PHOTO',
    digits: [0, Infinity],
    from: ({ text, code, end }) => (text.charCodeAt(end) === dot ? code : nowhere),
    pattern: /(?<![\w/.-])[\w-]{1,64}\.(?:jpe?g|png|heic|tiff?|bmp|gif|dcm)\b/iy,
  },
  {
    // Latitude and longitude
    type: 'GEOGRAPHIC_LOCATION',
    digits: [1, 2],
    from: ({ digits, next, before, start }) =>
      digits > 0 && digits <= 2 && next === dot ? (before === dash ? start - 1 : start) : nowhere,
    pattern: /(?<![\w.-])-?\d{1,2}\.\d{3,8}°?(?: ?[NS])?, ?-?\d{1,3}\.\d{3,8}°?(?: ?[EW])?(?![\w.])/y,
  },
])

function isHexLetter(code: number): boolean {
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66
}

/** With the # before it. */
function withHash(run: Run, start: number): number {
  return start > 0 && run.text.charCodeAt(start - 1) === hash ? start - 1 : start
}

/** In prose alone: among coded values a long number is a code. */
export const longNumbers = byDigits([
  {
    // HMO-234567, SJH123456, P12345678
    type: 'UNIQUE_IDENTIFIER',
    digits: [0, Infinity],
    from: (run) =>
      run.end - run.start >= 2 && (run.code < run.start || run.digits === 0)
        ? withHash(run, run.code)
        : nowhere,
    pattern: /(?<![\w./-])#?([A-Z]{1,8})([-_]?)\d{2,20}(?:-?[A-Z0-9]{1,10}){0,3}(?![\w-]|\.\d)/y,
    accept: (match) =>
      !isSubstance(match[1] as string) &&
      !isCodeOf(match.input, match.index) &&
      digitsOf(match[0]) >= (match[2] === '' ? 5 : 4),
  },
  {
    // 12345-JS, 98765ABC
    type: 'UNIQUE_IDENTIFIER',
    digits: [4, 20],
    from: (run) => (run.digits >= 4 && run.digits <= 20 ? withHash(run, run.start) : nowhere),
    pattern: /(?<![\w./-])#?\d{4,20}-?([A-Z]{1,6})\d{0,6}(?![\w-])/y,
    accept: (match) =>
      !/^(?:MG|MCG|ML|IU|U|KG|G|L|K|M|S|C|F|CFU|USD)$/.test(match[1] as string) &&
      !isCodeOf(match.input, match.index),
  },
  {
    // 789-456-123, 54321-7890
    type: 'UNIQUE_IDENTIFIER',
    digits: [2, 8],
    from: (run) =>
      run.digits >= 2 && run.digits <= 8 && run.next === dash ? withHash(run, run.start) : nowhere,
    pattern: /(?<![\w./-])#?\d{2,8}(?:-\d{2,8}){1,3}(?![\w/%-]|\.\d)/y,
    accept: (match) => {
      const [low = '', high = '', ...more] = match[0].replace('#', '').split('-')
      const digits = digitsOf(match[0])
      if (digits < 7 || isCodeOf(match.input, match.index)) return false
      if (more.length > 0) return true
      // A range: 1000-1500, 150000-450000
      if ((low.length === high.length || digits < 8) && Number(low) < Number(high)) return false
      return !isUnitAt(match.input, match.index + match[0].length)
    },
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    digits: [6, Infinity],
    from: (run) => (run.digits >= 6 ? withHash(run, run.start) : nowhere),
    pattern: /(?<![\w.,/$€£-])#?\d{6,20}(?![\w/%-]|[.,]\d)/y,
    accept: (match) =>
      !isCodeOf(match.input, match.index) &&
      !isUnitAt(match.input, match.index + match[0].length) &&
      !match[0].endsWith('000'),
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    digits: [4, Infinity],
    from: ({ digits, before, start }) => (digits >= 4 && before === hash ? start - 1 : nowhere),
    pattern: /(?<![\w&])#\d{4,20}(?![\w-])/y,
  },
])

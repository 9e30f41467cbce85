// Ages over 89 (45 CFR 164.514(b)(2)(i)(C)).

import { byteAt } from './letters.ts'
import {
  aColon,
  aComma,
  aDash,
  aDot,
  anyOther,
  aSlash,
  aSpace,
  closing,
  colon,
  type Detector,
  dash,
  type Finding,
  letterOrDigit,
  not,
  nowhere,
  type Run,
  space,
} from './runs.ts'
import { isLetter } from './word.ts'

/** How far a look goes back. */
const farthest = 24

/** Behind an age: "-year-old", " years of age", " y/o". */
const ofAge = '(?:[ -]{0,2}(?:years?|yrs?)(?:[ -]old| of age)|[ -]?y\\.?/?o\\b)'
/** Before one: "aged 95", "Age (years): 95", "Age/Sex: 94/F", "turned 93". */
const announcesAge =
  /\b(?:aged?(?:\/(?:sex|gender))?(?: ?\((?:in )?(?:years?|yrs?|y)\))?(?: of| is| was)?[ :=]{1,3}|turn(?:s|ed|ing) )$/i
/** "He is 93.": where nothing is counted behind it. */
const saysAge = /\b(?:he|she|patient|pt|mother|father|husband|wife) (?:is|was) (?:now |already |almost )?$/i
const countsNothing = /^(?:[.;!?)](?!\d)|,(?!\d)|$|\n| (?:and|now|today|but)\b)/
/** "91F presents", "92M with COPD". */
const afterSex =
  /^ (?:with|w\/|who|presents?|presented|presenting|p\/w|c\/o|h\/o|s\/p|here|seen|from|has|had|is|was|admitted|found|brought)(?!\w)/i

/** Not behind a letter, nor inside of a longer number, path or list. */
const whole = not(letterOrDigit | aDot | aComma | aSlash | aDash)

export const ages: readonly Detector[] = [
  {
    type: 'AGE',
    digits: [2, 3],
    next: letterOrDigit | aSpace | aDash,
    before: whole,
    from: (run) => (isOld(run) && isBeforeYears(run) ? run.start : nowhere),
    pattern: new RegExp(`(?<![\\w.,/-])\\d{2,3}(?=${ofAge})`, 'iy'),
  },
  {
    type: 'AGE',
    digits: [2, 3],
    next: not(letterOrDigit),
    // What announces an age ends in a space, a colon or =.
    before: aSpace | aColon | anyOther,
    from: (run) => (isOld(run) && isBehindWord(run) ? run.start : nowhere),
    pattern: /(?<![\w.,/-])\d{2,3}\b(?![.,/]\d|%)/y,
    accept: ({ 0: number, input, index }) => {
      const before = input.slice(Math.max(0, index - 24), index)
      if (announcesAge.test(before)) return true
      const end = index + number.length
      return saysAge.test(before) && countsNothing.test(input.slice(end, end + 8))
    },
  },
  {
    type: 'AGE',
    digits: [2, 3],
    next: letterOrDigit,
    before: whole,
    from: (run) => (run.end - run.start === run.digits + 1 && isOld(run) ? run.start : nowhere),
    pattern: /(?<![\w.,/-])\d{2,3}(?=[MF]\b)/y,
    accept: ({ 0: number, input, index }) => {
      const end = index + number.length + 1
      return (
        afterSex.test(input.slice(end, end + 12)) &&
        !/\b(?:t|tm|tmax|temp|temperature|fever)\b[^.\n]{0,12}$/i.test(
          input.slice(Math.max(0, index - 24), index),
        )
      )
    },
  },
  {
    // "in her 90s"
    type: 'AGE',
    digits: [2, 3],
    next: letterOrDigit | anyOther,
    before: aSpace,
    from: (run) => (isOld(run) ? run.start : nowhere),
    pattern: /(?<![\w.,/-])\d{2,3}(?='?s\b)/y,
    accept: ({ input, index }) =>
      /\b(?:his|her|their|your|my) (?:(?:early|mid|late)[ -]?(?:to[ -]late[ -])?)?$/i.test(
        input.slice(Math.max(0, index - 24), index),
      ),
  },
]

const numberWord = /ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?\b|nineties\b/iy
const wholeAge = /(?:nonage|cente)narians?\b/iy
const ofAgeBehind = new RegExp(`^${ofAge}`, 'i')

/** "ninety-two-year-old", "turned ninety", "in her nineties", "a nonagenarian". */
export function ageAtWord(text: string, start: number, end: number, findings: Finding[]): void {
  wholeAge.lastIndex = start
  if (wholeAge.test(text)) return void findings.push({ start, end, type: 'AGE' })
  numberWord.lastIndex = start
  if (!numberWord.test(text)) return
  const last = numberWord.lastIndex
  const before = text.slice(Math.max(0, start - farthest), start)
  const behind = text.slice(last, last + 16)
  const told =
    ofAgeBehind.test(behind) ||
    announcesAge.test(before) ||
    (saysAge.test(before) && countsNothing.test(behind)) ||
    /\b(?:his|her|their|your|my) (?:(?:early|mid|late)[ -]?)?$/i.test(before)
  if (told) findings.push({ start, end: last, type: 'AGE' })
}

/** Space, colon, = */
function isBetween(code: number): boolean {
  return code === space || code === colon || code === 0x3d
}

/** A letter or a bracket stands before, behind three spaces, colons and the like at most: what announces an age ends so. */
function isBehindWord({ bytes, start }: Run): boolean {
  let at = start - 1
  while (start - at <= 3 && isBetween(byteAt(bytes, at))) at -= 1
  const code = byteAt(bytes, at)
  return isLetter(code) || code === closing
}

/** 90 to 129. */
function isOld({ bytes, start, digits }: Run): boolean {
  const first = byteAt(bytes, start)
  if (digits === 2) return first === 0x39
  return digits === 3 && first === 0x31 && byteAt(bytes, start + 1) < 0x33
}

/** A y behind two spaces or hyphens at most: years, yo, y/o. */
function isBeforeYears({ bytes, start, digits }: Run): boolean {
  let at = start + digits
  for (let left = 2; left > 0; left -= 1) {
    const code = byteAt(bytes, at)
    if (code !== space && code !== dash) break
    at += 1
  }
  return (byteAt(bytes, at) | 0x20) === 0x79
}

// Dates, all elements but the year, and ages over 89 (45 CFR 164.514(b)(2)(i)(C)).

import type { FormRules } from './forms.ts'
import {
  aColon,
  aComma,
  aDash,
  aDot,
  aHash,
  anyOther,
  aSlash,
  aSpace,
  colon,
  dash,
  detectorsOf,
  type Finding,
  isCapital,
  isDigit,
  isOneOf,
  letterOrDigit,
  not,
  type Run,
  space,
  tryAll,
} from './runs.ts'
import { codeAt } from './word.ts'
import { lookUp, wordTable } from './word-table.ts'

const monthName =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'
const weekday = '(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?'
const ordinalWord =
  '(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|thirtieth|twenty-(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|thirty-first)'
/** Behind a date. */
const zone = '(?:(?:\\.\\d{1,9})?(?:Z\\b|[+-]\\d{2}:?\\d{2}\\b))?'
const time = `(?:(?:,? (?:at )?| @ ?|T)\\d{1,2}:\\d{2}(?::\\d{2})?(?: ?[ap]\\.?m\\b\\.?)?${zone})?`
const year = "(?:(?:,? |, ?| of | in |/|-)(?:(\\d{4})|['’]\\d{2})\\b)?"
const day = '\\d{1,2}(?:st|nd|rd|th)?'

function isDay(month: string | undefined, day: string | undefined): boolean {
  const [m, d] = [Number(month), Number(day)]
  return m >= 1 && m <= 12 && d >= 1 && d <= 31
}

/** 1800 to 2199. */
function isYear(year: string | undefined): boolean {
  return year !== undefined && /^(?:1[89]|2[01])/.test(year)
}

const nowhere = -1

/** Not behind a letter, nor inside of a longer number or path. */
const fresh = not(letterOrDigit | aSlash | aDot | aDash)

/** 4/22/ of 4/22/2021: the same sign behind one digit or two more. */
function isTwice({ text, start, digits, next }: Run): boolean {
  const at = start + digits + 1
  return (
    isDigit(codeAt(text, at)) &&
    (codeAt(text, at + 1) === next || (isDigit(codeAt(text, at + 1)) && codeAt(text, at + 2) === next))
  )
}

const dates = detectorsOf([
  {
    type: 'DATE',
    digits: [4, 4],
    next: aDash,
    before: not(aDash),
    from: (run) => (isTwice(run) ? run.start : nowhere),
    pattern:
      /(?<![\d-])(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d|-\d)/y,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]) && (match[0].length >= 10 || isYear(match[1])),
  },
  {
    // 2024.03.05
    type: 'DATE',
    digits: [4, 4],
    next: aDot,
    before: not(letterOrDigit | aDot | aComma | aSlash | aDash),
    from: (run) => (isTwice(run) ? run.start : nowhere),
    pattern: /(?<![\w.,/-])(\d{4})\.(\d{1,2})\.(\d{1,2})(?![\w/-]|\.\d)/y,
    year: (match) => match[1],
    accept: (match) => isYear(match[1]) && isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    digits: [4, 4],
    next: aSlash,
    before: not(aSlash),
    from: ({ start }) => start,
    pattern: /(?<![\d/])(\d{4})\/(\d{1,2})\/(\d{1,2})(?![\d/])/y,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    digits: [1, 2],
    next: aSlash | aDot | aDash,
    before: fresh,
    from: (run) => (isTwice(run) ? run.start : nowhere),
    pattern: new RegExp(
      `(?<![\\w/.-])(\\d{1,2})([/.-])(\\d{1,2})\\2(\\d{4}|\\d{2})(?![\\w/]|[.-]\\d)${time}`,
      'iy',
    ),
    year: (match) => (match[4]?.length === 4 ? match[4] : undefined),
    accept: (match) =>
      (isDay(match[1], match[3]) || isDay(match[3], match[1])) &&
      (match[2] !== '.' || match[4]?.length === 4),
  },
  {
    // 03/2023
    type: 'DATE',
    digits: [1, 2],
    next: aSlash,
    before: fresh,
    from: ({ text, start, digits }) => (isDigit(codeAt(text, start + digits + 4)) ? start : nowhere),
    pattern: /(?<![\w/.-])(?:0?[1-9]|1[0-2])\/((?:19|20)\d{2})(?![\w/-])/y,
    year: (match) => match[1],
  },
  {
    // 12JAN2023
    type: 'DATE',
    digits: [1, 2],
    next: letterOrDigit,
    before: fresh,
    from: ({ start, end }) => (end - start >= 7 ? start : nowhere),
    pattern: new RegExp(`(?<![\\w/.-])\\d{1,2}${monthName}(\\d{4}|\\d{2})\\b`, 'iy'),
    year: (match) => (match[1]?.length === 4 ? match[1] : undefined),
  },
])

/** ISO 8601 in short, where no code stands: 20240305, 202403051030, 20240305T103000Z, and the day of the year, 2024-064. */
const compact = detectorsOf([
  {
    type: 'DATE',
    digits: [8, 14],
    before: not(letterOrDigit | aDot | aComma | aSlash | aHash | aDash),
    from: ({ digits, start }) => (digits === 8 || digits === 12 || digits === 14 ? start : nowhere),
    pattern:
      /(?<![\w.,/#$-])(\d{4})(\d{2})(\d{2})(?:(?:T)?([01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w/%-]|[.,]\d)/y,
    year: (match) => match[1],
    accept: (match) => /^(?:19|20)/.test(match[0]) && isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    digits: [4, 4],
    next: aDash,
    before: not(letterOrDigit | aDot | aComma | aSlash | aHash | aDash),
    from: ({ text, start }) => (isDigit(codeAt(text, start + 7)) ? start : nowhere),
    pattern: /(?<![\w.,/#-])((?:19|20)\d{2})-(\d{3})(?![\w/%-]|[.,]\d)/y,
    year: (match) => match[1],
    accept: (match) => Number(match[2]) >= 1 && Number(match[2]) <= 366,
  },
])

/** A letter, a colon perhaps, a space or two. */
function isBehindWord({ text, start }: Run): boolean {
  let at = start - 2
  if (codeAt(text, at) === space) at -= 1
  if (codeAt(text, at) === colon) at -= 1
  return isOneOf(codeAt(text, at), letterOrDigit)
}

const daysOfMonths = detectorsOf([
  {
    // "on 4/22", where a word says that it is a day
    type: 'DATE',
    digits: [1, 2],
    next: aSlash,
    before: aSpace,
    from: (run) => (isBehindWord(run) ? run.start : nowhere),
    pattern: /(?<![\w/.-])(\d{1,2})\/(\d{1,2})(?![\w/%]|\.\d)/y,
    accept: (match) =>
      isDay(match[1], match[2]) &&
      /\b(?:on|since|until|till|dated|date|dob|born|visit|appt|appointment|seen|admitted|discharged|d\/c|lmp|edd|edc|dos|doa|dod)(?: on)?:? {1,2}$/i.test(
        match.input.slice(Math.max(0, match.index - 16), match.index),
      ),
  },
])

export function datesAt(run: Run, { context, compacted }: FormRules, findings: Finding[]): void {
  tryAll(dates, run, findings)
  if (compacted) tryAll(compact, run, findings)
  if (context) tryAll(daysOfMonths, run, findings)
}

/** What three letters begin, in any case: the name of a month, of a day of the week, or nothing. */
const aMonth = 1
const aWeekday = 2
const beginnings = new Uint8Array(1 << 15)
for (const [list, kind] of [
  ['jan feb mar apr may jun jul aug sep oct nov dec', aMonth],
  ['mon tue wed thu fri sat sun', aWeekday],
] as const)
  for (const word of list.split(' ')) beginnings[beginningOf(word, 0)] = kind

/** Of letters of ASCII: five bits tell each from the others. */
function beginningOf(text: string, at: number): number {
  return (
    ((codeAt(text, at) & 0x1f) << 10) | ((codeAt(text, at + 1) & 0x1f) << 5) | (codeAt(text, at + 2) & 0x1f)
  )
}

const months = wordTable(
  `jan january feb february mar march apr april may jun june jul july aug august sep september sept oct october nov november dec december`
    .split(' ')
    .map((word) => [word, true] as const),
)
const wholeWeekday = new RegExp(`^${weekday}$`, 'i')
/** March 5th, 2021 at 10:30; May 3-5, 2023; May the 5th; Jan-12-2023 */
const monthDay = new RegExp(
  `${monthName}(?:\\.? |\\.|-)(?:the )?${day}\\b(?: ?(?:-|–|to|and|through|&) ?${day}\\b(?![/:]))?${year}${time}`,
  'iy',
)
/** 2021 behind March, '23 behind Jan */
const monthYear = new RegExp(`${monthName}(?:\\.?,? (?:of )?|-|/)(?:(\\d{4})|['’]\\d{2})\\b`, 'iy')
const monthOrdinal = new RegExp(`${monthName} ${ordinalWord}\\b${year}`, 'iy')
const monthAlone = new RegExp(`${monthName}\\b\\.?${year}${time}`, 'iy')
/** 12th, the 5th of, 12- */
const dayBefore = new RegExp(`(?:\\bthe )?(?<![\\w/.-])${day}(?:[ -]| of | day of )$`, 'i')
const ordinalBefore = new RegExp(`(?:\\bthe )?\\b${ordinalWord} (?:day )?(?:of )?$`, 'i')
/** An element of a date smaller than the year: "in March" */
const monthCue =
  /\b(?:in|since|during|until|till|by|last|next|this|early|late|mid|through|from|between|to|and|of)[ -]$/i
const weekdayCue = /\b(?:last|next|this|past|coming|on|since|until|by|every) $/i
const weekdayTail = / (?:last|next|morning|afternoon|evening|night)\b/iy

const farthest = 24

/** Dates that a word begins or stands in: months and days of the week. */
export function datesAtWord(
  text: string,
  start: number,
  end: number,
  rules: FormRules,
  findings: Finding[],
): void {
  ageAtWord(text, start, end, findings)
  const kind = beginnings[beginningOf(text, start)]
  if (kind === 0) return
  if (kind === aMonth) {
    if (lookUp(months, text, start, end) === true) month(text, start, text.slice(start, end), rules, findings)
    return
  }
  const word = text.slice(start, end)
  if (wholeWeekday.test(word) && (word.length > 5 || isLarge(word)))
    weekdayAt(text, start, end, rules, findings)
}

function isLarge(word: string): boolean {
  return word.charCodeAt(0) < 0x60
}

function month(text: string, start: number, word: string, { context }: FormRules, findings: Finding[]): void {
  const before = text.slice(Math.max(0, start - farthest), start)
  const day = mayBeDay(text, start) ? dayBefore.exec(before) : null
  if (day !== null && isNoVerb(monthAlone, text, start, word)) {
    add(monthAlone, text, start, start - day[0].length, findings)
    return
  }
  if (isNoVerb(monthDay, text, start, word) && add(monthDay, text, start, start, findings)) return
  if (word !== 'may' && add(monthYear, text, start, start, findings)) return
  if (word !== 'may' && add(monthOrdinal, text, start, start, findings)) return
  const ordinal = mayBeDay(text, start) ? ordinalBefore.exec(before) : null
  if (ordinal !== null) return void add(monthAlone, text, start, start - ordinal[0].length, findings)
  const whole = isLarge(word) && (word.length > 4 || word === 'May' || word === 'June' || word === 'July')
  const follows =
    codeAt(text, start + word.length) === space && isCapital(codeAt(text, start + word.length + 1))
  if (context && whole && !follows && monthCue.test(before))
    findings.push({ start, end: start + word.length, type: 'DATE' })
}

/** Whether "12 ", "12-", "12th ", "first of " or "fifth day " may end here, by its last letter. */
function mayBeDay(text: string, end: number): boolean {
  const sign = codeAt(text, end - 1)
  if (sign !== space && sign !== dash) return false
  const code = codeAt(text, end - 2)
  const letter = code | 0x20
  return (
    isDigit(code) ||
    letter === 0x74 ||
    letter === 0x64 ||
    letter === 0x68 ||
    letter === 0x66 ||
    letter === 0x79
  )
}

/** `may` in small letters is mostly a verb: not where a year or an ordinal is there. */
function isNoVerb(pattern: RegExp, text: string, start: number, word: string): boolean {
  if (word !== 'may') return true
  pattern.lastIndex = start
  const match = pattern.exec(text)
  return match !== null && /\d(?:st|nd|rd|th)|\d{4}|['’]\d{2}/.test(match[0])
}

/** Adds a date from `from` to where the pattern ends that begins at `at`. */
function add(pattern: RegExp, text: string, at: number, from: number, findings: Finding[]): boolean {
  pattern.lastIndex = at
  const match = pattern.exec(text)
  if (match === null) return false
  const finding = { start: from, end: at + match[0].length, type: 'DATE' } as const
  findings.push(match[1] === undefined ? finding : { ...finding, year: match[1] })
  return true
}

/** last Thursday, on Monday, Friday morning */
function weekdayAt(
  text: string,
  start: number,
  end: number,
  { context }: FormRules,
  findings: Finding[],
): void {
  if (!context) return
  weekdayTail.lastIndex = end
  const tail = weekdayTail.exec(text)
  const cue = weekdayCue.exec(text.slice(Math.max(0, start - farthest), start))
  if (cue === null && tail === null) return
  const last = tail === null ? end : end + tail[0].length
  findings.push({ start: start - (cue?.[0].length ?? 0), end: last, type: 'DATE' })
}

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

const ages = detectorsOf([
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
    from: (run) => (isOld(run) ? run.start : nowhere),
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
])

const numberWord = /ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?\b|nineties\b/iy
const wholeAge = /(?:nonage|cente)narians?\b/iy
const ofAgeBehind = new RegExp(`^${ofAge}`, 'i')

/** "ninety-two-year-old", "turned ninety", "in her nineties", "a nonagenarian". */
function ageAtWord(text: string, start: number, end: number, findings: Finding[]): void {
  if (end - start < 6) return
  const code = codeAt(text, start) | 0x20
  if (code !== 0x6e && code !== 0x63) return
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

/** 90 to 129. */
function isOld({ text, start, digits }: Run): boolean {
  const first = codeAt(text, start)
  if (digits === 2) return first === 0x39
  return digits === 3 && first === 0x31 && codeAt(text, start + 1) < 0x33
}

/** A y behind two spaces or hyphens at most: years, yo, y/o. */
function isBeforeYears({ text, start, digits }: Run): boolean {
  let at = start + digits
  for (let left = 2; left > 0; left -= 1) {
    const code = codeAt(text, at)
    if (code !== space && code !== dash) break
    at += 1
  }
  return (codeAt(text, at) | 0x20) === 0x79
}

export function agesAt(run: Run, findings: Finding[]): void {
  tryAll(ages, run, findings)
}

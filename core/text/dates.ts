// Dates, all elements but the year, and ages over 89 (45 CFR 164.514(b)(2)(i)(C)).

import type { FormRules } from './forms.ts'
import { byDigits, dash, dot, type Finding, type Run, slash, space, tryAll } from './runs.ts'

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

const dates = byDigits([
  {
    type: 'DATE',
    digits: [4, 4],
    from: ({ digits, next, start }) => (digits === 4 && next === dash ? start : nowhere),
    pattern:
      /(?<![\d-])(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d|-\d)/y,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]) && (match[0].length >= 10 || isYear(match[1])),
  },
  {
    // 2024.03.05
    type: 'DATE',
    digits: [4, 4],
    from: ({ digits, next, start }) => (digits === 4 && next === dot ? start : nowhere),
    pattern: /(?<![\w.,/-])(\d{4})\.(\d{1,2})\.(\d{1,2})(?![\w/-]|\.\d)/y,
    year: (match) => match[1],
    accept: (match) => isYear(match[1]) && isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    digits: [4, 4],
    from: ({ digits, next, start }) => (digits === 4 && next === slash ? start : nowhere),
    pattern: /(?<![\d/])(\d{4})\/(\d{1,2})\/(\d{1,2})(?![\d/])/y,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    digits: [1, 2],
    from: ({ digits, next, start }) =>
      digits > 0 && digits <= 2 && (next === slash || next === dot || next === dash) ? start : nowhere,
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
    from: ({ digits, next, start }) => (digits > 0 && digits <= 2 && next === slash ? start : nowhere),
    pattern: /(?<![\w/.-])(?:0?[1-9]|1[0-2])\/((?:19|20)\d{2})(?![\w/-])/y,
    year: (match) => match[1],
  },
  {
    // 12JAN2023
    type: 'DATE',
    digits: [1, 2],
    from: ({ digits, start, end }) => (digits > 0 && digits <= 2 && end - start >= 7 ? start : nowhere),
    pattern: new RegExp(`(?<![\\w/.-])\\d{1,2}${monthName}(\\d{4}|\\d{2})\\b`, 'iy'),
    year: (match) => (match[1]?.length === 4 ? match[1] : undefined),
  },
])

/** ISO 8601 in short, where no code stands: 20240305, 202403051030, 20240305T103000Z, and the day of the year, 2024-064. */
const compact = byDigits([
  {
    type: 'DATE',
    digits: [8, 14],
    from: ({ digits, start }) => (digits === 8 || digits === 12 || digits === 14 ? start : nowhere),
    pattern:
      /(?<![\w.,/#$-])(\d{4})(\d{2})(\d{2})(?:(?:T)?([01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w/%-]|[.,]\d)/y,
    year: (match) => match[1],
    accept: (match) => /^(?:19|20)/.test(match[0]) && isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    digits: [4, 4],
    from: ({ digits, next, start }) => (digits === 4 && next === dash ? start : nowhere),
    pattern: /(?<![\w.,/#-])((?:19|20)\d{2})-(\d{3})(?![\w/%-]|[.,]\d)/y,
    year: (match) => match[1],
    accept: (match) => Number(match[2]) >= 1 && Number(match[2]) <= 366,
  },
])

const daysOfMonths = byDigits([
  {
    // "on 4/22", where a word says that it is a day
    type: 'DATE',
    digits: [1, 2],
    from: ({ digits, next, start }) => (digits > 0 && digits <= 2 && next === slash ? start : nowhere),
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

/** First three letters, small, as a number: 1 begins a month, 2 a day of the week. */
const beginnings = new Map<number, 1 | 2>()
for (const [list, kind] of [
  ['jan feb mar apr may jun jul aug sep oct nov dec', 1],
  ['mon tue wed thu fri sat sun', 2],
] as const)
  for (const word of list.split(' ')) beginnings.set(beginningOf(word, 0), kind)

function beginningOf(text: string, at: number): number {
  return (
    ((text.charCodeAt(at) | 0x20) << 16) |
    ((text.charCodeAt(at + 1) | 0x20) << 8) |
    (text.charCodeAt(at + 2) | 0x20)
  )
}

const wholeMonth = new RegExp(`^${monthName}$`, 'i')
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
  const kind = beginnings.get(beginningOf(text, start))
  if (kind === undefined) return
  const word = text.slice(start, end)
  if (kind === 1 && wholeMonth.test(word)) month(text, start, word, rules, findings)
  if (kind === 2 && wholeWeekday.test(word) && (word.length > 5 || isLarge(word)))
    weekdayAt(text, start, end, rules, findings)
}

function isLarge(word: string): boolean {
  return word.charCodeAt(0) < 0x60
}

function month(text: string, start: number, word: string, { context }: FormRules, findings: Finding[]): void {
  const before = text.slice(Math.max(0, start - farthest), start)
  const day = dayBefore.exec(before)
  if (day !== null && isNoVerb(monthAlone, text, start, word)) {
    add(monthAlone, text, start, start - day[0].length, findings)
    return
  }
  if (isNoVerb(monthDay, text, start, word) && add(monthDay, text, start, start, findings)) return
  if (word !== 'may' && add(monthYear, text, start, start, findings)) return
  if (word !== 'may' && add(monthOrdinal, text, start, start, findings)) return
  const ordinal = ordinalBefore.exec(before)
  if (ordinal !== null) return void add(monthAlone, text, start, start - ordinal[0].length, findings)
  const whole = isLarge(word) && (word.length > 4 || word === 'May' || word === 'June' || word === 'July')
  const follows =
    text.charCodeAt(start + word.length) === space && isCapital(text.charCodeAt(start + word.length + 1))
  if (context && whole && !follows && monthCue.test(before))
    findings.push({ start, end: start + word.length, type: 'DATE' })
}

/** `may` in small letters is mostly a verb: not where a year or an ordinal is there. */
function isNoVerb(pattern: RegExp, text: string, start: number, word: string): boolean {
  if (word !== 'may') return true
  pattern.lastIndex = start
  const match = pattern.exec(text)
  return match !== null && /\d(?:st|nd|rd|th)|\d{4}|['’]\d{2}/.test(match[0])
}

function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a
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

const ages = byDigits([
  {
    type: 'AGE',
    digits: [2, 3],
    from: ({ text, digits, start }) => (isOld(text, start, digits) ? start : nowhere),
    pattern: new RegExp(`(?<![\\w.,/-])\\d{2,3}(?=${ofAge})`, 'iy'),
  },
  {
    type: 'AGE',
    digits: [2, 3],
    from: ({ text, digits, start }) => (isOld(text, start, digits) ? start : nowhere),
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
    from: ({ text, digits, start, end }) =>
      end - start === digits + 1 && isOld(text, start, digits) ? start : nowhere,
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
    from: ({ text, digits, start }) => (isOld(text, start, digits) ? start : nowhere),
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
  const code = text.charCodeAt(start) | 0x20
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
function isOld(text: string, start: number, digits: number): boolean {
  const first = text.charCodeAt(start)
  if (digits === 2) return first === 0x39
  return digits === 3 && first === 0x31 && text.charCodeAt(start + 1) < 0x33
}

export function agesAt(run: Run, findings: Finding[]): void {
  tryAll(ages, run, findings)
}

// Dates, all elements but the year, and ages over 89 (45 CFR 164.514(b)(2)(i)(C)).

import type { Detector } from './forms.ts'

const monthName =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'
const weekday = '(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?'
const ordinalWord =
  '(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|thirtieth|twenty-(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|thirty-first)'
/** Behind a date. */
const time = '(?:(?:,? (?:at )?| @ ?|T)\\d{1,2}:\\d{2}(?::\\d{2})?(?: ?[ap]\\.?m\\b\\.?)?)?'
const year = "(?:(?:,? |, ?| of | in |/|-)(?:(\\d{4})|['’]\\d{2})\\b)?"
const day = '\\d{1,2}(?:st|nd|rd|th)?'

function isDay(month: string | undefined, day: string | undefined): boolean {
  const [m, d] = [Number(month), Number(day)]
  return m >= 1 && m <= 12 && d >= 1 && d <= 31
}

/** `may` in small letters is mostly a verb. */
function isMonth([text]: RegExpExecArray): boolean {
  return !/\bmay\b/.test(text)
}

export const dateDetectors: readonly Detector[] = [
  {
    type: 'DATE',
    needs: ({ digits, dashes }) => digits >= 8 && dashes >= 2,
    pattern:
      /(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d|-\d)/g,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    needs: ({ digits, slashes }) => digits >= 6 && slashes >= 2,
    pattern: /(?<![\d/])(\d{4})\/(\d{1,2})\/(\d{1,2})(?![\d/])/g,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    needs: ({ digits, dashes, slashes, dots }) => digits >= 4 && (dashes >= 2 || slashes >= 2 || dots >= 2),
    pattern: new RegExp(
      `(?<![\\w/.-])(\\d{1,2})([/.-])(\\d{1,2})\\2(\\d{4}|\\d{2})(?![\\w/]|[.-]\\d)${time}`,
      'gi',
    ),
    year: (match) => (match[4]?.length === 4 ? match[4] : undefined),
    accept: (match) =>
      (isDay(match[1], match[3]) || isDay(match[3], match[1])) &&
      (match[2] !== '.' || match[4]?.length === 4),
  },
  {
    // 03/2023
    type: 'DATE',
    needs: ({ digits, slashes }) => digits >= 5 && slashes >= 1,
    pattern: /(?<![\w/.-])(?:0?[1-9]|1[0-2])\/((?:19|20)\d{2})(?![\w/-])/g,
    year: (match) => match[1],
  },
  {
    // "on 4/22", where a word says that it is a day
    type: 'DATE',
    needs: ({ digits, slashes, letters }) => digits >= 2 && slashes >= 1 && letters >= 2,
    pattern:
      /\b(?:on|since|until|till|dated|dob|born|visit|appt|appointment|seen|admitted|discharged|d\/c)(?: on)?:? {1,2}(\d{1,2}\/\d{1,2})(?![\w/%]|\.\d)/gi,
    accept: (match) => {
      const [month, day] = (match[1] as string).split('/')
      return isDay(month, day)
    },
    context: true,
  },
  {
    // March 5th, 2021 at 10:30; May 3-5, 2023; May the 5th; Jan-12-2023
    type: 'DATE',
    needs: (signs) => signs.month,
    pattern: new RegExp(
      `\\b${monthName}(?:\\.? |\\.|-)(?:the )?${day}\\b(?: ?(?:-|–|to|and|through|&) ?${day}\\b(?![/:]))?${year}${time}`,
      'gi',
    ),
    year: (match) => match[1],
    accept: isMonth,
  },
  {
    // 12th Jan 2023; the 5th of May; 12-Jan-2023; 12JAN2023
    type: 'DATE',
    needs: (signs) => signs.month,
    pattern: new RegExp(`(?<![\\w/.-])${day}(?:[ -]|(?: of ))?${monthName}\\b\\.?${year}${time}`, 'gi'),
    year: (match) => match[1],
    accept: isMonth,
  },
  {
    type: 'DATE',
    needs: (signs) => signs.month,
    pattern: new RegExp(`(?<![\\w/.-])\\d{1,2}${monthName}(\\d{4}|\\d{2})\\b`, 'gi'),
    year: (match) => (match[1]?.length === 4 ? match[1] : undefined),
  },
  {
    // March 2021, Jan '23
    type: 'DATE',
    needs: (signs) => signs.month,
    pattern: new RegExp(`\\b${monthName}(?:\\.?,? (?:of )?|-|/)(?:(\\d{4})|['’]\\d{2})\\b`, 'gi'),
    year: (match) => match[1],
    accept: isMonth,
  },
  {
    // the fifth of May, May fifth
    type: 'DATE',
    needs: (signs) => signs.monthWord,
    pattern: new RegExp(
      `\\b(?:${ordinalWord} (?:of |day of )?${monthName}|${monthName} ${ordinalWord})\\b${year}`,
      'gi',
    ),
    year: (match) => match[1],
  },
  {
    // "in March": an element of a date smaller than the year
    type: 'DATE',
    needs: (signs) => signs.monthWord,
    pattern:
      /\b(?:in|since|during|until|till|by|last|next|this|early|late|mid|through|from|between|to|and|of)[ -](January|February|March|April|May|June|July|August|September|October|November|December)\b(?! [A-Z])/g,
    context: true,
  },
  {
    // last Thursday, on Monday
    type: 'DATE',
    needs: (signs) => signs.weekday,
    pattern: new RegExp(
      `\\b(?:(?:last|next|this|past|coming|on|since|until|by|every) ${weekday}|${weekday} (?:last|next|morning|afternoon|evening|night))\\b(?!-)`,
      'gi',
    ),
    accept: ([text]) => !/ (?:sun|sat|wed|mon|fri)$/i.test(text) || / [A-Z]/.test(text),
  },
]

export const ageDetectors: readonly Detector[] = [
  {
    type: 'AGE',
    needs: ({ digits, letters }) => digits >= 2 && letters >= 2,
    pattern:
      /(?<![\w.,/-])((?:9\d|1[0-2]\d)(?:[ -]{0,2}(?:years?|yrs?)(?:[ -]old| of age)|[ -]?y\.?\/?o\b\.?))/gi,
  },
  {
    type: 'AGE',
    needs: ({ digits, letters }) => digits >= 2 && letters >= 3,
    pattern: /\b(?:aged?|age of|age is)[ :]{1,2}(9\d|1[0-2]\d)\b(?![.,/]\d|%)/gi,
    context: true,
  },
]

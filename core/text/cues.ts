// Words that begin an identifier, or announce one, by the form of what stands beside them: for most words of a text none of
// the rules of form is asked. Which word says what, the rules know themselves.

import { announcing } from './announcers.ts'

/** Bits of a word. */
export const month = 1
export const weekday = 2
/** ninety, nonagenarian. */
export const oldAge = 4
/** May stand before a number and say what it is, or between such a word and the number. */
const announces = 8
/** www, and the last part of a host's name. */
export const web = 16
/** Before the number of a post box. */
export const box = 32
export const plate = 64
/** username, login: logins.ts */
export const login = 128

/** As immigrants and their doctors write them, without those that are names or other words. */
const foreignMonths =
  'janvier fevrier avril juin juillet septembre octobre novembre decembre enero febrero abril agosto septiembre octubre noviembre diciembre januar februar oktober dezember'
export const monthWords =
  'jan january feb february mar march apr april may jun june jul july aug august sep september sept oct october nov november dec december'
    .split(' ')
    .concat(foreignMonths.split(' '))
/** Each by itself and with day behind it; and feasts, which say as much. */
const weekdayWords = 'mon tue tues wed weds wednes thu thur thurs fri sat satur sun'
  .split(' ')
  .flatMap((word) => [word, `${word}day`])
  .concat(
    'christmas xmas thanksgiving easter halloween juneteenth hanukkah passover ramadan diwali kwanzaa nowruz purim pentecost eid kippur hashanah'.split(
      ' ',
    ),
  )
/** With Day behind them, or Eve. */
export const feastWords =
  `labor labour memorial independence veterans presidents columbus boxing election mother father valentine year mlk king patrick ascension assumption
   canada anzac remembrance bastille groundhog pioneer patriots saints souls epiphany arbor earth flag australia republic peoples`.split(
    /\s+/,
  )
export const oldAgeWords = 'ninety nineties nonagenarian nonagenarians centenarian centenarians'.split(' ')

export const hostEnds = 'com org net edu gov mil info biz io uk au nz tv ly dev'
/** Words of English too: by what stands beside them. */
export const weakHostEnds = 'co ca us me app ai health online cloud example'

/** Days that are told from the day of writing, but that day itself: "today" says nothing of it. */
const nearWords = 'yesterday tonight tomorrow'.split(' ')
/** With last or this before them. */
export const partOfDayWords = 'morning afternoon evening night nite weekend'.split(' ')
/** With a year behind them, or break. */
export const seasonWords = 'spring summer fall autumn winter'.split(' ')
/** Behind them a year may tell an age over 89. */
export const birthWords = 'born birth birthday bday birthdate dob yob'.split(' ')
/** What a number that is read out is hardly ever without. */
const spokenWords = ['oh', 'zero']

/** Whatever names a day without a month, or announces one. */
export const dayWords = [
  ...weekdayWords,
  ...nearWords,
  ...partOfDayWords,
  ...seasonWords,
  ...spokenWords,
  ...birthWords,
]

const loginWords = ['username', 'usernames', 'userid', 'login', 'logon', 'handle', 'user', 'screenname']

/** Cue bits by word. */
export function cues(): Map<string, number> {
  const bits = new Map<string, number>()
  const add = (bit: number, words: Iterable<string>): void => {
    for (const word of words) bits.set(word, (bits.get(word) ?? 0) | bit)
  }
  add(month, monthWords)
  add(weekday, dayWords)
  add(weekday, feastWords)
  add(oldAge, oldAgeWords)
  add(announces, announcing.keys())
  // s/n
  add(announces, ['n'])
  add(plate, ['plate', 'plates'])
  add(login, loginWords)
  add(web, ['www', ...hostEnds.split(' '), ...weakHostEnds.split(' ')])

  add(box, ['box'])
  return bits
}

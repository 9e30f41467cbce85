// The module: cuts a text into words, and finds what has a form of its own. tokenize.ts calls it.

import { learn, learnPair } from './dictionary'
import { cutWords, prepareShapes } from './cutting'
import { clear, clearPeople, combine, combined, found, peopleFound, room, setBornFrom } from './findings'
import { searchForms } from './forms'
import { FREE, fillMasks, RECENT, setLength } from './memory'
import { watch } from './recent'
import { fillSigns } from './signs'
import { findPeopleAndPlaces } from './people'
import { fillTriggers } from './triggers'
import { marked, measureAll, seeAll as see, wordsRoom } from './words'
import { prepareGaps } from './writing'

export { learn, learnPair, setBornFrom, watch }
export { lookOver } from './characters'
export { foldedAs, foldText, stretchCount, stretches } from './folding'
export { COUNTS as counts, ORDER as order, kindsFound, learnMark, writeText } from './output'
export { anyCue, formCount as forms, kinds, markCount as marks, marked as others, words } from './words'

/** Before all else. Returns where memory is free. */
export function prepare(): usize {
  // What is written over these would be found otherwise in some texts, and in others not.
  if (__heap_base > RECENT) unreachable()
  fillMasks()
  fillSigns()
  fillTriggers()
  prepareShapes()
  prepareGaps()
  return FREE
}

/** Room for `most` words and findings behind the text, from `begin` on. Returns where findings begin. */
export function layOut(begin: usize, most: usize): usize {
  return room(wordsRoom(begin, most), <i32>most)
}

/** Writes down the words of a text of so many bytes. Returns how many they are. */
export function cut(bytes: i32): i32 {
  setLength(bytes)
  return cutWords()
}

/** All is known of each word, asked for or not. */
export function seeAll(): void {
  see()
  measureAll()
}

/** Nothing is found yet in the text whose words were cut last. */
export function begin(): void {
  clear()
  clearPeople()
}

/** Finds what has a form of its own. Returns how many it found. */
export function searchForm(rules: i32): i32 {
  searchForms(rules)
  return found
}

/** The same of people and places. */
export function searchPeople(rules: i32): i32 {
  findPeopleAndPlaces(rules)
  return peopleFound
}

/** All that was found in one list, and `told` others, of which JavaScript wrote down four numbers each in the place of `others`. Returns how many. */
export function together(told: i32): i32 {
  combine(marked, told)
  return combined
}

// The module: cuts a text into words, and finds what has a form of its own. tokenize.ts calls it.

import { learn, learnPair } from './dictionary'
import { clear, clearPeople, combine, combined, found, peopleFound, room } from './findings'
import { searchForms } from './forms'
import { FREE, fillMasks, setLength, setText } from './memory'
import { fillSigns } from './signs'
import { findPeopleAndPlaces } from './people'
import { fillTriggers } from './triggers'
import { cutWords, prepareWords, seeAll, watch, wordsRoom } from './words'

export { learn, learnPair, seeAll, watch }
export { lookOver } from './characters'
export { COUNTS as counts, ORDER as order, kindsFound, learnMark, writeText } from './output'
export { anyCue, formCount as forms, kinds, markCount as marks, words } from './words'

/** Before all else. Returns where memory is free. */
export function prepare(): usize {
  fillMasks()
  fillSigns()
  fillTriggers()
  prepareWords()
  return FREE
}

/** Where the text stands, and room for `most` words and findings behind it, from `begin` on. Returns where findings begin. */
export function layOut(textAt: usize, begin: usize, most: usize): usize {
  setText(textAt)
  return room(wordsRoom(begin, most), <i32>most)
}

/** Writes down the words of a text of so many bytes. Returns how many they are. */
export function cut(bytes: i32): i32 {
  setLength(bytes)
  return cutWords()
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

/** All that was found in one list. Returns how many. */
export function together(): i32 {
  combine()
  return combined
}

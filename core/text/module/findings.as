// What is found in a text, as numbers: sorted and apart from each other at any time. Of two that overlap one is made, of the
// type of the one that begins first, or of the longer, or of the earlier.

import { numberAt } from './signs'

/** Numbers of each: start, end, type, where its year stands (-1 for none), end of the one that gave the type. */
const NUMBERS: usize = 5
const SIZE: usize = NUMBERS * 4

let list: usize = 0
let most: i32 = 0
export let found: i32 = 0

/** People and places, which have words of their own, and all together: without the last number of each. */
const SHORT_SIZE: usize = 16
let people: usize = 0
export let peopleFound: i32 = 0
let all: usize = 0
export let combined: i32 = 0

/** Room for as many of each. Returns where they begin: all together, what was found by its form, people and places. */
export function room(at: usize, places: i32): usize {
  all = (at + 15) & ~15
  // All together grow into the place of those that they are made of, and never beyond the next of them.
  list = all + <usize>places * SHORT_SIZE
  most = places
  people = list + <usize>places * SIZE
  return all
}

/** Of a person or place. */
export function push(start: i32, end: i32, type: i32): void {
  putShort(people, peopleFound, start, end, type, -1)
  peopleFound++
}

function putShort(base: usize, index: i32, start: i32, end: i32, type: i32, year: i32): void {
  const place = base + <usize>index * SHORT_SIZE
  store<i32>(place, start)
  store<i32>(place, end, 4)
  store<i32>(place, type, 8)
  store<i32>(place, year, 12)
}

export function clearPeople(): void {
  peopleFound = 0
}

/**
 * Makes one list of all, by where they begin, longer ones first: `told` others that stand at `others`, then what was found by its form, then
 * people and places. Two that overlap are one: what sticks out of the first is part of an identifier too.
 */
export function combine(others: usize, told: i32): void {
  let other = 0
  let form = 0
  let person = 0
  let count = 0
  for (;;) {
    const ofOther = others + <usize>other * SHORT_SIZE
    const ofForm = at(form)
    const ofPerson = people + <usize>person * SHORT_SIZE
    let next: usize = other < told ? ofOther : 0
    if (form < found && (next == 0 || isBefore(ofForm, next))) next = ofForm
    if (person < peopleFound && (next == 0 || isBefore(ofPerson, next))) next = ofPerson
    if (next == 0) break
    if (next == ofForm) form++
    else if (next == ofPerson) person++
    else other++
    const end = load<i32>(next, 4)
    if (count > 0 && load<i32>(next) < endAt(count - 1)) {
      if (end > endAt(count - 1)) store<i32>(all + <usize>(count - 1) * SHORT_SIZE, end, 4)
      continue
    }
    putShort(all, count, load<i32>(next), end, load<i32>(next, 8), load<i32>(next, 12))
    count++
  }
  combined = count
}

/** Of two that begin at one place the longer one is first. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function isBefore(one: usize, other: usize): bool {
  const start = load<i32>(one)
  return start < load<i32>(other) || (start == load<i32>(other) && load<i32>(one, 4) > load<i32>(other, 4))
}

export function startAt(index: i32): i32 {
  return load<i32>(all + <usize>index * SHORT_SIZE)
}

export function endAt(index: i32): i32 {
  return load<i32>(all + <usize>index * SHORT_SIZE, 4)
}

export function typeAt(index: i32): i32 {
  return load<i32>(all + <usize>index * SHORT_SIZE, 8)
}

export function yearAt(index: i32): i32 {
  return load<i32>(all + <usize>index * SHORT_SIZE, 12)
}

/** Where the last of them ends that was found by its form. */
export function lastEnd(): i32 {
  return found > 0 ? load<i32>(at(found - 1), 4) : 0
}

/** Who was born before this year is older than 89. */
let bornFrom: i32 = 0
/** Where the date of a birth begins that was announced last. */
let bornAt: i32 = -1

export function setBornFrom(year: i32): void {
  bornFrom = year
}

export function born(at: i32): void {
  bornAt = at
}

/** Whether the four digits are a year of birth that tells an age over 89: such a one may not even be shown (45 CFR 164.514(b)(2)(i)(C)). */
export function isYearOfOld(at: i32): bool {
  const year = numberAt(at, 4)
  return year < bornFrom && year >= 1800
}

export function clear(): void {
  found = 0
  bornAt = -1
}

export function add(start: i32, end: i32, type: i32): void {
  addDated(start, end, type, -1)
}

/** `year`: where the year stands that may be shown; -1 for none. */
export function addDated(start: i32, end: i32, type: i32, dated: i32): void {
  const year = dated >= 0 && start == bornAt && isYearOfOld(dated) ? -1 : dated
  // First that ends behind where this one begins: mostly none.
  let first = found
  while (first > 0 && load<i32>(at(first - 1), 4) > start) first--
  let behind = first
  while (behind < found && load<i32>(at(behind)) < end) behind++
  if (behind == first) {
    // Each has a word of its own, so there is room; what is not stored is not shown either.
    if (found == most) return widen(end)
    if (first < found) memory.copy(at(first + 1), at(first), <usize>(found - first) * SIZE)
    found++
    return put(first, start, end, type, year, end)
  }
  const place = at(first)
  const begins = load<i32>(place)
  const last = max(end, load<i32>(at(behind - 1), 4))
  if (start < begins || (start == begins && end > load<i32>(place, 16))) put(first, start, last, type, year, end)
  else store<i32>(place, last, 4)
  if (behind > first + 1) {
    memory.copy(at(first + 1), at(behind), <usize>(found - behind) * SIZE)
    found -= behind - first - 1
  }
}

function at(index: i32): usize {
  return list + <usize>index * SIZE
}

function put(index: i32, start: i32, end: i32, type: i32, year: i32, head: i32): void {
  const place = at(index)
  store<i32>(place, start)
  store<i32>(place, end, 4)
  store<i32>(place, type, 8)
  store<i32>(place, year, 12)
  store<i32>(place, head, 16)
}

function widen(end: i32): void {
  const last = at(found - 1)
  if (load<i32>(last, 4) < end) store<i32>(last, end, 4)
}

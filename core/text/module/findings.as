// What is found in a text, as numbers: sorted and apart from each other at any time. Of two that overlap one is made, of the
// type of the one that begins first, or of the longer, or of the earlier.

/** Numbers of each: start, end, type, where its year stands (-1 for none), end of the one that gave the type. */
const NUMBERS: usize = 5
const SIZE: usize = NUMBERS * 4

let list: usize = 0
let most: i32 = 0
export let found: i32 = 0
/** People and places, which have words of their own: sorted, and apart from each other. */
let people: usize = 0
export let peopleFound: i32 = 0

/** Returns where what was found by its form begins; people and places stand behind it. */
export function room(at: usize, places: i32): usize {
  list = (at + 7) & ~7
  most = places
  people = list + <usize>places * SIZE
  return list
}

/** Of a person or place. */
export function push(start: i32, end: i32, type: i32): void {
  const place = people + <usize>peopleFound * SIZE
  store<i32>(place, start)
  store<i32>(place, end, 4)
  store<i32>(place, type, 8)
  store<i32>(place, -1, 12)
  peopleFound++
}

export function clearPeople(): void {
  peopleFound = 0
}

export function clear(): void {
  found = 0
}

export function add(start: i32, end: i32, type: i32): void {
  addDated(start, end, type, -1)
}

export function addDated(start: i32, end: i32, type: i32, year: i32): void {
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

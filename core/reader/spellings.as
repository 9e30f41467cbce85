// Short texts that come again and again, each under one number, found by the bytes in which they stand. A store holds a
// table with open addressing (numbers and one, or 0), where each text lies and how long it is, and the bytes of all. Each is
// kept with the quote behind it, so that one comparison tells that it stands there, and ends there.

/** Most texts of a store, and most bytes of all of them. */
const MOST: i32 = 4096
const MOST_BYTES: i32 = 0x1ffe0
/** Parts of a store. */
const PLACES: usize = 0x8000
const BYTES: usize = 0x10000
const COUNT: usize = 0x2fff8
const USED: usize = 0x2fffc
/** Texts whose hashes a server made alike are not looked for any further: it would cost time, and nothing else. */
const FARTHEST: i32 = 64

/** Whether as many bytes stand here as there; both may be read 16 bytes beyond their ends. */
// @ts-ignore: decorator
@inline
export function same(one: usize, other: usize, length: i32): bool {
  while (length >= 16) {
    if (i8x16.bitmask(i8x16.eq(v128.load(one), v128.load(other))) != 0xffff) return false
    one += 16
    other += 16
    length -= 16
  }
  const wanted = (1 << length) - 1
  return (i8x16.bitmask(i8x16.eq(v128.load(one), v128.load(other))) & wanted) == wanted
}

/** May read 8 bytes beyond the end. */
// @ts-ignore: decorator
@inline
export function hash(at: usize, length: i32): u32 {
  let all: u64 = length
  while (length >= 8) {
    all = rotl<u64>((all ^ load<u64>(at)) * 0x9e3779b97f4a7c15, 29)
    at += 8
    length -= 8
  }
  if (length > 0) all = (all ^ (load<u64>(at) & ((<u64>1 << (length << 3)) - 1))) * 0x9e3779b97f4a7c15
  return <u32>(((all ^ (all >> 29)) * 0xbf58476d1ce4e5b9) >> 32)
}

// @ts-ignore: decorator
@inline
export function count(texts: usize): i32 {
  return load<i32>(texts, COUNT)
}

/** Where a text lies, and how many bytes it is with its quote. */
// @ts-ignore: decorator
@inline
export function placeOf(texts: usize, number: i32): usize {
  return texts + BYTES + load<i32>(texts + (<usize>number << 3), PLACES)
}

// @ts-ignore: decorator
@inline
export function lengthOf(texts: usize, number: i32): i32 {
  return load<i32>(texts + (<usize>number << 3), PLACES + 4)
}

/** The number of the text of `length` bytes, its quote among them; -1 where nobody has added it. */
export function find(texts: usize, at: usize, length: i32): i32 {
  let place = hash(at, length) & (MOST * 2 - 1)
  for (let tried = 0; tried < FARTHEST; tried += 1) {
    const held = load<i32>(texts + (<usize>place << 2)) - 1
    if (held < 0) return -1
    if (lengthOf(texts, held) == length && same(placeOf(texts, held), at, length)) return held
    place = (place + 1) & (MOST * 2 - 1)
  }
  return -1
}

/** The number of a text that `find` has not found from now on; -1 where no more are taken. */
export function add(texts: usize, at: usize, length: i32): i32 {
  const number = count(texts)
  const used = load<i32>(texts, USED)
  const taken = (length + 15) & ~15
  if (number == MOST || used + taken > MOST_BYTES) return -1
  let place = hash(at, length) & (MOST * 2 - 1)
  for (let tried = 1; load<i32>(texts + (<usize>place << 2)) != 0; tried += 1) {
    if (tried == FARTHEST) return -1
    place = (place + 1) & (MOST * 2 - 1)
  }
  store<i32>(texts + (<usize>place << 2), number + 1)
  store<i32>(texts + (<usize>number << 3), used, PLACES)
  store<i32>(texts + (<usize>number << 3), length, PLACES + 4)
  memory.copy(texts + BYTES + used, at, length)
  store<i32>(texts, used + taken, USED)
  store<i32>(texts, number + 1, COUNT)
  return number
}

/** Forgets all of them: their bytes, too. */
export function forget(texts: usize): void {
  memory.fill(texts, 0, PLACES)
  memory.fill(texts + BYTES, 0, load<i32>(texts, USED))
  store<i32>(texts, 0, COUNT)
  store<i32>(texts, 0, USED)
}

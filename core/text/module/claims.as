// Which words of a text are taken for what, while rules look at them one after the other: what one has claimed, no later one
// looks at again.

import { claims, count } from './words'

export const NONE: i32 = 0
export const NAMED: i32 = 1
export const PLACED: i32 = 2
/** Looked at and left: an eponym, a body that gives guidelines. */
export const KEPT: i32 = 3
/** Beside one of these: the first word of what is claimed. */
const BEGINS: i32 = 4

export function noClaims(): void {
  memory.fill(claims, 0, <usize>count + 8)
}

/** From word `start` to word `end`, that one included. Takes over what was claimed within. */
export function take(start: i32, end: i32, as: i32): void {
  store<u8>(claims + <usize>start, <u8>(as | BEGINS))
  for (let i = start + 1; i <= end; i++) store<u8>(claims + <usize>i, <u8>as)
  // The rest of what it was taken from.
  const rest = claims + <usize>end + 1
  const left = load<u8>(rest)
  if (left != 0) store<u8>(rest, left | <u8>BEGINS)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isFree(i: i32): bool {
  return load<u8>(claims + <usize>i) == 0
}

/** What a word is claimed as. */
export function claimOf(i: i32): i32 {
  return load<u8>(claims + <usize>i) & 3
}

/** Whether a word is claimed together with the one before it. */
export function isClaimedOn(i: i32): bool {
  const what = load<u8>(claims + <usize>i)
  return (what & BEGINS) == 0 && what == (load<u8>(claims + <usize>i - 1) & 3)
}

/** The first word from this one on that is claimed; the number of words where none is. */
export function nextClaimed(from: i32): i32 {
  let i = from
  while (i < count) {
    const eight = load<u64>(claims + <usize>i)
    if (eight != 0) return min(i + <i32>(ctz(eight) >> 3), count)
    i += 8
  }
  return count
}

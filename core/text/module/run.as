// The run of letters and digits of ASCII that is looked at: what every number, code and date begins with.

import { byteAt } from './memory'
import { digitsAt, digitsEnd, lettersAt, signAt } from './signs'

export let start: i32 = 0
export let end: i32 = 0
/** How many digits it begins with. */
export let digits: i32 = 0
/** Character behind these digits. */
export let next: u8 = 0
/** What it is, and the character before the run. */
export let behind: i32 = 0
export let before: i32 = 0
/** Which of the sixteen characters from its first on are digits: a bit each. */
export let pattern: i32 = 0
/** Where the code begins that this run is part of: the letters before its hyphen, or the run itself. */
export let code: i32 = 0

export function setRun(from: i32, to: i32): void {
  start = from
  end = to
  pattern = digitsAt(from)
  const first = ctz(~pattern)
  const stop = first < 16 ? min(from + first, to) : digitsEnd(from, to - from)
  digits = stop - from
  next = byteAt(stop)
  behind = signAt(stop)
  before = signAt(from - 1)
  const sign = byteAt(from - 1)
  code = sign == 0x2d || sign == 0x5f ? codeStart(from) : from
}

/** Where the run begins that a hyphen joins to the one that starts here, if it is a short one. */
function codeStart(from: i32): i32 {
  const size = clz(~((digitsAt(from - 17) | lettersAt(from - 17)) << 16))
  return <u32>(size - 1) < 8 ? from - 1 - size : from
}

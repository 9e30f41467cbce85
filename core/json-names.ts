// Member names that were met before, each under one number: they repeat more than anything else in JSON, and a number is
// compared, looked up and remembered without making a string of its bytes.

/** Most names that are remembered. Names that are data (a map by patient) must not fill a memory. */
const most = 4_096
const places = most * 2
/** Bytes of all names together. */
const roomForBytes = most * 24

const table = new Int32Array(places)
const strings: string[] = []
const starts = new Int32Array(most + 1)
const bytesOfNames = new Uint8Array(roomForBytes)
let generation = 1

/**
 * The number of a name that stands in `bytes` without quotes and escapes; -1 where no more are taken. The same bytes have
 * the same number until `forgetNames`.
 */
export function numberOfName(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  // Length, first, middle and last byte tell most names apart.
  const ends = (bytes[start] as number) | ((bytes[end - 1] as number) << 8)
  const sign = Math.imul(
    ends | ((bytes[start + (length >> 1)] as number) << 16) | (length << 24),
    0x9e_37_79_b1,
  )
  let place = (sign >>> 12) & (places - 1)
  for (let held = table[place] as number; held !== 0; held = table[place] as number) {
    const first = starts[held - 1] as number
    if ((starts[held] as number) - first === length) {
      let at = 0
      while (at < length && bytesOfNames[first + at] === bytes[start + at]) at += 1
      if (at === length) return held - 1
    }
    place = (place + 1) & (places - 1)
  }
  return added(bytes, start, length, place)
}

/** Where the name of this number ends, if it stands here and a quote behind it; else -1. */
export function endOfExpected(bytes: Uint8Array, start: number, number: number): number {
  const end = starts[number + 1] as number
  let at = start
  for (let own = starts[number] as number; own < end; own += 1) {
    if (bytesOfNames[own] !== bytes[at]) return -1
    at += 1
  }
  return bytes[at] === 0x22 ? at : -1
}

function added(bytes: Uint8Array, start: number, length: number, place: number): number {
  const number = strings.length
  const first = starts[number] as number
  if (number === most || first + length > roomForBytes) return -1
  for (let at = 0; at < length; at += 1) bytesOfNames[first + at] = bytes[start + at] as number
  starts[number + 1] = first + length
  strings.push(decoder.decode(bytesOfNames.subarray(first, first + length)))
  table[place] = number + 1
  return number
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The name of a number. */
export function nameOf(number: number): string {
  return strings[number] as string
}

/** Which numbers these are: what somebody keeps by number is worth nothing under another generation. */
export function generationOfNames(): number {
  return generation
}

/** Forgets all names where they are many. Only for when nobody holds a number. Returns whether it did. */
export function forgetNamesIfMany(): boolean {
  if (strings.length < most / 2) return false
  table.fill(0)
  strings.length = 0
  generation += 1
  return true
}

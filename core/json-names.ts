// Member names that were met before, each under one number: they repeat more than anything else in JSON, and a number is
// compared, looked up and remembered without making a text of its bytes.

import { Spellings } from './spellings.ts'

/** Most names that are remembered: where names are data (a map by patient) they must not fill a memory. */
const mostNames = 4_096

const names = new Spellings(mostNames)
let generation = 1

/**
 * The number of a name that stands in `bytes` without quotes and escapes; -1 where no more are taken. The same bytes have
 * the same number in one generation.
 */
export function numberOfName(bytes: Uint8Array, start: number, end: number): number {
  const known = names.find(bytes, start, end)
  return known >= 0 ? known : names.add(bytes, start, end)
}

/** Where the name of this number ends, if it stands here and a quote behind it; else -1. */
export function endOfExpected(bytes: Uint8Array, start: number, number: number): number {
  return names.endOf(number, bytes, start)
}

/** The name of a number. */
export function nameOf(number: number): string {
  return names.textOf(number)
}

/** Which numbers these are: what somebody keeps by number is worth nothing under another generation. */
export function generationOfNames(): number {
  return generation
}

/** Forgets all names where they are many. Returns whether it did. */
export function forgetNamesIfMany(): boolean {
  if (names.size < mostNames / 2) return false
  names.forget()
  generation += 1
  return true
}

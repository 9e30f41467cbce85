// Member names that were met before, each under one number: they repeat more than anything else in JSON, and a number is
// compared, looked up and remembered without making a text of its bytes.

import { countNames, forgetNamesThere, nameText } from './reader/reader.ts'

/** Most names that are remembered: where names are data (a map by patient) they must not fill a memory. */
const mostNames = 4_096

/** By number, as far as somebody asked. */
const texts: string[] = []
let generation = 1

/** The name of a number. The same bytes have the same number in one generation. */
export function nameOf(number: number): string {
  return texts[number] ?? named(number)
}

function named(number: number): string {
  for (let next = texts.length; next <= number; next += 1) texts.push(internal(nameText(next)))
  return texts[number] as string
}

/** The same text as V8 keeps those of members: it is compared with others of them by where it lies, and not letter by letter. */
function internal(text: string): string {
  return Object.keys({ [text]: 0 })[0] as string
}

/** Which numbers these are: what somebody keeps by number is worth nothing under another generation. */
export function generationOfNames(): number {
  return generation
}

/** Forgets all names where they are many. */
export function forgetNamesIfMany(): void {
  if (countNames() < mostNames / 2) return
  forgetNamesThere()
  texts.length = 0
  generation += 1
}

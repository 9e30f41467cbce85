// Words that are looked up where they stand in a text, in any case: nothing is cut out of it, and nothing made small.

import { wordHash } from './lexicon.ts'
import { small } from './word.ts'

export type WordTable<Value> = ReadonlyMap<number, readonly [word: string, value: Value]>

/** Of words in small letters of ASCII. */
export function wordTable<Value>(entries: Iterable<readonly [word: string, value: Value]>): WordTable<Value> {
  const table = new Map<number, readonly [word: string, value: Value]>()
  for (const entry of entries) {
    const hash = wordHash(entry[0], 0, entry[0].length)
    if (table.has(hash)) throw new Error(`two words of a table have one hash: ${entry[0]}`)
    table.set(hash, entry)
  }
  return table
}

/** What the table says of the word from `start` to `end`. */
export function lookUp<Value>(
  table: WordTable<Value>,
  text: string,
  start: number,
  end: number,
): Value | undefined {
  const entry = table.get(wordHash(text, start, end))
  if (entry === undefined) return undefined
  const [word, value] = entry
  if (word.length !== end - start) return undefined
  for (let i = 0; i < word.length; i += 1)
    if (small(text.charCodeAt(start + i)) !== word.charCodeAt(i)) return undefined
  return value
}

// Arguments that say how many records to return. Nothing but their names tells them: the only names that are guessed.

import { words } from '../words.ts'

/** Names in small letters, without _ and -. */
const pageNames = words(`
  count limit pagesize perpage maxresults maxrecords maxcount numresults rows top topk take
  maxrows maxitems pagelimit batchsize fetchsize resultlimit recordlimit rowlimit resultsperpage recordsperpage itemsperpage
  numrecords
`)
/** Names that mean something else as often: a number is judged there, and nothing else. */
const perhapsPages = words('size max first')

/** What is wrong with the value of an argument of this name. `records`: most that a call may ask for. */
export function pageRule(name: string, value: unknown, records: number): string | undefined {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '')
  if (pageNames.has(plain)) return countRule(value, records)
  const count = perhapsPages.has(plain) ? numberOf(value) : undefined
  return typeof count === 'number' && count > records ? countRule(count, records) : undefined
}

export function countRule(value: unknown, records: number): string | undefined {
  if (value === undefined) return undefined
  const count = numberOf(value)
  return Number.isSafeInteger(count) && (count as number) >= 1 && (count as number) <= records
    ? undefined
    : `must be a whole number from 1 to ${records} (limits.records)`
}

/** Text of digits as a number, and anything else as it is. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value
}

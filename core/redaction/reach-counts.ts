// Numbers that counted what was taken out of a list.

import type { Json } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import { words } from '../words.ts'

type Members = { readonly [member: string]: Json }
/** A list that became shorter: what it was, and its length before and after. */
export type Change = { readonly list: unknown; readonly before: number; readonly after: number }

/** Names of members that say how many there are, in small letters, without _ and -. */
const countNames = words(`
  length hits matches found returned n num size
`)
/** How such names begin or end. */
const countName =
  /^(?:total|count|num(?:ber)?(?:of|found|results|records|items|patients)|returned|result)|(?:count|total|hits|returned)$/

function isCountName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '')
  return countNames.has(plain) || countName.test(plain)
}

/**
 * Beside a list that became shorter, a number that was its length is its new one. Another number of such a name counts
 * what is not here, others' records among it, and goes. So does, in the object that holds the list, any number that was its
 * length, whatever it is called. Digits in a text are a number. `held`: the lists of this object itself. Says how many.
 */
export function recounted(
  members: { [member: string]: Json },
  { changes, held }: { readonly changes: readonly Change[]; readonly held: readonly Change[] },
): number {
  let counts = 0
  for (const [name, item] of Object.entries(members)) {
    const number = numberOf(item)
    if (number !== undefined) {
      const counting = isCountName(name)
      if (!counting && !held.some(({ before }) => before === number)) continue
      const change = counting ? changes.find(({ before }) => before === number) : undefined
      if (change === undefined) delete members[name]
      else members[name] = typeof item === 'string' ? String(change.after) : change.after
      counts += 1
    } else if (isPlain(item)) {
      const copy = { ...item }
      counts += recounted(copy, { changes, held: [] })
      members[name] = copy
    }
  }
  return counts
}

function numberOf(item: Json): number | undefined {
  if (typeof item === 'number') return item
  return typeof item === 'string' && /^[0-9]{1,15}$/.test(item) ? Number(item) : undefined
}

/** Says something about a list, such as which page it is, and holds none. */
function isPlain(value: Json): value is Members {
  return isObject(value) && Object.values(value).every((item) => typeof item !== 'object' || item === null)
}

// What a document of ours may hold, as a table that TypeScript keeps complete: a member added to a type without a row does
// not compile. A member that no row names makes the document none, at any depth: to a version that does not know it, it
// may be a restriction, or a place for content.

import { isObject } from './is-object.ts'

/** How a value that passes stands in canonical JSON, for whoever reads bytes and makes no objects of them (scan/scan.ts). */
export type Form =
  | { readonly is: 'text' | 'count' | 'number' | 'counts' | 'time' }
  | { readonly is: 'among'; readonly values: readonly unknown[] }
  | {
      readonly is: 'spelled'
      readonly before: string
      readonly chars: string
      readonly least: number
      readonly most: number
      readonly after: string
    }
  | { readonly is: 'list'; readonly item: Check }
  | { readonly is: 'object'; readonly shape: { readonly [member: string]: Check | Optional } }
/** `form`: absent where only the check itself can tell. */
export type Check = ((value: unknown) => boolean) & { readonly form?: Form }
type Optional = { readonly optional: Check }
/** A row for each member: how its value shows that it is one, and whether it may be absent. */
export type Shape<T> = { readonly [M in keyof T]-?: undefined extends T[M] ? Optional : Check }

/** A check that reads bytes as well: `form` says nothing else than `check` does. */
export const formed = (form: Form, check: (value: unknown) => boolean): Check =>
  Object.assign(check, { form })

export const text: Check = formed({ is: 'text' }, (value) => typeof value === 'string')
/** A whole number, from zero. */
export const count: Check = formed(
  { is: 'count' },
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
)
export const among = (...values: readonly unknown[]): Check =>
  formed({ is: 'among', values }, (value) => values.includes(value))
/** `before`, then so many of `chars` (inside of brackets of a regular expression, ASCII), then `after`. */
export const spelled = (before: string, chars: string, least: number, most: number, after = ''): Check => {
  const pattern = new RegExp(`^${before}[${chars}]{${least},${most}}${after}$`)
  return formed(
    { is: 'spelled', before, chars, least, most, after },
    (value) => typeof value === 'string' && pattern.test(value),
  )
}
export const list = (item: Check): Check =>
  formed({ is: 'list', item }, (value) => Array.isArray(value) && value.every(item))
export const optional = (check: Check): Optional => ({ optional: check })
/** An object with the members of T and none besides. */
export const object = <T>(shape: Shape<NoInfer<T>>): Check =>
  formed({ is: 'object', shape }, (value) => isObject(value) && holds(value, shape))

type AnyShape = { readonly [member: string]: Check | Optional }
/** By member; and how many must be there. */
type Rules = {
  readonly of: ReadonlyMap<string, { readonly check: Check; readonly must: boolean }>
  readonly must: number
}

const made = new WeakMap<AnyShape, Rules>()

function rulesOf(shape: AnyShape): Rules {
  const before = made.get(shape)
  if (before !== undefined) return before
  const of = new Map(
    Object.entries(shape).map(([member, rule]) => {
      const must = typeof rule === 'function'
      return [member, { check: must ? rule : rule.optional, must }]
    }),
  )
  const rules = { of, must: [...of.values()].filter(({ must }) => must).length }
  made.set(shape, rules)
  return rules
}

/** Whether there is each member that must be, none malformed, and none besides but `others`, which are looked at elsewhere. */
export function holds(
  value: { readonly [member: string]: unknown },
  shape: AnyShape,
  others?: object,
): boolean {
  const { of, must } = rulesOf(shape)
  // Twice for every call: one way over the members that are there, and no lists of them are made.
  let missing = must
  for (const member in value) {
    const rule = of.get(member)
    if (rule === undefined) {
      if (others === undefined || !Object.hasOwn(others, member)) return false
    } else {
      if (!rule.check(value[member])) return false
      if (rule.must) missing -= 1
    }
  }
  return missing === 0
}

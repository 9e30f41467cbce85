// What a document of ours may hold, as a table that TypeScript keeps complete: a member added to a type without a row does
// not compile. A member that no row names makes the document none, at any depth: to a version that does not know it, it
// may be a restriction, or a place for content.

import { isObject } from './is-object.ts'

export type Check = (value: unknown) => boolean
type Optional = { readonly optional: Check }
/** A row for each member: how its value shows that it is one, and whether it may be absent. */
export type Shape<T> = { readonly [M in keyof T]-?: undefined extends T[M] ? Optional : Check }

export const text: Check = (value) => typeof value === 'string'
/** A whole number, from zero. */
export const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
export const among =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value)
export const list =
  (item: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(item)
export const optional = (check: Check): Optional => ({ optional: check })
/** An object with the members of T and none besides. */
export const object =
  <T>(shape: Shape<NoInfer<T>>): Check =>
  (value) =>
    isObject(value) && holds(value, shape)

/** Whether there is each member that must be, none malformed, and none besides. */
export function holds(
  value: { readonly [member: string]: unknown },
  shape: { readonly [member: string]: Check | Optional },
): boolean {
  // Twice for every call: no lists of members are made here.
  for (const member in value) if (!Object.hasOwn(shape, member)) return false
  for (const member in shape) {
    const rule = shape[member] as Check | Optional
    const has = Object.hasOwn(value, member)
    const well =
      typeof rule === 'function' ? has && rule(value[member]) : !has || rule.optional(value[member])
    if (!well) return false
  }
  return true
}

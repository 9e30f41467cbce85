// The first look at a value that somebody else wrote.

/** Whether a value out of JSON is an object: no list, and not null. */
export function isObject(value: unknown): value is { readonly [member: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

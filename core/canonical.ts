// Canonical JSON, RFC 8785 (JCS): the same value is the same bytes, so that a hash of it means something.

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [member: string]: Json | undefined }

/**
 * The canonical text of a JSON value: members sorted by UTF-16 code units, no white space, numbers as ECMAScript
 * writes them. Members that are undefined are left out. Throws on NaN, infinities and lone surrogates, which
 * have no canonical form.
 */
export function canonical(value: Json): string {
  if (typeof value === 'string') {
    if (!value.isWellFormed())
      throw new TypeError('A lone surrogate has no canonical form (RFC 8785 3.2.2.2)')
    return JSON.stringify(value)
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      throw new TypeError('NaN and infinities have no canonical form (RFC 8785 3.2.2.3)')
    return JSON.stringify(value)
  }
  if (value === null || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonical(item)).join(',')}]`
  const members = value as { readonly [member: string]: Json | undefined }
  let text = ''
  for (const name of sorted(Object.keys(members))) {
    const item = members[name]
    if (item !== undefined) text += `${text === '' ? '' : ','}${canonical(name)}:${canonical(item)}`
  }
  return `{${text}}`
}

/** By UTF-16 code units. Few names in place by insertion: objects have few members, and sorting apart is half of the garbage here. */
function sorted(names: string[]): string[] {
  if (names.length > 32) return names.toSorted()
  for (let i = 1; i < names.length; i += 1) {
    const name = names[i] as string
    let at = i
    for (; at > 0 && name < (names[at - 1] as string); at -= 1) names[at] = names[at - 1] as string
    names[at] = name
  }
  return names
}

// FHIR R4 search parameters in an argument (search.html), as one query string or as an object. Which there may be, the schema
// says in `x-fhir-search`: a string's lists their names, modifiers included; an object's are its properties.

import { isObject } from '../is-object.ts'

/** The keyword: a list of names at a string, `true` at an object. */
export const searchKeyword = 'x-fhir-search'
/** The format that a string with the keyword has. */
export const searchFormat = 'fhir-search'

export type Parameter = { readonly name: string; readonly value: unknown }

/** Longest query string, characters. */
const longest = 4096
/** Most parameters of one. */
const mostParameters = 64
/** A name, with modifier or chain (search.html#modifiers, #chaining). */
const parameterName = /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/

/**
 * The parameters of a query string, decoded once, as application/x-www-form-urlencoded. Undefined for what one reader could take
 * for another search than the next: broken escapes, an empty part, a fragment, white space, a second decoding, a semicolon (it
 * parts parameters for who reads HTML 4.01, appendix B.2.2).
 */
function parametersIn(query: string): readonly Parameter[] | undefined {
  if (query.length > longest || /[\s#?;]/.test(query)) return undefined
  if (query === '') return []
  const parts = query.split('&')
  if (parts.length > mostParameters) return undefined
  const found: Parameter[] = []
  for (const part of parts) {
    const at = part.indexOf('=')
    const name = decoded(part.slice(0, Math.max(at, 0)))
    const value = decoded(part.slice(at + 1))
    if (at < 1 || name === undefined || value === undefined || !parameterName.test(name)) return undefined
    found.push({ name, value })
  }
  return found
}

function decoded(text: string): string | undefined {
  let plain: string
  try {
    plain = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
  // What is an escape again to whoever decodes twice, and what ends a parameter or a line for whoever does so.
  return /%[0-9A-Fa-f]{2}|[&;\p{Cc}]/u.test(plain) ? undefined : plain
}

/** Parameters of a search in either form; a list is a parameter that is repeated. Undefined for a broken one. */
export function parametersOf(search: unknown): readonly Parameter[] | undefined {
  if (typeof search === 'string') return parametersIn(search)
  if (!isObject(search)) return []
  return Object.entries(search).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((one: unknown) => ({ name, value: one })) : [{ name, value }],
  )
}

/** What is wrong with the keyword where it stands; undefined when it is as it must be. */
export function searchIssue(schema: { readonly [keyword: string]: unknown }): string | undefined {
  const named = schema[searchKeyword]
  if (named === undefined)
    return schema['format'] === searchFormat
      ? `format ${searchFormat} needs ${searchKeyword} beside it: the names that may be searched by`
      : undefined
  if (schema['type'] === 'object')
    return named === true
      ? undefined
      : `${searchKeyword} of an object is true: its properties are the names that may be searched by`
  if (schema['type'] !== 'string' || schema['format'] !== searchFormat)
    return `${searchKeyword} stands at an object, or at a string of format ${searchFormat}`
  const names: readonly unknown[] = Array.isArray(named) ? named : ['']
  return names.every((name) => typeof name === 'string' && parameterName.test(name))
    ? undefined
    : `${searchKeyword} lists names of search parameters, such as [code, date, _count]`
}

/** Whether a query string is one, with no name besides these. */
export function isSearch(query: string, names: ReadonlySet<string>): boolean {
  return parametersIn(query)?.every(({ name }) => names.has(name)) ?? false
}

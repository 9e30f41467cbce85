// Mcp-Param-* (MCP 2026-07-28, SEP-2243): must say what the arguments say, and is made anew for the server. Nothing that
// identifies somebody may stand in a header, whoever wrote the schema.

import type { Json, JsonObject } from '../core/canonical.ts'
import { isObject } from '../core/is-object.ts'
import type { ParamHeader } from '../core/param-headers.ts'
import { learnId, survey } from '../core/redaction/survey.ts'
import { identifies } from '../core/redaction/text.ts'
import type { Declared } from './exchange.ts'
import { decodedHeader } from './header-values.ts'
import { Refusal } from './refusals.ts'

export type ParamHeaders = { readonly [name: string]: string }

const prefix = 'mcp-param-'

/** The request's own, by names in small letters without their beginning; undefined where there are none. */
export function paramHeadersIn(headers: {
  readonly [name: string]: string | string[] | undefined
}): ParamHeaders | undefined {
  let found: { [name: string]: string } | undefined
  for (const name in headers)
    if (name.startsWith(prefix)) {
      found ??= Object.create(null) as { [name: string]: string }
      found[name.slice(prefix.length)] = String(headers[name])
    }
  return found
}

/**
 * Headers for the server, out of the arguments. Throws Refusal when the caller's say something else, or when an argument
 * that stands in one identifies somebody.
 */
export function confirmedParams(
  { found, paramHeaders = {}, patients }: Pick<Declared, 'found' | 'paramHeaders' | 'patients'>,
  declared: readonly ParamHeader[],
): (readonly [name: string, value: string])[] {
  if (declared.length === 0) return []
  const known = survey()
  for (const patient of patients) learnId(patient.toLowerCase(), known)
  return declared.flatMap(({ name, path, integer }) => {
    const value = valueAt(found.arguments, path)
    const given = paramHeaders[name]
    if (value === undefined || value === null) {
      if (given !== undefined) throw new Refusal('headers-disagree')
      return []
    }
    // What is no text, number or truth value breaks the schema, which says so better.
    if (typeof value === 'object') return []
    const text = String(value)
    const said = given === undefined ? undefined : decodedHeader(given)
    const same =
      integer && said !== undefined && /^-?\d+(?:\.\d+)?$/.test(said) ? Number(said) === value : said === text
    if (!same) throw new Refusal('headers-disagree')
    if (identifies(text, known))
      throw new Refusal('argument-refused', {
        data: { argument: path.join('.'), rule: 'stands in a header, and so may hold no identifier' },
      })
    return [[name, text] as const]
  })
}

function valueAt(args: JsonObject, path: readonly string[]): Json | undefined {
  let value: unknown = args
  for (const member of path)
    value = isObject(value) && Object.hasOwn(value, member) ? value[member] : undefined
  return value as Json | undefined
}

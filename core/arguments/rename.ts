// A narrow tool's own names for arguments that the server knows by others.

import type { JsonObject } from '../canonical.ts'
import { segmentsOf } from '../pointer.ts'

/** What is sent, out of what a caller may say. */
export type Renaming = {
  readonly apply: (args: JsonObject) => JsonObject
  /** First members of what is renamed into: no caller's argument may be called so. */
  readonly taken: readonly string[]
}

type Move = { readonly name: string; readonly to: readonly string[] }
type Sent = { [member: string]: unknown }

/** Compiles a renaming: member of the arguments -> JSON Pointer into what is sent. Throws TypeError for one that is none. */
export function renaming(rename: { readonly [argument: string]: string }): Renaming {
  const moves = Object.entries(rename).map(([name, pointer]): Move => {
    const to = segmentsOf(pointer)
    if (to === undefined || to.length === 0)
      throw new TypeError(`rename of ${name} is no JSON Pointer: it starts with /`)
    if (to.includes('__proto__')) throw new TypeError(`rename of ${name} leads through __proto__`)
    return { name, to }
  })
  if (moves.length === 0) return { apply: (args) => args, taken: [] }
  return {
    apply: (args) => {
      const sent: Sent = {}
      for (const [name, value] of Object.entries(args))
        if (!Object.hasOwn(rename, name)) Object.defineProperty(sent, name, own(value))
      for (const { name, to } of moves) if (Object.hasOwn(args, name)) put(sent, to, args[name])
      return sent as JsonObject
    },
    taken: [...new Set(moves.map(({ to }) => to[0] as string))],
  }
}

function own(value: unknown): PropertyDescriptor {
  return { value, enumerable: true, writable: true, configurable: true }
}

function put(into: Sent, [first, ...rest]: readonly string[], value: unknown): void {
  const name = first as string
  if (rest.length === 0) {
    into[name] = value
    return
  }
  if (!Object.hasOwn(into, name)) into[name] = {}
  put(into[name] as Sent, rest, value)
}

/** What a person must mend in a renaming, in their words: every name goes to a place of its own. */
export function renameIssues({
  rename,
  arguments: schema,
  with: constants,
}: {
  readonly rename: { readonly [argument: string]: string }
  readonly arguments: JsonObject
  readonly with: JsonObject
}): string[] {
  const names = Object.keys((schema['properties'] ?? {}) as object)
  const moves = Object.entries(rename)
  return moves.flatMap(([name, pointer], at) => {
    const to = segmentsOf(pointer)
    const first = to?.[0]
    if (to === undefined || first === undefined || to.includes('__proto__'))
      return [
        `rename ${name}: ${pointer} is no JSON Pointer into what is sent: write for example /patient/identifier`,
      ]
    if (!names.includes(name)) return [`rename ${name}: arguments have no property of that name`]
    if (Object.hasOwn(constants, first))
      return [`rename ${name}: ${first} stands in with too; a constant is never the caller's`]
    if (names.includes(first) && !Object.hasOwn(rename, first))
      return [`rename ${name}: the argument ${first} is sent under that name already: rename it as well`]
    // Of two at one place the later one is told.
    const other = moves.find(
      ([, one], index) => one.startsWith(`${pointer}/`) || (one === pointer && index < at),
    )
    return other === undefined
      ? []
      : [`rename ${name}: ${other[0]} is sent to the same place: give each a place of its own`]
  })
}

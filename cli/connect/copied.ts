// Arguments that a tool's schema copies into headers (MCP 2026-07-28, x-mcp-header). A host on standard input knows of no
// headers, so they are made here, as any client over HTTP makes them: of the tools as the server lists them.

import { isObject } from '../../core/is-object.ts'
import { type ParamHeader, paramHeaders } from '../../core/param-headers.ts'
import { headerValue, type Message } from './messages.ts'

type Declared = readonly ParamHeader[]

export interface Copied {
  /** Takes in an answer to tools/list, or a part of one. Returns the cursor of the next part. */
  learn(answer: Message): string | undefined
  /** Whether the tools are known. */
  known(): boolean
  /** The server says that they are not what they were. */
  forget(): void
  /** Of one call. */
  headers(call: Message): { [name: string]: string }
}

export function copiedArguments(): Copied {
  let tools: Map<unknown, Declared> | undefined
  return {
    learn({ result }) {
      const listed = isObject(result) && Array.isArray(result['tools']) ? result['tools'] : []
      tools ??= new Map()
      for (const tool of listed) if (isObject(tool)) tools.set(tool['name'], declaredBy(tool['inputSchema']))
      const next = isObject(result) ? result['nextCursor'] : undefined
      return typeof next === 'string' ? next : undefined
    },
    known: () => tools !== undefined,
    forget() {
      tools = undefined
    },
    headers({ params }) {
      if (!isObject(params)) return {}
      const { name, arguments: given } = params
      const all = (tools?.get(name) ?? []).flatMap((header): [string, string][] => {
        const value = valueAt(given, header.path)
        // Anything else has no form for a header; the server says so of the argument.
        return ['string', 'number', 'boolean'].includes(typeof value)
          ? [[`mcp-param-${header.name}`, headerValue(String(value))]]
          : []
      })
      return Object.fromEntries(all)
    },
  }
}

/** A schema that declares them wrongly declares none: a client is to leave such a tool out, and the server refuses the call. */
function declaredBy(schema: unknown): Declared {
  try {
    return isObject(schema) ? paramHeaders(schema as Parameters<typeof paramHeaders>[0], undefined) : []
  } catch {
    // In words for whoever wrote the schema, who is not here.
    return []
  }
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const member of path)
    found = isObject(found) && Object.hasOwn(found, member) ? found[member] : undefined
  return found
}

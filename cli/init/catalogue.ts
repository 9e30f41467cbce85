// What a server says of itself: its tools, resources, templates and prompts, as read. Nothing of it was called.

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'

export type Schema = { readonly [keyword: string]: unknown }

export type ListedTool = {
  readonly name: string
  readonly description: string
  readonly inputSchema: Schema
  readonly outputSchema?: Schema
  readonly annotations: { readonly readOnlyHint?: unknown; readonly destructiveHint?: unknown }
}
type ListedPrompt = {
  readonly name: string
  readonly description: string
  readonly arguments: readonly { readonly name: string; readonly required: boolean }[]
}

export type Catalogue = {
  /** Name and version, as the handshake says them. */
  readonly server: string
  /** Revision of MCP that was spoken. */
  readonly revision: string
  readonly tools: readonly ListedTool[]
  /** URIs and templates (RFC 6570). */
  readonly resources: readonly string[]
  readonly templates: readonly string[]
  readonly prompts: readonly ListedPrompt[]
  /** How many more there are, of names that no policy can hold. */
  readonly unheld: { readonly tools: number; readonly prompts: number }
}

/** One connection over which requests are answered. */
export interface Wire {
  /** Rejects with `CannotError` when the server does not answer, and with `ServerError` when it answers with an error. */
  request(method: string, params: JsonObject): Promise<JsonObject>
  notify(method: string): Promise<void>
  /** Told of the revision that was agreed on, for headers. */
  agreed(revision: string): void
  end(): Promise<void>
}

/** The server answered, with an error. Its words are its own: only the code is kept. */
export class ServerError extends Error {
  readonly code: number
  constructor(code: number) {
    super(`The server answered with error ${code}`)
    this.code = code
  }
}

/** Most pages of one list. */
const mostPages = 50

/** All lists, page by page. A server that does not know a list has nothing in it. */
export async function readCatalogue(
  wire: Wire,
  said: { server: string; revision: string },
): Promise<Catalogue> {
  const tools = await pages(wire, 'tools/list', 'tools')
  const resources = await pages(wire, 'resources/list', 'resources')
  const templates = await pages(wire, 'resources/templates/list', 'resourceTemplates')
  const prompts = await pages(wire, 'prompts/list', 'prompts')
  const [heldTools, heldPrompts] = [tools.flatMap(toolIn), prompts.flatMap(promptIn)]
  return {
    ...said,
    tools: heldTools,
    resources: resources.flatMap(({ uri }) => (typeof uri === 'string' ? [uri] : [])),
    templates: templates.flatMap(({ uriTemplate }) => (typeof uriTemplate === 'string' ? [uriTemplate] : [])),
    prompts: heldPrompts,
    unheld: { tools: tools.length - heldTools.length, prompts: prompts.length - heldPrompts.length },
  }
}

type Listed = { readonly [member: string]: unknown }

async function pages(wire: Wire, method: string, member: string): Promise<Listed[]> {
  const found: Listed[] = []
  let cursor: string | undefined
  for (let page = 0; page < mostPages; page += 1) {
    let result: JsonObject
    try {
      result = await wire.request(method, cursor === undefined ? {} : { cursor })
    } catch (error) {
      if (error instanceof ServerError) return found
      throw error
    }
    const items = result[member]
    if (Array.isArray(items)) found.push(...items.filter(isObject))
    const { nextCursor } = result
    if (typeof nextCursor !== 'string' || nextCursor === cursor) return found
    cursor = nextCursor
  }
  return found
}

/** Names that the API of HipaaMcpServer can hold. */
const plainName = /^[A-Za-z0-9_.-]{1,128}$/

function toolIn({ name, description, inputSchema, outputSchema, annotations }: Listed): ListedTool[] {
  if (typeof name !== 'string' || !plainName.test(name)) return []
  return [
    {
      name,
      description: typeof description === 'string' ? description : '',
      inputSchema: isObject(inputSchema) ? inputSchema : {},
      ...(isObject(outputSchema) ? { outputSchema } : {}),
      annotations: isObject(annotations) ? annotations : {},
    },
  ]
}

function promptIn({ name, description, arguments: args }: Listed): ListedPrompt[] {
  if (typeof name !== 'string' || !/^[A-Za-z0-9_.-]{1,63}$/.test(name)) return []
  const list: unknown[] = Array.isArray(args) ? args : []
  return [
    {
      name,
      description: typeof description === 'string' ? description : '',
      arguments: list
        .filter(isObject)
        .flatMap((one) =>
          typeof one['name'] === 'string' ? [{ name: one['name'], required: one['required'] === true }] : [],
        ),
    },
  ]
}

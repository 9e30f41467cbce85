// Content blocks of a tool result. Text that is JSON is filtered like structuredContent; other text is redacted or
// dropped; what cannot be filtered (images, audio, files, links, kinds that we do not know) is not returned.

import type { Json } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { JsonObject } from '../exchange.ts'
import { parseText } from '../json.ts'
import type { PatternTree } from '../pointer.ts'
import { type Projection, project } from './project.ts'
import { add, redactText } from './text.ts'

/** A block as it came: filtered by fields when it is JSON, as text when it is not, not at all otherwise. */
export type Block =
  | { readonly json: Json }
  | { readonly same: true }
  | { readonly text: string }
  | { readonly unfiltered: string }

const kinds: ReadonlySet<string> = new Set(['image', 'audio', 'resource', 'resource_link'])

/**
 * Sorts blocks by how they can be filtered. `same`: its text is structuredContent, as the revision asks for beside it,
 * and need not be read twice. `unfiltered` says why not, out of a closed set.
 */
export function blocksOf(content: unknown, structured?: Json): Block[] {
  if (!Array.isArray(content)) return []
  const twin = structured === undefined ? undefined : JSON.stringify(structured)
  return content.map((block: unknown): Block => {
    const type = isObject(block) ? block['type'] : undefined
    const text = isObject(block) ? block['text'] : undefined
    if (type !== 'text' || typeof text !== 'string') {
      return {
        unfiltered: typeof type === 'string' && kinds.has(type) ? `content-${type}` : 'content-unknown',
      }
    }
    if (text === twin) return { same: true }
    if (!/^[\s\ufeff]*[[{]/.test(text))
      return looksLikeJson(text) ? { unfiltered: 'content-like-json' } : { text }
    const parsed = parseText(text.replace(/^\ufeff/, ''))
    // Text that begins like JSON and is none would get around the fields.
    return 'value' in parsed ? { json: parsed.value as Json } : { unfiltered: 'content-like-json' }
  })
}

/** JSON inside other text, such as a Markdown fence or a log line: members with quoted names. */
function looksLikeJson(text: string): boolean {
  return /[{,\n]\s{0,100}"[^"\n]{1,100}"\s{0,10}:/.test(text)
}

/** The blocks that may leave. `structured`: what is left of structuredContent, for the blocks that are the same. */
export function redactBlocks(
  blocks: readonly Block[],
  fields: PatternTree,
  by: Projection,
  structured?: Json,
): JsonObject[] {
  return blocks.flatMap((block): JsonObject[] => {
    if ('unfiltered' in block) {
      add(by.tally.dropped, block.unfiltered)
      return []
    }
    if ('same' in block) return [{ type: 'text', text: JSON.stringify(structured) }]
    if ('json' in block) return [{ type: 'text', text: JSON.stringify(project(block.json, fields, by)) }]
    if (by.rules.text === 'Drop') {
      add(by.tally.dropped, 'text')
      return []
    }
    const text = redactText(block.text, by.known, by.rules, by.tally)
    if (text === undefined) return []
    add(by.kept, 'text')
    return [{ type: 'text', text }]
  })
}

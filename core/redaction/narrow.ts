// The part of a result that is this tool's, and the structured result that its schema speaks of.

import type { Json } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import { valueAt } from '../pointer.ts'
import type { Block } from './content.ts'
import type { Parts } from './results.ts'
import type { ReturnRules } from './rules.ts'

/** The parts as the rules want them; undefined where the result does not have the part that they ask for. */
export function narrowed(parts: Parts, { at, check }: ReturnRules): Parts | undefined {
  const part = at === undefined ? parts : partAt(parts, at)
  return part === undefined || check === undefined ? part : structured(part)
}

/** What is not the part is put into words of ours: why it does not leave. */
const outside: Block = { unfiltered: 'outside-part' }

function partAt({ blocks, structured: whole }: Parts, at: readonly string[]): Parts | undefined {
  const part = whole === undefined ? undefined : (valueAt(whole, at) as Json | undefined)
  if (whole !== undefined && part === undefined) return undefined
  const left = blocks.map((block) => blockAt(block, at))
  if (part === undefined && left.every((block) => block === outside)) return undefined
  return { blocks: left, ...(part === undefined ? {} : { structured: part }), texts: [] }
}

function blockAt(block: Block, at: readonly string[]): Block {
  if ('same' in block) return block
  if ('resource' in block) {
    const inner = blockAt(block.inner, at)
    return inner === outside ? outside : { ...block, inner }
  }
  const part = 'json' in block ? (valueAt(block.json, at) as Json | undefined) : undefined
  return part === undefined ? outside : { json: part }
}

/** A server that says its result in text alone says it in structure, too, as the revisions ask of a tool with a schema. */
function structured(parts: Parts): Parts {
  const [first, ...others] = parts.blocks.filter((block) => 'json' in block)
  if (parts.structured !== undefined || first === undefined || others.length > 0) return parts
  if (!isObject(first.json)) return parts
  const blocks = parts.blocks.map((block): Block => (block === first ? { same: true } : block))
  return { ...parts, blocks, structured: first.json }
}

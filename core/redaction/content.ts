// Content blocks of results. Text that is JSON is filtered like structuredContent; other text is redacted or dropped;
// what cannot be looked into (images, audio, files, links) is not returned unless the policy says so, with its reason.

import type { Json, JsonObject } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import { parseText } from '../json.ts'
import { readings } from '../text/prose.ts'
import { add } from './counts.ts'
import { decoded, jsonIn, textOf } from './encoded.ts'
import { type Projection, project } from './project.ts'
import { recordForm } from './record-text.ts'
import type { ReturnRules } from './rules.ts'
import { identifies, redactText } from './text.ts'

/**
 * A block as it came: filtered by fields when it is JSON, as text when it is not. `media`: bytes in which nothing can be
 * redacted, and addresses of them. `same`: its text is structuredContent, as the revision asks for beside it, and need
 * not be read twice. `unfiltered` says why it cannot leave, out of a closed set.
 */
export type Block =
  | { readonly json: Json }
  | { readonly same: true }
  | { readonly text: string }
  | { readonly media: JsonObject; readonly is: string }
  | { readonly resource: JsonObject; readonly inner: Block }
  | { readonly unfiltered: string }

/** Sorts blocks by how they can be filtered. */
export function blocksOf(content: unknown, structured?: Json): Block[] {
  if (!Array.isArray(content)) return []
  const twin = structured === undefined ? undefined : JSON.stringify(structured)
  return content.map((block: unknown) => blockOf(block, twin))
}

/** One content block (MCP ContentBlock). `twin`: the text of structuredContent. */
export function blockOf(block: unknown, twin?: string): Block {
  if (!isObject(block)) return { unfiltered: 'content-unknown' }
  const { type, text, resource } = block
  if (type === 'text' && typeof text === 'string') return text === twin ? { same: true } : textBlock(text)
  if (type === 'image' || type === 'audio' || type === 'resource_link')
    return { media: block as JsonObject, is: `content-${type}` }
  if (type === 'resource' && isObject(resource))
    return { resource: resource as JsonObject, inner: contentsOf(resource as JsonObject) }
  return { unfiltered: 'content-unknown' }
}

/** What a resource holds (MCP ResourceContents): text, or bytes. */
export function contentsOf(resource: JsonObject): Block {
  const { text, blob, mimeType } = resource
  if (typeof text === 'string') return textBlock(text)
  if (typeof blob !== 'string') return { unfiltered: 'content-unknown' }
  const said = typeof mimeType === 'string' && textTypes.test(mimeType) ? textOf(blob) : undefined
  return said === undefined ? { media: resource, is: 'content-blob' } : textBlock(said)
}

/** Types whose bytes are text that can be judged: not XML, of which fields know nothing. */
const textTypes = /^(?:application\/(?:[\w.-]+\+)?json|text\/(?!xml\b)[\w.-]+)\s*(?:;|$)/i

function textBlock(text: string, depth = 0): Block {
  // Nothing but an encoding is no text.
  if (holdsEncoding(text)) return { unfiltered: 'content-encoded' }
  const within = stringIn(text)
  if (within !== undefined) {
    // A record that was written as JSON twice: cut as the record that it is.
    const inner = depth < deepest ? textBlock(within, depth + 1) : { unfiltered: 'content-like-json' }
    return 'text' in inner ? { text } : inner
  }
  const json = jsonIn(text)
  if (json === undefined) return looksLikeJson(text) ? { unfiltered: 'content-like-json' } : { text }
  // Text that begins like JSON and is none would get around the fields.
  return 'value' in json ? { json: json.value } : { unfiltered: 'content-like-json' }
}

/** How often JSON may stand in a string of JSON. */
const deepest = 3

/** The text of a JSON string, where the whole text is one. */
function stringIn(text: string): string | undefined {
  if (!/^[\s\ufeff]*"/.test(text) || !/"\s*$/.test(text)) return undefined
  const json = parseText(text.replace(/^[\s\ufeff]+/, ''))
  return 'value' in json && typeof json.value === 'string' ? json.value : undefined
}

/** The whole text, or a word of it that is too long to be one. */
function holdsEncoding(text: string): boolean {
  if (decoded(text.trim()) !== undefined) return true
  for (const [word] of text.matchAll(/[A-Za-z0-9+/_-]{24,}={0,2}/g))
    if (decoded(word) !== undefined) return true
  return false
}

/** JSON inside other text, such as a Markdown fence or a log line: members with quoted names. */
function looksLikeJson(text: string): boolean {
  return /[{,\n]\s{0,100}"[^"\n]{1,100}"\s{0,10}:/.test(text)
}

/** What is said of a result as a whole: by which rules it is shown. */
export type Shower = {
  readonly by: Projection
  readonly returns: ReturnRules
  /** What is left of structuredContent, for the blocks that are the same. */
  readonly structured?: Json
}

/** The blocks that may leave. */
export function redactBlocks(blocks: readonly Block[], shower: Shower): JsonObject[] {
  return blocks.flatMap((block): JsonObject[] => {
    const shown = redactBlock(block, shower)
    return shown === undefined ? [] : [shown]
  })
}

/** The block as it may leave; undefined when it may not. */
export function redactBlock(block: Block, shower: Shower): JsonObject | undefined {
  const { by, returns } = shower
  if ('media' in block) {
    if (returns.media === 'Keep') {
      add(by.kept, block.is)
      return mediaOf(block.media)
    }
    add(by.tally.dropped, block.is)
    return undefined
  }
  if ('resource' in block) {
    // Its URI is the server's own text, which no pattern can judge.
    if (returns.text !== 'Keep') {
      add(by.tally.dropped, 'content-resource')
      return undefined
    }
    const contents = redactContents(block.resource, block.inner, shower)
    return contents === undefined ? undefined : { type: 'resource', resource: contents as Json }
  }
  const text = redactBlockText(block, shower)
  return text === undefined ? undefined : { type: 'text', text }
}

/** A resource's contents as they may leave. A URI in which an identifier is found takes its contents along. */
export function redactContents(
  resource: JsonObject,
  inner: Block,
  { by, returns, structured }: Shower,
): JsonObject | undefined {
  const { uri, mimeType } = resource
  if (typeof uri !== 'string') return undefined
  if (returns.text !== 'Keep' && identifies(uri, by.known)) {
    add(by.tally.dropped, 'resource-uri')
    return undefined
  }
  const kind = plainType(mimeType)
  if ('media' in inner) {
    if (returns.media === 'Keep') {
      add(by.kept, inner.is)
      return { uri, ...kind, blob: inner.media['blob'] as Json }
    }
    add(by.tally.dropped, inner.is)
    return undefined
  }
  const text = redactBlockText(inner, { by, returns, ...(structured === undefined ? {} : { structured }) })
  if (text === undefined) return undefined
  const encoded = resource['text'] === undefined
  return { uri, ...kind, ...(encoded ? { blob: Buffer.from(text, 'utf8').toString('base64') } : { text }) }
}

function redactBlockText(block: Block, { by, returns, structured }: Shower): string | undefined {
  if ('same' in block) return JSON.stringify(structured)
  if ('json' in block) return JSON.stringify(project(block.json, returns.fields, by))
  if (!('text' in block)) {
    add(by.tally.dropped, 'unfiltered' in block ? block.unfiltered : 'content-unknown')
    return undefined
  }
  if (returns.text === 'Drop') {
    add(by.tally.dropped, 'text')
    return undefined
  }
  const structure = returns.fields.rule === undefined ? recordForm(block.text) : undefined
  if (structure !== undefined) {
    add(by.tally.dropped, structure)
    return undefined
  }
  const text = redactText(block.text, by.known, by.rules, by.tally, readings.text)
  if (text !== undefined) add(by.kept, 'text')
  return text
}

/** Bytes and what kind they are; not the annotations and `_meta` beside them, which are room for anything. */
function mediaOf(block: JsonObject): JsonObject {
  const { type, data, mimeType, uri, name } = block
  return {
    ...(type === undefined ? {} : { type }),
    ...(typeof data === 'string' ? { data } : {}),
    ...(typeof uri === 'string' ? { uri } : {}),
    ...(typeof name === 'string' ? { name } : {}),
    ...plainType(mimeType),
  }
}

function plainType(mimeType: Json | undefined): JsonObject {
  const plain = typeof mimeType === 'string' && /^[A-Za-z0-9.+-]{1,64}\/[A-Za-z0-9.+-]{1,64}$/.test(mimeType)
  return plain ? { mimeType } : {}
}

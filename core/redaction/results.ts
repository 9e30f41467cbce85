// Results of each kind of request: where text, documents and bytes stand in them, and how what is left is put together
// again. Everything else in a result is left out (MCP `_meta`, annotations: room for anything).

import type { Json, JsonObject } from '../canonical.ts'
import { isObject } from '../is-object.ts'
import type { PatternTree } from '../pointer.ts'
import { readings } from '../text/prose.ts'
import {
  type Block,
  blockOf,
  blocksOf,
  contentsOf,
  redactBlock,
  redactBlocks,
  redactContents,
  type Shower,
} from './content.ts'
import { add } from './counts.ts'
import { project } from './project.ts'
import { look, lookAtText, type Survey, survey } from './survey.ts'
import { redactText } from './text.ts'

/** A result taken apart. */
export type Parts = {
  readonly blocks: readonly Block[]
  readonly structured?: Json
  /** Texts that stand by themselves. */
  readonly texts: readonly string[]
}

/** What all parts of a result tell of the persons in it. `places`: where else patients stand, by policy. */
export function surveyOf({ blocks, structured, texts }: Parts, places: PatternTree): Survey {
  const known = survey()
  if (structured !== undefined) look(structured, places, known)
  for (const block of blocks) {
    const inner = 'resource' in block ? block.inner : block
    if ('json' in inner) look(inner.json, places, known)
    else if ('text' in inner) lookAtText(inner.text, known)
  }
  for (const text of texts) lookAtText(text, known)
  return known
}

export type Shape = {
  /** Undefined when the result is none of this kind. */
  apart(result: JsonObject): Parts | undefined
  together(result: JsonObject, parts: Parts, shower: Shower): JsonObject
}

/** CallToolResult: content and structuredContent. */
export const toolResult: Shape = {
  apart(result) {
    const { content, structuredContent: structured } = result
    if (!Array.isArray(content) && structured === undefined) return undefined
    return {
      blocks: blocksOf(content, structured),
      ...(structured === undefined ? {} : { structured }),
      texts: [],
    }
  },
  together(_, { blocks, structured }, shower) {
    const left = structured === undefined ? undefined : project(structured, shower.returns.fields, shower.by)
    const content = redactBlocks(blocks, left === undefined ? shower : { ...shower, structured: left })
    // A part may be any JSON, and structuredContent be an object alone (MCP 2025-06-18): then text says it.
    if (shower.returns.at !== undefined && left !== undefined && !isObject(left))
      return { content: content.length > 0 ? content : [{ type: 'text', text: JSON.stringify(left) }] }
    return { content, ...(left === undefined ? {} : { structuredContent: left }) }
  },
}

/** ReadResourceResult: contents, each a text or bytes. */
export const resourceResult: Shape = {
  apart({ contents }) {
    if (!Array.isArray(contents) || !contents.every(isObject)) return undefined
    return { blocks: contents.map((one) => contentsOf(one as JsonObject)), texts: [] }
  },
  together({ contents }, { blocks }, shower) {
    const shown = (contents as JsonObject[]).flatMap((one, index) => {
      const left = redactContents(one, blocks[index] as Block, shower)
      return left === undefined ? [] : [left]
    })
    return { contents: shown }
  },
}

/** GetPromptResult: messages, each with one block, and a description that is the server's own text. */
export const promptResult: Shape = {
  apart({ messages, description }) {
    if (!Array.isArray(messages) || !messages.every(isObject)) return undefined
    return {
      blocks: messages.map((message) => blockOf(message['content'])),
      texts: typeof description === 'string' ? [description] : [],
    }
  },
  together({ messages, description }, { blocks }, shower) {
    const shown = (messages as JsonObject[]).flatMap((message, index): Json[] => {
      const { role } = message
      const content = redactBlock(blocks[index] as Block, shower)
      const known = role === 'user' || role === 'assistant'
      return content === undefined || !known ? [] : [{ role, content: content as Json }]
    })
    const said = typeof description === 'string' ? shownText(description, shower) : undefined
    return { ...(said === undefined ? {} : { description: said }), messages: shown }
  },
}

/** CompleteResult: values, each of which may be a patient's name. */
export const completionResult: Shape = {
  apart({ completion }) {
    const values = isObject(completion) ? completion['values'] : undefined
    if (!Array.isArray(values)) return undefined
    const texts = values.filter((value): value is string => typeof value === 'string').slice(0, 100)
    return { blocks: [], texts }
  },
  together(_, { texts }, shower) {
    // A value that was changed completes nothing: it stays as it is, or goes.
    const values = texts.filter((text) => {
      const same = shownText(text, shower) === text
      if (!same) add(shower.by.tally.dropped, 'completion')
      return same
    })
    return { completion: { values, total: values.length, hasMore: false } }
  },
}

function shownText(text: string, { by, returns }: Shower): string | undefined {
  if (returns.text === 'Drop') {
    add(by.tally.dropped, 'text')
    return undefined
  }
  return redactText(text, by.known, by.rules, by.tally, readings.text)
}

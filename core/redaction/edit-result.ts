// A tool's result, cut where it lies: results.ts says what becomes of its parts. Only of results as most are, complete, of
// texts and structured content; of others nothing is said here, and they are taken apart as values.

import { generationOfNames, nameOf } from '../json-names.ts'
import {
  endOf,
  kindOf,
  listKind,
  literalKind,
  nameNumberOf,
  nextOf,
  objectKind,
  scan,
  startOf,
  stride,
  type Tape,
  textKind,
} from '../json-scan.ts'
import type { PatternTree } from '../pointer.ts'
import { blockOf, redactBlock, type Shower } from './content.ts'
import { edit } from './edit.ts'
import { lookOver } from './edit-survey.ts'
import { lookAtText, type Survey, survey } from './survey.ts'
import { textAt } from './tape-values.ts'

/** A value that was read where it lies. */
export type Lying = { readonly tape: Tape; readonly entry: number }

type CutBlock = { readonly same: true } | { readonly json: Tape } | { readonly text: string }
export type CutParts = {
  readonly tape: Tape
  /** Entry of structuredContent. */
  readonly structured?: number
  readonly blocks: readonly CutBlock[]
  readonly hasMeta: boolean
}

/** The parts of a CallToolResult; undefined where it is not one of those, or its names were forgotten meanwhile. */
export function cutParts({ tape, entry }: Lying): CutParts | undefined {
  let content: number | undefined
  let structured: number | undefined
  let hasMeta = false
  if (tape.generation !== generationOfNames()) return undefined
  for (let member = entry + stride; member < nextOf(tape, entry); member = nextOf(tape, member)) {
    const name = nameOf(nameNumberOf(tape, member))
    if (name === 'content') content = member
    else if (name === 'structuredContent') structured = member
    else if (name === '_meta') hasMeta = true
    else if (name === 'task') return undefined
    else if (name === 'resultType' && wordAt(tape, member) !== 'complete') return undefined
    else if (name === 'isError' && !isFalse(tape, member)) return undefined
  }
  if (content === undefined ? structured === undefined : kindOf(tape, content) !== listKind) return undefined
  if (structured !== undefined && kindOf(tape, structured) !== objectKind) return undefined
  const blocks: CutBlock[] = []
  if (content !== undefined)
    for (let item = content + stride; item < nextOf(tape, content); item = nextOf(tape, item)) {
      const block = cutBlock(tape, item, structured)
      if (block === undefined) return undefined
      blocks.push(block)
    }
  // To read one document more may have been to forget the names of those before.
  const generation = generationOfNames()
  const isForgotten = blocks.some((block) => 'json' in block && block.json.generation !== generation)
  if (tape.generation !== generation || isForgotten) return undefined
  return { tape, ...(structured === undefined ? {} : { structured }), blocks, hasMeta }
}

function wordAt(tape: Tape, entry: number): string | undefined {
  return kindOf(tape, entry) === textKind ? textAt(tape, entry) : undefined
}

function isFalse(tape: Tape, entry: number): boolean {
  return kindOf(tape, entry) === literalKind && tape.bytes[startOf(tape, entry)] === 0x66
}

function cutBlock(tape: Tape, item: number, structured: number | undefined): CutBlock | undefined {
  if (kindOf(tape, item) !== objectKind) return undefined
  let type: string | undefined
  let text: string | undefined
  for (let member = item + stride; member < nextOf(tape, item); member = nextOf(tape, member)) {
    const name = nameOf(nameNumberOf(tape, member))
    if (name === 'type') type = wordAt(tape, member)
    else if (name === 'text') text = wordAt(tape, member)
  }
  if (type !== 'text' || text === undefined) return undefined
  if (structured !== undefined && isTextAt(tape, structured, text)) return { same: true }
  if (/^[\s\ufeff]*[[{]/.test(text)) {
    const values = structured === undefined ? 0 : nextOf(tape, structured) - structured
    const json = scan(Buffer.from(text.replace(/^\ufeff/, ''), 'utf8'))
    // Most texts show by how many values they hold that they say something else, and nothing is written to compare them with.
    const mayBeSame = json === undefined || nextOf(json, 0) === values
    if (
      structured !== undefined &&
      mayBeSame &&
      JSON.stringify(JSON.parse(jsonAt(tape, structured))) === text
    )
      return { same: true }
    return json === undefined ? undefined : { json }
  }
  const block = blockOf({ type, text })
  return 'text' in block ? { text } : undefined
}

/** Whether the JSON at an entry is this text. Nearly always their lengths tell, and nothing is made of it. */
function isTextAt(tape: Tape, entry: number, text: string): boolean {
  return Buffer.byteLength(text) === endOf(tape, entry) - startOf(tape, entry) && jsonAt(tape, entry) === text
}

function jsonAt(tape: Tape, entry: number): string {
  return tape.bytes.toString('utf8', startOf(tape, entry), endOf(tape, entry))
}

/** What all parts tell of the persons in them, as `surveyOf` has it. */
export function surveyOfCut({ tape, structured, blocks }: CutParts, places: PatternTree): Survey {
  const known = survey()
  if (structured !== undefined) lookOver(tape, structured, places, known)
  for (const block of blocks) {
    if ('json' in block) lookOver(block.json, 0, places, known)
    else if ('text' in block) lookAtText(block.text, known)
  }
  return known
}

/** JSON of what stays of the result's content and structured content: its members, without the braces around them. */
export function cutTogether({ tape, structured, blocks }: CutParts, shower: Shower): string {
  const { fields } = shower.returns
  const left = structured === undefined ? undefined : lineOf(edit(tape, structured, fields, shower.by))
  const content: string[] = []
  for (const block of blocks) {
    if ('same' in block || 'json' in block) {
      const json = 'same' in block ? left : edit(block.json, 0, fields, shower.by)
      content.push(`{"type":"text","text":${JSON.stringify(json)}}`)
      continue
    }
    const text = redactBlock(block, shower)
    if (text !== undefined) content.push(JSON.stringify(text))
  }
  return `"content":[${content.join(',')}]${left === undefined ? '' : `,"structuredContent":${left}`}`
}

/** A carriage return ends a line of an event stream. In JSON it is white space, or escaped. */
function lineOf(json: string): string {
  return json.includes('\r') ? json.replaceAll('\r', ' ') : json
}

// A result as the server would give it, out of what somebody saved: a whole result, an answer that carries one, or the
// document alone; and what became of each part of it.

import type { Json, JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { parseText } from '../../core/json.ts'
import type { Kind } from '../../core/permission.ts'
import type { Policy } from '../../core/policy.ts'
import { type Block, redactBlock, redactContents, type Shower } from '../../core/redaction/content.ts'
import { type Projection, project } from '../../core/redaction/project.ts'
import { surveyOf } from '../../core/redaction/results.ts'
import { type ReturnRules, returnRules } from '../../core/redaction/rules.ts'
import type { Survey } from '../../core/redaction/survey.ts'
import { CannotError } from '../command.ts'
import { type Fate, follow, shownNames } from './follow.ts'
import type { Target } from './target.ts'

/** A part of a result: what it was, and what became of each place in it. `document`: where it is JSON, for its values. */
export type Part = {
  readonly at: string
  readonly fates: readonly Fate[]
  /** Said of a part as a whole. */
  readonly says?: string
  readonly document?: Json
}

export type Explained = {
  readonly parts: readonly Part[]
  /** Of the result as it would leave. */
  readonly bytes: number
  readonly patients: number
  readonly known: Survey
  readonly rules: Projection['rules']
  readonly returns: ReturnRules
  readonly nameOf: (name: string) => string
}

/** Throws `CannotError` for what is no result of this kind. */
export function explain(text: string, target: Target, policy: Policy, uri: string | undefined): Explained {
  const result = resultOf(text, target.kind, uri)
  const parts = target.shape.apart(result)
  if (parts === undefined)
    throw new CannotError(`That is no result of ${target.kind}: give the result, or the document alone`)
  const returns = returnRules(target.returns)
  const known = surveyOf(parts, returns.patients)
  const rules = { dates: policy.redaction.dates, text: returns.text }
  const fresh = (trace?: Projection['trace'], tally = { redacted: {}, dropped: {} }): Projection => ({
    known,
    rules,
    tally,
    kept: {},
    memberNames: new Map(),
    ...(trace === undefined ? {} : { trace }),
  })
  const base = { known, rules, returns, patients: known.patients.size, nameOf: shownNames({ known }) }
  const failed = result['isError'] === true
  if (returns.whole || failed) {
    const says = returns.whole
      ? 'kept whole, as it came: fields "", text Keep and media Keep'
      : 'dropped: the server reports an error, and its words may hold anything'
    return { ...base, parts: [{ at: 'result', fates: [], says }], bytes: returns.whole ? text.length : 0 }
  }
  const left = target.shape.together(result, parts, { by: fresh(), returns })
  const structured =
    parts.structured === undefined ? undefined : project(parts.structured, returns.fields, fresh())
  const followed = (
    at: string,
    block: Block | undefined,
    document: Json | undefined,
    run: (by: Shower) => void,
  ): Part => {
    const tally = { redacted: {}, dropped: {} }
    const { trace, fates } = follow(tally)
    const by = fresh(trace, tally)
    run({ by, returns, ...(structured === undefined ? {} : { structured }) })
    if (block !== undefined && 'same' in block)
      return { at, fates: [], says: 'the same as structuredContent' }
    if (document !== undefined) return { at, fates, document }
    const [kept] = Object.keys(by.kept)
    const [why] = Object.keys(tally.dropped)
    return { at, fates: [wholeFate(kept, why, tally.redacted)] }
  }
  const explained: Part[] = []
  if (parts.structured !== undefined) {
    const document = parts.structured
    explained.push(
      followed('structuredContent', undefined, document, ({ by }) => project(document, returns.fields, by)),
    )
  }
  const contents = result['contents'] as JsonObject[] | undefined
  for (const [index, block] of parts.blocks.entries()) {
    const inner = 'resource' in block ? block.inner : block
    const document = 'json' in inner ? inner.json : undefined
    explained.push(
      followed(`${placeOf[target.kind]}/${index}`, block, document, (by) =>
        contents === undefined
          ? redactBlock(block, by)
          : redactContents(contents[index] as JsonObject, block, by),
      ),
    )
  }
  for (const [name, why] of Object.entries(besides))
    if (result[name] !== undefined)
      explained.push({ at: name, fates: [{ path: [], verdict: 'dropped', rule: why, found: {} }] })
  return { ...base, parts: explained, bytes: Buffer.byteLength(JSON.stringify(left)) }
}

/** The protocol's own room for more: no policy names it. */
const besides: { readonly [member: string]: string } = { _meta: 'meta' }

const placeOf: { readonly [kind in Kind]: string } = {
  tools: 'content',
  resources: 'contents',
  prompts: 'messages',
}

function wholeFate(kept: string | undefined, why: string | undefined, found: Fate['found']): Fate {
  if (kept === undefined) return { path: [], verdict: 'dropped', rule: why ?? 'not-allowed', found }
  return { path: [], verdict: Object.keys(found).length > 0 ? 'redacted' : 'kept', rule: kept, found }
}

/** What marks a whole result of each kind. */
const marks: { readonly [kind in Kind]: readonly string[] } = {
  tools: ['content', 'structuredContent'],
  resources: ['contents'],
  prompts: ['messages'],
}

function resultOf(text: string, kind: Kind, uri: string | undefined): JsonObject {
  const parsed = parseText(text.replace(/^\ufeff/, ''))
  if (!('value' in parsed)) {
    if (/^\s*[[{]/.test(text))
      throw new CannotError(`The result is no JSON that the sidecar would take: ${faults[parsed.fault]}`)
    return wrapped[kind](text, undefined, uri)
  }
  const { value } = parsed
  const carried =
    isObject(value) && value['jsonrpc'] === '2.0' && isObject(value['result']) ? value['result'] : value
  if (isObject(carried) && marks[kind].some((name) => isWhole(carried, name))) return carried as JsonObject
  return wrapped[kind](text, carried as Json, uri)
}

/** A document may have a member called content, and is then no result. */
function isWhole(value: { readonly [member: string]: unknown }, mark: string): boolean {
  const held = value[mark]
  return mark === 'structuredContent' ? held !== undefined : Array.isArray(held) && held.every(isObject)
}

const faults = {
  broken: 'it is broken',
  'too-deep': 'it is nested too deep',
  number: 'it holds a number that would be another when written anew',
} as const

/** A document alone, as a server would put it. */
const wrapped: {
  readonly [kind in Kind]: (text: string, value: Json | undefined, uri: string | undefined) => JsonObject
} = {
  tools: (text, value) =>
    value === undefined || typeof value !== 'object'
      ? { content: [{ type: 'text', text }] }
      : { content: [], structuredContent: value },
  resources: (text, _, uri) => ({ contents: [{ uri: uri ?? '', text }] }),
  prompts: (text) => ({ messages: [{ role: 'user', content: { type: 'text', text } }] }),
}

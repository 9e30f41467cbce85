// What became of each part of a result: what the sidecar does with one (sidecar/controls/shown-result.ts), followed place by
// place.

import { createSecretKey } from 'node:crypto'
import type { Json, JsonObject } from '../../core/canonical.ts'
import type { Kind } from '../../core/permission.ts'
import type { Policy, Role } from '../../core/policy.ts'
import { type Block, redactBlock, redactContents, type Shower } from '../../core/redaction/content.ts'
import { narrowed } from '../../core/redaction/narrow.ts'
import { groupsAges, type Making, prepared, rulesOfTexts } from '../../core/redaction/prepare.ts'
import { type Projection, project, projection } from '../../core/redaction/project.ts'
import { partsWithin } from '../../core/redaction/reach-parts.ts'
import { type Parts, surveyOf } from '../../core/redaction/results.ts'
import { type ReturnRules, returnsUnder } from '../../core/redaction/rules.ts'
import type { Survey } from '../../core/redaction/survey.ts'
import { CannotError } from '../command.ts'
import type { Step } from './decision.ts'
import { type Fate, follow, shownNames } from './follow.ts'
import { resultOf } from './read-result.ts'
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
  /** What decides of the result as a whole. */
  readonly steps: readonly Step[]
  readonly patients: number
  readonly known: Survey
  readonly rules: Projection['rules']
  readonly returns: ReturnRules
  readonly nameOf: (name: string) => string
}

export type Asked = {
  readonly target: Target
  readonly policy: Policy
  /** Under which the call was permitted. */
  readonly role: Role
  readonly purpose: string
  /** Of a resource. */
  readonly uri: string | undefined
  /** Whom the caller may reach; undefined for anybody. */
  readonly reach: readonly string[] | undefined
}

/** The server's own key stays in its pods. With this one pseudonyms and shifts are others, and stand at the same places. */
const making: Making = {
  key: () => createSecretKey(Buffer.alloc(32)),
  year: new Date().getUTCFullYear(),
}

/** Throws `CannotError` for what is no result of this kind. */
export function explainResult(text: string, asked: Asked): Explained {
  const { target, policy, uri, reach } = asked
  const result = resultOf(text, target.kind, uri)
  const all = target.shape.apart(result)
  if (all === undefined)
    throw new CannotError(`That is no result of ${target.kind}: give the result, or the document alone`)
  const returns = returnsUnder(target.returning, asked)
  const places = target.returning.returns.patients
  const surveyed = surveyOf(all, places)
  const within =
    reach === undefined
      ? { parts: all, known: surveyed, dropped: {} }
      : partsWithin(all, surveyed, { reach, places })
  const known = within?.known ?? surveyed
  const rules = rulesOfTexts(returns, policy, [...known.patients], making)
  const base = { known, rules, returns, patients: known.patients.size, nameOf: shownNames({ known }) }
  const nothing = (step: Step): Explained => ({ ...base, parts: [], steps: [step] })
  if (within === undefined)
    return nothing({
      rule: 'patient',
      passed: false,
      says: 'it is about others, and their part cannot be told from the rest',
    })
  if (result['isError'] === true && !returns.whole)
    return {
      ...base,
      steps: [],
      parts: [
        {
          at: 'result',
          fates: [],
          says: 'dropped: the server reports an error, and its words may hold anything',
        },
      ],
    }
  const besides = takenOut(within.dropped)
  if (returns.whole && within.parts === all) {
    const says = 'kept whole, as it came: fields "", text Keep and media Keep'
    return { ...base, parts: [{ at: 'result', fates: [], says }], steps: [sizeOf(result, target)] }
  }
  const part = narrowed(within.parts, returns)
  if (part === undefined)
    return nothing({
      rule: 'part',
      passed: false,
      says: `it has no /${returns.at?.join('/') ?? ''} (returns.at)`,
    })
  const parts = prepared(part, known, returns, making)
  const ages = `age: ${known.old} over 89 grouped before all else`
  const grouped: Part[] = groupsAges(known, returns) ? [{ at: 'result', fates: [], says: ages }] : []
  const fresh = (): Projection => projection(known, rules, returns.fields.resources)
  const shown = target.shape.together(result, parts, { by: fresh(), returns })
  const keeps = returns.check?.(shown['structuredContent']) !== false
  return {
    ...base,
    parts: [
      ...besides,
      ...grouped,
      ...followed(parts, result, target.kind, returns, fresh),
      ...roomsIn(result),
    ],
    steps: [
      ...(keeps
        ? []
        : [{ rule: 'schema', passed: false, says: 'what is left is not what returns.schema says of it' }]),
      sizeOf(shown, target),
    ],
  }
}

function followed(
  parts: Parts,
  result: JsonObject,
  kind: Kind,
  returns: ReturnRules,
  fresh: () => Projection,
): Part[] {
  const { structured: document } = parts
  const left = document === undefined ? undefined : project(document, returns.fields, fresh())
  const one = (run: (shower: Shower) => void): { fates: Fate[]; by: Projection } => {
    const by = fresh()
    const { trace, fates } = follow(by.tally)
    run({ by: { ...by, trace }, returns, ...(left === undefined ? {} : { structured: left }) })
    return { fates, by }
  }
  const contents = result['contents'] as JsonObject[] | undefined
  const blocks = parts.blocks.map((block, index): Part => {
    const at = `${placeOf[kind]}/${index}`
    if ('same' in block) return { at, fates: [], says: 'the same as structuredContent' }
    const { fates, by } = one((shower) =>
      contents === undefined
        ? redactBlock(block, shower)
        : redactContents(contents[index] as JsonObject, block, shower),
    )
    const json = jsonOf(block)
    return json === undefined ? { at, fates: [wholeFate(by)] } : { at, fates, document: json }
  })
  if (document === undefined) return blocks
  const { fates } = one(({ by }) => project(document, returns.fields, by))
  const at = `structuredContent${(returns.at ?? []).map((step) => `/${step}`).join('')}`
  return [{ at, fates, document }, ...blocks]
}

function jsonOf(block: Block): Json | undefined {
  const inner = 'resource' in block ? block.inner : block
  return 'json' in inner ? inner.json : undefined
}

/** The protocol's own room for more: no policy names it. */
function roomsIn(result: JsonObject): Part[] {
  return result['_meta'] === undefined
    ? []
    : [{ at: '_meta', fates: [{ path: [], verdict: 'dropped', rule: 'meta', found: {} }] }]
}

/** Records of patients whom the caller may not reach. */
function takenOut(dropped: Readonly<Record<string, number>>): Part[] {
  return Object.entries(dropped).flatMap(([rule, count]) =>
    count === 0 ? [] : [{ at: 'result', fates: [], says: `${rule}: ${count} taken out before all else` }],
  )
}

const placeOf: { readonly [kind in Kind]: string } = {
  tools: 'content',
  resources: 'contents',
  prompts: 'messages',
}

/** Of a block that is no document. */
function wholeFate({ kept, tally }: Projection): Fate {
  const [rule] = Object.keys(kept)
  const [why = 'not-allowed'] = Object.keys(tally.dropped)
  const found = tally.redacted
  if (rule === undefined) return { path: [], verdict: 'dropped', rule: why, found }
  return { path: [], verdict: Object.keys(found).length > 0 ? 'redacted' : 'kept', rule, found }
}

function sizeOf(shown: JsonObject, { limits }: Target): Step {
  const bytes = Buffer.byteLength(JSON.stringify(shown))
  return {
    rule: 'size',
    passed: bytes <= limits.resultBytes,
    says: `${bytes} bytes leave, of ${limits.resultBytes} that may`,
  }
}

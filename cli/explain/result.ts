// What became of each part of a result: what the sidecar does with one (core/redaction/show.ts), followed place by place.

import { createSecretKey } from 'node:crypto'
import type { Json, JsonObject } from '../../core/canonical.ts'
import type { Kind } from '../../core/permission.ts'
import type { Policy, Role } from '../../core/policy.ts'
import { mostPatients } from '../../core/record-room.ts'
import { type Block, redactBlock, redactContents, type Shower } from '../../core/redaction/content.ts'
import { groupsAges, type Making } from '../../core/redaction/prepare.ts'
import { type Projection, project, projection } from '../../core/redaction/project.ts'
import type { Parts } from '../../core/redaction/results.ts'
import { type ReturnRules, returnsUnder } from '../../core/redaction/rules.ts'
import { type Outcome, searchRules, show, type Why } from '../../core/redaction/show.ts'
import { type Survey, survey } from '../../core/redaction/survey.ts'
import type { TextRules } from '../../core/redaction/text.ts'
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
  /** How many are recorded. */
  readonly patients: number
  readonly known: Survey
  readonly rules: TextRules
  readonly returns: ReturnRules
  readonly nameOf: (name: string) => string
  /** What leaves; absent where it is the sidecar's own words. */
  readonly shown?: JsonObject
}

export type Asked = {
  readonly target: Target
  readonly policy: Policy
  /** Under which the call was permitted. */
  readonly role: Role
  readonly purpose: string
  /** Of a resource. */
  readonly uri: string | undefined
  /** Patients whom the call named. */
  readonly named: readonly string[]
  /** Whom the caller may reach; undefined for anybody. */
  readonly reach: readonly string[] | undefined
}

/** The server's own key stays in its pods. With this one pseudonyms and shifts are others, and stand at the same places. */
const ownMaking: Making = {
  key: () => createSecretKey(Buffer.alloc(32)),
  year: new Date().getUTCFullYear(),
}

/** Throws `CannotError` for what is no result of this kind. */
export function explainResult(text: string, asked: Asked, making = ownMaking): Explained {
  const { target, policy, uri, named, reach } = asked
  const { kind, shape, limits } = target
  const result = resultOf(text, kind, uri)
  const returns = returnsUnder(target.returning, asked)
  const judging = { policy, making, resultBytes: limits.resultBytes }
  const outcome = show(result, {
    shape,
    returns,
    places: target.returning.returns.patients,
    named,
    reach,
    ...judging,
  })
  const { known = survey() } = outcome
  const patients = outcome.is === 'refused' ? [] : outcome.patients
  // What is told again, place by place, was searched before.
  const { mostSearched, ...rules } = searchRules(returns, patients, judging)
  const base = { known, rules, returns, patients: patients.length, nameOf: shownNames({ known }) }
  if (outcome.is === 'refused') {
    if (outcome.why === 'no-result')
      throw new CannotError(`That is no result of ${kind}: give the result, or the document alone`)
    const [rule, says] = refusals[outcome.why]
    return { ...base, parts: [], steps: [{ rule, passed: false, says: says(returns, mostSearched ?? 0) }] }
  }
  if (outcome.is === 'withheld') return { ...base, steps: [], parts: [whole(errorSays)] }
  if (outcome.is === 'whole')
    return { ...base, parts: [whole(wholeSays)], steps: [sizeOf(result, target)], shown: result }
  const { parts, shown } = outcome
  const fresh = (): Projection => projection(known, rules, returns.fields.resources)
  return {
    ...base,
    parts: [
      ...beforehand(outcome, returns),
      ...followed(parts, result, kind, returns, fresh),
      ...roomsIn(result),
    ],
    steps: [sizeOf(shown, target)],
    shown,
  }
}

const errorSays = 'dropped: the server reports an error, and its words may hold anything'
const wholeSays = 'kept whole, as it came: fields "", text Keep and media Keep'

const whole = (says: string): Part => ({ at: 'result', fates: [], says })

/** Why nothing leaves, by the rule that says so. */
const refusals: {
  readonly [why in Exclude<Why, 'no-result'>]: readonly [
    rule: string,
    says: (returns: ReturnRules, mostSearched: number) => string,
  ]
} = {
  'too-many-patients': ['patients', () => `it names more than ${mostPatients} patients: ask for fewer`],
  'out-of-reach': ['patient', () => 'it is about others, and their part cannot be told from the rest'],
  'lacks-part': ['part', ({ at = [] }) => `it has no /${at.join('/')} (returns.at)`],
  'too-much-text': [
    'text',
    (_, most) => `its kept texts have more than the ${most} characters that are searched: ask for less`,
  ],
  'breaks-schema': ['schema', () => 'what is left is not what returns.schema says of it'],
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

/** What was done to the whole: records of patients whom the caller may not reach, ages over 89. */
function beforehand({ dropped, known }: Extract<Outcome, { is: 'built' }>, returns: ReturnRules): Part[] {
  const taken = Object.entries(dropped).map(([rule, count]) => `${rule}: ${count} taken out`)
  const ages = groupsAges(known, returns) ? [`age: ${known.old} over 89 grouped`] : []
  return [...taken, ...ages].map((says) => whole(`${says} before all else`))
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

/** The limit is of the whole answer (JSON-RPC 2.0, 5), here to a request with a short id. */
function sizeOf(result: JsonObject, { limits }: Target): Step {
  const bytes = Buffer.byteLength(JSON.stringify({ jsonrpc: '2.0', id: 1, result }))
  return {
    rule: 'size',
    passed: bytes <= limits.resultBytes,
    says: `${bytes} bytes leave, of ${limits.resultBytes} that may`,
  }
}

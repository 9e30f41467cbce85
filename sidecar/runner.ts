// Runs a pipeline. The order of the stages is typed: a stage takes exactly what the stage before it returns. One catch:
// whatever ends a call early is recorded here, and worded by respond.ts.

import type { citations } from '../core/citations.ts'
import type { Who } from '../core/record.ts'
import type { GrantOrder } from '../core/wire.ts'
import type { Deps, StageName } from './deps.ts'
import type { Answer, Identified, Message, Received, Revision } from './exchange.ts'
import { resultHash } from './hashes.ts'
import { challenged } from './identity/challenge.ts'
import type { InForce } from './in-force.ts'
import { codeOf } from './log.ts'
import { recorded } from './recorded.ts'
import { type Reason, Refusal } from './refusals.ts'
import { lengthOf, word } from './respond.ts'
import type { RevokedKind } from './revocations.ts'

type Step<In, Out> = (exchange: In, deps: Deps) => Out | Promise<Out>
/** A section that the table of citations holds. */
type Section = (typeof citations)[keyof typeof citations]
/** What a stage is called, the section of 45 CFR that it serves, and what it does. */
type Stage = { readonly name: StageName; readonly rule: Section; readonly run: Step<never, unknown> }

/** A call that ended early, recorded. */
export type Refused = { readonly stage: 'refused'; readonly answer: Answer; readonly reason: string }

/** What the catch knows of a call, however far it came. */
type Progress = {
  readonly stage: string
  readonly call: string
  readonly at: number
  readonly inForce: InForce
  readonly message: Message
  readonly revision: Revision
  readonly peer: string
  readonly host?: string
  readonly who: Who
  readonly authorization?: string
  readonly grant?: GrantOrder
  readonly purpose?: string
}

type Caller = Pick<Progress, 'who' | 'authorization' | 'grant'>

/** Stages at which the intent is not yet durable. */
const beforeIntent: ReadonlySet<string> = new Set(['received', 'identified', 'permitted', 'admitted'])

/** Stages whose next one sends the call to the server. */
const sending: ReadonlySet<string> = new Set(['minimized', 'prepared'])

/** Whether the server has answered: what it said travels with the exchange from then on. */
function hasRun(exchange: object): boolean {
  return 'incoming' in exchange
}

export class Pipeline<Out> {
  readonly stages: readonly Stage[]

  constructor(stages: readonly Stage[]) {
    this.stages = stages
  }

  stage<Next>(name: StageName, rule: Section, run: Step<Out, Next>): Pipeline<Next> {
    return new Pipeline<Next>([...this.stages, { name, rule, run: run }])
  }

  /** Never rejects: every end of a call has an answer. */
  async run(received: Received, deps: Deps): Promise<Out | Refused> {
    let exchange: Progress = received
    // Before the first stage nothing can fail.
    let at: StageName = 'transport'
    try {
      for (const { name, run } of this.stages) {
        at = name
        // Again before every stage: a lockdown cuts calls in flight, not only new ones.
        if (deps.orders.standing().locked !== undefined)
          throw new Refusal('locked', { mayHaveRun: hasRun(exchange) })
        refuseRevoked(exchange, deps)
        if (exchange.stage === 'identified') {
          const waiting = deps.logoff.check(exchange as unknown as Identified)
          if (waiting !== undefined) await waiting
        }
        const began = deps.watch.stage === undefined ? 0 : performance.now()
        const next = run(exchange as never, deps)
        exchange = (next instanceof Promise ? await next : next) as Progress
        deps.watch.stage?.({ stage: name, milliseconds: performance.now() - began })
      }
      return exchange as unknown as Out
    } catch (why) {
      return await refuse(why, at, exchange, deps)
    }
  }
}

/**
 * As soon as the caller is known, and again before every stage: a token that was verified and remembered before its revocation
 * is none any more, and a call in flight gets no further.
 */
export function refuseRevoked(exchange: Caller, deps: Pick<Deps, 'orders'>): void {
  const { who, authorization, grant } = exchange
  // An emergency ends by the clock, also for a call that it let begin.
  if (grant !== undefined && deps.orders.grant(who, grant.patients) === undefined)
    throw new Refusal('patient-not-permitted', { mayHaveRun: hasRun(exchange) })
  const kind = deps.orders.revoked(who, authorization)
  if (kind === undefined) return
  const token = kind === 'token' || kind === 'token-hash'
  throw new Refusal(revoked[kind], {
    mayHaveRun: hasRun(exchange),
    ...(token ? { challenge: { error: 'invalid_token' } } : {}),
  })
}

const revoked: { readonly [kind in RevokedKind]: Reason } = {
  person: 'person-revoked',
  certificate: 'certificate-revoked',
  client: 'client-revoked',
  token: 'token-revoked',
  'token-hash': 'token-revoked',
}

/** A pipeline without stages yet. */
export function pipeline(): Pipeline<Received> {
  return new Pipeline<Received>([])
}

/**
 * Records a refusal and words it. A call whose intent is durable gets its result record as well, over the bytes of the
 * refusal, so that every intent has exactly one result. If either cannot be recorded, the caller learns only that.
 */
async function refuse(why: unknown, stage: StageName, exchange: Progress, deps: Deps): Promise<Refused> {
  const refusal =
    why instanceof Refusal
      ? challenged(why, exchange.inForce, exchange.host)
      : new Refusal('internal', {
          cause: why,
          mayHaveRun: sending.has(exchange.stage) || hasRun(exchange),
        })
  if (!(why instanceof Refusal)) deps.watch.fault?.({ stage, name: codeOf(why) })
  const answer = word(refusal, exchange)
  // A result whose acknowledgement failed may yet be durable. A second one would contradict it; none at all is closed
  // as unknown by the collector, which is true.
  const settles = !beforeIntent.has(exchange.stage) && refusal.reason !== 'trail-unavailable'
  deps.watch.refusal?.({ reason: refusal.reason, stage })
  try {
    await Promise.all([
      recorded(deps.trail.refuse(refusalEntry(refusal, stage, exchange))),
      ...(settles ? [recorded(deps.trail.settle(resultEntry(refusal, exchange, answer, deps)))] : []),
    ])
    return { stage: 'refused', answer, reason: refusal.reason }
  } catch (cause) {
    deps.watch.fault?.({ stage: 'trail', name: codeOf(cause) })
    const unrecorded = new Refusal('trail-unavailable', { headers: { 'retry-after': '5' } })
    return { stage: 'refused', answer: word(unrecorded, exchange), reason: unrecorded.reason }
  }
}

/** Which argument, by which rule: names of the policy and words of ours. */
function whyRefused({ reason, details: { data = {} } }: Refusal): { argument?: string; rule?: string } {
  const { argument, rule } = data
  return judged.has(reason) && typeof argument === 'string' && typeof rule === 'string'
    ? { argument, rule }
    : {}
}

const judged: ReadonlySet<string> = new Set(['argument-refused', 'bulk-refused', 'argument-identifies'])

function refusalEntry(refusal: Refusal, stage: string, exchange: Progress) {
  const { reason } = refusal
  const { call, who, purpose, message, peer, inForce } = exchange
  const tool = message.params['name']
  return {
    kind: 'refusal' as const,
    call,
    reason,
    stage,
    who,
    ...(purpose === undefined ? {} : { purpose }),
    method: message.method,
    // A name that the policy does not know may hold anything.
    ...(inForce.policy.tools.some(({ name }) => name === tool) ? { tool: tool as string } : {}),
    ...whyRefused(refusal),
    peer,
    policy: inForce.hash,
  }
}

function resultEntry({ details }: Refusal, exchange: Progress, answer: Answer, deps: Deps) {
  return {
    kind: 'result' as const,
    call: exchange.call,
    outcome: details.mayHaveRun === true ? ('unknown' as const) : ('error' as const),
    ...(answer.body === undefined ? {} : { result: resultHash(answer.body, exchange.inForce) }),
    bytes: lengthOf(answer),
    patients: [],
    kept: {},
    dropped: {},
    redacted: {},
    milliseconds: Math.max(0, Math.round(deps.clock() - exchange.at)),
  }
}

// One HTTP request: from its head to the bytes of its answer. The head alone says who is asking, so that is found out before
// the body is read. What is refused before a pipeline begins is recorded here.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { networkOf } from '../core/peer-address.ts'
import type { Outcome, Who } from '../core/record.ts'
import type { Connection } from './connection.ts'
import { prove } from './controls/authenticate.ts'
import type { Deps } from './deps.ts'
import type { Answer, Arrived, Message, Proved, Received, Revision } from './exchange.ts'
import { challenged } from './identity/challenge.ts'
import { checkHead, parseBody, readBody } from './intake.ts'
import { codeOf, idOf } from './log.ts'
import { knownMethods, messageOf, pipelineFor, revisionOf } from './methods.ts'
import { paramHeadersIn } from './param-headers.ts'
import { recorded } from './recorded.ts'
import { type Reason, Refusal } from './refusals.ts'
import { word } from './respond.ts'
import { rulesOf } from './rules.ts'
import { refuseRevoked } from './runner.ts'
import type { Outlet } from './streams/outlet.ts'

export type Incoming = {
  readonly request: IncomingMessage
  readonly connection: Connection
  /** Why the server takes nothing from this connection at this moment. */
  readonly refusedBefore: Reason | undefined
  readonly hosts: readonly string[] | undefined
  /** Whether it was refused while its body came. */
  readonly givenUp: () => boolean
  /** Somebody reads the body now. */
  readonly goOn: () => void
  readonly outlet: () => Outlet
}

/** What is known of a message so far, and of whom it is from. */
type Asked = {
  readonly call: string
  message?: Message
  revision?: Revision
  who?: Who
  stage?: 'authenticate'
}

/** The answer to a request; undefined when its peer went away while sending it: there is nobody to answer. */
export async function serve(incoming: Incoming, deps: Deps): Promise<Answer | undefined> {
  const { request, connection } = incoming
  const began = deps.clock()
  const asked: Asked = { call: randomUUID() }
  let outcome: Outcome | 'refused' = 'refused'
  let answer: Answer
  try {
    const ended = await asPipeline(incoming, began, asked, deps)
    if (ended === undefined) return undefined
    if (ended.stage === 'settled') outcome = ended.outcome
    answer = ended.answer
  } catch (why) {
    // It was refused on its socket meanwhile, which is on record.
    if (incoming.givenUp()) return undefined
    if (!(why instanceof Refusal)) {
      if (request.destroyed && !request.complete) return undefined
      deps.watch.fault?.({ stage: asked.stage ?? 'transport', name: codeOf(why) })
    }
    const refusal = why instanceof Refusal ? why : new Refusal('internal')
    answer = await refuseEarly(refusal, asked, connection.peer, deps)
  }
  seen(asked, outcome, deps.clock() - began, deps)
  return answer
}

async function asPipeline(incoming: Incoming, began: number, asked: Asked, deps: Deps) {
  const { request, connection, refusedBefore, hosts, goOn, outlet } = incoming
  const { locked, inForce } = deps.orders.standing()
  if (refusedBefore !== undefined) throw new Refusal(refusedBefore, { headers: { 'retry-after': '1' } })
  // Without any policy not even the path is known.
  if (inForce === undefined) throw new Refusal('locked')
  if (connection.expires <= began) throw new Refusal('certificate-expired')
  checkHead(request, inForce.policy, hosts)
  if (locked !== undefined) throw new Refusal('locked')
  const { authorization, dpop, host, 'mcp-session-id': session, 'last-event-id': last } = request.headers
  const { method: verb = '' } = request
  const arrived: Arrived = {
    stage: 'arrived',
    call: asked.call,
    at: began,
    inForce,
    rules: rulesOf(inForce.policy),
    verb,
    peer: connection.peer,
    certificate: connection.certificate,
    ...(connection.person === undefined ? {} : { person: connection.person }),
    certificateExpires: connection.expires,
    ...(authorization === undefined ? {} : { authorization }),
    ...(typeof dpop === 'string' ? { dpop } : {}),
    ...(host === undefined ? {} : { host }),
  }
  const proving = known(arrived, connection, asked, deps)
  const proved = proving instanceof Promise ? await proving : proving
  if (verb === 'POST') {
    goOn()
    asked.message = await messageIn(request, proved, deps)
    if (incoming.givenUp()) return undefined
    // A body may take half a minute. The policy that was in force when its head came is not what the call runs under. New
    // keys of an issuer are no other policy: the token may have waited for them, and their rotation is no outage.
    if (deps.orders.standing().inForce?.hash !== inForce.hash)
      throw new Refusal('policy-changed', { headers: { 'retry-after': '1' } })
  } else {
    asked.message = { kind: 'http', method: verb, params: {} }
  }
  asked.revision = revisionOf(asked.message, request.headers)
  const pipeline = pipelineFor(asked.message, asked.revision, inForce.policy)
  const paramHeaders = paramHeadersIn(request.headers)
  const received: Received = {
    ...proved,
    stage: 'received',
    message: asked.message,
    revision: asked.revision,
    outlet,
    ...(paramHeaders === undefined ? {} : { paramHeaders }),
    // MCP 2026-07-28 has no sessions: what nobody verifies is not there.
    ...(typeof session === 'string' && asked.revision !== '2026-07-28' ? { session } : {}),
    ...(typeof last === 'string' && verb === 'GET' ? { lastEventId: last } : {}),
  }
  return await pipeline.run(received, deps)
}

/** Who is asking. Throws Refusal, with its challenge, for everybody who is not to be listened to. */
function known(arrived: Arrived, connection: Connection, asked: Asked, deps: Deps): Proved | Promise<Proved> {
  asked.stage = 'authenticate'
  const welcome = (proved: Proved): Proved => {
    asked.who = proved.who
    connection.caller = proved.who
    refuseRevoked(proved, deps)
    delete asked.stage
    return proved
  }
  const refused = (why: unknown): never => {
    throw why instanceof Refusal ? challenged(why, arrived.inForce, arrived.host) : why
  }
  try {
    const proving = prove(arrived, deps)
    return proving instanceof Promise ? proving.then(welcome).catch(refused) : welcome(proving)
  } catch (why) {
    return refused(why)
  }
}

async function messageIn(request: IncomingMessage, { who }: Proved, deps: Deps): Promise<Message> {
  const room = deps.bodies.room(who)
  try {
    return messageOf(parseBody(await readBody(request, room)), (id) => deps.pending.method(id))
  } finally {
    room.free()
  }
}

/**
 * Records a refusal from before the pipeline, or counts it when its source is over its quota: anyone with a certificate can
 * fail to show a token. Those who are known and refused for who they are, are always recorded.
 */
export async function refuseEarly(
  refusal: Refusal,
  asked: Asked,
  peer: string,
  deps: Pick<Deps, 'orders' | 'quota' | 'trail' | 'watch'>,
): Promise<Answer> {
  const { reason } = refusal
  const { stage = 'transport' } = asked
  deps.watch.refusal?.({ reason, stage })
  const notable = stage === 'authenticate' && asked.who !== undefined
  // A person's broken messages have a quota of their own: those of others at their address do not hide them.
  const own = asked.who === undefined ? peer : `${networkOf(peer)} ${asked.who.certificate}`
  if (!notable && !deps.quota.admits(peer, reason, own)) return word(refusal, asked)
  const method = methodOf(asked)
  const { inForce } = deps.orders.standing()
  try {
    await recorded(
      deps.trail.refuse({
        kind: 'refusal',
        call: asked.call,
        reason,
        stage,
        ...(asked.who === undefined ? {} : { who: asked.who }),
        ...(method === undefined ? {} : { method }),
        peer,
        ...(inForce === undefined ? {} : { policy: inForce.hash }),
      }),
    )
    return word(refusal, asked)
  } catch (cause) {
    deps.watch.fault?.({ stage: 'trail', name: codeOf(cause) })
    return word(new Refusal('trail-unavailable', { headers: { 'retry-after': '5' } }), asked)
  }
}

/** A method name may be a record's or a metric's only when it is a known one: any other may hold PHI. */
function methodOf({ message }: Asked): string | undefined {
  return message !== undefined && knownMethods.has(message.method) ? message.method : undefined
}

function seen(
  asked: Asked,
  outcome: Outcome | 'refused',
  milliseconds: number,
  { orders, watch }: Deps,
): void {
  if (watch.call === undefined) return
  const name = asked.message?.params['name']
  const tool = orders.standing().inForce?.policy.tools.find((one) => one.name === name)?.name
  const method = methodOf(asked) ?? 'unknown'
  watch.call({ method, ...(tool === undefined ? {} : { tool: idOf(tool) }), outcome, milliseconds })
}

// A stdio server as the server in this pod: the same seam as the one over HTTP (upstream.ts), for callers of every
// revision that its process speaks, over one process that all of them share.

import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { Incoming, Revision } from '../exchange.ts'
import type { Hearing } from '../hearing.ts'
import { codeOf, type Log } from '../log.ts'
import { Refusal } from '../refusals.ts'
import type { Call, Upstream } from '../upstream.ts'
import { type Door, door } from './door.ts'
import { greet, handshakeAnswer, noHandshake, ownMeta, type Spoken } from './handshake.ts'
import { type Talk, talk } from './talk.ts'

export type StdioOptions = {
  /** Where the wrapper connects. */
  readonly socket: string
  readonly log: Log
  readonly deadline?: number
  readonly limit?: number
  /** How long a call waits for a server that is starting, milliseconds. */
  readonly patience?: number
}

export interface StdioUpstream extends Upstream {
  /** Resolves when a wrapper can connect. */
  readonly open: Promise<void>
}

const newest: Revision = '2026-07-28'

/** One process of the server, once it was greeted. `session` stands for it in callers' sessions. */
type Process = { readonly talk: Talk; readonly spoken: Spoken; readonly session: string }

export function stdioUpstream({
  socket: path,
  log,
  deadline = 30_000,
  limit = 8 * 1024 * 1024,
  patience = 10_000,
}: StdioOptions): StdioUpstream {
  const running = new Map<string, number>()
  const listeners = new Set<{ readonly hearing: Hearing; full: boolean }>()
  let known: 'initialize' | undefined
  let connected: Talk | undefined
  let current = Promise.withResolvers<Process>()
  current.promise.catch(() => undefined)

  const entrance: Door = door(
    path,
    () => connected !== undefined,
    (socket) => {
      const own = talk(socket, { deadline, limit, changed })
      connected = own
      begin(own).catch((why: unknown) => {
        log.error('The server does not speak MCP on its standard output; it is begun anew', {
          error: why instanceof Refusal ? why.reason : codeOf(why),
        })
        own.end()
      })
    },
  )

  async function begin(own: Talk): Promise<void> {
    const ended = own.ended.then(() => {
      connected = undefined
      running.clear()
      current = Promise.withResolvers<Process>()
      current.promise.catch(() => undefined)
      const { noise, answers, notifications, declined } = own.strays
      log.warn('The server’s process is gone', {
        strays: noise + answers + notifications + declined,
        reason: 'stdio-ended',
      })
    })
    ended.catch(() => undefined)
    const spoken = await greet(own, known).catch((why: unknown) => {
      // Some servers end over a question that they do not know: the next process is not asked it.
      known = known === undefined ? 'initialize' : undefined
      throw why
    })
    if (spoken.way === 'none')
      log.warn('The server speaks no revision of MCP that is served here', { reason: 'stdio-none' })
    else log.info('The server’s process speaks', { reason: `stdio-${spoken.way}` })
    current.resolve({ talk: own, spoken, session: randomUUID() })
  }

  /** Rejects when no process is there for too long: nothing was sent. */
  async function process(): Promise<Process> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Refusal('upstream-down', { mayHaveRun: false })), patience)
    try {
      return await Promise.race([current.promise, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  /** About the server itself: whoever listens judges by their own policy and subscriptions what of it leaves. */
  function changed(method: string, params: JsonObject): void {
    for (const one of listeners) if (!one.full) one.full = !one.hearing.take({ method, params })
  }

  async function send(call: Call): Promise<Incoming> {
    const { talk: to, spoken, session } = await process()
    const { revision, outgoing, key, hearing, gone, endless, keepText } = call
    const { method, notification } = outgoing
    // It was begun with another process, which took what it knew of the session with it.
    if (call.session !== undefined && call.session !== session)
      throw new Refusal('session-unknown', { mayHaveRun: false })
    if (method === 'initialize')
      return {
        result: handshakeAnswer(spoken, revision),
        ...(keepsWatch(spoken) ? { session } : {}),
        otherMessages: 0,
      }
    if (method === 'server/discover') return { result: handshakeAnswer(spoken, revision), otherMessages: 0 }
    const params = paramsFor(spoken, revision, outgoing.params)
    if (notification) {
      // The server is told of what runs, and of nothing that is ours: its one session began long ago.
      if (method === 'notifications/cancelled') to.notify(method, outgoing.params)
      return nothing
    }
    const own = answeredHere(spoken, revision, method)
    if (own !== undefined) return own
    let id: number | undefined
    try {
      const said = await to.ask({
        method,
        params,
        ...(hearing === undefined ? {} : { hearing }),
        ...(gone === undefined ? {} : { gone }),
        ...(endless === undefined ? {} : { endless }),
        // What is put into another way of speaking is not the server's own text any more.
        ...(keepText === true && spoken.way === wayOf(revision) ? { keepText } : {}),
        sent: (given) => {
          id = given
          if (key !== undefined) running.set(key, given)
        },
      })
      return { ...said, result: resultFor(spoken, revision, said.result) }
    } finally {
      if (key !== undefined && running.get(key) === id) running.delete(key)
    }
  }

  return {
    open: entrance.open,
    send,
    /** A server that cannot know whom it asks is never let ask: no answer can be on its way to it. */
    respond: async () => await Promise.reject(new Refusal('question-unknown', { mayHaveRun: false })),
    listen: async ({ revision, session: theirs, hearing, gone }) => {
      const { talk: to, spoken, session } = await process()
      if (theirs !== undefined && theirs !== session)
        throw new Refusal('session-unknown', { mayHaveRun: false })
      if (spoken.way !== 'initialize' || revision === newest)
        throw new Refusal('method-not-allowed', { mayHaveRun: false })
      const listener = { hearing, full: false }
      listeners.add(listener)
      hearing.began?.(() => (listener.full = false))
      try {
        await Promise.race([to.ended, aborted(gone)])
      } finally {
        listeners.delete(listener)
      }
    },
    endSession: async () => await Promise.resolve(),
    idOf: (key) => running.get(key),
    close() {
      entrance.close()
      connected?.end()
    },
  }
}

/**
 * Whether a server keeps anything for a caller from one request to the next: the resources that they watch. Callers of one
 * that does not get no session: any replica serves their next request, and none is lost with its pod.
 */
function keepsWatch(spoken: Spoken): boolean {
  if (spoken.way !== 'initialize' || !isObject(spoken.said['capabilities'])) return false
  const { resources } = spoken.said['capabilities']
  return isObject(resources) && resources['subscribe'] === true
}

/** What would tell the server of one caller's session, which is not the server's own. Throws Refusal. */
function answeredHere(spoken: Spoken, revision: Revision, method: string): Incoming | undefined {
  if (revision === newest) return undefined
  // One level for all callers, of messages that none of them would get.
  if (method === 'logging/setLevel') throw new Refusal('method-unknown', { mayHaveRun: false })
  if (method === 'resources/subscribe' && spoken.way === 'discover')
    throw new Refusal('method-unknown', { mayHaveRun: false })
  // Another caller may still watch the same one; who hears of it, their own sessions say.
  if (method === 'resources/unsubscribe') return nothing
  return undefined
}

const wayOf = (revision: Revision): Spoken['way'] => (revision === newest ? 'discover' : 'initialize')

/** A server that speaks 2026-07-28 also serves callers of before: their requests are put into its way of speaking. */
function paramsFor(spoken: Spoken, revision: Revision, params: JsonObject): JsonObject {
  if (spoken.way === 'none' || (spoken.way === 'initialize' && revision === newest)) throw noHandshake()
  if (spoken.way === 'initialize' || revision === newest) return params
  const { _meta: meta } = params
  return { ...params, _meta: { ...(meta as JsonObject | undefined), ...ownMeta } }
}

/** And its results into theirs. What asks for more input has no form there: nothing may ask, so it is no result. */
function resultFor(spoken: Spoken, revision: Revision, result: JsonObject): JsonObject {
  if (spoken.way !== 'discover' || revision === newest) return result
  const { resultType = 'complete', ...rest } = result
  if (resultType !== 'complete') throw new Refusal('upstream-asks', { mayHaveRun: true })
  return rest
}

const nothing: Incoming = { result: {}, otherMessages: 0 }

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

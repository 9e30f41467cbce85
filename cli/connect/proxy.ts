// Between a host on standard input and output and a server over Streamable HTTP. Messages go through as they are, but for
// the purpose of use; what HTTP wants besides (headers, sessions, streams) is made here. Both eras are spoken: sessions
// that initialize begins, and 2026-07-28, where each request stands for itself.

import { Readable } from 'node:stream'
import { isObject } from '../../core/is-object.ts'
import { CannotError } from '../command.ts'
import { copiedArguments } from './copied.ts'
import type { Identity, Reply } from './identity.ts'
import { errorAnswer, headersOf, type Id, type Message, requestId, revisionOf } from './messages.ts'
import { jsonObject, reasonOf } from './net.ts'
import { type Purpose, withPurpose } from './purpose.ts'
import { relay } from './relay.ts'
import { mcpSession, saysLost } from './session.ts'

/** Of requests that the host knows nothing of. */
const ownId = 'hipaa-mcp-connect-tools'
const mostPages = 50

export type ProxyOptions = {
  identity: Pick<Identity, 'call'>
  /** One message to the host, without a newline. */
  out: (line: string) => void
  /** For a person. Never anything of a message. */
  note: (line: string) => void
  /** Known once somebody is logged in; never rejects. */
  purpose: () => Promise<Purpose | undefined>
}

export interface Proxy {
  /** Takes one line of the host. Never throws: what goes wrong is an answer. */
  take(line: string): void
  /** Lets answers come for at most `milliseconds`, ends the session and every stream. */
  end(milliseconds: number): Promise<void>
}

export function proxy(options: ProxyOptions): Proxy {
  const { identity, note } = options
  const over = new AbortController()
  /** Requests of the host that are not answered yet, and how to give one up. */
  const open = new Map<Id, AbortController>()
  const working = new Set<Promise<void>>()
  /** Nothing overtakes the handshake of a session. */
  let handshake: Promise<void> = Promise.resolve()

  // In JSON no string holds a line break as it is: each stands between values, where a space says the same.
  const out = (_: Message, text: string): void => options.out(text.trim().replace(/[\r\n]+/g, ' '))
  const refused = (reason: string): void => note(`The server refused a message: ${reason}`)
  const bodyOf = async (message: Message): Promise<string> =>
    withPurpose(message, JSON.stringify(message), await options.purpose())
  const copied = copiedArguments()
  const session = mcpSession({ identity, bodyOf, out, refused, over: over.signal })

  async function handle(message: Message, line: string): Promise<void> {
    const { method, params } = message
    const stateless = revisionOf(message) !== undefined
    // The end of a request's stream is its cancellation (MCP 2026-07-28, Streamable HTTP).
    if (method === 'notifications/cancelled' && (stateless || !session.begun())) {
      const id = isObject(params) ? params['requestId'] : undefined
      if (typeof id === 'string' || typeof id === 'number') open.get(id)?.abort()
    } else if (method === 'initialize') {
      handshake = pass(message, line, false)
      await handshake
    } else {
      if (!stateless) await handshake
      await pass(message, line, stateless)
      if (method === 'notifications/initialized' && !stateless) session.listen()
    }
  }

  async function pass(message: Message, line: string, stateless: boolean): Promise<void> {
    const id = requestId(message)
    const stop = new AbortController()
    if (id !== undefined) open.set(id, stop)
    const signal = AbortSignal.any([over.signal, stop.signal])
    try {
      const body = withPurpose(message, line, await options.purpose())
      const reply = stateless
        ? await send(message, body, signal, await copiedFor(message, signal))
        : await sendInSession(message, body, signal)
      const isHandshake = message['method'] === 'initialize'
      if (isHandshake) session.began(message, reply)
      await relay(reply, {
        id,
        out: (answer, text) => {
          if (isHandshake) session.agreed(answer)
          else if (stateless) listen(message, answer)
          out(answer, text)
        },
        refused,
        resume: stateless ? undefined : async (lastEvent) => await session.resume(lastEvent),
        signal,
      })
    } catch (error) {
      // Given up by the host, or it is gone: nobody waits for an answer.
      if (!signal.aborted) failed(id, error)
    } finally {
      if (id !== undefined) open.delete(id)
    }
  }

  /** What a call of 2026-07-28 says in headers; the tools are listed first, where the host has not done it. */
  async function copiedFor(message: Message, signal: AbortSignal): Promise<{ [name: string]: string }> {
    if (message['method'] !== 'tools/call') return {}
    const { _meta } = isObject(message['params']) ? message['params'] : {}
    let cursor: string | undefined
    for (let page = 0; !copied.known() || cursor !== undefined; page += 1) {
      const params = { _meta, ...(cursor === undefined ? {} : { cursor }) }
      const asked = { jsonrpc: '2.0', id: ownId, method: 'tools/list', params }
      const reply = await send(asked, await bodyOf(asked), signal)
      cursor = undefined
      const out = (answer: Message): void => void (cursor = copied.learn(answer))
      await relay(reply, { id: ownId, out, refused, resume: undefined, signal })
      if (page === mostPages) break
    }
    return copied.headers(message)
  }

  /** What the host hears of tools is heard here too. */
  function listen({ method }: Message, { error, result, method: told }: Message): void {
    if (method === 'tools/list' && isObject(result)) copied.learn({ result })
    // Header and body disagree: the tools are not what they were when they were listed.
    const changed = isObject(error) && error['code'] === -32020
    if (changed || told === 'notifications/tools/list_changed') copied.forget()
  }

  async function send(message: Message, body: string, signal: AbortSignal, more = {}): Promise<Reply> {
    const headers = { ...headersOf(message), ...more }
    return await identity.call({ method: 'POST', headers, body, signal })
  }

  async function sendInSession(message: Message, body: string, signal: AbortSignal): Promise<Reply> {
    if (message['method'] === 'initialize') return await send(message, body, signal)
    const sent = await session.headers()
    const reply = await send(message, body, signal, sent)
    if (reply.status !== 404 || sent['mcp-session-id'] === undefined) return reply
    const text = await reply.body.text()
    if (!saysLost(reply.status, text)) return { ...reply, body: bodyOfText(text) }
    await session.again(sent['mcp-session-id'])
    return await send(message, body, signal, await session.headers())
  }

  function failed(id: Id | undefined, error: unknown): void {
    const says =
      error instanceof CannotError ? error.message : `The server did not answer: ${reasonOf(error)}`
    note(says)
    if (id !== undefined) options.out(errorAnswer(id, -32603, says))
  }

  return {
    take(line) {
      if (line.trim() === '') return
      const message = jsonObject(line)
      if (message === undefined) {
        options.out(errorAnswer(undefined, -32700, 'This line is no JSON-RPC message: send one a line'))
        return
      }
      const work = handle(message, line).catch((error: unknown) => note(reasonOf(error)))
      working.add(work)
      void work.finally(() => working.delete(work))
    },
    async end(milliseconds) {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, milliseconds)
      await Promise.race([Promise.all(working), late.promise])
      clearTimeout(timer)
      // Before the rest: the session's end is a request too.
      await session.end()
      over.abort()
    },
  }
}

function bodyOfText(text: string): Reply['body'] {
  return Object.assign(Readable.from([Buffer.from(text)]), {
    text: async () => await Promise.resolve(text),
    dump: async () => await Promise.resolve(),
  }) as unknown as Reply['body']
}

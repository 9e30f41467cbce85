// A session of MCP before 2026-07-28: begun by the host's handshake, taken up anew without it where the server forgot
// (its pod was replaced, or a new login brought a new certificate), its own stream kept open, ended at the end.

import { setTimeout as sleep } from 'node:timers/promises'
import { isObject } from '../../core/is-object.ts'
import type { Identity, Reply } from './identity.ts'
import { headersOf, type Message } from './messages.ts'
import { jsonObject } from './net.ts'
import { relay } from './relay.ts'

export type SessionOptions = {
  identity: Pick<Identity, 'call'>
  /** Makes what is sent of a message. */
  bodyOf: (message: Message) => Promise<string>
  /** A message of the session's own stream. */
  out: (message: Message, line: string) => void
  refused: (reason: string) => void
  over: AbortSignal
}

export interface McpSession {
  begun(): boolean
  /** Of the session as it will be, while another is being begun. */
  headers(): Promise<{ [name: string]: string }>
  /** The handshake was sent, and this came. */
  began(handshake: Message, reply: Reply): void
  /** The answer to the handshake. */
  agreed(answer: Message): void
  /** Begins another session in place of the one that `sent` names. Rejects when the server refuses. */
  again(sent: string | undefined): Promise<void>
  /** Opens the session's own stream, where the server has one. */
  listen(): void
  resume(lastEvent: string): Promise<Reply>
  /** Ends it at the server; says nothing when that fails. */
  end(): Promise<void>
}

/** Of handshakes that the host knows nothing of. */
const ownId = 'hipaa-mcp-connect'

export function mcpSession(options: SessionOptions): McpSession {
  const { identity, bodyOf, out, refused, over } = options
  let handshake: Message | undefined
  let id: string | undefined
  let version: string | undefined
  let repeating: Promise<void> | undefined
  let listening = new AbortController()

  const headers = (): { [name: string]: string } => ({
    ...(version === undefined ? {} : { 'mcp-protocol-version': version }),
    ...(id === undefined ? {} : { 'mcp-session-id': id }),
  })

  function take({ headers: seen }: Reply): void {
    const given = seen['mcp-session-id']
    id = typeof given === 'string' ? given : undefined
  }

  function agreed({ result }: Message): void {
    const named = isObject(result) ? result['protocolVersion'] : undefined
    if (typeof named === 'string') version = named
  }

  async function repeat(): Promise<void> {
    if (handshake === undefined) throw new Error('The session is over, and none was begun here')
    const asked = { ...handshake, id: ownId }
    const post = async (message: Message): Promise<Reply> =>
      await identity.call({
        method: 'POST',
        headers: { ...headersOf(message), ...headers() },
        body: await bodyOf(message),
        signal: over,
      })
    id = undefined
    version = undefined
    const reply = await post(asked)
    take(reply)
    await relay(reply, { id: ownId, out: agreed, refused, resume: undefined, signal: over })
    if (version === undefined) throw new Error('The session is over, and the server begins no other')
    await (await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).body.dump()
    listen()
  }

  function listen(): void {
    listening.abort()
    if (id === undefined) return
    listening = new AbortController()
    const signal = AbortSignal.any([over, listening.signal])
    // Nobody waits for it: a server that has no such stream says so, and that is that.
    hear(signal).catch(() => undefined)
  }

  async function hear(signal: AbortSignal): Promise<void> {
    let wait = 1_000
    for (;;) {
      const began = performance.now()
      const reply = await get({}, signal)
      if (reply.status !== 200) return await reply.body.dump()
      await relay(reply, { id: undefined, out, refused, resume: undefined, signal })
      // One that ends at once is not to be asked for all day.
      wait = performance.now() - began > 10_000 ? 1_000 : Math.min(wait * 2, 60_000)
      await sleep(wait, undefined, { signal })
    }
  }

  const get = async (more: { [name: string]: string }, signal: AbortSignal): Promise<Reply> =>
    await identity.call({
      method: 'GET',
      headers: { accept: 'text/event-stream', ...headers(), ...more },
      signal,
      background: true,
    })

  return {
    begun: () => handshake !== undefined,
    async headers() {
      // Whoever began it tells what became of it.
      await repeating?.catch(() => undefined)
      return headers()
    },
    began(message, reply) {
      handshake = message
      take(reply)
    },
    agreed,
    async again(sent) {
      // Another message found it out first.
      if (repeating === undefined && sent !== id) return
      repeating ??= repeat().finally(() => (repeating = undefined))
      await repeating
    },
    listen,
    resume: async (lastEvent) => await get({ 'last-event-id': lastEvent }, over),
    async end() {
      listening.abort()
      if (id === undefined) return
      try {
        const signal = AbortSignal.timeout(2_000)
        const reply = await identity.call({ method: 'DELETE', headers: headers(), signal, background: true })
        await reply.body.dump()
      } catch {
        // It ends there by itself, some time later.
      }
    },
  }
}

/** Whether an answer says that the session is gone, and not the method (both are 404 in some revisions). */
export function saysLost(status: number, body: string): boolean {
  const { error } = jsonObject(body) ?? {}
  return status === 404 && !(isObject(error) && error['code'] === -32601)
}

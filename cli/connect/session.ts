// A session of MCP before 2026-07-28: begun by the host's handshake, taken up anew without it where the server forgot
// (its pod was replaced, or a new login brought a new certificate), its own stream kept open, ended at the end.

import { setTimeout as sleep } from 'node:timers/promises'
import { backoff } from '../../core/backoff.ts'
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
  /** Waits before the session's own stream is opened again, milliseconds. */
  retry?: { least: number; most: number }
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
/** What says that there is no such stream: the session is gone, or the server has none. */
const noStream: ReadonlySet<number> = new Set([404, 405])
/** A stream that lasted so long was a good one, milliseconds. */
const lasting = 10_000

export function mcpSession(options: SessionOptions): McpSession {
  const { identity, bodyOf, out, refused, over, retry = { least: 1_000, most: 60_000 } } = options
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

  const post = async (message: Message): Promise<Reply> =>
    await identity.call({
      method: 'POST',
      headers: { ...headersOf(message), ...headers() },
      body: await bodyOf(message),
      signal: over,
    })

  async function repeat(): Promise<void> {
    if (handshake === undefined) throw new Error('The session is over, and none was begun here')
    const asked = { ...handshake, id: ownId }
    const before = { id, version }
    id = undefined
    version = undefined
    try {
      const reply = await post(asked)
      take(reply)
      await relay(reply, { id: ownId, out: agreed, refused, resume: undefined, signal: over })
      if (version === undefined) throw new Error('The session is over, and the server begins no other')
      await (await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).body.dump()
    } catch (error) {
      // Whoever comes next is to find out as this one did that it is gone: without a session no server says so.
      ;({ id, version } = before)
      throw error
    }
    listen()
  }

  function listen(): void {
    listening.abort()
    if (id === undefined) return
    listening = new AbortController()
    const signal = AbortSignal.any([over, listening.signal])
    // Nobody waits for it: it rejects when it is over.
    hear(signal).catch(() => undefined)
  }

  async function hear(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const began = performance.now()
      if (!(await heardOut(signal))) return
      // One that ends at once is not to be asked for all day.
      if (performance.now() - began > lasting) attempt = 0
      await sleep(backoff(attempt, retry.least, retry.most), undefined, { signal })
    }
  }

  /** Hears one stream to its end. Whether there may be another: a pod that begins anew refuses for a while, or is away. */
  async function heardOut(signal: AbortSignal): Promise<boolean> {
    try {
      const reply = await get({}, signal)
      if (reply.status === 200) await relay(reply, { id: undefined, out, refused, resume: undefined, signal })
      else await reply.body.dump()
      return !noStream.has(reply.status)
    } catch (error) {
      if (signal.aborted) throw error
      return true
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

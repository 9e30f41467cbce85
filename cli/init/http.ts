// Streamable HTTP, of both generations, as far as reading lists asks for it. Plain HTTP is for a server that has nothing in
// front of it yet: its own port, on this machine or through a port-forward.

import { request } from 'undici'
import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { CannotError } from '../command.ts'
import { eventsIn } from '../connect/events.ts'
import { headersOf, type Message } from '../connect/messages.ts'
import { bounded, connections, jsonObject, reasonOf } from '../connect/net.ts'
import { ServerError, type Wire } from './catalogue.ts'
import { ownMeta } from './handshake.ts'

/** Longest wait for an answer, milliseconds. */
const patience = 15_000
/** Largest answer, bytes. */
const largest = 8 * 1024 * 1024

/** `ca`: PEM, besides those of this machine. `token`: sent as Bearer. */
export function httpWire(url: string, { ca, token }: { ca: readonly string[]; token?: string }): Wire {
  const dispatcher = connections(ca)
  let session: string | undefined
  let revision = ''
  let last = 0

  const post = async (message: Message) => {
    try {
      return await request(url, {
        dispatcher,
        method: 'POST',
        headers: {
          ...headersOf(message),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(session === undefined ? {} : { 'mcp-session-id': session, 'mcp-protocol-version': revision }),
        },
        body: JSON.stringify(message),
        signal: AbortSignal.timeout(patience),
      })
    } catch (error) {
      throw new CannotError(`${hostOf(url)} cannot be reached: ${reasonOf(error)}`)
    }
  }

  return {
    agreed(named) {
      revision = named
    },
    async request(method, params) {
      const id = (last += 1)
      const message = { jsonrpc: '2.0', id, method, params: withMeta(params, revision) }
      const { statusCode, headers, body } = await post(message)
      const given = headers['mcp-session-id']
      if (method === 'initialize' && typeof given === 'string') session = given
      if (statusCode === 401 || statusCode === 403) {
        await body.dump()
        throw new CannotError(`The server answers ${statusCode}: give a token with --token-file FILE`)
      }
      const isStream = String(headers['content-type'] ?? '').startsWith('text/event-stream')
      const answer = isStream
        ? await answerIn(body, id)
        : jsonObject(await bounded(body, largest, hostOf(url)))
      if (answer === undefined) throw new ServerError(statusCode)
      return resultOf(answer, statusCode)
    },
    async notify(method) {
      await (await post({ jsonrpc: '2.0', method })).body.dump()
    },
    async end() {
      if (session !== undefined)
        await request(url, { dispatcher, method: 'DELETE', headers: { 'mcp-session-id': session } })
          .then(async ({ body }) => await body.dump())
          // It ends there by itself, some time later.
          .catch(() => undefined)
      await dispatcher.destroy()
    },
  }
}

/** From 2026-07-28 on every request says who asks. */
export function withMeta(params: JsonObject, revision: string): JsonObject {
  return revision === '2026-07-28' ? { ...params, _meta: ownMeta } : params
}

/** The result of an answer. Throws `ServerError` for one that is an error or no answer at all. */
export function resultOf(answer: Message, otherwise: number): JsonObject {
  const { result, error } = answer
  if (isObject(result)) return result as JsonObject
  const code = isObject(error) ? error['code'] : undefined
  throw new ServerError(typeof code === 'number' ? code : otherwise)
}

async function answerIn(body: AsyncIterable<Uint8Array>, id: number): Promise<Message | undefined> {
  for await (const { data } of eventsIn(body, () => undefined)) {
    const message = jsonObject(data)
    if (message !== undefined && message['id'] === id && !('method' in message)) return message
  }
  return undefined
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url
}

// A connection to one of our own programs: TLS 1.3, whose certificate must be of the operator's own CA and bear the name
// that we asked for. The client certificate changes while it runs: new connections use the new one, old ones end by
// themselves when what runs on them is done.

import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { firstAnswer, type Lookup } from './lookup.ts'

/** PEM. */
export type Credentials = { key: string; cert: string }

export type LinkOptions = {
  base: URL
  ca: string
  lookup: Lookup
  credentials?: Credentials
  /** Connections at once; 4 unless said. */
  connections?: number
}

export type Asked = {
  method: 'GET' | 'POST'
  /** Absolute path with query. */
  path: string
  headers?: { [name: string]: string }
  body?: string | Buffer
  signal?: AbortSignal
  /**
   * Longest wait for the program's address, and then for a new connection to open, before its TLS, milliseconds each; unless said,
   * as long as for the status. Rejects with LINK_UNOPENED.
   */
  connectTimeout?: number
  /** Longest wait for the status, milliseconds. */
  headersTimeout?: number
  /** Longest silence within a body, milliseconds. */
  bodyTimeout?: number
  /**
   * Longest time of all of it, to the last byte of the answer, milliseconds: rejects with LINK_LATE. An `AbortSignal.timeout` does
   * the same for some 50 µs more of a processor, of 250 that a small exchange takes.
   */
  timeout?: number
}

export type Reply = { statusCode: number; body: Body }

/** A connection that left HTTP, or why it did not. */
export type Upgraded =
  | {
      socket: Socket
      /** What came on it already. */
      head: Buffer
      /** Aborts when new connections use another certificate: this one is to end when what runs on it is done. */
      renewed: AbortSignal
    }
  | { statusCode: number; text: string }

/** Read it in one of these ways, once. Each rejects when the body breaks off, or is silent for too long. */
type Body = AsyncIterable<Uint8Array> & {
  text(): Promise<string>
  json(): Promise<unknown>
  /** Throws it away. */
  dump(): Promise<void>
}

type Begun = { begun: ClientRequest; response: IncomingMessage }

export class Link {
  readonly #options: LinkOptions
  #agent: Agent
  #renewed = new AbortController()
  /** Connections that left HTTP: no agent knows of them. */
  readonly #upgraded = new Set<Socket>()

  constructor(options: LinkOptions) {
    this.#options = { ...options, lookup: firstAnswer(options.lookup) }
    this.#agent = agentOf(this.#options, options.credentials)
  }

  /** Rejects when the program cannot be reached or is not ours. The caller reads or dumps the body. */
  async request(asked: Asked): Promise<Reply> {
    const { headersTimeout = 10_000, bodyTimeout = 15_000 } = asked
    const { begun, response } = await this.#begun(asked, headersTimeout)
    // Of the socket, so that it begins anew with every byte.
    begun.setTimeout(bodyTimeout, () => response.destroy(new LinkLate()))
    return {
      statusCode: response.statusCode ?? 0,
      body: {
        text: async () => await text(response),
        json: async () => JSON.parse(await text(response)) as unknown,
        dump: async () => void (await text(response)),
        [Symbol.asyncIterator]: () => response[Symbol.asyncIterator](),
      },
    }
  }

  async #begun(
    { method, path, headers, body = '', signal, connectTimeout, timeout }: Asked,
    wait: number,
  ): Promise<Begun> {
    return await new Promise<Begun>((resolve, reject) => {
      const asked = request({
        ...this.#at(),
        method,
        path,
        headers: {
          ...headers,
          ...(method === 'POST' ? { 'content-length': Buffer.byteLength(body) } : {}),
        },
        ...(signal === undefined ? {} : { signal }),
      })
      let answer: IncomingMessage | undefined
      const late = setTimeout(() => asked.destroy(new LinkLate()), wait)
      const over =
        timeout === undefined
          ? undefined
          : setTimeout(() => (answer ?? asked).destroy(new LinkLate()), timeout)
      if (connectTimeout !== undefined)
        asked.once('socket', (socket) =>
          opensWithin(connectTimeout, socket, () => asked.destroy(new LinkUnopened())),
        )
      asked.once('response', (response) => {
        clearTimeout(late)
        answer = response
        resolve({ begun: asked, response })
      })
      // Also behind the response: whoever reads its body hears of it there.
      asked.on('error', (error) => {
        clearTimeout(late)
        reject(error)
      })
      // Behind the last byte as well; an answer that changes the protocol (101) ends it without a word.
      asked.once('close', () => {
        clearTimeout(late)
        clearTimeout(over)
        reject(new LinkBroken())
      })
      asked.end(body)
    })
  }

  /**
   * Asks to leave HTTP for this protocol, on a connection of its own; `timeout`: for all of it, milliseconds. Rejects like `request`.
   * Whoever gets the connection ends it.
   */
  async upgrade(path: string, protocol: string, timeout: number): Promise<Upgraded> {
    const { signal: renewed } = this.#renewed
    return await new Promise<Upgraded>((resolve, reject) => {
      const asked = request({
        ...this.#at(),
        path,
        headers: { connection: 'upgrade', upgrade: protocol },
      })
      const late = setTimeout(() => asked.destroy(new LinkLate()), timeout)
      asked.once('upgrade', (response, socket, head) => {
        if (response.headers.upgrade !== protocol) {
          socket.destroy()
          return
        }
        this.#upgraded.add(socket)
        socket.once('close', () => this.#upgraded.delete(socket))
        resolve({ socket, head, renewed })
      })
      asked.once('response', (response) => {
        const { statusCode = 0 } = response
        // From here on it is the answer's, whatever becomes of the connection.
        resolve(text(response).then((said) => ({ statusCode, text: said })))
      })
      asked.on('error', reject)
      asked.once('close', () => {
        clearTimeout(late)
        reject(new LinkBroken())
      })
      asked.end()
    })
  }

  #at(): { agent: Agent; host: string; port: number } {
    const { hostname: host, port } = this.#options.base
    return { agent: this.#agent, host, port: port === '' ? 443 : Number(port) }
  }

  /** New connections use this certificate from now on. */
  use(credentials: Credentials): void {
    const before = this.#agent
    this.#agent = agentOf(this.#options, credentials)
    this.#renewed.abort()
    this.#renewed = new AbortController()
    // What runs on them goes on to its end, and keeps no connection after it.
    before.maxFreeSockets = 0
    for (const socket of Object.values(before.freeSockets).flatMap((sockets) => sockets ?? []))
      socket.destroy()
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    this.#agent.destroy()
    for (const socket of this.#upgraded) socket.destroy()
    await Promise.resolve()
  }
}

function opensWithin(milliseconds: number, socket: Socket, otherwise: () => void): void {
  if (!socket.connecting) return
  let ending: NodeJS.Immediate | undefined
  const late = setTimeout(() => {
    // A busy process hears of its timers before it hears of what came long ago.
    ending = setImmediate(otherwise)
  }, milliseconds)
  socket.once('lookup', () => {
    clearImmediate(ending)
    if (socket.connecting) late.refresh()
  })
  for (const event of ['connect', 'close'])
    socket.once(event, () => {
      clearTimeout(late)
      clearImmediate(ending)
    })
}

/** Nobody is known to be there: the program got nothing of what was asked. */
class LinkUnopened extends Error {
  readonly code = 'LINK_UNOPENED'
  constructor() {
    super('A link did not open in time; it is tried again')
    this.name = 'LinkUnopened'
  }
}

/** The program did not say anything in time. */
export class LinkLate extends Error {
  readonly code = 'LINK_LATE'
  constructor() {
    super('The program at the other end of a link is silent; it is asked again')
    this.name = 'LinkLate'
  }
}

/** The connection ended before an answer. */
export class LinkBroken extends Error {
  readonly code = 'LINK_BROKEN'
  constructor() {
    super('The program at the other end of a link did not answer; it is asked again')
    this.name = 'LinkBroken'
  }
}

function agentOf({ ca, lookup, connections = 4 }: LinkOptions, credentials: Credentials | undefined): Agent {
  return new Agent({
    keepAlive: true,
    maxSockets: connections,
    // A session that is resumed would show the certificates of its first connection.
    maxCachedSessions: 0,
    ca,
    lookup,
    minVersion: 'TLSv1.3',
    ...credentials,
  })
}

// A connection to one of our own programs: TLS 1.3, whose certificate must be of the operator's own CA and bear the name
// that we asked for. The client certificate changes while it runs: new connections use the new one, old ones end by
// themselves when what runs on them is done.

import { Agent, type Dispatcher } from 'undici'
import type { Lookup } from './lookup.ts'

/** PEM. */
export type Credentials = { key: string; cert: string }

export type LinkOptions = { base: URL; ca: string; lookup: Lookup; credentials?: Credentials }

export type Asked = {
  method: 'GET' | 'POST'
  /** Absolute path with query. */
  path: string
  headers?: { [name: string]: string }
  body?: string | Buffer
  signal?: AbortSignal
  /** Longest wait for the status, milliseconds. */
  headersTimeout?: number
  /** Longest silence within a body, milliseconds. */
  bodyTimeout?: number
}

export class Link {
  readonly #options: LinkOptions
  #agent: Agent

  constructor(options: LinkOptions) {
    this.#options = options
    this.#agent = agentOf(options, options.credentials)
  }

  /** Rejects when the program cannot be reached or is not ours. The caller reads or dumps the body. */
  async request({
    signal,
    headersTimeout = 10_000,
    bodyTimeout = 15_000,
    ...asked
  }: Asked): Promise<Dispatcher.ResponseData> {
    return await this.#agent.request({
      origin: this.#options.base.origin,
      ...asked,
      headersTimeout,
      bodyTimeout,
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** New connections use this certificate from now on. */
  use(credentials: Credentials): void {
    const before = this.#agent
    this.#agent = agentOf(this.#options, credentials)
    // Resolves when the last exchange on it is over; a connection that fails meanwhile has told its own caller.
    before.close().catch(() => undefined)
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

function agentOf({ ca, lookup }: LinkOptions, credentials: Credentials | undefined): Agent {
  return new Agent({
    connections: 4,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    connect: { ca, lookup, timeout: 5_000, minVersion: 'TLSv1.3', ...credentials },
  })
}

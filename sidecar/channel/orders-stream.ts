// Keeps one stream of orders open: GET /v1/orders over mutual TLS, opened again with jitter whenever it ends or falls
// silent. Says what it hears and decides nothing: orders.ts does.

import { backoff } from '../../core/backoff.ts'
import { heartbeatSeconds } from '../../core/wire.ts'
import { codeOf, type Log } from '../log.ts'
import { pause } from '../pause.ts'
import { eventParser } from '../sse.ts'
import type { Link } from './link.ts'

export type StreamOptions = {
  link: Pick<Link, 'request'>
  /** The newest generation that was heard, so that a replica that lags does not send an older one. */
  generation: () => number
  /** Data of an `orders` event. */
  orders: (data: string) => void
  /** The operator's word that the orders are current. */
  heartbeat: () => void
  /** The certificate should be asked for again. */
  renew: () => void
  log: Log
  /** Nothing is asked before it resolves: without a certificate there is no use. */
  opensWhen?: Promise<void>
  /** Milliseconds; for tests. */
  retry?: { least: number; most: number }
}

export interface OrdersStream {
  /** Ends the stream and opens it again: with a new certificate, for example. */
  reopen(): void
  stop(): void
}

/** Silence after which a stream is dead, milliseconds: three heartbeats. */
const silence = heartbeatSeconds * 3_000

/** Largest event, characters: a policy and its key sets are far smaller. */
const eventLimit = 8 * 1024 * 1024

/** Begins as soon as `opensWhen` resolves. */
export function followOrders(options: StreamOptions): OrdersStream {
  const { log, retry = { least: 250, most: 5_000 } } = options
  const over = new AbortController()
  let stream = new AbortController()
  let attempt = 0

  async function run(): Promise<void> {
    await options.opensWhen
    while (!over.signal.aborted) {
      stream = new AbortController()
      try {
        await follow(AbortSignal.any([over.signal, stream.signal]))
      } catch (error) {
        if (over.signal.aborted) return
        if (!stream.signal.aborted)
          log.warn('The control channel is away; opening it again', { error: codeOf(error), attempt })
      }
      const wait = stream.signal.aborted ? 0 : backoff(attempt, retry.least, retry.most)
      attempt += 1
      await pause(wait, over.signal).catch(() => undefined)
    }
  }

  async function follow(signal: AbortSignal): Promise<void> {
    const { statusCode, body } = await options.link.request({
      method: 'GET',
      path: `/v1/orders?generation=${options.generation()}`,
      headers: { accept: 'text/event-stream' },
      bodyTimeout: silence,
      headersTimeout: silence,
      signal,
    })
    if (statusCode !== 200) {
      await body.dump()
      throw Object.assign(new Error('The operator gave no orders'), { code: `HTTP_${statusCode}` })
    }
    const take = eventParser(({ event, data }) => {
      attempt = 0
      if (event === 'orders') options.orders(data)
      else if (event === 'heartbeat') options.heartbeat()
      else if (event === 'renew') options.renew()
    }, eventLimit)
    for await (const chunk of body) take(chunk)
  }

  const running = run()
  running.catch((error: unknown) => log.error('The orders loop ended', { error: codeOf(error) }))
  return {
    reopen: () => stream.abort(),
    stop: () => over.abort(),
  }
}

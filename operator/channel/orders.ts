// `GET /v1/orders`: one stream of Server-Sent Events for each sidecar, whole orders whenever anything changes.

import type { ServerResponse } from 'node:http'
import { heartbeatSeconds } from '../../core/wire.ts'
import type { OrdersSource } from '../orders-source.ts'

export type Subscriber = { namespace: string; server: string; podUid: string }

export type StreamOptions = {
  /** Generation that the sidecar has, from `?generation=`. */
  generation: number
  /** Moment at which the sidecar's certificate ends, milliseconds since 1970: the stream ends with it. */
  until: number
  /** Whether the pod's certificates no longer say what they should; asked every ten seconds. */
  outdated: () => Promise<boolean>
  /** Instead of ten seconds, milliseconds. */
  outdatedMs?: number
}

/** A sidecar that does not read is cut off: it finds out sooner than by growing our memory. */
const mostUnread = 4 * 1024 * 1024
const longestTimer = 2 ** 31 - 1

/**
 * Serves one sidecar until either side ends. Before this replica has seen what `generation` had seen it says nothing at
 * all: older orders would lock the sidecar, and a heartbeat would say that what it has is current.
 */
export async function streamOrders(
  response: ServerResponse,
  source: OrdersSource,
  subscriber: Subscriber,
  options: StreamOptions,
): Promise<void> {
  const { generation, until, outdated, outdatedMs = 10_000 } = options
  const { namespace, server, podUid } = subscriber
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
  await source.caughtUp(generation)
  if (response.destroyed) return
  let last: string | undefined
  const send = (event: 'orders' | 'heartbeat' | 'renew', data: string): void => {
    if (response.writableLength > mostUnread) response.destroy()
    else response.write(`event: ${event}\ndata: ${data}\n\n`)
  }
  const tell = (): void => {
    const orders = source.for(namespace, server, podUid)
    if (orders === undefined) return
    const text = JSON.stringify(orders)
    if (text === last) return
    last = text
    send('orders', text)
  }
  const stops: (() => void)[] = []
  // Before anything begins that must end: what fails below ends the response.
  response.once('close', () => {
    for (const stop of stops) stop()
  })
  const every = (milliseconds: number, work: () => void): void => {
    const timer = setInterval(work, milliseconds)
    stops.push(() => clearInterval(timer))
  }
  // Subscribed before the first orders are sent: a change in between is told, at worst twice.
  stops.push(source.subscribe(namespace, server, tell))
  tell()
  every(heartbeatSeconds * 1000, () => {
    // A heartbeat says that the orders are current: who hears nothing of the API server cannot say so.
    if (source.fresh()) send('heartbeat', '{}')
  })
  every(outdatedMs, () => {
    outdated().then(
      (is) => {
        if (is && !response.destroyed) send('renew', '{}')
      },
      // The API server is away: asked again in ten seconds.
      () => undefined,
    )
  })
  const end = setTimeout(() => response.end(), Math.min(Math.max(0, until - Date.now()), longestTimer))
  stops.push(() => clearTimeout(end))
}

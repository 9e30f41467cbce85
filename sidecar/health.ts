// Port 15021, plain HTTP: what the kubelet and Prometheus ask. Nothing here touches PHI. `/readyz` says why it says no; `/drain`
// begins the end, and only a process of this pod may ask for it.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Probe } from './config.ts'
import { probe } from './probes.ts'

export type HealthOptions = {
  /** Why no call can be served and recorded, kebab-case; empty while all is well. */
  reasons: () => readonly string[]
  /** Why every call is refused. The server is ready all the same: callers shall hear the reason. */
  locked: () => string | undefined
  metrics: (request: IncomingMessage, response: ServerResponse) => void
  /** The app's own, as far as the policy lets them out. */
  appMetrics: (response: ServerResponse) => void
  /** Resolves when no call is in flight any more. */
  drain: () => Promise<void>
  probes: ReadonlyMap<string, Probe>
  podIp: string
}

type Route = (request: IncomingMessage, response: ServerResponse) => void

/** It does not listen yet. */
export function healthServer(options: HealthOptions): Server {
  function sayReady(response: ServerResponse): void {
    const reasons = options.reasons()
    const locked = options.locked()
    const ready = reasons.length === 0
    answer(response, ready ? 200 : 503, { ready, reasons, ...(locked === undefined ? {} : { locked }) })
  }

  const routes: { [path: string]: Route } = {
    '/livez': (_request, response) => answer(response, 200, { live: true }),
    '/readyz': (_request, response) => sayReady(response),
    '/metrics': options.metrics,
    '/app-metrics': (_request, response) => options.appMetrics(response),
    '/drain': (request, response) => {
      // The packet filter lets no tenant reach this port on loopback, and what comes over the network is not loopback.
      if (!isLoopback(request))
        return answer(response, 403, { drains: false, says: 'Ask from within the pod' })
      options.drain().then(
        () => answer(response, 200, { drained: true }),
        () => answer(response, 500, { drained: false }),
      )
    },
  }

  return createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] as string
    if (request.method !== 'GET') return answer(response, 405, { says: 'Only GET is served here' })
    const asked = path.startsWith('/probe/') ? options.probes.get(path.slice('/probe/'.length)) : undefined
    if (asked !== undefined) return ask(asked, options.podIp, response)
    if (!Object.hasOwn(routes, path)) return answer(response, 404, { says: 'There is nothing at this path' })
    return (routes[path] as Route)(request, response)
  })
}

function ask(asked: Probe, podIp: string, response: ServerResponse): void {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  probe(asked, podIp, gone.signal).then(
    (well) => answer(response, well ? 200 : 503, { well }),
    () => answer(response, 503, { well: false }),
  )
}

function isLoopback({ socket }: IncomingMessage): boolean {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  return address === '::1' || address.startsWith('127.')
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

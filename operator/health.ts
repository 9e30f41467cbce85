// /livez, /readyz and /metrics of the operator, plain HTTP on a port of its own.

import { createServer, type Server } from 'node:http'
import type { Metrics } from './metrics.ts'

export type HealthOptions = {
  port: number
  metrics: Pick<Metrics, 'serve'>
  /** Why this replica is not ready, each a sentence that says what to do; empty when it is. */
  reasons: () => string[]
}

/** Resolves when it listens. */
export async function serveHealth({ port, metrics, reasons }: HealthOptions): Promise<Server> {
  const server = createServer((request, response) => {
    const pathname = (request.url ?? '').split('?')[0]
    if (request.method !== 'GET') {
      response.writeHead(405).end()
      return
    }
    if (pathname === '/metrics') {
      metrics.serve(request, response)
      return
    }
    if (pathname === '/livez') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"live":true}\n')
      return
    }
    if (pathname === '/readyz') {
      const why = reasons()
      response
        .writeHead(why.length === 0 ? 200 : 503, { 'content-type': 'application/json' })
        .end(`${JSON.stringify({ ready: why.length === 0, reasons: why })}\n`)
      return
    }
    response.writeHead(404).end()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, () => resolve())
  })
  return server
}

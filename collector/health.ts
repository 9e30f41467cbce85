// Plain HTTP for the kubelet and Prometheus: counts and reasons, never content (docs/decisions/0006).

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

export type Health = {
  /** Why nothing can be taken now, kebab-case; undefined while all is well. */
  trouble: () => string | undefined
  metrics: (request: IncomingMessage, response: ServerResponse) => void
}

export function healthServer({ trouble, metrics }: Health): Server {
  const routes: { [path: string]: (request: IncomingMessage, response: ServerResponse) => void } = {
    '/livez': (_, response) => response.writeHead(200, text).end('ok\n'),
    '/readyz': (_, response) => {
      const reason = trouble()
      response.writeHead(reason === undefined ? 200 : 503, text).end(`${reason ?? 'ok'}\n`)
    },
    '/metrics': metrics,
  }
  return createServer((request, response) => {
    const route = request.method === 'GET' ? routes[(request.url ?? '').split('?')[0] ?? ''] : undefined
    if (route === undefined) response.writeHead(404, text).end()
    else route(request, response)
  })
}

const text = { 'content-type': 'text/plain; charset=utf-8' }

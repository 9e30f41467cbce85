// An HTTP server that answers as a test tells it to, for the ways in which an API server misbehaves. What a healthy one
// does is tested against a real one (test/integration).

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { apiClient, type Client } from '../../../operator/cluster/client.ts'
import type { Credentials } from '../../../operator/cluster/credentials.ts'
import type { Log } from '../../../operator/log.ts'

export type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void

export type Scripted = {
  client: Client
  credentials: Credentials
  /** Method and path with query of every request so far. */
  requests: string[]
  /** How often the credentials were asked to refresh. */
  refreshed: () => number
  close: () => Promise<void>
}

export const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} }

export async function scriptedApi(answer: Answer, deadline = 2_000): Promise<Scripted> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    answer(request, response, new URL(request.url ?? '/', 'http://api'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const dispatcher = new Agent({ connections: 8 })
  let refreshes = 0
  const credentials: Credentials = {
    server: `http://127.0.0.1:${port}`,
    dispatcher,
    headers: async () => ({ authorization: `Bearer token-${refreshes}` }),
    refresh: async () => {
      refreshes += 1
    },
    close: async () => await dispatcher.close(),
  }
  return {
    client: apiClient({ credentials, deadline }),
    credentials,
    requests,
    refreshed: () => refreshes,
    close: async () => {
      await dispatcher.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export function aPod(name: string, resourceVersion: string, more: object = {}) {
  return { metadata: { name, namespace: 'clinic', resourceVersion }, ...more }
}

export function aList(resourceVersion: string, ...items: object[]) {
  return { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion }, items }
}

export function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`
}

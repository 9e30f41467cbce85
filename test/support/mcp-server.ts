// A plain HTTP server that stands where the guarded MCP server stands, and answers what a test tells it to.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Asked = { body: Record<string, unknown>; headers: IncomingMessage['headers'] }
type Answering = (asked: Asked, response: ServerResponse) => unknown

export type McpServer = {
  readonly port: number
  /** Everything that reached it. */
  readonly asked: Asked[]
  answering: Answering
  close(): Promise<void>
}

/** Answers with a result. */
export const withResult =
  (result: unknown, headers: { [name: string]: string } = {}): Answering =>
  ({ body }, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify({ jsonrpc: '2.0', id: body['id'], result }))

/** Answers with a tool result: the value as structuredContent and as text. */
export const withValue = (value: unknown): Answering =>
  withResult({ content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value })

/** Answers with a stream of events, each a message; the answer's id is filled in where `id` is missing. */
export const withEvents =
  (...messages: Record<string, unknown>[]): Answering =>
  ({ body }, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const message of messages) {
      const full = 'result' in message ? { id: body['id'], ...message } : message
      response.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...full })}\n\n`)
    }
    response.end()
  }

export async function mcpServer(log: string[] = []): Promise<McpServer> {
  const asked: Asked[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>
      const one = { body, headers: request.headers }
      asked.push(one)
      log.push('upstream')
      mcp.answering(one, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const mcp: McpServer = {
    port: (server.address() as AddressInfo).port,
    asked,
    answering: withValue({}),
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return mcp
}

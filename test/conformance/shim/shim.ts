// Lets a client that can do neither client certificates nor tokens, such as the official suite, reach a sidecar: plain
// HTTP on loopback in, mutual TLS 1.3 with a token out. It changes nothing else, and holds nothing back: every byte goes
// on when it comes, in both directions.

import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { Agent, request as outgoing } from 'node:https'
import type { AddressInfo } from 'node:net'

export type ShimOptions = {
  /** Where the sidecar answers; its path is not used, the caller's is. */
  target: URL
  /** PEM. `ca`: whose server certificate is accepted. `servername`: the name in it, where the target's is another. */
  tls: { cert: string; key: string; ca: string; servername?: string }
  /** Headers of identity, made anew for every request: a token, and later its proof of possession. */
  identify: (request: { method: string; path: string }) => Promise<{ [name: string]: string }>
  /** Of 127.0.0.1. 0, which is the default: a free one. */
  port?: number
}

export type Shim = {
  /** http://127.0.0.1:PORT, without a path. */
  origin: string
  close: () => Promise<void>
}

/** Of one hop and not of the message (RFC 9110 7.6.1). Transfer-Encoding is kept: Node frames the body by it. */
const ofOneHop = new Set(['connection', 'keep-alive'])

/** Listens on 127.0.0.1 alone: whoever reaches it has its identity. */
export async function startShim({ target, tls, identify, port = 0 }: ShimOptions): Promise<Shim> {
  const agent = new Agent({
    ...tls,
    keepAlive: true,
    minVersion: 'TLSv1.3',
    // Without a name of their own addresses would be sent as one, which RFC 6066 forbids.
    servername: tls.servername ?? target.hostname,
  })
  const server: Server = createServer({ requireHostHeader: false }, (request, response) => {
    pass(request, response).catch((error: unknown) => fail(response, error))
  })

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request
    const identity = Object.entries(await identify({ method, path: url }))
    const onward: ClientRequest = outgoing({
      agent,
      host: target.hostname,
      port: target.port === '' ? 443 : Number(target.port),
      method,
      path: url,
      // Raw, so that spelling, order and repetition stay; Host and Origin are the caller's.
      headers: [...onlyMessage(request.rawHeaders), ...identity.flat()],
      setHost: false,
    })
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, onlyMessage(answer.rawHeaders))
      response.flushHeaders()
      answer.on('error', () => response.destroy())
      answer.pipe(response)
    })
    onward.on('error', (error) => fail(response, error))
    // A stream that its reader has left must end at the sidecar too.
    response.once('close', () => onward.destroy())
    request.pipe(onward)
  }

  server.on('connection', (socket) => socket.setNoDelay(true))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      agent.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** A raw header list without what is of one hop. */
function onlyMessage(raw: readonly string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = raw.slice(at, at + 2)
    if (!ofOneHop.has(name.toLowerCase())) kept.push(name, value)
  }
  return kept
}

/** Nobody may take a failure of the shim for an answer of the sidecar: 502 in words of its own, or a broken stream. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy()
  else
    response
      .writeHead(502, { 'content-type': 'text/plain' })
      .end(`The shim did not reach the sidecar: ${error instanceof Error ? error.message : String(error)}`)
}

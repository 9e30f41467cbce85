// The gate before a model's vendor: ends the app's TLS, or takes plain HTTP on loopback, judges every call, puts the vendor's
// credential in, and passes the call on over TLS of its own. Whatever is not judged does not leave.

import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { modelVendors } from '../../../core/model-vendors.ts'
import type { ModelRules } from '../../../core/policy.ts'
import { wholeBody } from '../../../core/whole-body.ts'
import { helloLimit, readClientHello } from '../client-hello.ts'
import { readBytes } from '../read.ts'
import { EgressRefusal } from '../reasons.ts'
import { authorityOfPod } from './authority.ts'
import { judgeModelCall } from './judge.ts'

/** Where the certificate of this pod's authority is read, over plain HTTP on loopback. */
const authorityPath = '/.well-known/hipaa-mcp-ca.pem'

/** Bytes of one call. */
const bodyLimit = 16 * 2 ** 20

export type Gate = {
  app: Socket
  host: string
  rules: ModelRules
  /** Aborts with an `EgressRefusal` when the app's connection ends, whoever ends it. No call outlives it. */
  signal: AbortSignal
  /** Throws `EgressRefusal` when no call may be, at this moment. */
  permit: () => void
  /** The vendor's credential at this moment. */
  credential: () => string | undefined
  /** A connection to the vendor with TLS on it. */
  connect: () => Promise<Socket>
  /** Resolves when this call is recorded. */
  record: () => Promise<void>
  refused: (error: EgressRefusal) => void
}

/** Resolves when the connection is one of HTTP; throws `EgressRefusal` for one that is not. */
export async function serveGate(gate: Gate): Promise<void> {
  const { app, host } = gate
  const { found, bytes } = await readBytes(app, firstBytes)
  if (typeof found === 'object' && 'refused' in found) throw new EgressRefusal(found.refused)
  if (typeof found === 'object' && found.serverName !== host) throw new EgressRefusal('server-name-other')
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000, keepAliveTimeout: 60_000 })
  server.on('request', (asked, answer) => void serve(gate, asked, answer))
  server.on('connect', (_, socket: Socket) => socket.destroy())
  app.unshift(bytes)
  if (found === 'http') {
    server.emit('connection', app)
    app.resume()
    return
  }
  const secure = new TLSSocket(app, {
    isServer: true,
    secureContext: authorityOfPod().contextFor(host),
    ALPNProtocols: ['http/1.1'],
  })
  secure.on('error', () => app.destroy())
  secure.once('close', () => app.destroy())
  server.emit('connection', secure)
}

function firstBytes(bytes: Buffer): 'http' | ReturnType<typeof readClientHello> {
  // A method; TLS begins with 22.
  if (bytes.length > 0 && (bytes[0] ?? 0) >= 0x41 && (bytes[0] ?? 0) <= 0x5a) return 'http'
  return readClientHello(bytes) ?? (bytes.length > 2 * helloLimit ? { refused: 'not-tls' } : undefined)
}

async function serve(gate: Gate, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  try {
    if (asked.url === authorityPath && asked.method === 'GET') {
      answer.writeHead(200, { 'content-type': 'application/x-pem-file' }).end(authorityOfPod().certificate)
      return
    }
    gate.permit()
    const body = await wholeBody(asked, bodyLimit)
    if (body === undefined) throw new EgressRefusal('model-body')
    const { method = '', url = '', headers } = asked
    const judged = judgeModelCall({ method, url, headers, body }, gate.rules, gate.host)
    if ('refused' in judged) throw new EgressRefusal(judged.refused)
    const { header, prefix } = modelVendors[gate.rules.vendor].credential
    const credential = gate.credential()
    if (credential === undefined) throw new EgressRefusal('model-credential')
    gate.permit()
    await gate.record()
    const remote = await gate.connect()
    const own = {
      host: gate.host,
      [header]: `${prefix}${credential}`,
      'content-length': Buffer.byteLength(judged.body),
    }
    const call = { method, path: url, headers: { ...judged.headers, ...own } }
    await forward(remote, call, judged.body, answer, gate)
  } catch (error) {
    const refusal = refusalOf(error, gate.signal)
    // Whoever else ended the connection has said why.
    if (!gate.signal.aborted || refusal.reason === 'hung-up') gate.refused(refusal)
    if (answer.headersSent) return void answer.destroy()
    // The rest of a body that is not wanted is not waited for.
    answer.writeHead(refusal.reason === 'unreachable' ? 502 : 403, {
      'content-type': 'application/json',
      connection: 'close',
    })
    answer.end(
      JSON.stringify({
        error: { type: 'hipaa_mcp_refused', code: refusal.reason, message: refusal.message },
      }),
    )
  }
}

/** Once the connection has ended, that is why: the rest broke off with it. */
function refusalOf(error: unknown, signal: AbortSignal): EgressRefusal {
  if (signal.aborted) return signal.reason as EgressRefusal
  return error instanceof EgressRefusal ? error : new EgressRefusal('unreachable', { cause: error })
}

/** Names of a vendor's answer that are about one connection, or would give the app a session of its own. */
const notPassed: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'set-cookie',
  'alt-svc',
])

/**
 * Resolves when the answer is passed on whole; rejects when the call may not be after all, the vendor breaks off or `signal` aborts.
 * `remote` is closed then.
 */
async function forward(
  remote: Socket,
  call: { method: string; path: string; headers: { [name: string]: string | number } },
  body: string,
  answer: ServerResponse,
  { permit, signal }: Pick<Gate, 'permit' | 'signal'>,
): Promise<void> {
  // The app that hangs up ends the vendor's work. Not by the answer's `close`, which may have been before.
  const close = (): void => void remote.destroy()
  signal.addEventListener('abort', close)
  try {
    permit()
    const asked = request({ ...call, createConnection: () => remote })
    const reply = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.once('response', resolve).once('error', reject)
      // One that changes the protocol (101) ends without an error or an answer.
      asked.once('close', () => reject(new Error('no answer')))
      asked.end(body)
    })
    asked.on('error', () => answer.destroy())
    const headers = Object.entries(reply.headers).filter(([name]) => !notPassed.has(name))
    answer.writeHead(reply.statusCode ?? 502, Object.fromEntries(headers))
    for await (const part of reply as AsyncIterable<Buffer>)
      if (!answer.write(part)) await once(answer, 'drain', { signal })
    answer.end()
  } finally {
    signal.removeEventListener('abort', close)
    remote.destroy()
  }
}

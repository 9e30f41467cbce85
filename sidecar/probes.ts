// The app's own probes, asked in the kubelet's place: the packet filter lets nobody else reach the app. The kubelet learns
// whether the app is well and nothing more; no byte of what the app said goes any further.

import { request as requestHttp } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { connect } from 'node:net'
import { hostPort } from '../core/host-port.ts'
import type { HttpProbe, Probe } from './config.ts'

const app = '127.0.0.1'
/** The kubelet gives up by the probe's own timeoutSeconds and hangs up; this only ends what it forgot. Milliseconds. */
const patience = 30_000

/**
 * Whether the app passes. Never rejects, and always ends: of an app that changes the protocol (101), or resets a stream
 * without a reason, comes neither an answer nor an error. `podIp`: the host that the kubelet would have named.
 */
export async function probe(how: Probe, podIp: string, signal: AbortSignal): Promise<boolean> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(patience)])
  try {
    if ('httpGet' in how) return await askHttp(how.httpGet, podIp, until)
    if ('tcpSocket' in how) return await askTcp(how.tcpSocket.port, until)
    return await askGrpc(how.grpc.port, how.grpc.service ?? '', until)
  } catch {
    // Whatever went wrong, the app did not say that it is well.
    return false
  }
}

/** As the kubelet does: 200 to 399 is well, and a certificate is not looked at. */
async function askHttp(how: HttpProbe, podIp: string, signal: AbortSignal): Promise<boolean> {
  const { path = '/', port, scheme = 'HTTP', httpHeaders = [] } = how
  const headers: { [name: string]: string } = {
    host: hostPort(podIp, port),
    'user-agent': 'kube-probe',
    accept: '*/*',
  }
  for (const { name, value } of httpHeaders) headers[name.toLowerCase()] = value
  const options = {
    host: app,
    port,
    path: path.startsWith('/') ? path : `/${path}`,
    headers,
    signal,
    agent: false as const,
  }
  return await new Promise<boolean>((resolve, reject) => {
    const request =
      scheme === 'HTTPS' ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options)
    request.once('response', (response) => {
      const { statusCode = 0 } = response
      response.destroy()
      resolve(statusCode >= 200 && statusCode < 400)
    })
    request.once('error', reject)
    request.once('close', () => reject(new Error('no answer')))
    request.end()
  })
}

async function askTcp(port: number, signal: AbortSignal): Promise<boolean> {
  const socket = connect({ host: app, port, signal })
  try {
    return await new Promise<boolean>((resolve, reject) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', reject)
    })
  } finally {
    socket.destroy()
  }
}

/** grpc.health.v1.Health/Check, the one message of it that matters: HealthCheckResponse.status = 1 is SERVING. */
async function askGrpc(port: number, service: string, signal: AbortSignal): Promise<boolean> {
  const session = connectHttp2(`http://${app}:${port}`)
  try {
    return await new Promise<boolean>((resolve, reject) => {
      session.once('error', reject)
      signal.addEventListener('abort', () => reject(new Error('late')), { once: true })
      const stream = session.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
        te: 'trailers',
      })
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => {
        if (chunks.length < 16) chunks.push(chunk)
      })
      stream.once('error', reject)
      stream.once('close', () => reject(new Error('no answer')))
      stream.once('end', () => resolve(isServing(Buffer.concat(chunks))))
      stream.end(healthCheck(service))
    })
  } finally {
    session.destroy()
  }
}

/** A gRPC message: not compressed, length, HealthCheckRequest { string service = 1 }. */
function healthCheck(service: string): Buffer {
  const name = Buffer.from(service).subarray(0, 127)
  const message =
    name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name])
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

function isServing(answer: Buffer): boolean {
  return (
    answer.length === 7 &&
    answer[0] === 0 &&
    answer.readUInt32BE(1) === 2 &&
    answer[5] === 0x08 &&
    answer[6] === 1
  )
}

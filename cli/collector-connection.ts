// The way to the collector: directly, or through the API server's port-forward. Either way mutual TLS ends in the
// collector itself; what lies between sees no byte.

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { identityOf, ports, services, systemNamespace } from '../core/identifiers.ts'
import type { CollectorRefusal, DataKeyRequest, DataKeyResponse, ExportLine } from '../core/wire.ts'
import { CannotError } from './command.ts'
import type { Kube } from './kube.ts'

const podOfCollector = `${services.collector}-0`

/** A raw connection to the collector's port. */
export async function openWay(kube: Kube, url: string | undefined): Promise<Duplex> {
  return url === undefined ? await forwarded(kube) : await direct(url)
}

async function direct(text: string): Promise<Duplex> {
  const url = URL.parse(text)
  if (url?.protocol !== 'https:') throw new CannotError('--collector wants an https:// URL')
  const socket = connectTcp({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || ports.collector),
  })
  try {
    await once(socket, 'connect')
  } catch (cause) {
    throw new CannotError(`The collector at ${url.host} does not answer`, { cause })
  }
  return socket
}

async function forwarded(kube: Kube): Promise<Duplex> {
  const fromPod = new PassThrough()
  const toPod = new PassThrough()
  // Only here: see kube.ts.
  const { PortForward } = await import('@kubernetes/client-node')
  try {
    const socket = await new PortForward(kube.config, false).portForward(
      systemNamespace,
      podOfCollector,
      [ports.collector],
      fromPod,
      null,
      toPod,
    )
    const way = joined(fromPod, toPod)
    if (typeof socket !== 'function') {
      socket.on('close', () => fromPod.end())
      way.on('close', () => socket.close())
    }
    return way
  } catch (cause) {
    throw new CannotError(
      `No way to pod ${podOfCollector} in ${systemNamespace}: it must run, and you need the right to port-forward to it. With --collector URL another way is taken.`,
      { cause },
    )
  }
}

/** One stream out of two one-way streams. */
function joined(from: PassThrough, to: PassThrough): Duplex {
  const way = new Duplex({
    read: () => from.resume(),
    write: (chunk: Buffer, _, done) => to.write(chunk, done),
    final: (done) => to.end(done),
  })
  from.on('data', (chunk: Buffer) => {
    if (!way.push(chunk)) from.pause()
  })
  from.on('end', () => way.push(null))
  return way
}

/** TLS over a raw connection, ended by the one program whose certificate proves that it is the collector. */
export async function secure(
  way: Duplex,
  identity: { ca: string; key: string; cert: string },
): Promise<TLSSocket> {
  const socket = connectTls({
    ...identity,
    socket: way,
    minVersion: 'TLSv1.3',
    // The CA is private to our programs: the role in the certificate says more than a host name.
    checkServerIdentity: (_, certificate) =>
      identityOf(certificate.subjectaltname)?.role === 'collector'
        ? undefined
        : new Error('the certificate is not the collector’s'),
  })
  try {
    await once(socket, 'secureConnect')
  } catch (cause) {
    throw new CannotError(
      `The collector is not who it must be: ${cause instanceof Error ? cause.message : ''}`,
      { cause },
    )
  }
  return socket
}

/** The lines of an export. */
export async function* exportLines(
  socket: TLSSocket,
  { namespace, server }: { namespace: string; server: string },
): AsyncGenerator<ExportLine> {
  const query = new URLSearchParams({ namespace, server })
  const sent = request({
    path: `/v1/export?${query.toString()}`,
    host: services.collector,
    createConnection: () => socket,
  })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new CannotError(await reasonOf(response))
  let rest = ''
  response.setEncoding('utf8')
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as ExportLine
  }
}

/** The data key of a sealed segment, which the collector has opened by the key's holder, and puts on record. */
export async function dataKeyOf(socket: TLSSocket, asked: DataKeyRequest): Promise<Buffer> {
  const { dataKey } = await askCollector<DataKeyResponse>(socket, 'POST /v1/data-keys', asked)
  return Buffer.from(dataKey, 'base64')
}

/** What the collector answers to one request, such as `POST /v1/holds`. A connection takes one. Rejects with its refusal. */
export async function askCollector<Answer>(
  socket: TLSSocket,
  what: `${'GET' | 'POST'} /${string}`,
  body?: object,
): Promise<Answer> {
  const [method, path] = what.split(' ') as [string, string]
  const sent = request({
    method,
    path,
    host: services.collector,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    createConnection: () => socket,
  })
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new CannotError(await reasonOf(response))
  return JSON.parse(await textOf(response)) as Answer
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

async function reasonOf(response: IncomingMessage): Promise<string> {
  const text = await textOf(response)
  try {
    const { says } = JSON.parse(text) as CollectorRefusal
    return `The collector refused: ${says}`
  } catch {
    return `The collector answered ${response.statusCode}`
  }
}

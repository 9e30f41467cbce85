// A target of copies over real TLS: takes what is posted, or behaves as broken ones do.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { aFolder } from '../a-trail.ts'
import { anAuthority, certify } from '../peers.ts'

/** What comes back: a status and what belongs to it, or nothing ever. */
export type Behaviour =
  | { status: number; body?: string; headers?: { [name: string]: string } }
  | 'hangs'
  /** Takes it, and says so after this time. */
  | { slowMs: number }
  /** Takes it, and cuts the connection before it says so. */
  | 'takes and cuts'

export type Receiver = {
  url: string
  /** Paths of files. */
  ca: string
  certificate: string
  key: string
  /** Of its own side: another program may serve in its place. */
  server: { certificate: string; key: string }
  /** Bodies that it took, oldest first. */
  bodies: string[]
  seen: { headers: IncomingHttpHeaders; certified: boolean }[]
  /** For each request, by its body. */
  behave: (body: string) => Behaviour | undefined
}

export async function aReceiver(behave: Receiver['behave'] = () => undefined): Promise<Receiver> {
  const authority = await anAuthority()
  const folder = aFolder()
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const own = await certify(authority, undefined)
  const client = await certify(authority, 'hipaa-mcp://collector')
  const receiver: Receiver = {
    url: '',
    ca: file('ca.pem', authority.pem),
    certificate: file('tls.crt', client.cert),
    key: file('tls.key', client.key),
    server: { certificate: file('server.crt', own.cert), key: file('server.key', own.key) },
    bodies: [],
    seen: [],
    behave,
  }
  const server = createServer(
    {
      ...own,
      ca: authority.pem,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        receiver.seen.push({ headers: request.headers, certified: (request.socket as TLSSocket).authorized })
        const how = receiver.behave(body) ?? { status: 200, body: '{}' }
        if (how === 'hangs') return
        if (how === 'takes and cuts') {
          receiver.bodies.push(body)
          request.socket.destroy()
          return
        }
        if ('slowMs' in how) {
          receiver.bodies.push(body)
          setTimeout(() => response.end('{}'), how.slowMs).unref()
          return
        }
        if (how.status < 300) receiver.bodies.push(body)
        response.writeHead(how.status, how.headers).end(how.body)
      })
    },
  )
  server.listen(0)
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  receiver.url = `https://localhost:${(server.address() as AddressInfo).port}/v1/logs`
  return receiver
}

type Value = {
  stringValue?: string
  intValue?: string
  doubleValue?: number
  boolValue?: boolean
  // Absent where there is none: so it stands in what others write.
  arrayValue?: { values?: Value[] }
  kvlistValue?: { values?: Attribute[] }
}
type Attribute = { key: string; value: Value }
type Logs = {
  resourceLogs: {
    resource: { attributes: Attribute[] }
    scopeLogs: {
      logRecords: {
        eventName: string
        timeUnixNano: string /** A stub has none. */
        body?: Value
        attributes: Attribute[]
      }[]
    }[]
  }[]
}

export type Log = { uid: string; event: string; time: string; resource: object; body: object }

const objectOf = (attributes: readonly Attribute[]): { [key: string]: unknown } =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]))

function plain(value: Value): unknown {
  if (value.intValue !== undefined) return Number(value.intValue)
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plain)
  if (value.kvlistValue !== undefined) return objectOf(value.kvlistValue.values ?? [])
  return value.stringValue ?? value.doubleValue ?? value.boolValue
}

/** Log records of these bodies, in order. */
export function logsIn(bodies: readonly string[]): Log[] {
  return bodies.flatMap((body) =>
    (JSON.parse(body) as Logs).resourceLogs.flatMap(({ resource, scopeLogs }) =>
      scopeLogs.flatMap(({ logRecords }) =>
        logRecords.map((log) => ({
          uid: String(objectOf(log.attributes)['log.record.uid']),
          event: log.eventName,
          time: log.timeUnixNano,
          resource: objectOf(resource.attributes),
          body: (log.body === undefined ? {} : plain(log.body)) as object,
        })),
      ),
    ),
  )
}

/** OCSF events of these bodies, in order. */
export function eventsIn(bodies: readonly string[]): { [member: string]: unknown }[] {
  return bodies.flatMap((body) => JSON.parse(body) as { [member: string]: unknown }[])
}

// From HTTP to one message. What its head shows to be no message is refused before the caller is known, what its body shows
// afterwards, cheapest first, and nothing of the request is repeated. Implements: transmission:no-phi-in-url, transmission:bad-input

import type { IncomingMessage } from 'node:http'
import { isObject } from '../core/is-object.ts'
import { parseJson } from '../core/json.ts'
import type { Policy } from '../core/policy.ts'
import type { Room } from './bodies.ts'
import { Collected } from './http1/collect.ts'
import { Refusal } from './refusals.ts'

/** Values in one body: what checks them may take longer than reading them did. */
const mostValues = 20_000
/** Largest body, bytes. */
const bodyLimit = 1024 * 1024

/**
 * Refuses what its first line and headers already show to be no message for us. `own`: names of the server's certificate,
 * which Host may hold where the policy lists none; undefined, Host is not looked at.
 */
export function checkHead(
  request: IncomingMessage,
  { workload, http }: Pick<Policy, 'workload' | 'http'>,
  own: readonly string[] | undefined,
): void {
  const { method, url = '', headers } = request
  // First of all: a URL stands in logs of every hop, and a query is where PHI gets into it (45 CFR 164.312(e)(1)).
  if (url.includes('?') || url.includes('#'))
    throw new Refusal(tokenInUrl.test(url) ? 'token-in-url' : 'query-in-url')
  // Then who is asked, and on behalf of which page: whoever rebinds a name learns nothing else (DNS rebinding).
  checkSite(request, http, own)
  if (url !== workload.path) throw new Refusal('path-unknown')
  // Node hands out the first of them; what is in front of us may have believed another.
  if (countOf('authorization', request) > 1) throw new Refusal('authorization-repeated')
  // GET and DELETE belong to sessions, which MCP 2026-07-28 has no more.
  const ofSession = (method === 'GET' || method === 'DELETE') && headers['mcp-session-id'] !== undefined
  if (method !== 'POST' && !ofSession) throw new Refusal('method-not-allowed', { headers: { allow: 'POST' } })
  if (method !== 'POST') {
    if (method === 'GET' && !typesOf(headers.accept).includes('text/event-stream'))
      throw new Refusal('accept-refused')
    // Neither has a body; one that comes all the same is not read.
    return
  }
  if (!isJson(headers['content-type']) || !isPlain(headers['content-encoding'])) {
    throw new Refusal('content-type-refused')
  }
  if (!accepts(headers.accept)) throw new Refusal('accept-refused')
  if (Number(headers['content-length'] ?? 0) > bodyLimit) throw new Refusal('body-too-large')
}

function checkSite(request: IncomingMessage, http: Policy['http'], own: readonly string[] | undefined): void {
  const { host, origin } = request.headers
  const hosts = hostsOf(http, own)
  if (hosts !== undefined && (countOf('host', request) !== 1 || !hosts.includes(hostOf(host))))
    throw new Refusal('host-unknown')
  // An opaque origin is null, which nobody can list.
  if (origin !== undefined && http?.origins.includes(origin.toLowerCase()) !== true)
    throw new Refusal('origin-refused')
}

/** Names that a Host header may hold. `own`: those of the certificate. */
export function hostsOf(
  http: Policy['http'],
  own: readonly string[] | undefined,
): readonly string[] | undefined {
  return http === undefined || http.hosts.length === 0 ? own : http.hosts
}

/** RFC 6750 2.3 once allowed it; RFC 9700 2.4 and MCP forbid it. The token has leaked, and its owner must learn of it. */
const tokenInUrl = /[?&#;](?:access_?token|id_?token|token|authorization|bearer)=/i

function countOf(name: string, { rawHeaders }: IncomingMessage): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === name) count += 1
  return count
}

/** Name in a Host header, without the port. */
export function hostOf(header: string | undefined): string {
  return (header ?? '').replace(/:\d{1,5}$/, '').toLowerCase()
}

export function isJson(type: string | undefined): boolean {
  return type === 'application/json' || /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type ?? '')
}

function isPlain(encoding: string | undefined): boolean {
  return encoding === undefined || encoding.toLowerCase() === 'identity'
}

/** JSON is what we answer with; that callers take event streams as well is theirs to say (MCP, Streamable HTTP). */
function accepts(accept: string | undefined): boolean {
  const types = typesOf(accept)
  return types.includes('*/*') || (types.includes('application/json') && types.includes('text/event-stream'))
}

function typesOf(accept: string | undefined): readonly (string | undefined)[] {
  return (accept ?? '').split(',').map((one) => one.split(';')[0]?.trim().toLowerCase())
}

/**
 * The whole body, in one buffer, as far as there is room for it. Throws Refusal past the limit; rejects when the peer
 * breaks off.
 */
export async function readBody(request: IncomingMessage, room: Room): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const body = new Collected()
    const take = (chunk: Buffer): void => {
      try {
        if (body.size + chunk.length > bodyLimit) throw new Refusal('body-too-large')
        room.take(chunk.length)
        body.add(chunk)
      } catch (why) {
        request.off('data', take)
        body.clear()
        reject(why)
      }
    }
    request.on('data', take)
    request.on('end', () => resolve(body.whole()))
    request.on('error', reject)
  })
}

/** The body's JSON value. */
export function parseBody(body: Buffer): unknown {
  const parsed = parseJson(body)
  if ('fault' in parsed) throw new Refusal(faults[parsed.fault])
  if (countOfValues(parsed.value, mostValues) < 0) throw new Refusal('json-too-many')
  return parsed.value
}

const faults = { broken: 'json-broken', 'too-deep': 'json-too-deep', number: 'json-number' } as const

/**
 * What is left of `room` when every value has taken one; below zero when there are more. A member's name that a server's
 * language may take for an object's prototype is refused: nobody's argument is called so.
 */
function countOfValues(value: unknown, room: number): number {
  let left = room - 1
  if (typeof value !== 'object' || value === null) return left
  if (Array.isArray(value)) {
    for (const item of value) if ((left = countOfValues(item, left)) < 0) return left
    return left
  }
  for (const name in value) {
    const item = (value as { [member: string]: unknown })[name]
    if (
      name === '__proto__' ||
      (name === 'constructor' && isObject(item) && Object.hasOwn(item, 'prototype'))
    )
      throw new Refusal('json-prototype')
    if ((left = countOfValues(item, left)) < 0) return left
  }
  return left
}

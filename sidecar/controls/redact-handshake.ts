// What a handshake shows of the server: its name and version where they are plain tokens, and that it has tools. Its
// instructions, and every other capability, stay here.

import { isObject } from '../../core/is-object.ts'
import type { Deps } from '../deps.ts'
import { type JsonObject, type Redacted, type Replied, revisions } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { answerOf, withHeader } from '../respond.ts'
import { cachedByNobody } from './answer-from-policy.ts'

export function redactHandshake(exchange: Replied, deps: Deps): Redacted {
  const { incoming, message, revision, who } = exchange
  const result = message.method === 'initialize' ? initialized(incoming.result) : discovered(incoming.result)
  const answer = answerOf(message.id as string | number, { ...result, ...cachedByNobody(revision) })
  const begun =
    incoming.session === undefined
      ? answer
      : withHeader(answer, 'mcp-session-id', deps.sessions.begin(who, incoming.session))
  return {
    ...exchange,
    stage: 'redacted',
    answer: begun,
    account: { outcome: 'ok', patients: [], kept: {}, dropped: droppedOf(exchange), redacted: {} },
  }
}

function initialized(result: JsonObject): JsonObject {
  // An older server answers with its own revision; we serve this one only.
  if (result['protocolVersion'] !== '2025-11-25') throw new Refusal('upstream-no-handshake')
  return {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: plain(result['serverInfo']),
  }
}

function discovered(result: JsonObject): JsonObject {
  const supported = result['supportedVersions']
  const both = revisions.filter((revision) => Array.isArray(supported) && supported.includes(revision))
  if (!both.includes('2026-07-28')) throw new Refusal('upstream-no-handshake')
  const meta = result['_meta']
  const info = isObject(meta) ? meta['io.modelcontextprotocol/serverInfo'] : undefined
  return {
    supportedVersions: both.toReversed(),
    capabilities: { tools: {} },
    _meta: { 'io.modelcontextprotocol/serverInfo': plain(info) },
  }
}

/** Name and version, where they are short tokens: free text could hold anything. */
function plain(info: unknown): JsonObject {
  const { name, version } = isObject(info) ? info : {}
  return { name: token(name, 'server'), version: token(version, '0') }
}

function token(value: unknown, otherwise: string): string {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(value) ? value : otherwise
}

function droppedOf({ incoming }: Replied): Record<string, number> {
  return {
    ...(incoming.result['instructions'] === undefined ? {} : { instructions: 1 }),
    ...(incoming.otherMessages === 0 ? {} : { 'server-message': incoming.otherMessages }),
  }
}

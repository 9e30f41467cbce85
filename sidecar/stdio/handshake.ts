// Which way a stdio server speaks, found out once for each of its processes: MCP 2026-07-28 (server/discover, and every
// request says its revision), or one of the revisions before (initialize). A process speaks one of them for its whole
// life, and it has one session: it is ours, and every caller's handshake is answered out of it.

import type { Json, JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { clientInfo } from '../controls/prepare.ts'
import type { Revision } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import type { Talk } from './talk.ts'

export type Spoken =
  | { readonly way: 'discover'; readonly said: JsonObject }
  | { readonly way: 'initialize'; readonly said: JsonObject; readonly revision: Revision }
  /** A revision that is not served. */
  | { readonly way: 'none' }

/** So long a server may take over a question that it perhaps does not know, milliseconds. */
const probeTime = 5_000
const newest = '2026-07-28'
const before: readonly Revision[] = ['2025-06-18', '2025-11-25']
const metaKey = 'io.modelcontextprotocol'

/**
 * `_meta` of our own requests. No capabilities: what a server asks on this connection names no caller, so it may ask
 * nothing. Requests of callers of 2026-07-28 bring theirs along.
 */
export const ownMeta: JsonObject = {
  [`${metaKey}/protocolVersion`]: newest,
  [`${metaKey}/clientInfo`]: clientInfo,
  [`${metaKey}/clientCapabilities`]: {},
}

/**
 * Resolves to how the server speaks. `known`: how it did before, where a process of it ended over the question.
 * Rejects with a Refusal when it answers neither handshake.
 */
export async function greet(talk: Talk, known: 'initialize' | undefined): Promise<Spoken> {
  if (known === undefined) {
    const discovered = await discover(talk)
    if (discovered !== undefined) return { way: 'discover', said: discovered }
  }
  const { result } = await talk.ask({
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
  })
  const revision = before.find((one) => one === result['protocolVersion'])
  if (revision === undefined) return { way: 'none' }
  talk.notify('notifications/initialized', {})
  return { way: 'initialize', said: result, revision }
}

/** Undefined where the server does not speak 2026-07-28: older ones know no such method, or say nothing at all. */
async function discover(talk: Talk): Promise<JsonObject | undefined> {
  try {
    const params = { _meta: ownMeta }
    const { result } = await talk.ask({ method: 'server/discover', params, deadline: probeTime })
    const { supportedVersions } = result
    return Array.isArray(supportedVersions) && supportedVersions.includes(newest) ? result : undefined
  } catch (why) {
    if (why instanceof Refusal && why.reason !== 'upstream-broken-off') return undefined
    throw why
  }
}

/** What a caller's handshake is answered with, before it is cut to what the policy has. Throws Refusal. */
export function handshakeAnswer(spoken: Spoken, revision: Revision): JsonObject {
  if (spoken.way === 'none') throw noHandshake()
  if (spoken.way === 'discover') {
    if (revision === newest) return spoken.said
    const meta = spoken.said['_meta']
    return {
      ...spoken.said,
      protocolVersion: revision,
      capabilities: withoutLogging(spoken.said, ['resources']),
      serverInfo: isObject(meta) ? meta[`${metaKey}/serverInfo`] : undefined,
    }
  }
  if (revision === newest) throw noHandshake()
  // Of the two revisions each later one only adds: a server of the later one serves callers of the earlier one.
  const served = before.indexOf(revision) <= before.indexOf(spoken.revision) ? revision : spoken.revision
  return { ...spoken.said, protocolVersion: served, capabilities: withoutLogging(spoken.said, []) }
}

export const noHandshake = (): Refusal => new Refusal('upstream-no-handshake', { mayHaveRun: false })

/** Log messages name no call, so none is passed on. `bare`: features without what their members promise. */
function withoutLogging({ capabilities }: JsonObject, bare: readonly string[]): Record<string, Json> {
  if (!isObject(capabilities)) return {}
  const kept = Object.entries(capabilities as Record<string, Json>).filter(([name]) => name !== 'logging')
  return Object.fromEntries(kept.map(([name, value]) => [name, bare.includes(name) ? {} : value]))
}

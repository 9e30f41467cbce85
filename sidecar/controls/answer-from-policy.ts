// Lists and pings, answered out of the policy: no text of the server's own reaches a caller. Implements: access:lists

import type { Announced, JsonObject, Redacted } from '../exchange.ts'
import { answerOf } from '../respond.ts'

/** tools/list: exactly the tools that this caller's roles permit, in the policy's words. ping: an empty result. */
export function answerFromPolicy(exchange: Announced): Redacted {
  const { held, message, rules, revision } = exchange
  const names = new Set(held.flatMap((role) => role.tools))
  const tools = [...rules.tools.values()]
    .filter(({ tool }) => names.has(tool.name))
    .map(({ listing }) => listing)
  const result: JsonObject = message.method === 'tools/list' ? { tools, ...cachedByNobody(revision) } : {}
  return {
    ...exchange,
    stage: 'redacted',
    answer: answerOf(message.id as string | number, result),
    account: { outcome: 'ok', patients: [], kept: {}, dropped: {}, redacted: {} },
  }
}

/** What a caller may see depends on who they are: no cache may keep it for another (MCP 2026-07-28, caching). */
export function cachedByNobody(revision: string): JsonObject {
  return revision === '2026-07-28' ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {}
}

// Lists and pings, answered out of the policy: no text of the server's own reaches a caller. Implements: access:lists

import type { JsonObject } from '../../core/canonical.ts'
import type { Kind } from '../../core/permission.ts'
import type { Announced, Redacted } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { answerOf } from '../respond.ts'
import type { Rules } from '../rules.ts'
import type { Target } from '../targets.ts'

/** Entries of one page. */
const pageSize = 200

type List = {
  readonly kind: Kind
  readonly member: string
  readonly of: (rules: Rules) => Iterable<Target>
}

const lists: { readonly [method: string]: List } = {
  'tools/list': { kind: 'tools', member: 'tools', of: ({ tools }) => tools.values() },
  'prompts/list': { kind: 'prompts', member: 'prompts', of: ({ prompts }) => prompts.values() },
  'resources/list': {
    kind: 'resources',
    member: 'resources',
    of: ({ resources }) => resources.filter(({ listing }) => 'uri' in listing),
  },
  'resources/templates/list': {
    kind: 'resources',
    member: 'resourceTemplates',
    of: ({ resources }) => resources.filter(({ listing }) => 'uriTemplate' in listing),
  },
}

/** A list: exactly what this caller's roles permit, in the policy's words and order. ping: an empty result. */
export function answerFromPolicy(exchange: Announced): Redacted {
  const { message, revision, inForce } = exchange
  const list = lists[message.method]
  const result: JsonObject =
    list === undefined
      ? {}
      : {
          ...page(permitted(list, exchange), list.member, message.params['cursor'], inForce.hash),
          ...cachedByNobody(revision),
        }
  return {
    ...exchange,
    stage: 'redacted',
    answer: answerOf(message.id as string | number, result),
    account: { outcome: 'ok', patients: [], kept: {}, dropped: {}, redacted: {} },
  }
}

function permitted({ kind, of }: List, { held, rules, revision }: Announced): JsonObject[] {
  const names = new Set(held.flatMap((role) => role[kind]))
  const more = kind === 'tools' && revision === '2025-11-25' ? asTasks(rules) : {}
  return [...of(rules)].filter(({ name }) => names.has(name)).map(({ listing }) => ({ ...listing, ...more }))
}

/** Without it clients call no tool as a task. Whether this one can be is the server's to say, when it is called so. */
function asTasks({ fromServer }: Rules): JsonObject {
  return fromServer.tasks === undefined ? {} : { execution: { taskSupport: 'optional' } }
}

/** A cursor says where the next page begins, in this policy: under another one it is refused, and the list begun anew. */
function page(all: readonly JsonObject[], member: string, cursor: unknown, policy: string): JsonObject {
  const mark = policy.slice(0, 12)
  const from = cursor === undefined ? 0 : startOf(cursor, mark)
  if (from === undefined || from > all.length) throw new Refusal('cursor-refused')
  const next = from + pageSize
  return {
    [member]: all.slice(from, next),
    ...(next < all.length ? { nextCursor: `${mark}.${next}` } : {}),
  }
}

function startOf(cursor: unknown, mark: string): number | undefined {
  const found = typeof cursor === 'string' ? /^([0-9a-f]{12})\.([1-9][0-9]{0,5})$/.exec(cursor) : null
  return found !== null && found[1] === mark ? Number(found[2]) : undefined
}

/** What a caller may see depends on who they are: no cache may keep it for another (MCP 2026-07-28, caching). */
export function cachedByNobody(revision: string): JsonObject {
  return revision === '2026-07-28' ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {}
}

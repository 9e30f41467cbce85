// What is measured besides the one call: a long list, a stream of many events, streams that stay open, tokens that
// nobody has seen. Each is a work of its own, so that the same load and server do it.

import type { Policy, Role, Tool } from '../../core/policy.ts'
import type { Work } from './work.ts'

/** Tools of the policy that are listed, and how many of them the caller's role may see. */
export const listed = { all: 500, seen: 100 } as const
/** Events of a call before its answer. */
export const eventsOfCall = 1_000
/** Streams that are open at a time, and persons who open them: one person may not have so many. */
export const openAtOnce = { streams: 200, persons: 4 } as const
/** Calls with a token each, of one turn. */
export const tokensOfTurn = 1_000

/** Tools to whose calls the server of the bench answers with events; they stand nowhere else in a request. */
export const eventsTool = 'bench_says_much'
export const openTool = 'bench_never_ends'

type OtherWork = {
  readonly list: Work
  /** A call whose answer comes behind the events. */
  readonly events: Work
  /** A call that is never answered. */
  readonly open: Work
}

/** The same callers and server, under a policy of 500 tools for the list, and one that lets progress through for streams. */
export function otherWork(work: Work): OtherWork {
  const streaming = { ...work, policy: streamingPolicy(work.policy), connections: 8 }
  return {
    list: asking({ ...work, policy: widePolicy(work.policy) }, 'tools/list', {}),
    events: calling(streaming, eventsTool),
    open: calling(streaming, openTool),
  }
}

const calling = (work: Work, name: string): Work => {
  const params = { name, arguments: { patient_id: 'patient-0001' } }
  const { headers, ...rest } = asking(work, 'tools/call', params)
  return { ...rest, headers: { ...headers, 'mcp-name': name } }
}

function asking(work: Work, method: string, params: Record<string, unknown>): Work {
  const { 'mcp-name': _, ...headers } = work.headers
  const { params: usual } = JSON.parse(work.request) as {
    params: { [member: string]: Record<string, unknown> }
  }
  const { 'org.example/filling': __, ...meta } = usual['_meta'] ?? {}
  const message = {
    jsonrpc: '2.0',
    id: 1,
    method,
    params: { ...params, _meta: { ...meta, progressToken: 'bench' } },
  }
  return { ...work, headers: { ...headers, 'mcp-method': method }, request: JSON.stringify(message) }
}

function widePolicy(policy: Policy): Policy {
  const [tool, role] = only(policy)
  const tools = Array.from({ length: listed.all }, (_, at) => numbered(tool, at))
  const names = tools.filter((_, at) => at % (listed.all / listed.seen) === 0).map(({ name }) => name)
  return { ...policy, roles: [{ ...role, tools: names }], tools }
}

function streamingPolicy(policy: Policy): Policy {
  const [tool, role] = only(policy)
  const names = [eventsTool, openTool]
  const tools = names.map((name) => ({ ...tool, name, from: name }))
  return {
    ...policy,
    roles: [{ ...role, tools: names }],
    tools,
    fromServer: { progress: { text: 'Redact' } },
  }
}

function only({ tools: [tool], roles: [role] }: Policy): [Tool, Role] {
  if (tool === undefined || role === undefined)
    throw new Error('The policy of the bench has no tool or no role')
  return [tool, role]
}

const numbered = (tool: Tool, at: number): Tool => ({
  ...tool,
  name: `get_record_${String(at).padStart(3, '0')}`,
  description: `Section ${at} of one patient's record, as the ward's own forms name it, newest entry first.`,
})

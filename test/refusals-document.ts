// docs/refusals.md: what an agent is told, out of the table that words it.

import { refusals } from '../sidecar/refusals.ts'

const ways = { http: 'HTTP', rpc: 'JSON-RPC error', tool: 'tool result, `isError`' } as const

export function refusalsDocument(): string {
  const rows = Object.entries(refusals).map(
    ([reason, { via, status, code, says }]) =>
      `| \`${reason}\` | ${status} | ${code} | ${ways[via]} | ${says} |`,
  )
  return [
    '# Refusals',
    '',
    'For whoever writes an agent or runs a host: every way in which the sidecar says no, and what to do then.',
    '',
    'Generated from `sidecar/refusals.ts` by `node test/generate.ts`. Match on `data.reason`, never on the sentence. Codes',
    'that name a section of 45 CFR are positive, because MCP reserves the negative ones. `data.call_id` names the record of',
    'the refusal in the trail. A tool that does not exist and one that you may not use look the same.',
    '',
    'A 401 carries `WWW-Authenticate`: with `insufficient_user_authentication` log in again as `acr_values` and `max_age`',
    'ask (RFC 9470). A 403 with `insufficient_scope` lists all scopes that are needed. A 503 has `Retry-After`; what was',
    'refused before the server was called (`trail-unavailable` at the intent) had no effect.',
    '',
    '| reason | HTTP | code | how | what it says |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

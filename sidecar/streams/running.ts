// By what a caller names a call of theirs that runs (MCP before 2026-07-28, notifications/cancelled).

import type { Identified } from '../exchange.ts'

/** Undefined where nothing can be cancelled: without a session, and from 2026-07-28 on. */
export function callKey(
  { who, session, revision, message }: Pick<Identified, 'who' | 'session' | 'revision' | 'message'>,
  id: unknown = message.id,
): string | undefined {
  if (session === undefined || revision === '2026-07-28' || id === undefined) return undefined
  return JSON.stringify([who.iss, who.sub, who.certificate, session, id])
}

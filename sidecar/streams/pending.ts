// Questions of the server that a caller was asked and has not answered (MCP before 2026-07-28: sampling, elicitation,
// roots). The server's own id stays here: the caller gets one of ours, and only the person and session that were asked
// may answer, once, within ten minutes.

import type { Who } from '../../core/record.ts'

export type Question = {
  readonly method: string
  /** The server's id. */
  readonly upstreamId: string | number
  /** The server's session. */
  readonly session?: string
}

export interface Pending {
  /** Returns the id under which the caller is asked; undefined when too many questions are open. */
  ask(who: Who, question: Question, now: number): number | undefined
  /** The question behind an id, if it is this caller's and still open. It stays open. */
  of(who: Who, id: unknown, now: number): Question | undefined
  /** The method of an open question, whoever was asked: enough to know what a response is, not to take it. */
  method(id: unknown): string | undefined
  /** It is answered, or never will be. */
  close(id: unknown): void
}

const life = 10 * 60_000
const mostQuestions = 10_000

export function pending(): Pending {
  const open = new Map<number, { owner: string; question: Question; until: number }>()
  let last = 0
  return {
    ask(who, question, now) {
      // Oldest first: the map's order is the order of asking.
      for (const [id, { until }] of open) {
        if (until > now) break
        open.delete(id)
      }
      if (open.size >= mostQuestions) return undefined
      last += 1
      open.set(last, { owner: ownerOf(who), question, until: now + life })
      return last
    },
    of(who, id, now) {
      const found = typeof id === 'number' ? open.get(id) : undefined
      return found !== undefined && found.owner === ownerOf(who) && found.until > now
        ? found.question
        : undefined
    },
    method: (id) => (typeof id === 'number' ? open.get(id)?.question.method : undefined),
    close: (id) => void open.delete(id as number),
  }
}

function ownerOf({ iss, sub, certificate }: Who): string {
  return JSON.stringify([iss, sub, certificate])
}

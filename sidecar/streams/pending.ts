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
  /** Returns the id under which the caller is asked; undefined when too many questions are open, of this caller or of all. */
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
/** So that no server keeps others from asking anybody. */
const mostOfOne = 100

export function pending(): Pending {
  const open = new Map<number, { owner: string; question: Question; until: number }>()
  const counts = new Map<string, number>()
  let last = 0
  const forget = (id: unknown): void => {
    const owner = open.get(id as number)?.owner
    if (owner === undefined) return
    open.delete(id as number)
    const left = (counts.get(owner) ?? 1) - 1
    if (left > 0) counts.set(owner, left)
    else counts.delete(owner)
  }
  return {
    ask(who, question, now) {
      // Oldest first: the map's order is the order of asking.
      for (const [id, { until }] of open) {
        if (until > now) break
        forget(id)
      }
      const owner = ownerOf(who)
      const own = counts.get(owner) ?? 0
      if (open.size >= mostQuestions || own >= mostOfOne) return undefined
      last += 1
      open.set(last, { owner, question, until: now + life })
      counts.set(owner, own + 1)
      return last
    },
    of(who, id, now) {
      const found = typeof id === 'number' ? open.get(id) : undefined
      return found !== undefined && found.owner === ownerOf(who) && found.until > now
        ? found.question
        : undefined
    },
    method: (id) => (typeof id === 'number' ? open.get(id)?.question.method : undefined),
    close: forget,
  }
}

function ownerOf({ iss, sub, certificate }: Who): string {
  return JSON.stringify([iss, sub, certificate])
}
